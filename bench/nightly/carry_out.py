"""Carries out a night: starts attempts, waits for them, and writes down what came of each as it ends."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Final, Protocol

from bench.clock import Clock
from bench.errors import BuildError
from bench.nightly.matrix import Matrix
from bench.nightly.outcome import Attempt, Outcome, wants_another
from bench.nightly.plan import NightJob, next_job
from bench.nightly.process import AttemptProcess
from bench.nightly.record import ABORTED, DONE, JobRecord, NightRecord
from bench.nightly.result import GIVES_UP_BOARD, Ending, judge_ending, read_run
from bench.nightly.store import LOGS, RUNS, NightStore
from bench.nightly.weigh import conclude_job, night_status, weigh_quarantine

_UNBUILT: Final = "BuildError"
STOPPED: Final = "Stopped"
"""Kind of an attempt that was ended with its night, which says nothing of its job."""


class Watcher(Protocol):
    """Is told what happens, when it does."""

    def began(self, job: str, number: int) -> None: ...

    def ended(self, attempt: Attempt) -> None: ...

    def concluded(self, job: JobRecord) -> None: ...


@dataclass(frozen=True)
class Surroundings:
    """What a night takes from outside. `stop` becomes readable when somebody wants the night to end."""

    clock: Clock
    now: Callable[[], datetime]
    today: date
    stop: int
    slots: int


@dataclass
class _Running:
    job: NightJob
    number: int
    process: AttemptProcess
    folder: Path
    started: str
    reads: bool = True


@dataclass
class CarryOut:
    """One night. `record` is what is known of it so far."""

    matrix: Matrix
    jobs: Sequence[NightJob]
    record: NightRecord
    store: NightStore
    around: Surroundings
    watcher: Watcher
    unbuilt: dict[str, BuildError] = field(default_factory=dict)
    _waiting: list[NightJob] = field(default_factory=list)
    _running: list[_Running] = field(default_factory=list)
    _done: dict[str, Outcome] = field(default_factory=dict)
    _given_up: dict[str, str] = field(default_factory=dict)
    _stopped: bool = False

    def run(self) -> NightRecord:
        """The night when it is over; nothing that it started is left, however it ends. Raises RunFolderError."""
        self._waiting = [job for job in self.jobs if job.name not in self._done]
        try:
            while True:
                self._start_what_can()
                if not self._running:
                    break
                self._wait()
                for one in [one for one in self._running if one.process.has_ended]:
                    self._running.remove(one)
                    self._finish(one)
        finally:
            for one in self._running:
                one.process.end()
        outcome = ABORTED if self._stopped else DONE
        record = replace(self.record, outcome=outcome, ended=self._now())
        record = replace(record, quarantine=weigh_quarantine(self.matrix.quarantine, record, self.around.today))
        self.record = replace(record, exit_status=night_status(record))
        self.store.save(self.record)
        return self.record

    def _now(self) -> str:
        return self.around.now().isoformat(timespec="seconds")

    def _start_what_can(self) -> None:
        while not self._stopped:
            running = [one.job for one in self._running]
            job = next_job(self._waiting, running, slots=self.around.slots, done=self._done)
            if job is None:
                return
            self._waiting.remove(job)
            self._start(job)

    def _start(self, job: NightJob) -> None:
        """The next attempt, unless something is in its way."""
        number = len(self._attempts(job)) + 1
        hindrance = self._hindrance(job)
        if hindrance is not None:
            self._note(job, replace(hindrance, number=number, started=self._now()))
            return
        stem = f"{job.name.replace('@', '-')}-{number}"
        folder = self.store.folder / RUNS / stem
        settings = job.settings
        limit_s = settings.process_s + (self.matrix.lock_wait_s if job.lane else 0.0)
        now = self.around.clock.now()
        process = AttemptProcess(
            run_words(job, self.matrix, folder),
            stem=self.store.folder / LOGS / stem,
            deadline=now + limit_s,
            started=now,
        )
        self._running.append(_Running(job, number, process, folder, self._now()))
        self.watcher.began(job.name, number)

    def _hindrance(self, job: NightJob) -> Attempt | None:
        """Why the job cannot be tried."""
        blocked = job.blocked or self._given_up.get(job.lane, "")
        failed = [name for name in job.needs if self._done[name] is not Outcome.PASS]
        if not blocked and failed:
            blocked = f"it needs {failed[0]}, which is {self._done[failed[0]]}"
        unbuilt = self.unbuilt.get(job.name)
        if not blocked and unbuilt is not None:
            first = next(name for name, error in self.unbuilt.items() if error is unbuilt)
            if first == job.name:
                return Attempt(job.name, 1, Outcome.BENCH_ERROR, unbuilt.message, unbuilt.hint, _UNBUILT)
            blocked = f"its firmware cannot be built, see {first}"
        return Attempt(job.name, 1, Outcome.BLOCKED, blocked) if blocked else None

    def _wait(self) -> None:
        """Until something ends, prints, is due, or somebody wants the night to end."""
        poll = select.poll()
        poll.register(self.around.stop, select.POLLIN)
        by_output = {one.process.output: one for one in self._running if one.reads}
        for one in self._running:
            poll.register(one.process.exited, select.POLLIN)
        for descriptor in by_output:
            poll.register(descriptor, select.POLLIN)
        due = min(one.process.next_deadline for one in self._running)
        timeout_ms = max(due - self.around.clock.now(), 0.0) * 1000
        for descriptor, _ in poll.poll(min(timeout_ms + 1, 1 << 30)):
            if descriptor == self.around.stop:
                self._stop()
            elif descriptor in by_output:
                by_output[descriptor].reads = by_output[descriptor].process.read()
        now = self.around.clock.now()
        for one in self._running:
            one.process.watch(now)

    def _stop(self) -> None:
        """The first time: begin nothing more, and ask what runs to end. The second time: end it."""
        os.read(self.around.stop, 1)
        again, self._stopped = self._stopped, True
        now = self.around.clock.now()
        for one in self._running:
            one.process.ask_to_end(now)
            if again:
                one.process.end()

    def _finish(self, one: _Running) -> None:
        process = one.process
        status = process.status or 0
        duration_s = self.around.clock.now() - process.started
        process.end()
        if self._stopped and not process.overdue and status in (130, -9, -15):
            reason, found = "the night was stopped", Outcome.BENCH_ERROR
            attempt = Attempt(one.job.name, one.number, found, reason, kind=STOPPED, status=status)
        else:
            limit_s = process.deadline - process.started
            ending = Ending(
                status, limit_s if process.overdue else None, error=process.error(), last_words=process.last_words
            )
            left = read_run(one.folder)
            judged = judge_ending(ending, left)
            attempt = Attempt(one.job.name, one.number, judged.outcome, judged.reason, judged.hint, judged.kind, status)
            attempt = replace(
                attempt, build_id=left.build_id, clock=left.clock, bad=left.bad, repeatable=left.repeatable
            )
        folder = f"{RUNS}/{one.folder.name}" if one.folder.is_dir() else ""
        log = f"{LOGS}/{one.folder.name}.log"
        attempt = replace(attempt, started=one.started, duration_s=round(duration_s, 3), folder=folder, log=log)
        self._note(one.job, attempt)

    def _note(self, job: NightJob, attempt: Attempt) -> None:
        """Write the attempt down; then try again, or conclude the job."""
        self.store.add(attempt)
        attempts = (*self._attempts(job), attempt)
        record = replace(self._record_of(job), attempts=attempts)
        self.watcher.ended(attempt)
        unbuilt = attempt.kind == _UNBUILT and not attempt.folder
        more = not unbuilt and wants_another(attempts, job.settings.retries)
        if more and not self._stopped:
            self.record = self.record.with_job(record)
            self.store.save(self.record)
            self._start(job)
            return
        if not more and attempt.kind != STOPPED:
            record = conclude_job(record, self.matrix.quarantine, self.around.today)
            self._done[job.name] = record.outcome or Outcome.BLOCKED
            self.watcher.concluded(record)
            if job.lane and attempt.kind in GIVES_UP_BOARD:
                said = f"{job.cell.target_name} is not tried again, since {job.name} found: {attempt.reason}"
                self._given_up.setdefault(job.lane, said)
        self.record = self.record.with_job(record)
        self.store.save(self.record)

    def _record_of(self, job: NightJob) -> JobRecord:
        return self.record.job(job.name) or JobRecord(job.name)

    def _attempts(self, job: NightJob) -> tuple[Attempt, ...]:
        return self._record_of(job).attempts


def run_words(job: NightJob, matrix: Matrix, folder: Path) -> list[str]:
    """The words of `bench` that carry out one attempt."""
    scenario, settings = job.cell.scenario, job.settings
    words = ["run", str(scenario.path), "--target", job.cell.target, "--out", str(folder)]
    words += ["--timeout", f"{settings.timeout_s:g}"]
    words += ["--recording", settings.recording] if settings.recording is not None else []
    words += ["--link-faults", settings.link_faults] if settings.link_faults is not None else []
    words += ["--station", str(matrix.station_path)] if matrix.station_path is not None else []
    words += ["--lock-wait", f"{matrix.lock_wait_s:g}"] if job.lane and matrix.lock_wait_s else []
    return words
