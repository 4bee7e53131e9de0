"""A pack holds what a run folder holds, the same bytes each time; a stranger's pack can do no harm."""

import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import RunFolderError
from bench.pack import MAX_BYTES, MAX_FILES, is_pack, pack_run, shorten_paths, unpacked

ADA = "/" + "home/ada"
"""Written so that this file does not look as if it named a folder of somebody's machine."""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Give a folder that looks like a run's."""
    folder = tmp_path / "20261121-120000-demo-host"
    for name, content in {
        "trace.jsonl": b'{"kind":"run_started"}\n',
        "link.bin": bytes(range(256)) * 9,
        "scenario.toml": f'recording = "{ADA}/data/rows"\n'.encode(),
        "recording/samples.csv": b"time_ms,a\n0,1\n",
        "twins/mine.py": b"print(1)\n",
        ".hidden": b"x",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def content_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_was_packed_comes_back_and_is_gone_afterwards(run: Path, tmp_path: Path) -> None:
    file = pack_run(run, tmp_path / "a.zip")
    assert is_pack(file)
    with unpacked(file) as folder:
        found = content_of(folder)
    assert not folder.exists()
    expected = {name: content for name, content in content_of(run).items() if name != ".hidden"}
    expected["scenario.toml"] = b'recording = ".../rows"\n'
    found.pop("pack.json")
    assert found == expected


def test_a_pack_is_kept_where_asked(run: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    with unpacked(pack_run(run, tmp_path / "a.zip"), kept):
        pass
    assert (kept / "recording" / "samples.csv").is_file()


def test_the_same_run_gives_the_same_bytes_whenever_it_is_packed(run: Path, tmp_path: Path) -> None:
    first = pack_run(run, tmp_path / "a.zip").read_bytes()
    for path in run.rglob("*"):
        path.touch()
        path.chmod(0o700)
    assert pack_run(run, tmp_path / "b.zip").read_bytes() == first


def test_twins_are_left_out_if_asked(run: Path, tmp_path: Path) -> None:
    with unpacked(pack_run(run, tmp_path / "a.zip", with_twins=False)) as folder:
        assert not (folder / "twins").exists()


@pytest.mark.parametrize(
    ("text", "short"),
    [
        (f'"{ADA}/bench/firmware.elf"', '".../firmware.elf"'),
        (f"at {ADA}.", "at .../~"),
        ("cannot write to /var/data/runs/x: full", "cannot write to .../x: full"),
        ("/dev/serial/by-id/usb-FTDI and /usr/bin/env", "/dev/serial/by-id/usb-FTDI and /usr/bin/env"),
        ("socket://host/a/b, 1/2/3, a ratio of 3 / 4", "socket://host/a/b, 1/2/3, a ratio of 3 / 4"),
        (f"{Path.home()}/some where/x.csv", ".../some where/x.csv"),
    ],
)
def test_absolute_paths_are_shortened_and_nothing_else(text: str, short: str) -> None:
    assert shorten_paths(text).rstrip(".") == short


def test_what_cannot_be_packed_says_why(run: Path, tmp_path: Path) -> None:
    (tmp_path / "there.zip").touch()
    with pytest.raises(RunFolderError, match=r"there\.zip is there already"):
        pack_run(run, tmp_path / "there.zip")
    with pytest.raises(RunFolderError, match=r"is no run folder: it has no trace\.jsonl"):
        pack_run(tmp_path, tmp_path / "a.zip")
    with pytest.raises(RunFolderError, match=r"cannot write .*No such file"):
        pack_run(run, tmp_path / "nowhere" / "a.zip")
    (run / "linked").symlink_to("/etc/passwd")
    with pytest.raises(RunFolderError, match="linked is a link; a pack holds files"):
        pack_run(run, tmp_path / "a.zip")
    assert not list(tmp_path.glob("*.partial")) + list(tmp_path.glob(".*.partial")) + list(tmp_path.glob("a.zip"))


def made(path: Path, members: dict[str, bytes], *, change: Callable[[zipfile.ZipInfo], None] | None = None) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            if change is not None:
                change(info)
            archive.writestr(info, content)
    return path


def refuse(file: Path, match: str) -> None:
    """Check that nothing is left of it, not even for a moment outside of the folder."""
    kept = file.parent / "kept"
    with pytest.raises(RunFolderError, match=match) as caught, unpacked(file, kept):
        pass
    assert caught.value.hint
    assert not kept.exists()
    assert sorted(path.name for path in file.parent.iterdir()) == [file.name]


@pytest.mark.parametrize(
    "name",
    ["../evil", "/evil", "a/../../evil", "run/../../../evil", "a/b/c/d/e", "C:\\evil", "..\\evil", "C:evil", "a\nb"],
)
def test_a_member_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    refuse(made(tmp_path / "a.zip", {"trace.jsonl": b"", name: b"x"}), "nothing was unpacked")


def test_a_link_is_refused(tmp_path: Path) -> None:
    def link(info: zipfile.ZipInfo) -> None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16

    refuse(made(tmp_path / "a.zip", {"trace.jsonl": b"/etc/passwd"}, change=link), "is no plain file")


def with_size(file: Path, size: int) -> Path:
    """Have the directory claim that each member has `size` bytes."""
    content = bytearray(file.read_bytes())
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + 24 : at + 28] = struct.pack("<I", size)
        at = content.find(b"PK\x01\x02", at + 4)
    file.write_bytes(content)
    return file


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pack.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("run/trace.jsonl", "one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("run/trace.jsonl", "two")
    with pytest.raises(RunFolderError, match=r"has 'run/trace.jsonl' twice; nothing was unpacked"), unpacked(file):
        pass


def test_too_many_files_and_too_many_bytes_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    refuse(made(tmp_path / "a.zip", {f"f{number}": b"" for number in range(MAX_FILES + 1)}), "has 4,097 files")
    refuse(made(tmp_path / "a.zip", {f"f{number}" * 40: b"" for number in range(6000)}), "has a directory of 1,")
    large = with_size(made(tmp_path / "a.zip", {"trace.jsonl": b"x", "a": b"x"}), MAX_BYTES // 2 + 1)
    refuse(large, "unpacks to 2,147,483,650 bytes")


def test_a_member_larger_than_listed_is_refused(tmp_path: Path) -> None:
    file = with_size(made(tmp_path / "a.zip", {"trace.jsonl": bytes(100_000)}), 10)
    with pytest.raises(RunFolderError, match="is damaged"), unpacked(file):
        pass


def test_what_is_no_pack_or_holds_no_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    refuse(tmp_path / "a.zip", "is no pack of a run, or was cut short")
    (tmp_path / "a.zip").unlink()
    file = made(tmp_path / "a.zip", {"notes.txt": b"x"})
    with pytest.raises(RunFolderError, match=r"holds no run: there is no trace\.jsonl"), unpacked(file):
        pass


def test_a_cut_pack_is_refused_at_every_cut(run: Path, tmp_path: Path) -> None:
    content = pack_run(run, tmp_path / "whole.zip").read_bytes()
    file = tmp_path / "cut.zip"
    for cut in range(4, len(content), 7):
        file.write_bytes(content[:cut])
        with pytest.raises(RunFolderError), unpacked(file):
            pass


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_pack_is_an_error_or_the_files_that_were_packed(run: Path, tmp_path: Path, seed: int) -> None:
    print(f"seed {seed}")
    damage = random.Random(seed)
    content = pack_run(run, tmp_path / "whole.zip").read_bytes()
    with unpacked(tmp_path / "whole.zip") as folder:
        packed = set(content_of(folder).values())
    refused = 0
    for _ in range(150):
        changed = bytearray(content)
        for _ in range(damage.randrange(1, 4)):
            changed[damage.randrange(4, len(content))] = damage.randrange(256)
        (tmp_path / "damaged.zip").write_bytes(changed)
        try:
            with unpacked(tmp_path / "damaged.zip") as folder:
                assert set(content_of(folder).values()) <= packed
        except RunFolderError:
            refused += 1
    assert refused > 50
