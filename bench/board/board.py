"""A payload computer and the way to it, kept open from run to run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.board.desk import Desk, ResettableTransport
from bench.board.finished import FinishedRun
from bench.board.job import Job
from bench.board.link_faults import faulty_link, light_time_s
from bench.board.lock import BoardLock, Owner
from bench.board.record import record_sensor_faults, recorded_link, run_started
from bench.board.storage import BoardStorage
from bench.build import Firmware, build_firmware, read_firmware
from bench.clock import Clock, MonotonicClock
from bench.errors import BenchError, ConfigurationError, TransportError
from bench.run_folder import discard_folder, open_trace, save_run_files
from bench.session import ConnectError, Observer, Recorder, Session, greet, run
from bench.session.far import far_link_times, far_patience, far_s
from bench.session.open import make_transport
from bench.shell import CommandStopped
from bench.target import ANY_BUILD, SerialSpec, Target, own_firmware
from bench.trace import CatalogueListed, LockTakenOver, TraceWriter
from bench.transport import LinkTail, RecordingTransport
from bench.transport.faults import FaultyTransport
from bench.transport.usb import find_device
from firmware_if.messages import Hello

COMPLETED: Final = "completed"
_QUIET_S: Final = 0.1
"""Longer than a payload takes for an answer that is under way."""
_DRAIN_S: Final = 1.0


def _never() -> bool:
    return False


def _nothing(board: Board) -> None:
    del board


class Board:
    """One payload computer. Opened by its first use; `close` or `with` ends what it started and frees the board.

    Each run begins with a new session of the link and an empty bank, on a payload that need not be started anew; after
    a run that failed it is, where the bench can do that.
    """

    def __init__(
        self,
        target: Target,
        *,
        clock: Clock | None = None,
        lock_wait_s: float = 0.0,
        before_start: Callable[[Board], object] = _nothing,
        after_start: Callable[[Board], object] = _nothing,
    ) -> None:
        """`lock_wait_s` is how long somebody else may go on using the board before this is an error.

        `before_start` is called when the board is ours and nothing is open; `after_start` when the link may begin.
        """
        self.target = target
        self._before_start = before_start
        self._after_start = after_start
        self._clock = clock or MonotonicClock()
        self._lock_wait_s = lock_wait_s
        self._lock: BoardLock | None = None
        self._dead_owner: Owner | None = None
        self._opened = False
        self._transport: RecordingTransport | None = None
        self._faulty: FaultyTransport | None = None
        self._last_transport: RecordingTransport | None = None
        self._storage = BoardStorage()
        self._fresh = False
        self._sound = True

    @cached_property
    def firmware(self) -> Firmware | None:
        """Built for the target's port, or the ELF that its file names; None where the bench has neither."""
        if self.target.port is not None:
            return build_firmware(self.target.port, board=self.target.board)
        own = own_firmware(self.target)
        return read_firmware(own, hint="it is transport.firmware of the target: build it") if own is not None else None

    @property
    def expected_build_id(self) -> str | None:
        """What the payload must say that it runs, so that yesterday's firmware cannot pass today; None = anything."""
        if self.target.build_id == ANY_BUILD:
            return None
        if self.target.build_id is not None:
            return self.target.build_id
        return self.firmware.image.build_id if self.firmware is not None else None

    @property
    def transport(self) -> RecordingTransport:
        """The way to it, made but perhaps not open."""
        if self._transport is None:
            elf = self.firmware.elf if self.firmware is not None else None
            transport = make_transport(self.target, elf, storage=self._storage.path)
            desk = self.desk
            resettable = desk is not None and desk.spec.reset is not None
            whole = ResettableTransport(transport, reset=desk.reset) if desk and resettable else transport
            self._faulty = FaultyTransport(whole, clock=self._clock)
            self._transport = RecordingTransport(self._faulty, clock=self._clock)
            self._last_transport = self._transport
        return self._transport

    @property
    def tail(self) -> LinkTail:
        """The last of what went over the link since it was opened last, even if it is closed now; times as `now`."""
        return self._last_transport.tail if self._last_transport is not None else LinkTail()

    def __repr__(self) -> str:
        return f"<Board {self.target.name}: {'open' if self._opened else 'closed'}>"

    @property
    def now(self) -> float:
        """Seconds on the board's clock, which no wall clock is."""
        return self._clock.now()

    @cached_property
    def desk(self) -> Desk | None:
        """The commands for a board on a serial line; None for what the bench starts itself."""
        spec = self.target.transport
        if not isinstance(spec, SerialSpec):
            return None
        return Desk(spec, self.target.name, self.firmware.elf if self.firmware is not None else None)

    @property
    def is_open(self) -> bool:
        return self._opened

    def open(self) -> None:
        """Lock the board and open the way to it; raises BoardBusy or TransportError. Does nothing when it is open."""
        if self.is_open and self._sound:
            return
        if self.is_open:
            self.transport.close()
        elif isinstance(self.target.transport, SerialSpec):  # what the bench starts, it starts for itself alone
            lock = BoardLock(find_device(self.target.transport.url or ""))
            lock.acquire(self._lock_wait_s)
            self._lock, self._dead_owner = lock, lock.taken_over
        self._opened = True
        try:
            self._before_start(self)
            self.transport.open()
            self._fresh = self.transport.can_power_cycle
            if self.desk is not None:
                self._prepare(self.desk)
            self._after_start(self)
            self._sound = True
        except BaseException:
            self.close()
            raise

    def _prepare(self, desk: Desk) -> None:
        """Reset the board, and flash it if another build than the expected one answers, or none."""
        desk.reset()
        if desk.spec.flash is None:
            return
        expected = self.expected_build_id
        if expected is None:
            message = (
                f"nothing says which build {self.target.name} is to run, so the bench cannot tell when to flash it"
            )
            raise ConfigurationError(
                message, hint="write build_id into the station file, or firmware into the target's"
            )
        if self._runs(expected):
            return
        self.transport.close()  # a boot loader may want the port for itself
        desk.flash()
        self.transport.open()
        desk.reset()
        self._fresh = self.transport.can_power_cycle

    def _runs(self, build_id: str) -> bool:
        try:
            self._greet(build_id)
        except ConnectError:
            return False
        return True

    def _greet(self, build_id: str | None) -> Hello:
        fresh, self._fresh = self._fresh, False
        return greet(
            self.transport,
            clock=self._clock,
            target_name=self.target.name,
            ready_s=self.target.transport.ready_s,
            build_id=build_id,
            starting=fresh,
        )

    def reset(self) -> Hello:
        """Make the payload begin anew, without starting it anew: an empty bank. Takes two exchanges on the link.

        Raises ConnectError for a payload that does not answer, or answers as another build than the expected one.
        """
        self.open()
        self._sound = False
        hello = self._greet(self.expected_build_id)
        self._sound = True
        return hello

    def run(
        self,
        job: Job,
        folder: Path,
        *,
        observers: tuple[Observer, ...] = (),
        should_stop: Callable[[], bool] = _never,
        timeout_s: float | None = None,
    ) -> FinishedRun:
        """Carry `job` out, into the empty `folder`, in at most `timeout_s` on the payload, or it fails.

        Raises BenchError when the bench cannot go on; then the folder is removed if the payload never answered. Nothing
        that the payload does raises once it has answered.
        """
        if job.scenario.checkpoints is not None:
            self._give_storage()
        firmware = self.firmware
        files = job.files(firmware.image if firmware is not None else None)
        save_run_files(folder, files)
        with open_trace(folder) as file:
            recorder = Recorder(self._clock, writer=TraceWriter(file), observers=observers)
            recorder.record(run_started(job, firmware, self.transport))
            try:
                with recorded_link(self.transport, folder, recorder):
                    outcome = self._carry_out(job, recorder, should_stop=should_stop, timeout_s=timeout_s)
            except KeyboardInterrupt:
                if len(recorder.entries) == 1:
                    discard_folder(folder)
                raise
            except BenchError as error:
                asked_wrongly = isinstance(error, ConfigurationError)
                if asked_wrongly or not any(isinstance(entry, CatalogueListed) for entry in recorder.entries):
                    discard_folder(folder)  # nothing happened that is worth keeping
                    raise
                raise BenchError(f"{error.message} [run folder: {folder}]", hint=error.hint) from error
        return FinishedRun(folder, files, outcome, recorder.entries, recorder.started)

    def _give_storage(self) -> None:
        """Start the payload anew with storage for checkpoints, unless it has some, or has its own."""
        if self._storage.make(self.target) and self._transport is not None:
            self._transport.close()
            self._transport = None
            self._opened = False

    def _open_unless(self, should_stop: Callable[[], bool]) -> None:
        """Open; a wish to stop before the link has begun ends everything, as there is nothing to be fetched."""
        if self.desk is not None:
            self.desk.should_stop = should_stop
        try:
            self.open()
        except CommandStopped:
            raise KeyboardInterrupt from None

    def _carry_out(
        self, job: Job, recorder: Recorder, *, should_stop: Callable[[], bool], timeout_s: float | None
    ) -> str:
        self._open_unless(should_stop)
        if self._dead_owner is not None:
            recorder.record(LockTakenOver(str(self._dead_owner)))
            self._dead_owner = None
        if self.desk is not None:
            while self.desk.ran:
                recorder.record(self.desk.ran.pop(0))
        record_sensor_faults(job, recorder)
        fresh, self._fresh, self._sound = self._fresh, False, False
        far = light_time_s(job.link_faults)
        session = Session(
            self.transport,
            job.recording,
            recorder=recorder,
            clock=self._clock,
            target_name=self.target.name,
            ready_s=far_s(self.target.transport.ready_s, far),
            link_times=far_link_times(far),
            patience=far_patience(far),
            speed=job.scenario.speed,
            build_id=self.expected_build_id,
            initial=job.initial,
            should_stop=should_stop,
            starting=fresh,
            timeout_s=timeout_s,
        )
        if self._faulty is None:
            raise TypeError("an open board has a transport")
        with faulty_link(self._faulty, job.link_faults, recorder):
            outcome = run(job.plan, session, recorder=recorder)
        if job.link_faults is not None:
            self._drain()
        self._sound = outcome == COMPLETED
        return outcome

    def _drain(self) -> None:
        """Take what faults have doubled: it comes behind everything that was waited for."""
        until = self._clock.now() + _DRAIN_S
        with suppress(TransportError):
            while self._clock.now() < until and self.transport.transfer(b"", _QUIET_S).received:
                pass

    def close(self) -> None:
        """End what was started and free the board; may be repeated."""
        transport, self._transport = self._transport, None
        lock, self._lock = self._lock, None
        self._opened = False
        try:
            if transport is not None:
                transport.close()
        finally:
            self._storage.close()
            if lock is not None:
                lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
