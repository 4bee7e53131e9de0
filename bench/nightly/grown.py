"""What is another than in the last run of the same job, though nothing but the firmware may have changed: exact."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.compare import BETTER, CHANGED, NOT_REPEATABLE, WORSE, Comparison, compare_runs, size_text
from bench.errors import BenchError
from bench.facts import RunFacts, facts_of
from bench.nightly.change import FIRMWARE, Change, last_result
from bench.nightly.outcome import Attempt, Outcome
from bench.nightly.record import JobRecord, NightRecord
from bench.run_folder import load_judged_run

_NAMED: Final = 12
"""Findings of a job, and symbols of a firmware, that are named; more are counted."""


def find_grown(night: NightRecord, folder: Path, earlier: Sequence[NightRecord]) -> tuple[Change, ...]:
    """Compare each job's last run with that of the newest earlier night which has one."""
    found: list[Change] = []
    firmware: dict[str, list[Change]] = {}
    for job in night.jobs:
        before = last_result(job.job, [one for one in earlier if _run_of(one.job(job.job)) is not None])
        if before is None:
            continue
        then, now = _facts(folder.parent / before[0].name, before[1]), _facts(folder, job)
        if then is None or now is None or (then.scenario, then.target) != (now.scenario, now.target):
            continue
        comparison = compare_runs([then], [now], varying=())
        told_already = before[1].outcome is not job.outcome
        found += _differences(job.job, comparison, since=before[0].name, told_already=told_already)
        firmware.setdefault(now.target, list(_firmware(now.target, comparison)))
    return (*found, *(change for changes in firmware.values() for change in changes))


def _run_of(job: JobRecord | None) -> Attempt | None:
    """The last attempt that left a whole run."""
    whole = (Outcome.PASS, Outcome.FAIL, Outcome.UNMEASURED)
    runs = [one for one in job.attempts if one.folder and one.outcome in whole and one.build_id] if job else []
    return runs[-1] if runs else None


def _facts(night: Path, job: JobRecord) -> RunFacts | None:
    """None where the run is gone, or torn: a night goes on whatever is there."""
    run = _run_of(job)
    try:
        return facts_of(load_judged_run(night / run.folder)) if run is not None else None
    except BenchError:
        return None


def _differences(job: str, comparison: Comparison, *, since: str, told_already: bool) -> Iterator[Change]:
    """`told_already`: the job's outcome is another, with the verdicts that make it so; a limit that is gone is not."""
    findings = [
        one for one in comparison.findings if not told_already or one.kind != "verdict" or one.change == CHANGED
    ]
    build = f"the same build as in {since}" if comparison.same_build else f"another build than in {since}"
    about = "; ".join((build, *comparison.notes))
    for one in findings[:_NAMED]:
        yield Change(one.change, job, f"{one.what}: {one.text}; {about}")
    rest = findings[_NAMED:]
    for kind in (WORSE, NOT_REPEATABLE, CHANGED, BETTER):
        if more := sum(one.change == kind for one in rest):
            yield Change(kind, job, f"{more} more; {about}")


def _firmware(target: str, comparison: Comparison) -> Iterator[Change]:
    for sizes in (comparison.sections, comparison.symbols):
        named = [size_text(size) for size in sizes[:_NAMED]]
        more = [f"{len(sizes) - _NAMED} more"] if len(sizes) > _NAMED else []
        if named:
            what = "sections" if sizes is comparison.sections else "symbols"
            yield Change(FIRMWARE, target, f"{what}: {', '.join([*named, *more])}")
