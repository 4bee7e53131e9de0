"""Attaching: traces that grow, end, vanish or are broken; folds that are saved; the newest run."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import RunFolderError
from bench.monitor import saved as saved_module
from bench.monitor.find import newest_run
from bench.monitor.follow import Followed
from bench.monitor.saved import SAVE_ENTRIES, SAVED, keep_fold, load_fold, save_fold
from bench.monitor.state import RunState
from bench.monitor.tail import MAX_LINE_BYTES, Tail
from bench.run_folder import TRACE, JudgedRun, is_written, open_trace, save_run_files
from bench.trace import ConsolePrinted, Entry, RunEnded, RunStarted, SamplesTrained, TraceWriter, entry_to_json
from tests.unit.judged_runs import judged
from tests.unit.made_runs import make_run

START = RunStarted(1, "s", "t", "r", 5, {}, [])


def line(entry: Entry) -> str:
    return entry_to_json(entry) + "\n"


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / TRACE).open("a", encoding="utf-8") as file:
        file.write(text)
    return folder


def entries_in(folder: Path) -> list[Entry]:
    with closing(Tail(folder)) as tail:
        return list(tail.read())


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Callable[[], Followed]]:
    """Follow the run in `tmp_path / "run"`, as often as wanted."""
    made: list[Followed] = []

    def follow() -> Followed:
        made.append(Followed(tmp_path / "run"))
        return made[-1]

    yield follow
    for one in made:
        one.close()


def test_a_trace_is_read_as_it_grows_and_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    assert list(tail.read()) == []
    whole, half = line(START), line(ConsolePrinted("ü"))
    write(tmp_path, whole + half[:9])
    assert list(tail.read()) == [START]
    assert (tail.offset, tail.rest_bytes) == (len(whole.encode()), 9)
    write(tmp_path, half[9:])
    assert list(tail.read()) == [ConsolePrinted("ü")]
    assert tail.offset == (tmp_path / TRACE).stat().st_size
    tail.close()


def test_a_line_may_be_cut_anywhere(tmp_path: Path) -> None:
    content = (line(START) + line(ConsolePrinted("äöü"))).encode()
    for cut in range(len(content)):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / TRACE).write_bytes(content[:cut])
        tail = Tail(folder)
        before = list(tail.read())
        with (folder / TRACE).open("ab") as file:
            file.write(content[cut:])
        assert [*before, *tail.read()] == [START, ConsolePrinted("äöü")]
        tail.close()


@pytest.mark.parametrize(
    "broken", ["nonsense", "[1]", "{}x", '{"kind":"run_ended","outcome":3,"rows":1}', '"text"', "\xff"]
)
def test_a_line_that_is_no_entry_is_one_clear_error(tmp_path: Path, broken: str) -> None:
    (tmp_path / TRACE).write_bytes(line(START).encode() + broken.encode("latin-1") + b"\n")
    tail = Tail(tmp_path)
    with pytest.raises(RunFolderError, match=rf"byte {len(line(START))}: not a trace entry"):
        list(tail.read())
    tail.close()


def test_kinds_of_a_newer_version_are_passed_over_and_its_formats_refused(tmp_path: Path) -> None:
    write(tmp_path / "a", '{"t":1,"kind":"something_new","x":[1]}\n' + line(START))
    assert entries_in(tmp_path / "a") == [START]
    write(tmp_path / "b", line(RunStarted(99, "s", "t", "r", 5, {}, [])))
    with pytest.raises(RunFolderError, match="has trace format 99; this version reads up to 1"):
        entries_in(tmp_path / "b")


def test_a_trace_that_shrank_or_vanished_is_one_clear_error(tmp_path: Path) -> None:
    write(tmp_path, line(START) * 3)
    tail = Tail(tmp_path)
    list(tail.read())
    os.truncate(tmp_path / TRACE, 10)
    with pytest.raises(RunFolderError, match=r"was cut from [\d,]+ to 10 bytes"):
        list(tail.read())
    (tmp_path / TRACE).unlink()
    with pytest.raises(RunFolderError, match="is gone"):
        list(tail.read())
    tail.close()


def test_a_trace_that_cannot_be_read_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / TRACE).mkdir()
    with pytest.raises(RunFolderError, match=r"cannot read .*trace.jsonl: Is a directory"):
        entries_in(tmp_path)


def test_a_line_without_end_is_not_kept_in_memory(tmp_path: Path) -> None:
    write(tmp_path, line(START))
    os.truncate(tmp_path / TRACE, 2 * MAX_LINE_BYTES)
    with pytest.raises(RunFolderError, match="a line without end"):
        entries_in(tmp_path)


def test_a_run_that_goes_on_is_told_from_one_that_was_killed(tmp_path: Path) -> None:
    file = open_trace(tmp_path)
    TraceWriter(file).write(START)
    tail = Tail(tmp_path)
    list(tail.read())
    assert tail.is_written()
    file.close()
    assert not tail.is_written()
    tail.close()
    with (tmp_path / TRACE).open("rb") as one, (tmp_path / TRACE).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)  # another who asks is no writer
        assert not is_written(one)


def test_a_killed_run_is_over_and_says_so(tmp_path: Path, followed: Callable[[], Followed]) -> None:
    write(tmp_path / "run", line(START) + line(ConsolePrinted("x"))[:7])
    one = followed()
    assert one.step()
    assert one.is_over
    assert one.look().status == "killed: the trace has no end"


def grown(folder: Path) -> Path:
    """A finished trace that is long enough to be worth a saved fold."""
    empty = SamplesTrained(0, [1], 0, [0], [0], [0], [0], [""], [""])
    rows = "".join(line(empty) for _ in range(SAVE_ENTRIES))
    return write(folder, line(START) + rows + line(RunEnded("completed", SAVE_ENTRIES)))


def read_all(one: Followed) -> RunState:
    while one.step() or one.behind:
        pass
    return one.state


def test_a_fold_is_saved_and_only_the_rest_is_read_again(tmp_path: Path, followed: Callable[[], Followed]) -> None:
    folder = grown(tmp_path / "run")
    first = read_all(followed())
    assert (folder / SAVED).exists()
    write(folder, line(ConsolePrinted("more\n")))
    second = followed()
    assert second.state == first
    assert second.share_read == 0.0
    assert read_all(second).entries == first.entries + 1
    assert second.state.log[-1].text == "more"


def test_a_short_trace_needs_no_saved_fold(tmp_path: Path, followed: Callable[[], Followed]) -> None:
    folder = write(tmp_path / "run", line(START) + line(RunEnded("completed", 0)))
    read_all(followed())
    assert not (folder / SAVED).exists()


def long_run(folder: Path) -> JudgedRun:
    """A run with a long trace, in memory and in its folder."""
    made = make_run()
    reports = [entry for entry in made.trace if isinstance(entry, SamplesTrained)] * SAVE_ENTRIES
    run = judged(made, trace=[*made.trace[:-1], *reports, made.trace[-1]], folder=folder)
    folder.mkdir(parents=True)
    save_run_files(folder, run.files)
    write(folder, "".join(line(entry) for entry in run.trace))
    return run


def test_a_run_that_is_concluded_leaves_its_fold(tmp_path: Path, followed: Callable[[], Followed]) -> None:
    run = long_run(tmp_path / "run")
    keep_fold(run)
    attached = followed()
    at_once = replace(attached.state)
    (tmp_path / "run" / SAVED).unlink()
    assert read_all(followed()) == at_once
    assert at_once.entries == len(run.trace)


def test_a_fold_is_not_kept_of_a_trace_that_was_cut_or_that_cannot_be_written(tmp_path: Path) -> None:
    run = long_run(tmp_path / "run")
    write(tmp_path / "run", '{"kind": "cons')
    keep_fold(run)
    assert not (tmp_path / "run" / SAVED).exists()
    keep_fold(replace(run, folder=tmp_path / "gone"))
    assert not (tmp_path / "gone").exists()


def change(folder: Path, **values: object) -> None:
    raw = json.loads((folder / SAVED).read_text())
    raw.update(values)
    (folder / SAVED).write_text(json.dumps(raw))


BREAK: dict[str, Callable[[Path], object]] = {
    "other version": lambda folder: change(folder, format=99),
    "longer than the trace": lambda folder: change(folder, offset=10**9),
    "in the midst of a line": lambda folder: change(folder, offset=5),
    "no offset": lambda folder: change(folder, offset="x"),
    "another field": lambda folder: change(folder, more=1),
    "no state": lambda folder: change(folder, state=[]),
    "cut": lambda folder: os.truncate(folder / SAVED, 100),
    "empty": lambda folder: (folder / SAVED).write_text(""),
    "no object": lambda folder: (folder / SAVED).write_text("[]"),
    "deep": lambda folder: (folder / SAVED).write_text("[" * 100_000),
    "no text": lambda folder: (folder / SAVED).write_bytes(b"\xff\xfe"),
    "another trace": lambda folder: (folder / TRACE).write_text((folder / TRACE).read_text().replace('"s"', '"z"')),
    "another end": lambda folder: (folder / TRACE).write_text(
        (folder / TRACE).read_text().replace("completed", "abortedxx")
    ),
}


@pytest.mark.parametrize("how", BREAK)
def test_a_saved_fold_that_does_not_fit_is_passed_over(
    tmp_path: Path, followed: Callable[[], Followed], how: str
) -> None:
    folder = grown(tmp_path / "run")
    before = read_all(followed()).entries
    assert load_fold(folder) is not None
    BREAK[how](folder)
    assert load_fold(folder) is None
    assert read_all(followed()).entries == before


UNSOUND: dict[str, dict[str, object]] = {
    "places": {"places": {"m": 3}},
    "steps": {"steps": {}},
    "no table": {"answers": {"rows": [1, 2], "hits": [], "predicted": []}},
    "wide table": {"answers": {"rows": [1], "hits": [[1, 2]], "predicted": [[1, 2]]}},
    "time": {"t": "soon"},
    "rows": {"rows": True},
    "log": {"log": [{"t": 1.0}]},
}


@pytest.mark.parametrize("how", UNSOUND)
def test_a_saved_fold_whose_parts_do_not_belong_together_is_passed_over(
    tmp_path: Path, followed: Callable[[], Followed], how: str
) -> None:
    folder = grown(tmp_path / "run")
    read_all(followed())
    raw = json.loads((folder / SAVED).read_text())
    raw["state"].update(UNSOUND[how])
    (folder / SAVED).write_text(json.dumps(raw))
    assert load_fold(folder) is None


def test_an_enormous_saved_fold_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = grown(tmp_path)
    save_fold(folder, RunState(), offset=len(line(START)))
    assert load_fold(folder) is not None
    monkeypatch.setattr(saved_module, "_MAX_BYTES", 10)
    assert load_fold(folder) is None


def test_where_nothing_can_be_saved_the_run_is_shown_all_the_same(
    tmp_path: Path, followed: Callable[[], Followed], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise RunFolderError("cannot write", hint="")

    grown(tmp_path / "run")
    monkeypatch.setattr("bench.monitor.follow.save_fold", full)
    assert read_all(followed()).is_over


def test_a_fold_of_a_trace_that_is_gone_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot read"):
        save_fold(tmp_path, RunState(), offset=3)
    write(tmp_path, line(START))
    (tmp_path / SAVED).mkdir()
    with pytest.raises(RunFolderError, match="cannot write"):
        save_fold(tmp_path, RunState(), offset=3)


def test_the_newest_run_is_taken_and_before_it_one_that_goes_on(tmp_path: Path) -> None:
    for number, name in enumerate(("a", "b", "c")):
        write(tmp_path / name, line(START))
        os.utime(tmp_path / name / TRACE, (number, number))
    assert newest_run(tmp_path) == tmp_path / "c"
    with open_trace(write_folder(tmp_path / "old")) as file:
        TraceWriter(file).write(START)
        os.utime(tmp_path / "old" / TRACE, (0, 0))
        assert newest_run(tmp_path) == tmp_path / "old"
    assert newest_run(tmp_path) == tmp_path / "c"


def write_folder(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_without_any_run_there_is_a_hint(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="there is no run under"):
        newest_run(tmp_path / "runs")
