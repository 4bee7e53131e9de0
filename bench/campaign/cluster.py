"""Injections on many workers: Dask's scheduler hands out batches, and hands them out again when a worker dies.

Imported only where a campaign runs on workers. A row is written once, here, when its batch has come back; so a batch
that is lost with its worker leaves nothing behind, and the rows are those of a single process in another order.
"""

import math
import queue
import signal
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any, Final, cast

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, WorkerPlugin, get_worker
from distributed.utils import LoopRunner

from bench.campaign.carry_out import Execute
from bench.campaign.injector import InjectorSetup, Opener
from bench.campaign.machine import Machine, Task
from bench.campaign.rows import Row, make_row
from bench.clock import Clock
from bench.errors import CampaignError

PATIENCE_S: Final = 60.0
"""How long to go on without any worker."""
_MOST_IN_BATCH: Final = 16
_BATCHES_EACH: Final = 4
"""Handed out at a time for each worker."""
_LOOK_S: Final = 1.0
_FETCH_S: Final = 30.0
"""For the rows of a batch that has ended, which are a few kilobytes."""
_CONNECT_S: Final = 5.0
_NAME: Final = "hil-bench-campaign"
_MOST_DEATHS: Final = 3
"""Workers that may die of one batch, and it is still handed out again; a scheduler of one's own has its setting."""


class Machines(WorkerPlugin):
    """The machines of one worker: one for each of its threads that is at work."""

    name = _NAME

    def __init__(self, opener: Opener, setup: InjectorSetup) -> None:
        self._opener = opener
        self._setup = setup

    def setup(self, worker: object) -> None:
        """On the worker, before its first task."""
        del worker
        self._idle: deque[Machine] = deque()

    def teardown(self, worker: object) -> None:
        """On the worker, when the campaign or the worker ends."""
        del worker
        while self._idle:
            self._idle.pop().close()

    def work_off(self, tasks: Sequence[Task], digest: str) -> list[Row]:
        """In one of the worker's threads."""
        try:
            machine = self._idle.pop()
        except IndexError:
            machine = Machine(self._opener, self._setup)
        try:
            return [machine.inject(task, digest=digest) for task in tasks]
        finally:
            self._idle.append(machine)


def work_off(tasks: Sequence[Task], digest: str) -> list[Row]:
    """The task that Dask runs on a worker."""
    plugin = cast("Machines", get_worker().plugins[_NAME])
    return plugin.work_off(tasks, digest)


def on_workers(opener: Opener, setup: InjectorSetup, *, scheduler: str | None, workers: int, clock: Clock) -> Execute:
    """What works off tasks on the workers of a scheduler, or on so many new processes of this machine."""

    def execute(tasks: Sequence[Task], digest: str) -> Iterator[Row]:
        if not tasks:
            return
        with _connected(scheduler, workers) as client:
            client.register_plugin(Machines(opener, setup), name=_NAME)
            try:
                yield from _Run(client, digest, clock).rows(tasks)
            finally:
                with suppress(Exception):  # workers that went away have none of it left; what ended the rows is told
                    if client.status == "running":
                        client.unregister_worker_plugin(_NAME)

    return execute


@contextmanager
def _connected(scheduler: str | None, workers: int) -> Iterator[Client]:
    if scheduler is not None:
        try:
            client = Client(scheduler, timeout=_CONNECT_S)
        except (OSError, ValueError) as error:
            hint = "start one: dask scheduler --port 8786, and workers: dask worker tcp://HOST:8786 --nthreads 1"
            raise CampaignError(f"no scheduler answers at {scheduler}: {error}", hint=hint) from error
        with client:
            yield client
        return
    settings = {
        "distributed.scheduler.allowed-failures": _MOST_DEATHS,
        "distributed.worker.daemon": True,
        "distributed.scheduler.http.routes": [],
        "distributed.worker.http.routes": [],
    }
    # Without an address Dask's scheduler listens for HTTP at port 8787 nevertheless, and warns where that is taken.
    unseen = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
    with (
        dask.config.set(settings),
        _loop_without_ctrl_c() as runner,
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            scheduler_kwargs=unseen,
            silence_logs="CRITICAL",
            loop=runner.loop,
        ) as local,
        Client(local) as client,
    ):
        yield client


@contextmanager
def _loop_without_ctrl_c() -> Iterator[LoopRunner]:
    """An event loop in a thread that blocks SIGINT, and so do the workers that it starts, now or after a death.

    A terminal sends Ctrl-C to every process in its foreground. Here it is for the command alone, which ends workers.
    """
    resource_tracker.ensure_running()  # where multiprocessing starts it itself, it unblocks SIGINT just before a worker
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        runner = LoopRunner()
        runner.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield runner
    finally:
        runner.stop()


class _Run:
    """One list of tasks on a cluster."""

    def __init__(self, client: Client, digest: str, clock: Clock) -> None:
        self._client = client
        self._digest = digest
        self._clock = clock
        self._ended: queue.SimpleQueue[Future[Any]] = queue.SimpleQueue()
        self._under_way: dict[str, tuple[Future[Any], tuple[Task, ...]]] = {}

    def rows(self, tasks: Sequence[Task]) -> Iterator[Row]:
        """A row for each task, as batches come back; raises CampaignError."""
        size = min(_MOST_IN_BATCH, max(1, math.ceil(len(tasks) / (8 * max(1, self._workers())))))
        waiting = deque(tuple(tasks[start : start + size]) for start in range(0, len(tasks), size))
        suspects: list[tuple[Task, ...]] = []
        try:
            while waiting or self._under_way or suspects:
                alone = not waiting and not self._under_way
                if alone:
                    self._submit(suspects.pop())
                while waiting and len(self._under_way) < _BATCHES_EACH * max(1, self._workers()):
                    self._submit(waiting.popleft())
                future, batch = self._next()
                rows = _rows(future, batch, alone=alone)
                if rows is not None:
                    yield from rows
                elif len(batch) > 1 or future.status != "error":
                    waiting.extendleft((task,) for task in batch)
                else:
                    suspects.append(batch)
        finally:
            if self._under_way and self._client.status == "running":
                with suppress(Exception):  # the same
                    self._client.cancel([future for future, _ in self._under_way.values()], force=True)

    def _workers(self) -> int:
        """How many there are; raises CampaignError where nobody knows any more."""
        try:
            if self._client.status == "running":
                return len(self._client.scheduler_info(n_workers=-1)["workers"])
        except (KeyError, OSError):  # what it knew is forgotten, or the line broke meanwhile
            pass
        raise CampaignError("the scheduler went away", hint="start again: it goes on where it stopped")

    def _submit(self, batch: tuple[Task, ...]) -> None:
        future = self._client.submit(work_off, list(batch), self._digest, pure=False)
        self._under_way[str(future.key)] = future, batch
        future.add_done_callback(self._ended.put)

    def _next(self) -> tuple[Future[Any], tuple[Task, ...]]:
        """Wait for a batch to end, as long as there are workers: how long one takes says nothing."""
        alone_since = self._clock.now()
        while True:
            try:
                return self._under_way.pop(str(self._ended.get(timeout=_LOOK_S).key))
            except queue.Empty:
                now = self._clock.now()
            if self._workers():
                alone_since = now
            elif now - alone_since > PATIENCE_S:
                message = f"no worker for {PATIENCE_S:.0f} s, {len(self._under_way)} batches are waiting"
                raise CampaignError(message, hint="start workers, then start again: it goes on where it stopped")


def _rows(future: Future[Any], batch: tuple[Task, ...], *, alone: bool) -> list[Row] | None:
    """Rows of a batch that came back; None: it is to be handed out again, one by one.

    A batch is held to be the cause only if it was handed out `alone`: else it may have waited on a worker that another
    one killed.
    """
    if future.status == "finished":
        try:
            rows: list[Row] = future.result(timeout=_FETCH_S)
        except (TimeoutError, CancelledError):  # they died with their worker
            return None
        return rows
    if future.status in ("cancelled", "lost"):
        return None
    error: Any = future.exception()
    if isinstance(error, KilledWorker):
        if not alone:
            return None
        times = error.allowed_failures + 1
        said = f"its worker died, {times} of {times} times"
        return [make_row(task.fault.id, repeat=task.repeat, observed=None, error=said) for task in batch]
    if isinstance(error, CampaignError):
        raise error
    raise CampaignError(f"a worker failed: {error!r}", hint=getattr(error, "hint", "") or "see the worker's own output")
