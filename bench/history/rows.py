"""What is read of a run without reading all its figures."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class RunRow:
    """One run of the history. The fields are those of `bench.facts.RunFacts`; the last three count its verdicts."""

    id: str
    started: str
    scenario: str
    target: str
    inputs: str
    build_id: str
    clock: str
    outcome: str
    partial: str
    revision: str
    folder: str
    path: str
    exit_status: int
    passed: int
    failed: int
    unmeasured: int


@dataclass(frozen=True)
class TrendPoint:
    """A figure of one run; None where it was unmeasured, or the run had no such figure."""

    run: RunRow
    value: float | None


@dataclass(frozen=True)
class Trend:
    """One measure over runs of one scenario on one target, oldest first."""

    measure: str
    unit: str
    clock: str | None
    repeatable: bool
    points: tuple[TrendPoint, ...]

    @property
    def values(self) -> tuple[float, ...]:
        """Those that were measured."""
        return tuple(point.value for point in self.points if point.value is not None)


def moment_of(started: str) -> float:
    """Seconds since 1970 of an ISO 8601 text; 0 for what is none."""
    try:
        return datetime.fromisoformat(started).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
