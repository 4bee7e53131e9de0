"""What every kind of test shares."""

import os
import signal
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]  # here, as pytest takes it from the topmost conftest.py alone


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background, as by `nohup ... &`: what the tests start would not hear Ctrl-C either.
    signal.signal(signal.SIGINT, signal.default_int_handler)


os.environ.setdefault("HIL_HISTORY", "off")  # else what is run in the checkout would enter the developer's own


def data_folder(variable: str, *, holds: str, hint: str) -> Path:
    """Give the folder that `variable` names; skip without it, or fail if HIL_REQUIRE_DATA=1."""
    hint = f"set {variable} to {hint}"
    named = os.environ.get(variable, "")
    if not named:
        if os.environ.get("HIL_REQUIRE_DATA") == "1":
            pytest.fail(f"HIL_REQUIRE_DATA=1 and no {variable}: {hint}")
        pytest.skip(f"no {variable}: {hint}")
    folder = Path(named)
    if not (folder / holds).is_file():
        pytest.fail(f"{variable}={named} holds no {holds}: {hint}")
    return folder


@pytest.fixture(scope="session")
def orbitai_data() -> Path:
    """Give the folder with the OrbitAI stream and flown models."""
    hint = (
        "a folder with the OrbitAI stream and models (to make a recording of them: bench import orbitai PATH --out DIR)"
    )
    return data_folder("HIL_ORBITAI_DATA", holds="train_stream_april.csv", hint=hint)


@pytest.fixture(scope="session")
def opssat_ad_data() -> Path:
    """Give the folder with the features of OPS-SAT telemetry segments."""
    hint = "a folder with train.csv, the rows of OPSSAT-AD's dataset.csv (KP Labs, Zenodo 12588359) whose `train` is 1"
    return data_folder("HIL_OPSSAT_AD_DATA", holds="train.csv", hint=hint)
