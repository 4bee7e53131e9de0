"""The matrix as CSV (RFC 4180), for a spreadsheet or a requirements tool."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Final

from bench.matrix.status import Line, Row
from bench.printed import printable

COLUMNS: Final = (
    "requirement",
    "text",
    "parent",
    "source",
    "method",
    "level",
    "stage",
    "procedure",
    "test",
    "target",
    "verdict",
    "reason",
    "evidence status",
    "report",
    "build",
    "revision",
    "date",
    "status",
    "status reason",
    "closed by hand",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def matrix_csv(rows: Sequence[Row]) -> str:
    """A line for each requirement and test on a target; one for a requirement without any."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)  # CRLF, and quotes where they are needed
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerows([[cell(value) for value in values] for values in _values(row)])
    return text.getvalue()


def cell(value: str) -> str:
    """A value that no spreadsheet takes for a formula."""
    value = printable(value)
    return f"'{value}" if value.startswith(_FORMULA) else value


def closed_by_hand(row: Row) -> str:
    """Evidence, who looked at it, and when."""
    closure = row.requirement.closure
    return f"{closure.evidence}; {closure.by}, {closure.on.isoformat()}" if closure is not None else ""


def _values(row: Row) -> Iterator[list[str]]:
    one = row.requirement
    left = [one.id, one.text, ", ".join(one.parent), one.source, ", ".join(one.methods), one.level, one.stage]
    right = [row.status, row.because, closed_by_hand(row)]
    for line in row.lines or (None,):
        yield [*left, one.procedure, *_evidence(line), *right]


def _evidence(line: Line | None) -> list[str]:
    if line is None:
        return [""] * 9
    one = line.evidence
    reason = f"partial run, {one.partial}; {one.because}" if one.partial else one.because
    return [one.test, one.target, one.outcome, reason, line.status, one.report, one.build_id, one.revision, one.when]
