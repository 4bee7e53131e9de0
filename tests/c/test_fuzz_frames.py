"""The long form of the agreement test finds a difference and says where."""

from pathlib import Path

import pytest

from tests.c.wire_native import Driver, build
from tools import fuzz_frames


def test_a_round_agrees(driver: Driver) -> None:
    assert fuzz_frames.check_round(driver, 1) == 1500


def test_a_difference_ends_with_its_input(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_frames, "rewrite", lambda *_: "something else")
    with pytest.raises(fuzz_frames.DisagreementError, match=r"fields of \(\d+, \d+\) [0-9a-f]*\npython: \['something"):
        fuzz_frames.check_round(driver, 1)


def test_a_difference_names_program_and_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = build(tmp_path, "gcc", flags="-O0")
    monkeypatch.setattr(fuzz_frames, "describe_telecommand", lambda _: "something else")
    with pytest.raises(fuzz_frames.DisagreementError, match="wire_driver_gcc, seed 4: packet "):
        fuzz_frames.fuzz(program, 0.0, seed=4)


def test_a_mute_link_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mute"
    program.write_text("#!/bin/sh\necho is mute\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(fuzz_frames, "check_round", lambda *_: 0)
    with pytest.raises(fuzz_frames.DisagreementError, match="mute, hostile seed 9: is mute"):
        fuzz_frames.fuzz(program, 0.0, seed=9)
