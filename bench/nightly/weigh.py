"""What of a night counts: the quarantine list, and the exit status."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from bench.nightly.matrix import Quarantine
from bench.nightly.outcome import Attempt, Outcome, classify, is_loud, varying
from bench.nightly.record import ABORTED, JobRecord, NightRecord, QuarantineRecord

EXIT_GREEN: Final = 0
EXIT_TARGET: Final = 1
EXIT_BENCH: Final = 2
EXIT_INCOMPLETE: Final = 3
EXIT_ABORTED: Final = 130
_EXCUSED: Final = (Outcome.FAIL, Outcome.FLAKY, Outcome.UNMEASURED)
"""What a quarantine may excuse: it is about a target, never about the bench or an absent board."""


def conclude_job(job: JobRecord, quarantine: Sequence[Quarantine], today: date) -> JobRecord:
    """The record with what its attempts amount to."""
    outcome = classify(job.attempts)
    varied = varying(job.attempts)
    entry = next((one for one in quarantine if one.holds(today) and _excuses(one, job, outcome, varied)), None)
    return replace(
        job,
        outcome=outcome,
        reason=_reason(job.attempts, outcome, varied),
        loud=is_loud(job.attempts, outcome),
        varying=varied,
        quarantine=entry.key if entry is not None else "",
    )


def _excuses(entry: Quarantine, job: JobRecord, outcome: Outcome, varied: Iterable[str]) -> bool:
    """Whether everything that is wrong with the job is what the entry is about."""
    if outcome not in _EXCUSED or not entry.covers(job.job):
        return False
    if any(attempt.outcome is Outcome.BENCH_ERROR for attempt in job.attempts):
        return False
    if entry.measure is None:
        return True
    wrong = {name for attempt in job.attempts for name in attempt.bad} | set(varied)
    return bool(wrong) and all(entry.excuses(name) for name in wrong)


def _reason(attempts: Sequence[Attempt], outcome: Outcome, varied: dict[str, tuple[float, float]]) -> str:
    said = next((attempt.reason for attempt in attempts if attempt.outcome is outcome and attempt.reason), "")
    if outcome is not Outcome.FLAKY:
        return said
    order = ", ".join(str(attempt.outcome) for attempt in attempts)
    parts = [f"attempts disagree ({order})"] if len({attempt.outcome for attempt in attempts}) > 1 else []
    parts += [f"{name} varies: {low:.10g} to {high:.10g}" for name, (low, high) in list(varied.items())[:3]]
    parts += [f"and {len(varied) - 3} more figures"] if len(varied) > 3 else []  # noqa: PLR2004 - as many as are named
    first = next((a for a in attempts if a.outcome not in (Outcome.PASS, Outcome.BLOCKED) and a.reason), None)
    parts += [f"attempt {first.number}: {first.reason}"] if first is not None else []
    return "; ".join(parts)


def weigh_quarantine(entries: Sequence[Quarantine], night: NightRecord, today: date) -> tuple[QuarantineRecord, ...]:
    """Each entry with its state: expired ones count again, and unused ones may be removed."""
    return tuple(
        QuarantineRecord(
            key=entry.key,
            reason=entry.reason,
            until=entry.until.isoformat(),
            link=entry.link,
            state=_state(entry, night, today),
        )
        for entry in entries
    )


def _state(entry: Quarantine, night: NightRecord, today: date) -> str:
    if not entry.holds(today):
        return "expired"
    covered = [job for job in night.jobs if entry.covers(job.job)]
    used = any(job.quarantine == entry.key for job in covered)
    untried = (None, Outcome.BLOCKED, Outcome.BENCH_ERROR)  # nobody knows whether it would have been needed
    return "active" if used or any(job.outcome in untried for job in covered) else "unused"


def night_status(night: NightRecord) -> int:
    """The exit status. A failure of a target comes before an error of the bench, and that before what is missing."""
    if night.outcome == ABORTED:
        return EXIT_ABORTED
    return max((_weight(job) for job in night.jobs), key=_ORDER.index, default=EXIT_GREEN)


_ORDER: Final = (EXIT_GREEN, EXIT_INCOMPLETE, EXIT_BENCH, EXIT_TARGET)


def _weight(job: JobRecord) -> int:
    if job.outcome is None or job.quarantine or not job.required:
        return EXIT_GREEN
    if job.outcome is Outcome.FLAKY and _is_bench_alone(job):
        return EXIT_BENCH
    return {
        Outcome.PASS: EXIT_GREEN,
        Outcome.FAIL: EXIT_TARGET,
        Outcome.FLAKY: EXIT_TARGET,
        Outcome.BENCH_ERROR: EXIT_BENCH,
        Outcome.BLOCKED: EXIT_INCOMPLETE,
        Outcome.UNMEASURED: EXIT_INCOMPLETE,
    }[job.outcome]


def _is_bench_alone(job: JobRecord) -> bool:
    """A flake in which no attempt was a failure of the target, and no figure varied: the bench is unreliable."""
    outcomes = {attempt.outcome for attempt in job.attempts} - {Outcome.BLOCKED}
    return Outcome.BENCH_ERROR in outcomes and Outcome.FAIL not in outcomes and not job.varying
