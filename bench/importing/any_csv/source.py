"""A table of text, read once and in pieces: each piece of a column becomes an array before the next one is read."""

import csv
import hashlib
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray

from bench.errors import ConfigurationError, RecordingError

DELIMITERS: Final[Mapping[str, str]] = {"comma": ",", "semicolon": ";", "tab": "\t"}
MISSING: Final = frozenset(("", "nan", "na", "n/a", "null", "none"))
"""Cells, in lower case, that hold no value."""
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_PIECE_ROWS: Final = 20_000
_HINT: Final = "correct that line; numbers are plain decimal text, with a point"

Converter = Callable[[Sequence[str]], NDArray[Any]]
"""Cells of a column to an array; raises CellError for one that is not what the column holds."""


class CellError(Exception):
    """Cell `index` of a piece is not `expected`."""

    def __init__(self, index: int, expected: str, hint: str = _HINT) -> None:
        super().__init__(index, expected, hint)
        self.index = index
        self.expected = expected
        self.hint = hint


@dataclass(frozen=True, eq=False)
class Columns:
    """Arrays by key, all of the same length; lines (rows,) int64 is where each row ends in the file."""

    path: Path
    header: tuple[str, ...]
    lines: NDArray[np.int64]
    arrays: Mapping[object, NDArray[Any]]

    @property
    def row_count(self) -> int:
        return len(self.lines)

    def place(self, row: int) -> str:
        return f"row {row} (line {self.lines[row]})"


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with _open(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_header(path: Path, delimiter: str | None) -> tuple[tuple[str, ...], str]:
    """Names of the columns, and the character between them; raises where that is not clear."""
    with _open(path) as file:
        first = file.readline()
    if not first.strip():
        raise RecordingError(f"{path}: there is no header", hint="name every column in the first line")
    between = DELIMITERS[delimiter] if delimiter else _delimiter(first, path)
    header = tuple(name.strip() for name in next(csv.reader([first], delimiter=between)))
    for name in header:
        if not name or header.count(name) > 1:
            message = f"{path}: column name {name!r} is empty or repeated in the header"
            raise RecordingError(message, hint="name every column once in the first line, or give --delimiter")
    return header, between


def _delimiter(first: str, path: Path) -> str:
    found = [name for name, mark in DELIMITERS.items() if len(next(csv.reader([first], delimiter=mark))) > 1]
    if len(found) > 1:
        message = f"{path}: the header holds more than one of the marks {', '.join(found)}"
        raise ConfigurationError(message, hint=f"add --delimiter {'|'.join(found)}")
    return DELIMITERS[found[0]] if found else ","


def read_columns(path: Path, delimiter: str, wanted: Mapping[object, tuple[str, Converter]]) -> Columns:
    """One array for each key of `wanted`: (column, what makes an array of its cells)."""
    with _open(path) as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        header = [name.strip() for name in next(reader, [])]
        places = {key: header.index(column) for key, (column, _) in wanted.items() if column in header}
        if missing := sorted({column for column, _ in wanted.values()} - set(header)):
            names = ", ".join(repr(name) for name in missing)
            hint = f"columns: {', '.join(header)}"
            raise RecordingError(f"{path}: no column{'s' if len(missing) > 1 else ''} {names}", hint=hint)
        pieces: dict[object, list[NDArray[Any]]] = {key: [] for key in wanted}
        lines: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        row = 0
        for rows, ends in _pieces(reader, len(header), path):
            for key, (column, convert) in wanted.items():
                cells = [cells[places[key]] for cells in rows]
                try:
                    pieces[key].append(convert(cells))
                except CellError as error:
                    where = f"row {row + error.index} (line {ends[error.index]})"
                    message = f"{path}: {where}: {column} is {cells[error.index]!r}, not {error.expected}"
                    raise RecordingError(message, hint=error.hint) from error
            lines.append(np.array(ends, np.int64))
            row += len(rows)
    if not row:
        raise RecordingError(f"{path}: no rows", hint="the table must hold at least one row below its header")
    return Columns(
        path, tuple(header), np.concatenate(lines), {key: np.concatenate(parts) for key, parts in pieces.items()}
    )


def _pieces(reader: Any, width: int, path: Path) -> Iterator[tuple[list[list[str]], list[int]]]:  # noqa: ANN401  # the type of csv.reader has no name
    """Rows and the line that each ends on, piece by piece; empty lines are passed over."""

    def whole_rows() -> Iterator[tuple[list[str], int]]:
        for cells in reader:
            if len(cells) == width:
                yield cells, reader.line_num
            elif cells:
                message = f"{path}: line {reader.line_num} has {len(cells)} values, expected {width}"
                raise RecordingError(message, hint="complete or drop that line; the file may have been cut short")

    rows = whole_rows()
    while piece := list(islice(rows, _PIECE_ROWS)):
        yield [cells for cells, _ in piece], [line for _, line in piece]


@contextmanager
def _open(path: Path) -> Iterator[TextIO]:
    """The file as text; errors of reading it become ours."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except FileNotFoundError as cause:
        raise RecordingError(f"{path}: no such file", hint="check the path") from cause
    except OSError as cause:
        raise RecordingError(f"{path}: cannot be read: {cause.strerror}", hint="check the path") from cause
    except UnicodeDecodeError as cause:
        raise RecordingError(f"{path}: not UTF-8 text", hint="save the file as UTF-8") from cause
    except csv.Error as cause:
        message = f"{path}: not a table of separated values: {cause}"
        raise RecordingError(message, hint="check its quotation marks, or give --delimiter") from cause


# --- converters --------------------------------------------------------------------------------------------------


def number_converter(decimal: str) -> Converter:
    """Of numbers with that decimal mark, point or comma."""
    return _numbers if decimal == "point" else _comma_numbers


def _comma_numbers(cells: Sequence[str]) -> NDArray[np.float64]:
    """As _numbers; a point is refused, for 1.234 would be a thousand and more."""
    for index, cell in enumerate(cells):
        if "." in cell:
            hint = "leave --decimal out for numbers with a point; a mark between thousands is not read"
            raise CellError(index, "a number with a decimal comma", hint)
    return _numbers([cell.replace(",", ".") for cell in cells])


def _numbers(cells: Sequence[str]) -> NDArray[np.float64]:
    """float64; a missing cell is NaN."""
    try:
        found = [float(cell) for cell in cells]
    except ValueError:
        found = [_number(index, cell) for index, cell in enumerate(cells)]
    if "_" in "".join(cells):  # float() takes "1_000", which no other reader of tables does
        raise CellError(next(index for index, cell in enumerate(cells) if "_" in cell), "a number")
    return np.array(found, np.float64)


def _number(index: int, cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        if cell.strip().lower() in MISSING:
            return math.nan
        if _DECIMAL_COMMA.fullmatch(cell.strip()):
            raise CellError(index, "a number with a decimal point", "for decimal commas add --decimal comma") from None
        raise CellError(index, "a number") from None


def iso_milliseconds(cells: Sequence[str]) -> NDArray[np.float64]:
    """Unix milliseconds of ISO 8601 dates and times, UTC where they name no zone; a missing cell is NaN."""
    return np.array([_iso(index, cell.strip()) for index, cell in enumerate(cells)], np.float64)


def _iso(index: int, cell: str) -> float:
    if cell.lower() in MISSING:
        return math.nan
    try:
        when = datetime.fromisoformat(cell)
    except ValueError:
        raise CellError(index, "an ISO 8601 date and time") from None
    return 1000.0 * (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


class Texts:
    """Cells to int32 codes of the texts in `values`; a missing cell is -1."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(self._codes)

    def __call__(self, cells: Sequence[str]) -> NDArray[np.int32]:
        """Codes of the cells; a text that was not there before gets the next one."""
        codes = {cell: self._code(cell.strip()) for cell in dict.fromkeys(cells)}
        return np.array([codes[cell] for cell in cells], np.int32)

    def _code(self, text: str) -> int:
        return -1 if text.lower() in MISSING else self._codes.setdefault(text, len(self._codes))
