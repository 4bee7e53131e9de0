"""Where evidence lies: run folders, what pytest wrote beside them, and the history of runs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Final

from bench.errors import RunFolderError
from bench.facts import facts_of
from bench.history import History
from bench.history.choose import choose_runs
from bench.matrix.evidence import Evidence, evidence_of
from bench.run_folder import TRACE, load_judged_run
from bench.verdict import FAIL, PASS, UNMEASURED

EVIDENCE: Final = "evidence.jsonl"
"""In the folder of --hil-runs: a line for each requirement of each test."""
_FORMAT: Final = 1
_MAX_LINE: Final = 1 << 20


def collect(places: Sequence[str], history: History | None = None) -> tuple[Evidence, ...]:
    """Of run folders, of folders that hold some, and of what else names runs of the history.

    Raises RunFolderError, or HistoryError for a word that is neither a folder nor known to the history.
    """
    return tuple(one for place in places for one in _of(place, history))


def evidence_line(evidence: Evidence) -> str:
    """A line of the file."""
    return json.dumps({"format": _FORMAT, **{item.name: getattr(evidence, item.name) for item in fields(Evidence)}})


def _of(place: str, history: History | None) -> Iterator[Evidence]:
    path = Path(place)
    if path.is_dir():
        yield from _at(path)
    elif path.is_file() or (history is not None and "/" not in place):
        for facts in choose_runs(place, history):
            yield from evidence_of(facts, report=facts.path)
    else:
        raise RunFolderError(f"{place} does not exist", hint="give run folders, or a folder of them such as runs")


def _at(place: Path) -> Iterator[Evidence]:
    own = (place / TRACE).exists()
    folders = [place] if own else sorted(path.parent for path in place.glob(f"*/{TRACE}"))
    if not folders and not (place / EVIDENCE).is_file():
        raise RunFolderError(f"{place} holds no run", hint="give run folders, or a folder of them such as runs")
    for folder in folders:
        yield from evidence_of(facts_of(load_judged_run(folder)), report=str(folder))
    if not own and (place / EVIDENCE).is_file():
        yield from _read(place / EVIDENCE)


def _read(path: Path) -> Iterator[Evidence]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise RunFolderError(f"{path} cannot be read: {error}", hint="the file was changed") from error
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        if number == len(lines):  # no newline behind it: its writer was killed
            return
        yield _parse(line, f"{path}:{number}")


def _parse(line: str, place: str) -> Evidence:
    try:
        raw = json.loads(line) if len(line) <= _MAX_LINE else None
        written = raw["format"] if isinstance(raw, dict) else None
        values = {item.name: raw[item.name] for item in fields(Evidence)} if written == _FORMAT and raw else {}
    except KeyError as error:
        raise _strange(place, f"it has no {error}") from error
    except (ValueError, RecursionError) as error:
        raise _strange(place, "it is no JSON") from error
    if written is not None and written != _FORMAT:
        raise RunFolderError(f"{place}: written in format {written!r}", hint="update the bench")
    if not values or not all(isinstance(value, str) for value in values.values()):
        raise _strange(place, "a value is missing or no text")
    if values["outcome"] not in {PASS, FAIL, UNMEASURED}:
        raise _strange(place, f"outcome {values['outcome']!r}")
    return Evidence(**values)


def _strange(place: str, what: str) -> RunFolderError:
    hint = "remove the line, or the file and run the tests again"
    return RunFolderError(f"{place}: not what a test writes: {what}", hint=hint)
