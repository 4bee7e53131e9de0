"""A night is read back as it was written, or one error says what is wrong with the file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import BenchError, RunFolderError
from bench.nightly.outcome import Attempt, Outcome
from bench.nightly.process import Log
from bench.nightly.record import DONE, JobRecord, NightRecord, QuarantineRecord, load_night, night_json, save_night
from bench.nightly.store import NightStore, earlier_nights, new_night_folder, only_night
from tests.unit.made_nights import NIGHT, STARTED


def test_a_night_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / NIGHT.name
    folder.mkdir()
    save_night(NIGHT, folder)
    assert load_night(folder) == NIGHT
    assert json.loads(night_json(NIGHT))["version"] == 1


def test_what_is_not_known_is_skipped(tmp_path: Path) -> None:
    folder = tmp_path / NIGHT.name
    folder.mkdir()
    raw = json.loads(night_json(NIGHT))
    raw["moon"] = raw["jobs"][0]["moon"] = raw["jobs"][0]["attempts"][0]["moon"] = "full"
    (folder / "night.json").write_text(json.dumps(raw))
    assert load_night(folder) == NIGHT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not what a night writes"),
        ("[]", "is not what a night writes"),
        ('{"version": 1}', "is not what a night writes: KeyError('jobs')"),
        ('{"version": 2, "jobs": 5}', "was written by a newer version (2; this one reads up to 1)"),
        (night_json(NIGHT)[:500], "is not what a night writes"),
        (night_json(NIGHT).replace('"PASS"', '"GREEN"'), "is not what a night writes"),
        (night_json(NIGHT).replace('"matrix": "m"', '"matrix": 7'), "matrix is 7"),
        ("[" * 100_000, "is not what a night writes"),
    ],
)
def test_a_file_that_no_night_wrote_is_one_error(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "night.json").write_text(text)
    with pytest.raises(RunFolderError) as caught:
        load_night(tmp_path)
    assert message in caught.value.message


def test_a_night_that_is_not_there_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"cannot read .*night\.json: No such file"):
        load_night(tmp_path)


def test_earlier_nights_come_newest_first_and_only_those_of_the_matrix(tmp_path: Path) -> None:
    names = ["20261119-030000-m", "20261120-030000-m", "20261120-030000-other", "20261122-030000-m"]
    for name in names:
        (tmp_path / name).mkdir()
        matrix = name.rpartition("-")[2]
        save_night(replace(NIGHT, name=name, matrix=matrix), tmp_path / name)
    torn = tmp_path / "20261120-040000-m"
    torn.mkdir()
    (torn / "night.json").write_text("{")
    nights, notes = earlier_nights(tmp_path / "20261121-030000-m", "m")
    assert [night.name for night in nights] == ["20261120-030000-m", "20261119-030000-m"]
    assert len(notes) == 1
    assert "20261120-040000-m/night.json is not what a night writes" in notes[0]


def test_of_one_second_the_number_tells_which_was_first(tmp_path: Path) -> None:
    first, second = (new_night_folder(tmp_path, "m", started=STARTED) for _ in range(2))
    save_night(replace(NIGHT, name=first.name), first)
    assert [night.name for night in earlier_nights(second, "m")[0]] == [first.name]
    assert earlier_nights(first, "m")[0] == ()


def test_a_second_nightly_is_told_who_is_first(tmp_path: Path) -> None:
    with only_night(tmp_path) as died:
        assert died == ""
        with pytest.raises(BenchError, match=r"another nightly is writing to .*pid \d+, since"), only_night(tmp_path):
            pass
    with only_night(tmp_path) as died:
        assert died == "", "it was given back"


def test_a_folder_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot write to"), only_night(tmp_path / "file"):
        pass
    with pytest.raises(RunFolderError, match=r"cannot write .*attempts\.jsonl: No such file"):
        NightStore(tmp_path / "absent").add(Attempt("a@b", 1, Outcome.PASS))


def test_a_log_keeps_the_beginning_and_the_last_words(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = Log(path.open("wb"), most=10)
    log.write(b"0123456")
    log.write(b"789abcdef")
    log.close("cdef")
    assert path.read_text() == "0123456789\n[6 bytes are not kept; the last of them:]\ncdef"


def test_a_log_on_a_full_disk_is_no_reason_to_end_a_night() -> None:
    log = Log(Path("/dev/full").open("wb", buffering=0))  # noqa: SIM115 - the log closes it
    log.write(b"0123")
    assert log.lost == 4
    log.close("0123")


def test_jobs_are_found_by_name() -> None:
    assert NIGHT.job("good@host") == NIGHT.jobs[0]
    assert NIGHT.job("none@host") is None
    other = JobRecord("good@host", outcome=Outcome.FAIL)
    assert NIGHT.with_job(other).job("good@host") == other


def test_records_have_no_say_in_what_is_not_there() -> None:
    empty = NightRecord("n", "m", "", (), quarantine=(QuarantineRecord("a@*", "so", "2026-12-01"),), outcome=DONE)
    assert json.loads(night_json(empty))["quarantine"][0]["state"] == "active"
