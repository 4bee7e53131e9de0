"""The folder of a run: never overwritten, complete in itself, and honest about what is missing."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bench.build import FirmwareImage
from bench.errors import RunFolderError
from bench.run_folder import (
    RunFiles,
    claim_folder,
    judge_run,
    load_judged_run,
    load_run_files,
    new_run_folder,
    open_trace,
    save_run_files,
)
from bench.scenario import load_scenario
from bench.target import load_target
from bench.telemetry import load_recording, save_recording
from bench.trace import RunEnded, RunStarted, TraceWriter
from tests.unit.made_runs import make_recording, make_run

STARTED = datetime(2026, 4, 16, 18, 28, 31, tzinfo=UTC)
IMAGE = FirmwareImage("00" * 16, "gcc", {".text": 12})


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    recording = load_recording(save_recording(make_recording(), tmp_path / "made"))
    return RunFiles(load_scenario("sun-sensor"), load_target("host"), recording, IMAGE)


@pytest.fixture
def folder(tmp_path: Path, files: RunFiles) -> Path:
    """Give a run folder that holds everything but entries in its trace."""
    folder = claim_folder(tmp_path / "run")
    save_run_files(folder, files)
    open_trace(folder).close()
    return folder


def test_two_runs_of_the_same_second_have_folders_of_their_own(tmp_path: Path) -> None:
    names = [new_run_folder(tmp_path / "runs", "demo", started=STARTED).name for _ in range(3)]
    assert names == ["20260416-182831-demo", "20260416-182831-demo-2", "20260416-182831-demo-3"]


def test_a_folder_that_cannot_be_made_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(RunFolderError, match=r"cannot make .*: (Not a directory|File exists)") as caught:
        new_run_folder(tmp_path / "runs", "demo", started=STARTED)
    assert "--out" in caught.value.hint


def test_the_thousandth_run_of_a_second_is_refused(tmp_path: Path) -> None:
    for number in range(1, 1000):
        (tmp_path / ("20260416-182831-demo" + (f"-{number}" if number > 1 else ""))).mkdir()
    with pytest.raises(RunFolderError, match="there are already 999 runs called 20260416-182831-demo"):
        new_run_folder(tmp_path, "demo", started=STARTED)


def test_a_claimed_folder_is_empty(tmp_path: Path) -> None:
    claimed = claim_folder(tmp_path / "a" / "b")
    assert claim_folder(claimed) == claimed
    (claimed / "verdicts.json").write_text("[]")
    with pytest.raises(RunFolderError, match="b is not empty"):
        claim_folder(claimed)
    with pytest.raises(RunFolderError, match="cannot write to"):
        claim_folder(claimed / "verdicts.json")


def test_what_was_saved_comes_back(folder: Path, files: RunFiles) -> None:
    loaded = load_run_files(folder)
    assert (loaded.scenario, loaded.target, loaded.firmware) == (files.scenario, files.target, files.firmware)
    assert loaded.recording.values.tobytes() == files.recording.values.tobytes()
    assert loaded.recording.segments == files.recording.segments


def test_a_second_run_cannot_be_written_into_the_folder(folder: Path, files: RunFiles) -> None:
    with pytest.raises(RunFolderError, match=r"cannot write to .*run: File exists"):
        save_run_files(folder, files)
    with pytest.raises(RunFolderError, match=r"cannot write to .*run: File exists"):
        open_trace(folder)


@pytest.mark.parametrize("name", ["trace.jsonl", "scenario.toml"])
def test_a_folder_that_lacks_a_part_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(RunFolderError, match=f"is no complete run folder: {name} is missing"):
        load_run_files(folder)


def test_a_folder_without_its_target_is_named(folder: Path) -> None:
    (folder / "target" / "host.toml").unlink()
    with pytest.raises(RunFolderError, match="is no complete run folder: it has 0 targets"):
        load_run_files(folder)


@pytest.mark.parametrize("text", ["", '{"build_id": ', "\udcff"])
def test_a_firmware_file_that_was_cut_short_is_an_error_with_a_hint(folder: Path, text: str) -> None:
    (folder / "firmware.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RunFolderError, match=r"firmware.json cannot be read: ") as caught:
        load_run_files(folder)
    assert "cut short" in caught.value.hint


def test_a_firmware_file_of_another_shape_is_an_error_with_a_hint(folder: Path) -> None:
    (folder / "firmware.json").write_text(json.dumps([1]))
    with pytest.raises(RunFolderError, match=r"firmware.json is not what a run writes"):
        load_run_files(folder)


def test_a_trace_without_a_beginning_is_not_judged(folder: Path, files: RunFiles) -> None:
    with pytest.raises(RunFolderError, match=r"trace.jsonl does not begin with a run"):
        judge_run(folder, files)
    assert not (folder / "verdicts.json").exists()


def test_a_judged_run_has_the_verdicts_of_its_folder_or_is_judged(folder: Path) -> None:
    started = RunStarted(1, "sun-sensor", "host", "made", 50, {}, [])
    with (folder / "trace.jsonl").open("w") as file:
        writer = TraceWriter(file)
        for entry in (started, *(entry for entry in make_run().trace if not isinstance(entry, RunStarted))):
            writer.write(entry)
    judged = load_judged_run(folder)
    assert judged.started == started
    saved = (folder / "verdicts.json").read_bytes()
    (folder / "verdicts.json").write_bytes(saved.replace(b'"run.rows"', b'"run.rows_as_saved"'))
    assert [verdict.name.replace("_as_saved", "") for verdict in load_judged_run(folder).verdicts] == [
        verdict.name for verdict in judged.verdicts
    ]
    assert any(verdict.name == "run.rows_as_saved" for verdict in load_judged_run(folder).verdicts)


def test_a_trace_on_a_full_disk_stays_an_error() -> None:
    with Path("/dev/full").open("w") as file:
        writer = TraceWriter(file)
        for _ in range(2):
            with pytest.raises(RunFolderError, match="cannot write the trace: No space left on device") as caught:
                writer.write(RunEnded("completed", 1, ""))
            assert caught.value.hint == "is the disk full?"
