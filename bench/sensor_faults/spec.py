"""[[sensor_faults]] of a scenario: which fault, on which channels, where and how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.strict import StrictTable

FAULTS: Final = ("stuck", "dropout", "nan", "spike", "drift", "mixed", "out-of-order")
_WHOLE_ROWS: Final = frozenset(("dropout", "mixed", "out-of-order"))
"""Faults that are no channel's own."""
_SIZED: Final = frozenset(("spike", "drift"))
_LONG: Final = frozenset(("stuck", "dropout", "drift"))
"""Those that last for more than a row."""
_MOST_ROWS: Final = 1 << 32
_MOST_SIZE: Final = 1e39
"""Beyond what float32 holds: such a reading becomes infinite."""
_MOST_SECONDS: Final = 1e6
_MOST_SEED: Final = (1 << 63) - 1


@dataclass(frozen=True)
class SensorFaultSpec:
    """Either `rows` (first, end) says where it is, or it begins `every` so many rows on average.

    length: rows that it lasts, from and to, where it is drawn. size: of a spike or drift, as a part of the span of the
    channel's readings. seconds: how far back a time goes at most.
    """

    fault: str
    channels: tuple[str, ...] = ()
    rows: tuple[int, int] | None = None
    every: float | None = None
    length: tuple[int, int] = (1, 1)
    size: float = 0.0
    seconds: float = 0.0
    seed: int = 1


def take_sensor_faults(root: StrictTable) -> tuple[SensorFaultSpec, ...]:
    """The tables of a scenario, checked as far as that is possible without its recording."""
    return tuple(_take(table) for table in root.take_tables("sensor_faults", optional=True))


def _take(table: StrictTable) -> SensorFaultSpec:
    fault = table.take("fault", str, choices=FAULTS)
    rows = _pair(table, "rows", low=0) if "rows" in table else None
    spec = SensorFaultSpec(
        fault=fault,
        channels=() if fault in _WHOLE_ROWS else _channels(table),
        rows=rows,
        every=table.take_number("every", float, low=1.0, high=_MOST_ROWS) if rows is None else None,
        length=_pair(table, "length", low=1) if rows is None and fault in _LONG else (1, 1),
        size=table.take_number("size", float, low=-_MOST_SIZE, high=_MOST_SIZE) if fault in _SIZED else 0.0,
        seconds=table.take_number("seconds", float, low=0.001, high=_MOST_SECONDS) if fault == "out-of-order" else 0.0,
        seed=table.take_number("seed", int, 1, low=0, high=_MOST_SEED),
    )
    table.take("because", str, "")
    table.finish()
    return spec


def _channels(table: StrictTable) -> tuple[str, ...]:
    names = table.take_list("channels", str)
    if not names or len(set(names)) < len(names):
        raise table.problem("channels", "is empty or names one twice", hint="name the channels that it hits together")
    return names


def _pair(table: StrictTable, key: str, *, low: int) -> tuple[int, int]:
    given = table.take_list(key, int)
    ordered = len(given) == 2 and low <= given[0] <= given[1] < _MOST_ROWS  # noqa: PLR2004 - from, to
    if not ordered or (key == "rows" and given[0] == given[1]):
        what = f"is {list(given)}, expected [first, end] of rows" if key == "rows" else f"is {list(given)}"
        raise table.problem(key, what, hint="rows = [100, 140]" if key == "rows" else "length = [10, 40]")
    return given[0], given[1]
