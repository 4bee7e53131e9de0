"""What every kind of test shares."""

import os
from pathlib import Path

import pytest

DATA_HINT = (
    "set HIL_ORBITAI_DATA to a folder with the OrbitAI stream and models "
    "(to make a recording of them: bench import orbitai PATH --out DIR)"
)


@pytest.fixture(scope="session")
def orbitai_data() -> Path:
    """Give the folder with the OrbitAI stream and flown models; skip without it, or fail if HIL_REQUIRE_DATA=1."""
    named = os.environ.get("HIL_ORBITAI_DATA", "")
    if not named:
        if os.environ.get("HIL_REQUIRE_DATA") == "1":
            pytest.fail(f"HIL_REQUIRE_DATA=1 and no OrbitAI data: {DATA_HINT}")
        pytest.skip(f"no OrbitAI data: {DATA_HINT}")
    folder = Path(named)
    if not (folder / "train_stream_april.csv").is_file():
        pytest.fail(f"HIL_ORBITAI_DATA={named} holds no train_stream_april.csv: {DATA_HINT}")
    return folder
