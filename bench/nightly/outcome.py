"""What came of a job, from what came of its attempts. Pure: the same attempts always give the same outcome."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """Of one attempt (all but FLAKY), or of a job."""

    PASS = "PASS"  # noqa: S105 - an outcome, no password
    FAIL = "FAIL"
    """The target's doing: a required verdict is FAIL."""
    UNMEASURED = "UNMEASURED"
    BENCH_ERROR = "BENCH_ERROR"
    """The bench could not do its work."""
    BLOCKED = "BLOCKED"
    """It was never tried: no board, or what it needs failed before."""
    FLAKY = "FLAKY"
    """Its attempts disagree, and nothing was changed between them."""


@dataclass(frozen=True)
class Attempt:
    """One process that ran the job, or the reason why there was none.

    `bad` are the required verdicts that did not pass, `repeatable` the figures that may not vary, by name.
    """

    job: str
    number: int
    outcome: Outcome
    reason: str = ""
    hint: str = ""
    kind: str = ""
    """Class of the error that the bench ended with."""
    status: int | None = None
    """Exit status; None where nothing was started."""
    started: str = ""
    duration_s: float = 0.0
    folder: str = ""
    """Of the run, from the folder of the night; empty where there is none."""
    log: str = ""
    build_id: str = ""
    clock: str = ""
    bad: Mapping[str, str] = field(default_factory=dict)
    """Verdict name -> what was wrong."""
    repeatable: Mapping[str, float] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Retries:
    """How often a job is attempted: `repeats` times, and then at most `retries` times more where it did not pass."""

    repeats: int = 1
    retries: int = 1


_TRIED_AGAIN: Final = (Outcome.FAIL, Outcome.BENCH_ERROR)


def classify(attempts: Sequence[Attempt]) -> Outcome:
    """The outcome of a job. It is PASS only if every attempt was, and no figure that must not vary did.

    An attempt that was BLOCKED says nothing of the target; it cannot make attempts disagree, nor a job PASS.
    """
    outcomes = {attempt.outcome for attempt in attempts}
    tried = outcomes - {Outcome.BLOCKED}
    if not tried:
        return Outcome.BLOCKED
    if len(tried) > 1:
        return Outcome.FLAKY
    [only] = tried
    if only in (Outcome.PASS, Outcome.UNMEASURED):
        if varying(attempts):
            return Outcome.FLAKY
        if Outcome.BLOCKED in outcomes:
            return Outcome.BLOCKED
    return only


def wants_another(attempts: Sequence[Attempt], policy: Retries) -> bool:
    """Whether the job is attempted once more.

    Errors of the bench are tried again to have a result, failures only to find out whether they are flakes: neither
    ever becomes PASS by it. What is known to be flaky, or is blocked, is left alone.
    """
    outcomes = [attempt.outcome for attempt in attempts]
    if Outcome.BLOCKED in outcomes or outcomes.count(Outcome.BENCH_ERROR) > policy.retries:
        return False
    if len(attempts) < policy.repeats:
        return True
    failed = any(outcome in _TRIED_AGAIN for outcome in outcomes)
    return failed and classify(attempts) is not Outcome.FLAKY and len(attempts) < policy.repeats + policy.retries


def varying(attempts: Iterable[Attempt]) -> dict[str, tuple[float, float]]:
    """Figures that must not vary between runs of one build, and did: the smallest and the largest value.

    Only completed attempts are held to each other.
    """
    seen: dict[tuple[str, str], set[float]] = {}
    for attempt in attempts:
        if attempt.outcome in (Outcome.PASS, Outcome.UNMEASURED):
            for name, value in attempt.repeatable.items():
                seen.setdefault((attempt.build_id, name), set()).add(value)
    return {name: (min(values), max(values)) for (_, name), values in seen.items() if len(values) > 1}


def is_loud(attempts: Sequence[Attempt], outcome: Outcome) -> bool:
    """Whether a flake is of what repeats by construction: one build, counted in instructions, and a figure that varies.

    Attempts that disagree about a time of the host, or of which one did not get to its end, are no such flake.
    """
    judged = [attempt for attempt in attempts if attempt.build_id]
    counted = all(attempt.clock == "instructions" for attempt in judged)
    same = len({attempt.build_id for attempt in judged}) == 1
    return outcome is Outcome.FLAKY and counted and same and _repeats_not([a for a in judged if _got_to_its_end(a)])


_COMPLETED: Final = "run.completed"


def _got_to_its_end(attempt: Attempt) -> bool:
    return attempt.outcome is not Outcome.BENCH_ERROR and _COMPLETED not in attempt.bad


def _repeats_not(completed: Sequence[Attempt]) -> bool:
    """Whether a figure that must not vary has two values."""
    seen: dict[str, set[float]] = {}
    for attempt in completed:
        for name, value in attempt.repeatable.items():
            seen.setdefault(name, set()).add(value)
    return any(len(values) > 1 for values in seen.values())
