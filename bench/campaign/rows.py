"""rows.jsonl: what came of each injection, a line as each comes in, never changed.

A row names the list that its fault is of. A line without its end was being written when the writer was killed; it is
cut off before the next row is appended. The file is locked while it is written.
"""

import fcntl
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

from bench.campaign.fault import DETECTION, LEARNER, SYSTEM, Observed
from bench.campaign.fault_list import FaultList
from bench.errors import CampaignError

ROWS: Final = "rows.jsonl"
_MAX_LINE: Final = 1 << 16
_AXES: Final[Mapping[str, Mapping[str, str]]] = {"system": SYSTEM, "learner": LEARNER, "detection": DETECTION}
_TYPES: Final[Mapping[str, set[type]]] = {
    "digest": {str},
    "detail": {str},
    "latency": {int, type(None)},
    "samples_lost": {int, type(None)},
    "instructions": {int, type(None)},
    "accuracy_loss": {int, float, type(None)},
}
_DETAIL: Final = 2000
"""Characters kept of what a payload said."""


@dataclass(frozen=True)
class Row:
    """One injection. `observed` is None where the bench failed, and `error` says how; it is then tried again."""

    id: str
    repeat: bool
    observed: Observed | None
    error: str = ""


@dataclass(frozen=True)
class Rows:
    """All rows of a list; `notes` are words on what was passed over."""

    first: Mapping[str, Row] = field(default_factory=dict)
    repeated: Mapping[str, Row] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    """Id -> what the bench failed at, of those without an outcome."""
    notes: tuple[str, ...] = ()


def make_row(name: str, *, repeat: bool, observed: Observed | None, error: str = "") -> Row:
    """A row as it will be read again: long words are cut, and a loss that is no number is unknown."""
    if observed is None:
        return Row(name, repeat, None, error[:_DETAIL])
    loss = observed.accuracy_loss
    finite = loss if loss is not None and math.isfinite(loss) else None
    return Row(name, repeat, replace(observed, detail=observed.detail[:_DETAIL], accuracy_loss=finite))


class RowFile:
    """Rows being written, one `write` each."""

    def __init__(self, file: BinaryIO, made: FaultList) -> None:
        self._file = file
        self._list = made.sha256

    def append(self, row: Row) -> None:
        """Write it through to the operating system; raises CampaignError."""
        line: dict[str, Any] = {"list": self._list, "id": row.id, "repeat": row.repeat}
        if row.observed is None:
            line["error"] = row.error
        else:
            line["observed"] = {key: value for key, value in asdict(row.observed).items() if value is not None}
        left = f"{json.dumps(line, separators=(',', ':'))}\n".encode()
        try:
            while left:  # a disk that is nearly full takes a part
                left = left[self._file.write(left) :]
        except OSError as error:
            message = f"cannot write to {self._file.name}: {error.strerror}"
            raise CampaignError(message, hint="make room; what is written stays, start again to go on") from error


@contextmanager
def open_rows(path: Path, made: FaultList) -> Iterator[tuple[Rows, RowFile]]:
    """What is there, and the file to go on with; raises CampaignError for rows of another list, or a second writer."""
    try:
        file = path.open("a+b", buffering=0)
    except OSError as error:
        raise CampaignError(f"cannot write to {path}: {error.strerror}", hint="choose another --out") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            hint = "wait for it, or choose another --out"
            raise CampaignError(f"another process writes to {path}", hint=hint) from error
        found = read_rows(path, made)
        file.truncate(_whole_bytes(path))
        yield found, RowFile(file, made)
        os.fsync(file.fileno())


def read_rows(path: Path, made: FaultList) -> Rows:
    """Of the list `made`; no file is no row. Raises CampaignError for a row that does not belong, or contradicts."""
    first: dict[str, Row] = {}
    repeated: dict[str, Row] = {}
    errors: dict[str, str] = {}
    notes: list[str] = []
    known = {fault.id for fault in made.faults}
    for number, line in enumerate(_lines(path, notes), 1):
        row = _parse(line, f"{path}:{number}", made)
        if row.id not in known or (row.repeat and row.id not in made.repeats):
            raise _strange(f"{path}:{number}", f"fault {row.id!r} is not to be injected")
        if row.observed is None:
            errors[row.id] = row.error
            continue
        there = repeated if row.repeat else first
        if row.id not in there:
            there[row.id] = row
        elif there[row.id] == row:
            notes.append(f"{path.name}:{number}: {row.id} stands there twice, and the same; counted once")
        else:
            message = f"{path}:{number}: {row.id} stands there twice, with two outcomes"
            raise CampaignError(message, hint="somebody changed the file: begin again in another folder")
    open_errors = {name: text for name, text in errors.items() if name not in first}
    return Rows(first, repeated, open_errors, tuple(notes))


def check_repeats(rows: Rows) -> None:
    """Raise CampaignError if an injection that was made twice came out differently: then no row can be trusted."""
    for name, row in rows.repeated.items():
        earlier = rows.first.get(name)
        if earlier is not None and earlier.observed != row.observed:
            raise CampaignError(
                f"REFUSED: fault {name} was injected twice and came out differently: {_difference(earlier, row)}",
                hint=f"nothing of this campaign can be trusted; look with --replay {name}, then begin in a new folder",
            )


def _difference(one: Row, other: Row) -> str:
    pairs = ((item.name, getattr(one.observed, item.name), getattr(other.observed, item.name)) for item in _FIELDS)
    return "; ".join(f"{name} {before!r}, then {after!r}" for name, before, after in pairs if before != after)


_FIELDS: Final = fields(Observed)


def _whole_bytes(path: Path) -> int:
    """Length of the file without a line that has no end."""
    content = path.read_bytes()
    return content.rfind(b"\n") + 1


def _lines(path: Path, notes: list[str]) -> Iterator[str]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(iter(lambda: file.readline(_MAX_LINE), b""), 1):
                if not line.endswith(b"\n"):
                    if len(line) == _MAX_LINE:
                        raise _strange(f"{path}:{number}", "longer than any row")
                    notes.append(f"{path.name}: the last line was cut off by a kill and is dropped")
                    return
                yield line.decode()
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise _strange(str(path), str(error)) from error


def _parse(line: str, place: str, made: FaultList) -> Row:
    try:
        raw = json.loads(line)
        listed, name, repeat = raw["list"], raw["id"], raw["repeat"]
        if listed != made.sha256:
            message = f"{place}: a row of another fault list ({str(listed)[:12]}, not {made.sha256[:12]})"
            raise CampaignError(message, hint="choose another --out; rows of two lists are never counted together")
        if not isinstance(name, str) or not isinstance(repeat, bool):
            raise _strange(place, "id or repeat")
        if "error" in raw:
            return Row(name, repeat, None, str(raw["error"]))
        return Row(name, repeat, _observed(raw["observed"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _strange(place, repr(error)) from error


def _observed(raw: Mapping[str, Any]) -> Observed:
    seen = Observed(**raw)
    for key, choices in _AXES.items():
        if getattr(seen, key) not in choices:
            raise ValueError(f"{key} {getattr(seen, key)!r}")
    for key, kinds in _TYPES.items():
        if type(getattr(seen, key)) not in kinds:
            raise TypeError(f"{key} {getattr(seen, key)!r}")
    return seen


def _strange(place: str, what: str) -> CampaignError:
    return CampaignError(f"{place}: not a row of this campaign: {what}", hint="begin again in another folder")
