"""Columns of text, figures and sparklines, without anything that takes time to import."""

import math
from collections.abc import Sequence
from typing import Final

from bench.printed import printable

_SPARKS: Final = "▁▂▃▄▅▆▇█"
_ABSENT: Final = "·"
_WHOLE_FROM: Final = 1000
"""Figures from here on are shown without decimals."""


def columns_text(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """A line for each row, columns two blanks apart; those in `right` flush right, no blanks at the end of a line."""
    whole = [[printable(cell).replace("\n", " ") for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*whole, strict=True)]
    lines = []
    for row in whole:
        cells = (
            cell.rjust(width) if index in right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)


def figure_text(value: float, *, sign: bool = False) -> str:
    """A number for people: thousands separated, four significant digits below 1000."""
    plus = "+" if sign else ""
    if not math.isfinite(value):
        return str(value)
    if value == int(value) or abs(value) >= _WHOLE_FROM:
        return f"{value:{plus},.0f}"
    return f"{value:{plus}.4g}"


def sparkline(values: Sequence[float | None]) -> str:
    """One character for each value, between the lowest and the highest; a dot where there is none."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    return "".join(_spark(value, low, high) for value in values)


def _spark(value: float | None, low: float, high: float) -> str:
    if value is None or not math.isfinite(value):
        return _ABSENT
    if high == low:
        return _SPARKS[3]
    share = (value / 2 - low / 2) / (high / 2 - low / 2)  # halves: the difference of two doubles may be too large
    return _SPARKS[min(len(_SPARKS) - 1, int(share * len(_SPARKS)))]
