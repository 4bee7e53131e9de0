"""Several processes, by pytest-xdist or by hand, on boards that they share."""

import json
from pathlib import Path

import pytest

from tests.plugin.lab import Lab, printed
from tests.system.boards import payload_on_pty
from tests.system.command_line import write_scenario

TESTS = 8
MANY = f"""
import os, pytest
from pathlib import Path
from bench.api import Model

@pytest.mark.parametrize("number", range({TESTS}))
def test_it(number, hil_payload, hil_recording):
    run = hil_payload.train(hil_recording("rows"), models=[Model("arow", features="orbitai-3d")])
    run.require("run.completed", equal=1)
    Path(f"worker-{{number}}").write_text(os.environ["PYTEST_XDIST_WORKER"] + f" {{hil_payload.hello.nonce}}")
"""

BY_HAND = """
import pytest

@pytest.mark.parametrize("number", range(6))
def test_it(number, hil_board):
    assert hil_board.is_open
    hil_board.reset()
"""
"""pytest-xdist gives each worker some of them: one waits until the other gives the board back."""


def workers(lab: Lab) -> tuple[set[str], set[str]]:
    """Names of the workers that ran tests, and the starts of payloads that they saw."""
    pairs = [path.read_text().split() for path in lab.path.glob("worker-*")]
    assert len(pairs) == TESTS
    return {name for name, _ in pairs}, {nonce for _, nonce in pairs}


def check_nothing_is_lost(lab: Lab) -> None:
    """Every test has its run, its verdicts and its properties."""
    cases = lab.junit()
    assert len(cases) == TESTS
    folders = {Path(case.properties["hil.run_folder"]) for case in cases.values()}
    assert len(folders) == TESTS
    for folder in folders:
        outcomes = {
            verdict["name"]: verdict["outcome"] for verdict in json.loads((folder / "verdicts.json").read_text())
        }
        assert outcomes["run.completed"] == "PASS"
    assert all(case.properties["hil.run.completed"].startswith("PASS") for case in cases.values())


def test_two_workers_take_turns_on_one_board(lab: Lab, host_payload: Path) -> None:
    lab.write_rows()
    lab.write("test_it.py", MANY)
    with payload_on_pty(host_payload) as port:
        words = ("--hil-target", "host", f"--hil-port={port}", "--hil-runs", lab.path / "kept")
        result = lab.run_apart(*words, "--junit-xml", "junit.xml", "-n", "2")
    result.assert_outcomes(passed=TESTS)
    names, starts = workers(lab)
    assert names == {"gw0", "gw1"}
    assert len(starts) == 1, "one payload, which was never started anew"
    check_nothing_is_lost(lab)


def test_two_workers_take_turns_on_a_board_by_hand(lab: Lab, host_payload: Path) -> None:
    lab.write("test_it.py", BY_HAND)
    with payload_on_pty(host_payload) as port:
        result = lab.run_apart("--hil-target", "host", f"--hil-port={port}", "-n", "2")
    result.assert_outcomes(passed=6)


@pytest.mark.parametrize("target", ["host", "qemu-zynq-a9", "qemu-mps2-an386"])
def test_each_worker_has_an_emulated_board_of_its_own(target: str, lab: Lab) -> None:
    lab.write_rows()
    lab.write("test_it.py", MANY)
    words = ("--hil-target", target, "--hil-runs", lab.path / "kept", "--junit-xml", "junit.xml")
    lab.run_apart(*words, "-n", "2").assert_outcomes(passed=TESTS)
    names, starts = workers(lab)
    assert len(starts) == len(names) == 2
    check_nothing_is_lost(lab)


def test_scenarios_run_on_workers_too(lab: Lab) -> None:
    rows = lab.write_rows()
    (lab.path / "scenarios").mkdir()
    for name in ("one", "two"):
        path = write_scenario(lab.path / "scenarios" / f"{name}.toml")
        path.write_text(path.read_text().replace("title =", f'recording = "{rows}"\ntitle ='))
    lab.run_apart("--hil-target", "host", "-n", "2", "--junit-xml", "junit.xml").assert_outcomes(passed=2)
    assert all("hil.run.completed" in case.properties for case in lab.junit().values())


@pytest.mark.parametrize(
    ("words", "marker", "said"),
    [
        (["--hil-target", "hots"], "", "ERROR: no target is named 'hots'"),
        (["--hil-target", "host"], "@pytest.mark.hil(needs=['strem'])", "'strem' is no capability"),
    ],
)
def test_a_mistake_is_one_clear_error_with_workers_too(words: list[str], marker: str, said: str, lab: Lab) -> None:
    lab.write("test_it.py", f"import pytest\n{marker}\ndef test_a(hil_payload): pass\n")
    text = printed(lab.run_apart(*words, "-n", "2"))
    assert said in text
    assert "hint: did you mean" in text
    assert "INTERNALERROR" not in text
    assert "Traceback" not in text


@pytest.mark.parametrize("without", ["xdist", "cacheprovider", "junitxml", "terminalreporter", "tmpdir", "logging"])
def test_it_works_without_plugins_that_it_does_not_need(without: str, lab: Lab) -> None:
    lab.write_rows()
    lab.write("test_it.py", MANY.replace('["PYTEST_XDIST_WORKER"]', ".get('NONE', 'here')").replace(str(TESTS), "1"))
    words = ("-p", f"no:{without}", "--hil-target", "host", "--hil-runs", lab.path / "kept")
    assert lab.run_apart(*words).ret == 0
    assert len(list((lab.path / "kept").iterdir())) == 1


def test_without_temporary_folders_the_runs_need_a_folder(lab: Lab) -> None:
    lab.write_rows()
    lab.write("test_it.py", MANY.replace('["PYTEST_XDIST_WORKER"]', ".get('NONE', 'here')").replace(str(TESTS), "1"))
    result = lab.run_apart("-p", "no:tmpdir", "--hil-target", "host")
    result.assert_outcomes(errors=1)
    assert "hint: give --hil-runs=DIR" in printed(result)
