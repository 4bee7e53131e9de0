"""Measurements against limits: PASS, FAIL or UNMEASURED, never a guess."""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from bench.measure import COMPLETED, Measurement
from bench.measure.clock import ASSUMED
from bench.scenario import Limit
from bench.selection import Selection

PASS: Final = "PASS"  # noqa: S105  # an outcome, no password
FAIL: Final = "FAIL"
UNMEASURED: Final = "UNMEASURED"

EXIT_PASS: Final = 0
EXIT_FAIL: Final = 1
EXIT_UNMEASURED: Final = 3

ALWAYS: Final = Limit(measure=COMPLETED, equal=1)
"""Whatever a scenario asks for, a run that did not get to its end does not pass."""


_SAME_BUT_FOR_A_TYPO = 0.9
"""Similarity (0 to 1) above which another name is suggested: arow_3D and arow_5D in a long name stay below."""


@dataclass(frozen=True)
class Verdict:
    """A measurement beside its limit. Outcome and limit are None where there is no limit: it is listed, not judged."""

    name: str
    outcome: str | None
    value: float | None
    limit: str | None
    unit: str
    clock: str | None
    required: bool
    repeatable: bool
    because: str
    """Why it is as it is, and then the limit's own reason."""
    interval: tuple[float, float] | None = None
    limit_because: str = ""
    partial: str = ""
    """What the run was, if it was a part of its scenario. A limit that such a run cannot be held to has no outcome."""
    requirements: tuple[str, ...] = ()
    """Identifiers of those that the limit is there for."""

    @property
    def said_unit(self) -> str:
        """The unit as people are told it: empty for plain numbers, and with a word for a time that was not measured."""
        unit = "" if self.unit == "1" else self.unit
        return f"{unit} assumed".strip() if ASSUMED in self.cause and self.value is not None else unit

    @property
    def cause(self) -> str:
        """`because` without the limit's own reason."""
        return self.because.removesuffix(self.limit_because).removesuffix("; ") if self.limit_because else self.because


def judge(
    measurements: Sequence[Measurement], limits: Sequence[Limit], *, selection: Selection | None = None
) -> tuple[Verdict, ...]:
    """One verdict for each limit on a measurement, one for each limit without any, and the rest as measurements.

    They keep the order of the measurements; limits that match nothing come last. With a `selection`, limits that only
    the whole scenario can be held to are shown without an outcome.
    """
    verdicts = _judge(measurements, limits, selection)
    return tuple(replace(verdict, partial=str(selection)) for verdict in verdicts) if selection else tuple(verdicts)


def _judge(
    measurements: Sequence[Measurement], limits: Sequence[Limit], selection: Selection | None
) -> Sequence[Verdict]:
    applied = (ALWAYS, *(limit for limit in limits if limit != ALWAYS))
    verdicts = []
    for measurement in measurements:
        found = [limit for limit in applied if fnmatchcase(measurement.name, limit.measure)]
        excuse = selection.excuse(measurement.name) if selection else ""
        judged = [_excused(measurement, limit, excuse) if excuse else _verdict(measurement, limit) for limit in found]
        verdicts += judged or [_listed(measurement)]
    names = [measurement.name for measurement in measurements]
    incomplete = any(measurement.name == COMPLETED and measurement.value == 0 for measurement in measurements)
    for limit in applied:
        if not any(fnmatchcase(name, limit.measure) for name in names):
            excuse = selection.excuse_absent(limit.measure, names) if selection else ""
            verdicts.append(_unmatched(limit, names, excuse=excuse, incomplete=incomplete))
    return verdicts


def judge_limit(figure: Verdict, limit: Limit) -> Verdict:
    """The verdict of one more limit on a figure that was measured."""
    measured = Measurement(
        figure.name, figure.value, figure.unit, figure.clock, figure.repeatable, figure.cause, figure.interval
    )
    return _verdict(measured, limit)


def exit_status(verdicts: Sequence[Verdict]) -> int:
    """0: every required verdict is PASS; 1: one is FAIL; 3: none is FAIL, but one is UNMEASURED."""
    outcomes = {verdict.outcome for verdict in verdicts if verdict.required}
    if FAIL in outcomes:
        return EXIT_FAIL
    return EXIT_UNMEASURED if UNMEASURED in outcomes else EXIT_PASS


def limit_text(limit: Limit) -> str:
    """The bound as people write it: `>= 0.5 and <= 1`."""
    bounds = ((">=", limit.at_least), ("<=", limit.at_most), ("==", limit.equal))
    return " and ".join(f"{sign} {bound:.12g}" for sign, bound in bounds if bound is not None)


def _listed(measurement: Measurement) -> Verdict:
    return _make(measurement, outcome=None, limit=None, required=False, because=measurement.because)


def _excused(measurement: Measurement, limit: Limit, excuse: str) -> Verdict:
    because = "; ".join(part for part in (f"the limit is not applied: {excuse}", measurement.because) if part)
    verdict = _make(measurement, outcome=None, limit=limit_text(limit), required=False, because=because)
    return replace(verdict, requirements=limit.requirements)


def _verdict(measurement: Measurement, limit: Limit) -> Verdict:
    outcome, reason = _outcome(measurement, limit)
    because = "; ".join(part for part in (reason, measurement.because, limit.because) if part)
    verdict = _make(measurement, outcome=outcome, limit=limit_text(limit), required=limit.required, because=because)
    return replace(verdict, limit_because=limit.because, requirements=limit.requirements)


def _outcome(measurement: Measurement, limit: Limit) -> tuple[str, str]:
    """The outcome, and what to say beside the reasons of the measurement and of the limit."""
    value = measurement.value
    if value is None:
        return UNMEASURED, ""
    if limit.clock != measurement.clock:
        meant = f"is meant for the {limit.clock} clock" if limit.clock else "names no clock"
        seen = f"is in {measurement.clock} time" if measurement.clock else "is no time"
        return UNMEASURED, f"the limit {meant}, the figure {seen}"
    if not limit_text(limit):
        return UNMEASURED, "the limit sets no bound"
    if not math.isfinite(value):
        return FAIL, f"{value} is not a finite number"
    within = (
        (limit.at_least is None or value >= limit.at_least)
        and (limit.at_most is None or value <= limit.at_most)
        and (limit.equal is None or value == limit.equal)
    )
    return (PASS if within else FAIL), ""


def _known_near(pattern: str, names: Sequence[str]) -> str:
    """What may be meant: a name that differs in its last letters, else where all names are listed."""
    close = difflib.get_close_matches(pattern, names, n=1, cutoff=_SAME_BUT_FOR_A_TYPO)
    return f"did you mean {close[0]!r}?" if close else "docs/measures.md lists all, and which of them need what"


def _unmatched(limit: Limit, names: Sequence[str], *, excuse: str, incomplete: bool) -> Verdict:
    because = f"this run has no measurement of this name; {_known_near(limit.measure, names)}"
    if incomplete:
        because = "the run did not get to its end, where this is measured"
    if excuse:
        because = f"the limit is not applied: {excuse}"
    if limit.because:
        because += f"; {limit.because}"
    return Verdict(
        name=limit.measure,
        outcome=None if excuse else UNMEASURED,
        value=None,
        limit=limit_text(limit) or None,
        unit="",
        clock=limit.clock,
        required=limit.required and not excuse,
        repeatable=True,
        because=because,
        limit_because=limit.because,
        requirements=limit.requirements,
    )


def _make(measurement: Measurement, *, outcome: str | None, limit: str | None, required: bool, because: str) -> Verdict:
    return Verdict(
        name=measurement.name,
        outcome=outcome,
        value=measurement.value,
        limit=limit,
        unit=measurement.unit,
        clock=measurement.clock,
        required=required,
        repeatable=measurement.repeatable,
        because=because,
        interval=measurement.interval,
    )
