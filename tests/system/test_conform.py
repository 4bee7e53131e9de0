"""The conformance kit: our payload passes every check on every target."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from bench.conform import CHECKS
from bench.target import TARGETS, target_names
from tests.system.boards import payload_on_pty
from tests.system.command_line import ROOT, Command, check_error, run_bench, wait_until

EXAMPLE = ROOT / "docs" / "examples" / "own-payload"


@pytest.mark.parametrize("name", target_names())
def test_our_payload_passes_every_check(tmp_path: Path, name: str) -> None:
    ended = run_bench(tmp_path, "conform", "--target", name, "--json", tmp_path / "results.json", "--seed", "7")
    assert ended.status == 0, ended
    results = json.loads((tmp_path / "results.json").read_text())
    others = {check["name"]: check["outcome"] for check in results["checks"] if check["outcome"] != "PASS"}
    assert set(others.values()) <= {"NOT APPLICABLE"}
    host = {"training.counts_repeat", "protection.resumes"} if name == "host" else set()  # no counts, no storage
    slow = {"reliability.wraps_around", "reliability.telemetry_wraps_around"}
    assert host <= set(others) <= host | slow


@pytest.mark.parametrize(("board", "target"), [("native", "own-native.toml"), ("m4", "own-m4.toml")])
def test_the_payload_of_the_example_passes(tmp_path: Path, board: str, target: str) -> None:
    project = shutil.copytree(EXAMPLE, tmp_path / "own", ignore=shutil.ignore_patterns("build", "__pycache__"))
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    make = ["make", "-s", "-j2", "-C", str(project), f"BOARD={board}", f"FIRMWARE_IF={ROOT / 'firmware_if'}"]
    subprocess.run(make, check=True, env=plain, stdout=subprocess.DEVNULL)
    ended = run_bench(tmp_path, "conform", "--target", project / target)
    assert ended.status == 0, ended
    assert "training.exact: the bench knows none of its learners" in ended.out


def test_a_payload_without_protections_claims_none(tmp_path: Path) -> None:
    name = "qemu-mps2-an386"
    whole = (TARGETS / f"{name}.toml").read_text()
    (tmp_path / f"{name}.toml").write_text(whole.replace(', "protection"]', "]"))
    ended = run_bench(
        tmp_path, "conform", "--target", tmp_path / f"{name}.toml", "--only", "protection.*", "--only", "state.*"
    )
    assert ended.status == 0, ended
    assert ended.out.count(": it has no protections") == len([c for c in CHECKS if c.name.startswith("protection.")])


def test_results_that_cannot_be_written_are_an_error_with_a_hint(tmp_path: Path) -> None:
    ended = run_bench(
        tmp_path, "conform", "--target", "host", "--only", "hello.*", "--json", tmp_path / "no" / "x.json"
    )
    check_error(ended, "x.json cannot be written: No such file", hint="--json")


def test_a_payload_on_a_line_passes_every_check(tmp_path: Path, host_payload: Path) -> None:
    with payload_on_pty(host_payload) as port:
        ended = run_bench(tmp_path, "conform", "--port", port)
    assert ended.status == 0, ended


def test_it_can_be_stopped_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with Command(tmp_path, "conform", "--target", "host", "--only", "reliability.telemetry_wraps_around") as command:
        wait_until(lambda: command.children("payload.elf") != [], "a payload that runs")
        command.process.send_signal(signal.SIGINT)
        ended = command.end()
    assert ended.status == 130, ended
    assert ended.err == "bench: stopped\n"


def test_a_place_that_nobody_names_is_an_error_with_a_hint(tmp_path: Path) -> None:
    check_error(run_bench(tmp_path, "conform"), "nothing says where the payload is", hint="--port")


def test_a_check_that_there_is_not_is_an_error_with_a_hint(tmp_path: Path) -> None:
    check_error(run_bench(tmp_path, "conform", "--only", "hello.answer"), "no check is named", hint="hello.answers")
