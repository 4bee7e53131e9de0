"""A run is packed, sent and judged elsewhere: the same verdicts, and nobody's folders on the way."""

import zipfile
from pathlib import Path

import pytest

from tests.system.command_line import check_error, read_trace, read_verdicts, run_bench, save_rows, write_scenario

ROWS = 160


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a short run."""
    folder = tmp_path_factory.mktemp("packed")
    scenario = write_scenario(folder / "short.toml")
    ended = run_bench(folder, "run", scenario, "--recording", save_rows(folder / "rows", 0, ROWS), "--out", "short")
    assert ended.status == 0, ended
    return folder / "short"


def test_a_pack_is_judged_as_its_run_is(run_folder: Path, tmp_path: Path) -> None:
    packed = run_bench(tmp_path, "pack", run_folder)
    assert packed.status == 0, packed
    assert packed.out.splitlines()[1] == "to read it: bench judge short.zip, bench frames short.zip"
    judged = run_bench(tmp_path, "judge", "short.zip", "--out", "kept")
    assert judged.status == 0, judged
    assert read_verdicts(tmp_path / "kept") == read_verdicts(run_folder)
    assert (tmp_path / "kept" / "models.json").read_bytes() == (run_folder / "models.json").read_bytes()
    assert run_bench(tmp_path, "frames", "short.zip").out == run_bench(tmp_path, "frames", run_folder).out
    assert run_bench(tmp_path, "judge", "short.zip").out == judged.out
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] != ".") == ["kept", "short.zip"]


def test_judging_says_what_was_run_where_and_when(run_folder: Path, tmp_path: Path) -> None:
    title, rows, run = run_bench(tmp_path, "judge", run_folder).out.splitlines()[:3]
    assert title == "made for a test"
    assert rows == f"{ROWS} rows of sun-sensor on Native process on the machine that runs the bench"
    started = read_trace(run_folder)[0]["started"]
    assert run.startswith(f"scenario short, target host, run on {started[:10]} at {started[11:19]}")
    lines = (run_folder / "trace.jsonl").read_text().replace(started, "")
    (run_folder / "trace.jsonl").write_text(lines)
    assert "run at a time that it does not tell" in run_bench(tmp_path, "judge", run_folder).out
    (run_folder / "trace.jsonl").write_text(lines.replace('"started":""', f'"started":"{started}"'))


def test_no_folder_of_this_machine_is_in_a_pack(run_folder: Path, tmp_path: Path) -> None:
    assert run_bench(tmp_path, "pack", run_folder, "--out", "a.zip").status == 0
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        texts = b"".join(
            archive.read(name) for name in archive.namelist() if name.endswith((".json", ".jsonl", ".toml"))
        )
    assert str(Path(__file__).parents[2]).encode() not in texts
    assert str(run_folder.parent).encode() not in texts
    assert b".../payload.elf" in texts


def test_what_cannot_be_judged_or_packed_is_one_clear_error(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    check_error(run_bench(tmp_path, "judge", "other.zip"), "other.zip is no pack of a run", hint="Ask for it again")
    check_error(run_bench(tmp_path, "frames", "other.zip"), "other.zip is no pack of a run", hint="Ask for it again")
    check_error(run_bench(tmp_path, "judge", run_folder, "--out", "kept"), "--out is for a pack", hint="where it is")
    check_error(run_bench(tmp_path, "pack", tmp_path), "is no run folder", hint="give the folder of a run")
    assert not (tmp_path / "kept").exists()
