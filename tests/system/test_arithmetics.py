"""The textbook arithmetics on the payload: f64 bit for bit, f32 within the tolerance that its twin states."""

from pathlib import Path

import pytest

from tests.system.command_line import read_verdicts, run_bench
from tests.system.emulated import QEMU_TARGETS

TARGETS = ("host", *QEMU_TARGETS)
SIZES = {2: ("identity", 2), 3: ("identity", 3), 4: ("identity", 4), 5: ("identity", 5), 9: ("polynomial-2", 3)}
SIZES |= {19: ("polynomial-3", 3), 34: ("polynomial-3", 4)}
"""Numbers of features that leave every remainder of the float32 kernels' blocks of 8, 4 and 2; for arow."""
LEARNERS = (("arow", "nherd", "rda"), ("adam", "pa", "pa-i"), ("pa-ii", "scw"))
"""In several runs: a bank holds 32 models."""
MAPS = {"one": ("identity", 1), "all": ("identity", 6), "powers": ("polynomial-6", 1), "products": ("polynomial-3", 6)}

HEAD = """
name = "{name}"
title = "every arithmetic"
target = "host"
evaluate = true
restart_between_segments = true

[[limits]]
measure = "parity.plain*"
equal = 0
because = "f64 is computed operation by operation, f32 has the tolerance of its twin"
"""
MODEL = """
[[models]]
name = "{learner}_{key}_{arithmetic}"
learner = "{learner}"
features = "{features}"
arithmetic = "{arithmetic}"
channels = {channels}
"""


def write_scenario(path: Path, learners: tuple[str, ...]) -> Path:
    channels = [f"pd{number}" for number in range(1, 7)]
    models = [
        MODEL.format(learner=learner, key=key, arithmetic=arithmetic, features=features, channels=str(channels[:count]))
        for learner in learners
        for key, (features, count) in MAPS.items()
        for arithmetic in ("f64", "f32")
    ]
    models += [
        MODEL.format(learner="arow", key=size, arithmetic="f32", features=features, channels=str(channels[:count]))
        for size, (features, count) in SIZES.items()
        if "arow" in learners
    ]
    path.write_text(HEAD.format(name=path.stem) + "".join(models))
    return path


@pytest.mark.parametrize("learners", LEARNERS, ids="-".join)
@pytest.mark.parametrize("target", TARGETS)
def test_textbook_models_equal_their_references(tmp_path: Path, target: str, learners: tuple[str, ...]) -> None:
    scenario = write_scenario(tmp_path / "arithmetics.toml", learners)
    out = tmp_path / "run"
    ended = run_bench(tmp_path, "run", scenario, "--recording", "sun-sensor", "--target", target, "--out", out)
    assert ended.status == 0, ended
    verdicts = read_verdicts(out)
    errors = {
        name.removeprefix("parity.error.plain."): verdict["value"]
        for name, verdict in verdicts.items()
        if name.startswith("parity.error.plain.")
    }
    assert len(errors) == len(learners) * len(MAPS) * 2 + (len(SIZES) if "arow" in learners else 0)
    assert all(value == 0.0 for name, value in errors.items() if name.endswith("f64"))
    single = {name: value for name, value in errors.items() if name.endswith("f32")}
    assert max(single.values()) > 0.0
    print(f"{target}: largest difference {max(single.values()):.2g}: {max(single, key=lambda name: single[name])}")
    for name in single:
        rows = verdicts[f"parity.plain.{name}.predictions"]["because"]
        assert int(rows.split()[0]) > 0.99 * verdicts["run.rows"]["value"], f"{name}: {rows}"
    compared = verdicts["parity.compared.plain"]["value"]
    assert compared >= len(errors)
    said = f"{compared} of {compared} states identical or within their tolerance"
    assert verdicts["parity.plain"]["because"].startswith(said)
