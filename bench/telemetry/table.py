"""CSV text to columns: shape and number errors carry the file and the line."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import RecordingError

TIME_COLUMN: Final = "timestamp_ms"
LABEL_COLUMN: Final = "label"
INT64: Final = np.iinfo(np.int64)


@dataclass(frozen=True)
class CsvTable:
    """A header and its columns of text, all of the same length. `first_line` is the line of row 0 in the file."""

    path: Path
    header: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    first_line: int = 2

    def column(self, name: str) -> tuple[str, ...]:
        if name not in self.header:
            message = f"{self.path}: no column {name!r} (columns: {', '.join(self.header)})"
            raise RecordingError(message, hint=f"the header must name {name!r}")
        return self.columns[self.header.index(name)]

    def integers(self, name: str) -> NDArray[np.int64]:
        numbers = self._numbers(name, int, "an integer")
        for row, number in enumerate(numbers):
            if not INT64.min <= number <= INT64.max:
                raise self._not_a_number(name, row, "a 64-bit integer")
        return np.array(numbers, dtype=np.int64)

    def float32(self, names: Sequence[str]) -> NDArray[np.float32]:
        """One column per name. Text is rounded to double, then to single precision; an overflow becomes infinite."""
        columns = [self._numbers(name, float, "a number") for name in names]
        with np.errstate(over="ignore"):
            return np.ascontiguousarray(np.array(columns, dtype=np.float64).T, dtype=np.float32)

    def _numbers(self, name: str, parse: Callable[[str], Any], expected: str) -> list[Any]:
        texts = self.column(name)
        try:
            numbers = [parse(text) for text in texts]
        except ValueError:
            numbers = []
        # int() and float() take "1_000", which no other reader of CSV does
        if len(numbers) != len(texts) or any("_" in text for text in texts):
            raise self._not_a_number(name, self._first_bad(texts, parse), expected)
        return numbers

    def _not_a_number(self, name: str, row: int, expected: str) -> RecordingError:
        text = self.column(name)[row]
        message = f"{self.path}: row {row} (line {row + self.first_line}): {name} is {text!r}, not {expected}"
        return RecordingError(message, hint="correct that line; numbers are plain decimal text")

    @staticmethod
    def _first_bad(texts: Iterable[str], parse: Callable[[str], Any]) -> int:
        for row, text in enumerate(texts):
            try:
                parse(text)
            except ValueError:
                return row
            if "_" in text:
                return row
        return 0


def read_bytes(path: Path, hint: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as cause:
        message = f"{path}: no such file"
        raise RecordingError(message, hint=hint) from cause
    except OSError as cause:
        message = f"{path}: cannot be read: {cause.strerror}"
        raise RecordingError(message, hint=hint) from cause


def decode(content: bytes, path: Path) -> str:
    """UTF-8 text, with or without a byte order mark."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        message = f"{path}: not UTF-8 text (byte {cause.start})"
        raise RecordingError(message, hint="save the file as UTF-8") from cause


def parse_csv(text: str, path: Path, *, header: Sequence[str] = ()) -> CsvTable:
    """Columns of `text`. With `header`, the text has none and may have further columns, which are dropped."""
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as cause:
        message = f"{path}: not CSV: {cause}"
        raise RecordingError(message, hint="use comma-separated values without line breaks inside a value") from cause
    names = tuple(header) if header else tuple(lines[0] if lines else ())
    body = lines if header else lines[1:]
    first_line = 1 if header else 2
    _check_header(names, path)
    if not body:
        message = f"{path}: no rows"
        raise RecordingError(message, hint="the file must hold at least one row of values")
    width = len(body[0]) if header else len(names)
    for row, line in enumerate(body):
        if len(line) != width or width < len(names):
            message = f"{path}: line {row + first_line} has {len(line)} values, expected {max(width, len(names))}"
            raise RecordingError(message, hint="complete or drop that line; the file may have been cut short")
    columns = tuple(zip(*body, strict=True))[: len(names)]
    return CsvTable(path, names, columns, first_line)


def _check_header(names: Sequence[str], path: Path) -> None:
    for name in names:
        if names.count(name) > 1 or not name:
            message = f"{path}: column name {name!r} is empty or repeated in the header"
            raise RecordingError(message, hint="name every column once in the first line")
