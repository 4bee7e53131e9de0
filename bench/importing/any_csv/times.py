"""When each row was recorded, and where a gap begins a new segment."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import ConfigurationError
from bench.importing.any_csv.request import CsvRequest, Need, word
from bench.importing.any_csv.source import CellError, Columns, Converter, iso_milliseconds, number_converter
from bench.telemetry import Segment

TIME_UNITS: Final[Mapping[str, float]] = {"s": 1000.0, "ms": 1.0, "us": 1e-3, "ns": 1e-6, "iso": 1.0}
"""Milliseconds of one; the column is rounded to milliseconds."""
_TIME_NAME: Final = re.compile(r"(?i)^(date|time|utc)|(date|time|stamp)$|(date|time|stamp)[^a-z]")
_LATEST_MS: Final = 2.0**53
"""Up to here milliseconds are exact in double precision; it is the year 287396."""
_GAP_PERIODS: Final = 2.0
"""A longer step is a gap unless --gap says how long one is: one late reading is none, a lost one is."""


def time_converter(request: CsvRequest) -> Converter:
    if request.time_unit == "iso":
        return iso_milliseconds
    numbers = number_converter(request.decimal)

    def convert(cells: Sequence[str]) -> NDArray[np.float64]:
        try:
            return numbers(cells)
        except CellError as error:
            try:
                iso_milliseconds([cells[error.index]])
            except CellError:
                raise error from None
            hint = "for ISO 8601 dates and times: --time-unit iso"
            raise CellError(error.index, "a number", hint) from error

    return convert


def choose_period(
    request: CsvRequest, columns: Columns, source: NDArray[np.float64] | None, *, features: Sequence[str]
) -> tuple[float | None, list[Need]]:
    """Seconds between rows, and whether they and the unit of the time column are still to be said."""
    needs = []
    if request.time is not None and request.time_unit is None:
        needs.append(Need(f"the unit of {request.time}", f"--time-unit {'|'.join(TIME_UNITS)}"))
    if request.period_s is None:
        median = _median_step_s(request, source)
        seen = f" (half of the steps of {request.time} are at most {median:g} s)" if median else ""
        clock = "" if request.time is not None else _clock(columns.header, features)
        needs.append(Need(f"the time between rows{seen}", f"--period SECONDS{clock}"))
    elif not 0 < request.period_s < float("inf"):
        raise ConfigurationError(f"--period is {request.period_s}, expected seconds", hint="give more than 0 seconds")
    return request.period_s, needs


def _clock(header: Sequence[str], features: Sequence[str]) -> str:
    """Options for the column that, going by its name, may say when each row was recorded."""
    found = [name for name in header if _TIME_NAME.search(name) and name not in features]
    return f" [{word('--time', found[0])} --time-unit {'|'.join(TIME_UNITS)}]" if found else ""


def _median_step_s(request: CsvRequest, source: NDArray[np.float64] | None) -> float | None:
    if source is None or request.time_unit is None or len(source) < 2:  # noqa: PLR2004  # two rows make a step
        return None
    return float(np.nanmedian(np.diff(source))) * TIME_UNITS[request.time_unit] / 1000


def milliseconds(
    request: CsvRequest, source: NDArray[np.float64] | None, rows: NDArray[np.int64], *, period_s: float
) -> NDArray[np.int64]:
    """Of the kept `rows` of the table; without a time column a period apart, rows that were dropped included."""
    if source is None or request.time_unit is None:
        exact = rows * (period_s * 1000)
    else:
        exact = source[rows] * TIME_UNITS[request.time_unit]
    if np.abs(exact).max() > _LATEST_MS:
        message = f"{request.path}: --time {request.time} holds {np.abs(exact).max():g} ms, which is no time"
        raise ConfigurationError(message, hint=f"choose another --time-unit: {', '.join(TIME_UNITS)}")
    times_ms: NDArray[np.int64] = np.rint(exact).astype(np.int64)
    return times_ms


def cut_at_gaps(
    request: CsvRequest, times_ms: NDArray[np.int64], rows: NDArray[np.int64], *, columns: Columns, period_s: float
) -> tuple[tuple[Segment, ...], list[Need]]:
    """Segments between gaps: steps longer than a gap, or back in time, which no segment holds."""
    gap_s = request.gap_s if request.gap_s is not None else _GAP_PERIODS * period_s
    steps = np.diff(times_ms)
    gaps = np.flatnonzero((steps > 1000 * gap_s) | (steps < 0)) + 1
    back = np.flatnonzero(steps < 0) + 1
    if request.gaps == "segment":
        return _segments((0, *gaps.tolist(), len(times_ms))), []
    wrong = gaps if request.gaps == "refuse" else back
    if not wrong.size:
        return _segments((0, len(times_ms))), []
    first = int(wrong[0])
    what = (
        f"what to do with {len(wrong)} steps of time that are longer than {gap_s:g} s or go back "
        f"(the first: {steps[first - 1] / 1000:g} s before {columns.place(int(rows[first]))})"
    )
    return (), [Need(what, "--gaps segment" if back.size else "--gaps segment|keep")]


def _segments(bounds: Sequence[int]) -> tuple[Segment, ...]:
    pairs = list(pairwise(bounds))
    if len(pairs) == 1:
        return (Segment("all", *pairs[0]),)
    width = len(str(len(pairs)))
    return tuple(Segment(f"part-{index:0{width}}", *pair) for index, pair in enumerate(pairs, start=1))
