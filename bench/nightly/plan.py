"""The jobs of a night, checked before anything is started, and which of them may run at the same time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from bench.board import Board, make_job
from bench.board.lock import lock_name
from bench.doctor import examine_target, examine_tools
from bench.errors import BenchError, BuildError, ConfigurationError
from bench.nightly.matrix import Cell, Matrix, Settings
from bench.nightly.outcome import Outcome
from bench.scenario import limits_for
from bench.station import place
from bench.strict import nearest_hint
from bench.target import SerialSpec, Target, load_target
from bench.transport.usb import find_device

_HOST = "host"
"""The clock that other work on the machine disturbs."""


@dataclass(frozen=True)
class NightJob:
    """A job of the matrix as it can be carried out here."""

    cell: Cell
    target: Target
    lane: str = ""
    """The board on a port that it needs for itself; empty for what the bench starts."""
    alone: bool = False
    blocked: str = ""
    """Why it cannot run here; empty where it can."""

    @property
    def name(self) -> str:
        return self.cell.name

    @property
    def settings(self) -> Settings:
        return self.cell.settings

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of jobs."""
        return tuple(f"{scenario}@{self.cell.target_name}" for scenario in self.settings.needs)


def plan_night(matrix: Matrix) -> tuple[NightJob, ...]:
    """Every job, in the matrix's order; raises BenchError naming the job for one that cannot be meant."""
    tools = {finding.name: finding for finding in examine_tools()}
    jobs = []
    for cell in matrix.cells:
        target = load_target(matrix.station.targets.get(cell.target, cell.target))
        alone = cell.settings.alone
        if alone is None:
            alone = any(limit.clock == _HOST for limit in limits_for(cell.scenario, target.name))
        try:
            placed = place(target, matrix.station)
        except ConfigurationError as error:
            jobs.append(NightJob(cell, target, alone=alone, blocked=f"{error.message} ({error.hint})"))
            continue
        _check(cell, placed, matrix)
        finding = examine_target(target, tools, matrix.station)
        blocked = "" if finding.ok else f"{finding.found} ({finding.advice})"
        jobs.append(NightJob(cell, placed, lane=_lane(placed), alone=alone, blocked=blocked))
    return tuple(jobs)


def _check(cell: Cell, target: Target, matrix: Matrix) -> None:
    if cell.scenario.recording is None and cell.settings.recording is None:
        message = f"{matrix.path}: {cell.name}: the scenario has no recording of its own, and none was given"
        raise ConfigurationError(message, hint="give recording = a name or path, for all jobs or in an [[include]]")
    try:
        make_job(cell.scenario, target, recording=cell.settings.recording, link_faults=cell.settings.link_faults)
    except BenchError as error:
        raise ConfigurationError(f"{matrix.path}: {cell.name}: {error.message}", hint=error.hint) from error


def _lane(target: Target) -> str:
    if not isinstance(target.transport, SerialSpec):
        return ""
    url = target.transport.url or ""
    try:
        return lock_name(find_device(url))
    except BenchError:  # it is not there now; the job will say so
        return lock_name(url)


def choose_jobs(jobs: Sequence[NightJob], patterns: Sequence[str]) -> tuple[NightJob, ...]:
    """Those that a pattern names by job, scenario or target; all without patterns. What they need comes along."""
    if not patterns:
        return tuple(jobs)
    by_name = {job.name: job for job in jobs}
    words = {name: {name, *name.split("@")} for name in by_name}
    for pattern in patterns:
        if not any(fnmatchcase(word, pattern) for known in words.values() for word in known):
            hint = nearest_hint(pattern, {word for known in words.values() for word in known})
            raise ConfigurationError(f"no job of the matrix is named {pattern!r}", hint=hint)
    chosen = {
        name for name in by_name if any(fnmatchcase(word, pattern) for word in words[name] for pattern in patterns)
    }
    left = list(chosen)
    while left:
        new = set(by_name[left.pop()].needs) - chosen
        chosen |= new
        left += new
    return tuple(job for job in jobs if job.name in chosen)


def next_job(
    waiting: Sequence[NightJob], running: Collection[NightJob], *, slots: int, done: Mapping[str, Outcome]
) -> NightJob | None:
    """The first that may start now; None = wait for one to end.

    What the bench starts itself shares `slots`; a board is used by one job at a time; a job that must be alone begins
    when nothing else could.
    """
    if any(job.alone for job in running):
        return None
    lanes = {job.lane for job in running if job.lane}
    free = slots - sum(not job.lane for job in running)
    ready = [job for job in waiting if all(name in done for name in job.needs)]
    for job in ready:
        if not job.alone and (job.lane not in lanes if job.lane else free > 0):
            return job
    return ready[0] if ready and not running else None


def build_all(jobs: Sequence[NightJob]) -> dict[str, BuildError]:
    """Build what the jobs run, once for each firmware, and give the error of each job whose firmware has one."""
    built: dict[tuple[object, ...], BuildError | None] = {}
    for job in jobs:
        if not job.blocked and _key(job) not in built:
            try:
                Board(job.target).firmware  # noqa: B018 - building it is what is wanted
                built[_key(job)] = None
            except BuildError as error:
                built[_key(job)] = error
    return {job.name: failed for job in jobs if (failed := built.get(_key(job))) is not None}


def _key(job: NightJob) -> tuple[object, ...]:
    return (job.target.port, job.target.board, job.target.transport.firmware)
