"""What is different from the last night."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bench.compare import BETTER, CHANGED, NOT_REPEATABLE, WORSE
from bench.nightly.outcome import Outcome
from bench.nightly.record import JobRecord, NightRecord, QuarantineRecord

_NEW: Final = {
    Outcome.PASS: "fixed",
    Outcome.FAIL: "new failure",
    Outcome.FLAKY: "newly flaky",
    Outcome.BLOCKED: "newly blocked",
    Outcome.UNMEASURED: "newly unmeasured",
    Outcome.BENCH_ERROR: "new bench error",
}
_STILL: Final = {
    Outcome.FAIL: "still failing",
    Outcome.FLAKY: "still flaky",
    Outcome.BLOCKED: "still blocked",
    Outcome.UNMEASURED: "still unmeasured",
    Outcome.BENCH_ERROR: "still a bench error",
}
FIRMWARE: Final = "firmware"
KINDS: Final = (
    *(_NEW[outcome] for outcome in (Outcome.FAIL, Outcome.FLAKY, Outcome.BENCH_ERROR, Outcome.BLOCKED)),
    _NEW[Outcome.UNMEASURED],
    *_STILL.values(),
    _NEW[Outcome.PASS],
    "quarantine",
    NOT_REPEATABLE,
    WORSE,
    CHANGED,
    BETTER,
    FIRMWARE,
    "job added",
    "job removed",
    "not run",
)
"""In the order in which they are told."""


@dataclass(frozen=True)
class Change:
    kind: str
    about: str
    """A job, an entry of the quarantine list, or a target whose firmware it is."""
    text: str = ""


def with_since(night: NightRecord, earlier: Sequence[NightRecord]) -> NightRecord:
    """The night, whose jobs say in which night their outcome began. `earlier` nights are newest first."""
    return replace(night, jobs=tuple(_dated(job, night.name, earlier) for job in night.jobs))


def _dated(job: JobRecord, night: str, earlier: Sequence[NightRecord]) -> JobRecord:
    if job.outcome is None:
        return job
    before = last_result(job.job, earlier)
    same = before is not None and before[1].outcome is job.outcome
    return replace(job, since=(before[1].since or before[0].name) if same and before else night)


def last_result(job: str, earlier: Iterable[NightRecord]) -> tuple[NightRecord, JobRecord] | None:
    """The newest night in which the job had an outcome."""
    for night in earlier:
        record = night.job(job)
        if record is not None and record.outcome is not None:
            return night, record
    return None


def find_changes(night: NightRecord, earlier: Sequence[NightRecord]) -> tuple[Change, ...]:
    """In the order of KINDS. A first night has none: there is nothing that it could be held to."""
    if not earlier:
        return ()
    found = [*_outcomes(night, earlier), *_quarantine(night, earlier[0])]
    return tuple(sorted(found, key=lambda change: KINDS.index(change.kind)))


def _outcomes(night: NightRecord, earlier: Sequence[NightRecord]) -> Iterator[Change]:
    for job in night.jobs:
        if all(one.job(job.job) is None for one in earlier):
            yield Change("job added", job.job, str(job.outcome or "not run"))
        if job.outcome is not None:
            yield from _outcome(job, job.outcome, last_result(job.job, earlier))
        elif not night.only:
            yield Change("not run", job.job)
    known = {job.job for job in night.jobs}
    for job in earlier[0].jobs:
        if job.job not in known:
            yield Change("job removed", job.job, f"it was {job.outcome or 'not run'}")


def _outcome(job: JobRecord, outcome: Outcome, before: tuple[NightRecord, JobRecord] | None) -> Iterator[Change]:
    if before is None:
        if outcome is not Outcome.PASS:
            yield Change(_NEW[outcome], job.job, _text(job))
    elif before[1].outcome is not outcome:
        yield Change(_NEW[outcome], job.job, _text(job, f"{before[1].outcome} in {before[0].name}"))
    elif outcome in _STILL:
        yield Change(_STILL[outcome], job.job, _text(job, f"since {job.since or before[0].name}"))


def _text(job: JobRecord, more: str = "") -> str:
    excuse = f"quarantined: {job.quarantine}" if job.quarantine else ""
    return "; ".join(part for part in (more, excuse, job.reason) if part)


def _quarantine(night: NightRecord, last: NightRecord) -> Iterator[Change]:
    before = {entry.key: entry for entry in last.quarantine}
    now = {entry.key: entry for entry in night.quarantine}
    for key, entry in now.items():
        if key not in before:
            yield Change("quarantine", key, f"added: {_about(entry)}")
        elif entry.state == "expired" and before[key].state != "expired":
            yield Change("quarantine", key, f"expired, and counts again: {_about(entry)}")
        elif entry.until != before[key].until:
            yield Change("quarantine", key, f"until {entry.until}, was {before[key].until}: {_about(entry)}")
    for key in before.keys() - now.keys():
        yield Change("quarantine", key, f"removed: {before[key].reason}")


def _about(entry: QuarantineRecord) -> str:
    return f"{entry.reason} (until {entry.until}{', ' + entry.link if entry.link else ''})"
