"""When each row was recorded, and where a gap begins a new segment."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import ConfigurationError
from bench.importing.any_csv.request import CsvRequest, Need
from bench.importing.any_csv.source import Columns, Converter, iso_milliseconds, numbers
from bench.telemetry import Segment

TIME_UNITS: Final[Mapping[str, float]] = {"s": 1000.0, "ms": 1.0, "us": 1e-3, "ns": 1e-6, "iso": 1.0}
"""Milliseconds of one; the column is rounded to milliseconds."""
_LATEST_MS: Final = 2.0**53
"""Up to here milliseconds are exact in double precision; it is the year 287396."""
_GAP_PERIODS: Final = 2.0
"""A longer step is a gap unless --gap says how long one is: one late reading is none, a lost one is."""


def time_converter(request: CsvRequest) -> Converter:
    return iso_milliseconds if request.time_unit == "iso" else numbers


def choose_period(request: CsvRequest, source: NDArray[np.float64] | None) -> tuple[float | None, list[Need]]:
    """Seconds between rows, and whether they and the unit of the time column are still to be said."""
    needs = []
    if request.time is not None and request.time_unit is None:
        needs.append(Need(f"the unit of {request.time}", f"--time-unit {'|'.join(TIME_UNITS)}"))
    if request.period_s is None:
        median = _median_step_s(request, source)
        seen = f" (half of the steps of {request.time} are at most {median:g} s)" if median else ""
        needs.append(Need(f"the time between rows{seen}", "--period SECONDS"))
    elif not 0 < request.period_s < float("inf"):
        raise ConfigurationError(f"--period is {request.period_s}, expected seconds", hint="give more than 0 seconds")
    return request.period_s, needs


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
