"""A campaign's own golden run: kept, taken before any other, and nothing in it executed."""

import io
import os
import pickle
import struct
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import BenchError
from bench.upset import archive
from bench.upset.archive import RUN, SNAPSHOTS, load_run, pack, save_run, unpack
from bench.upset.golden import GoldenRun
from bench.upset.store import fetch_golden
from tests.unit.test_upset_judge import make_run

LADDER = b"QFI\xfb" + struct.pack(">I", 3) + bytes(72) + b"snapshots"


def maker(into: Path, *, instructions: int = 100) -> Callable[[], GoldenRun]:
    def make() -> GoldenRun:
        (into / SNAPSHOTS).write_bytes(LADDER)
        return replace(make_run(), instructions=instructions)

    return make


def test_a_campaign_keeps_its_golden_run_and_has_it_back_when_all_others_are_forgotten(tmp_path: Path) -> None:
    kept = tmp_path / "campaign" / "golden-run.tar.xz"
    run = fetch_golden("key", tmp_path, maker(tmp_path), folder=tmp_path / "store", archive=kept)
    assert kept.is_file()
    (tmp_path / SNAPSHOTS).unlink()
    again = fetch_golden("key", tmp_path, maker(tmp_path, instructions=7), folder=tmp_path / "new", archive=kept)
    assert (again.instructions, again.states) == (run.instructions, run.states)
    assert (tmp_path / SNAPSHOTS).read_bytes() == LADDER
    fetch_golden("other", tmp_path, maker(tmp_path, instructions=7), folder=tmp_path / "store")
    newer = fetch_golden("other", tmp_path, maker(tmp_path), folder=tmp_path / "store", archive=kept)
    assert newer.instructions == 7
    assert unpack(kept, tmp_path) == "key"


def test_its_own_stands_before_one_that_was_made_since(tmp_path: Path) -> None:
    kept = tmp_path / "golden-run.tar.xz"
    fetch_golden("key", tmp_path, maker(tmp_path), folder=tmp_path / "store", archive=kept)
    fetch_golden("key", tmp_path, maker(tmp_path, instructions=7), folder=tmp_path / "new")
    for _ in range(2):
        assert fetch_golden("key", tmp_path, maker(tmp_path), folder=tmp_path / "new", archive=kept).instructions == 100
    assert fetch_golden("key", tmp_path, maker(tmp_path), folder=tmp_path / "new").instructions == 100


def test_one_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_MOST_PACKED", 10)
    with pytest.raises(BenchError, match=r"the golden run takes [\d,]+ bytes; a campaign keeps up to 10"):
        fetch_golden("key", tmp_path, maker(tmp_path), folder=tmp_path / "store", archive=tmp_path / "kept")


def packed(path: Path, **members: bytes) -> Path:
    save_run(make_run(), path.parent / RUN)
    names = {"key": b"key", RUN: (path.parent / RUN).read_bytes(), SNAPSHOTS: LADDER}
    with tarfile.open(path, "w:xz") as made:
        for name, content in {**names, **{key.replace("_", "."): value for key, value in members.items()}}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            made.addfile(member, io.BytesIO(content))
    return path


def backed(*, version: int, backing: int, features: int) -> bytes:
    return b"QFI\xfb" + struct.pack(">IQ", version, backing) + bytes(56) + struct.pack(">Q", features)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"ladder_qcow2": b"no snapshots"}, "holds no snapshots of QEMU"),
        ({"ladder_qcow2": backed(version=3, backing=104, features=0)}, "holds snapshots that name another file"),
        ({"ladder_qcow2": backed(version=3, backing=0, features=4)}, "holds snapshots that name another file"),
        ({"key": bytes(2000)}, "holds a 'key' that no golden run has"),
        ({"more": b""}, "holds a 'more' that no golden run has"),
    ],
)
def test_what_is_no_golden_run_is_refused(tmp_path: Path, members: dict[str, bytes], words: str) -> None:
    with pytest.raises(BenchError, match=words):
        unpack(packed(tmp_path / "kept", **members), tmp_path)


def test_files_that_hold_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("text")
    with pytest.raises(BenchError, match="text holds no golden run"):
        unpack(tmp_path / "text", tmp_path)
    with tarfile.open(tmp_path / "empty", "w:xz"):
        pass
    with pytest.raises(BenchError, match=r"golden\.pickle, key, ladder\.qcow2 is missing"):
        unpack(tmp_path / "empty", tmp_path)
    whole = packed(tmp_path / "whole").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BenchError, match="cut holds no golden run"):
        unpack(tmp_path / "cut", tmp_path)


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch /tmp/hil-bench-was-here",)


@pytest.mark.parametrize("content", [pickle.dumps(Evil()), b"", b"text", pickle.dumps(make_run())[:50]])
def test_nothing_in_it_is_executed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / RUN).write_bytes(content)
    with pytest.raises(BenchError, match="holds no golden run"):
        load_run(tmp_path / RUN)


def test_a_golden_run_is_made_of_plain_values_alone(tmp_path: Path) -> None:
    save_run(make_run(), tmp_path / RUN)
    assert b"getattr" not in (tmp_path / RUN).read_bytes()
    (tmp_path / SNAPSHOTS).write_bytes(LADDER)
    pack("key", tmp_path, tmp_path / "kept")
    assert load_run(tmp_path / RUN).states == make_run().states
