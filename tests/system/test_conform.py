"""The conformance kit: our payload passes every check on every target."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.target import target_names
from tests.system.boards import payload_on_pty
from tests.system.command_line import ROOT, check_error, run_bench

EXAMPLE = ROOT / "docs" / "examples" / "own-payload"


@pytest.mark.parametrize("name", target_names())
def test_our_payload_passes_every_check(tmp_path: Path, name: str) -> None:
    ended = run_bench(tmp_path, "conform", "--target", name, "--json", tmp_path / "results.json", "--seed", "7")
    assert ended.status == 0, ended
    results = json.loads((tmp_path / "results.json").read_text())
    outcomes = {check["outcome"] for check in results["checks"]}
    assert outcomes == {"PASS", "NOT APPLICABLE"}


def test_the_payload_of_the_example_passes(tmp_path: Path) -> None:
    project = shutil.copytree(EXAMPLE, tmp_path / "own", ignore=shutil.ignore_patterns("build", "__pycache__"))
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    make = ["make", "-s", "-C", str(project), f"FIRMWARE_IF={ROOT / 'firmware_if'}"]
    subprocess.run(make, check=True, env=plain, stdout=subprocess.DEVNULL)
    ended = run_bench(tmp_path, "conform", "--target", project / "own-native.toml")
    assert ended.status == 0, ended
    assert "training.exact: the bench knows none of its learners" in ended.out


def test_a_payload_on_a_line_passes_every_check(tmp_path: Path, host_payload: Path) -> None:
    with payload_on_pty(host_payload) as port:
        ended = run_bench(tmp_path, "conform", "--port", port)
    assert ended.status == 0, ended


def test_a_place_that_nobody_names_is_an_error_with_a_hint(tmp_path: Path) -> None:
    check_error(run_bench(tmp_path, "conform"), "nothing says where the payload is", hint="--port")


def test_a_check_that_there_is_not_is_an_error_with_a_hint(tmp_path: Path) -> None:
    check_error(run_bench(tmp_path, "conform", "--only", "hello.answer"), "no check is named", hint="hello.answers")
