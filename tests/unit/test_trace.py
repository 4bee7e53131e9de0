"""Entries to lines and back, and what a reader makes of lines that are none."""

import io
import json
import math
from pathlib import Path

import pytest

from bench.errors import RunFolderError
from bench.trace import (
    ENTRIES,
    ConsolePrinted,
    Entry,
    EvaluationScored,
    ModelDumped,
    RunStarted,
    SamplesRepeated,
    SamplesTrained,
    TraceWriter,
    entry_from_json,
    entry_to_json,
    load_trace,
)

ROWS = SamplesTrained(7, [0, 1], 5, [10, 0], [2, 0], [1, 0], [9, 0], ["01", ""], ["10", ""])


def test_every_entry_there_is_can_be_read_back() -> None:
    kinds = [kind for entry in Entry.__subclasses__() for kind in (entry.__subclasses__() or [entry])]
    assert {entry.kind: entry for entry in kinds} == ENTRIES


def line_of(entry: Entry, **changes: object) -> str:
    return json.dumps(json.loads(entry_to_json(entry)) | changes)


@pytest.mark.parametrize(
    "entry",
    [
        ROWS,
        SamplesRepeated(**vars(ROWS)),
        ModelDumped(0, 849, "m", 3, {"w": [math.inf, -0.0, 0.1], "timestep": 4}, complete=False),
        EvaluationScored(0, [[1.5, -math.inf]], ["10"]),
        ConsolePrinted("boot\n"),
        RunStarted(1, "s", "t", "r", 5, {"python": "3"}, ["payload"]),
    ],
)
def test_an_entry_survives_its_line(entry: Entry) -> None:
    assert entry_from_json(entry_to_json(entry)) == entry


def test_nan_survives_its_line() -> None:
    found = entry_from_json(entry_to_json(ModelDumped(0, 1, "m", 1, {"w": [math.nan]})))
    assert isinstance(found, ModelDumped)
    assert isinstance(found.state["w"], list)
    assert math.isnan(found.state["w"][0])


def test_unknown_kinds_and_fields_are_skipped() -> None:
    assert entry_from_json('{"t": 0, "kind": "of a later version"}') is None
    assert entry_from_json(line_of(ConsolePrinted("x"), colour="red")) == ConsolePrinted("x")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"first_row": "x"}, "first_row is 'x', expected int"),
        ({"train": [1, "x"]}, "train is 'x', expected int"),
        ({"train": 3}, "train is 3, expected list"),
        ({"status": [0]}, "lists of one batch of rows differ in length"),
    ],
)
def test_a_line_of_wrong_form_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("[", r"\[")):
        entry_from_json(line_of(ROWS, **changes))


def test_a_broken_line_is_named_and_a_cut_last_one_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(f'{entry_to_json(ROWS)}\n{{"t": 1, "ki')
    assert list(load_trace(path)) == [ROWS]
    path.write_text(f'{{"t": 1, "ki\n{entry_to_json(ROWS)}\n')
    with pytest.raises(RunFolderError, match=r"trace.jsonl:1: not a trace entry"):
        list(load_trace(path))


def test_a_trace_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.jsonl"
    path.write_text(entry_to_json(RunStarted(99, "s", "t", "r", 5, {}, [])) + "\n")
    with pytest.raises(RunFolderError, match="has trace format 99; this version reads up to 1"):
        list(load_trace(path))


def test_what_is_no_trace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="cannot read"):
        list(load_trace(tmp_path / "absent"))


def test_a_full_disk_is_said_and_said_again() -> None:
    writer = TraceWriter(Path("/dev/full").open("w", encoding="utf-8"))  # noqa: SIM115 - the writer closes it
    for _ in range(2):
        with pytest.raises(RunFolderError, match="cannot write the trace: No space left on device"):
            writer.write(ROWS)
    kept = io.StringIO()
    TraceWriter(kept).write(ROWS)
    assert kept.getvalue() == entry_to_json(ROWS) + "\n"
