"""Figures that must not vary and are others than in the last run of the same job: exact, operation by operation."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.nightly.change import Change, last_result
from bench.nightly.outcome import Attempt, Outcome
from bench.nightly.record import NightRecord
from bench.nightly.result import RunLeft, read_run

_NAMED: Final = 12
"""Figures of a job that are named; more are counted."""
_MORE_IS_WORSE: Final = ("timing.", "time.", "memory.")


def find_grown(night: NightRecord, folder: Path, earlier: Sequence[NightRecord]) -> tuple[Change, ...]:
    """Compare each job's last run with that of the newest earlier night which has one."""
    found: list[Change] = []
    for job in night.jobs:
        before = last_result(job.job, [one for one in earlier if _run_of(one, job.job) is not None])
        now, then = _run_of(night, job.job), _run_of(before[0], job.job) if before else None
        if before is None or now is None or then is None:
            continue
        ours, theirs = read_run(folder / now.folder), read_run(folder.parent / before[0].name / then.folder)
        found += _differences(job.job, theirs, ours, since=before[0].name)
    return tuple(found)


def _run_of(night: NightRecord, name: str) -> Attempt | None:
    """The last attempt of a job that left a whole run."""
    job = night.job(name)
    whole = (Outcome.PASS, Outcome.FAIL, Outcome.UNMEASURED)
    runs = [one for one in job.attempts if one.folder and one.outcome in whole and one.build_id] if job else []
    return runs[-1] if runs else None


def _differences(job: str, before: RunLeft, now: RunLeft, *, since: str) -> Iterator[Change]:
    if not before.verdicts or not now.verdicts:
        return
    units = {verdict.name: verdict.unit for verdict in now.verdicts}
    old, new = before.repeatable, now.repeatable
    changed = [name for name in new if name in old and old[name] != new[name]]
    changed.sort(key=lambda name: (not name.startswith(_MORE_IS_WORSE), -abs(_share(old[name], new[name]))))
    same_build = before.build_id == now.build_id
    for name in changed[:_NAMED]:
        grew = new[name] > old[name]
        kind = "not repeatable" if same_build else "grew" if grew else "shrank"
        share = _share(old[name], new[name])
        percent = f" ({share:+.2%})" if abs(share) < 1e6 else ""  # noqa: PLR2004 - beyond it a share tells nothing
        unit = f" {units[name]}" if units[name] != "1" else ""
        build = "the same build" if same_build else f"another build than in {since}"
        yield Change(kind, job, f"{name}: {old[name]:.10g} to {new[name]:.10g}{unit}{percent}; {build}")
    if len(changed) > _NAMED:
        kind = "not repeatable" if same_build else "grew"
        yield Change(kind, job, f"{len(changed) - _NAMED} more figures are others than in {since}")


def _share(old: float, new: float) -> float:
    return (new - old) / abs(old) if old else float("inf")
