"""The steps of a plan, one after the other."""

from collections.abc import Callable, Mapping
from typing import Final

from bench.clock import Clock
from bench.errors import ConfigurationError, TransportError
from bench.initial_models import InitialModel
from bench.learners import class_labels
from bench.plan import (
    ConfigureStream,
    Connect,
    CreateModels,
    DumpModels,
    Evaluate,
    KeepCheckpoints,
    ListCatalogue,
    OpenDataSet,
    Plan,
    ReadHousekeeping,
    Restart,
    RestoreModels,
    Step,
    StreamSegment,
    TrainEpochs,
)
from bench.protection import Checkpoints
from bench.session.bank import Bank
from bench.session.decode import HOUSEKEEPING_STRUCTURE, catalogue, housekeeping_values, scored_rows
from bench.session.dialogue import Dialogue
from bench.session.failures import ConnectError, Restarted, Stopped, TargetFailure
from bench.session.greet import check_build
from bench.session.heal import Healing
from bench.session.patience import Patience
from bench.session.recorder import Recorder
from bench.session.stream import Pace, RowStream, rows_to_score
from bench.session.time_limit import GRACE_S, TimeLimit
from bench.telemetry import Recording
from bench.trace import (
    CatalogueListed,
    EpochTrained,
    HousekeepingReported,
    LinkMeasured,
    PayloadConnected,
    PayloadRestarted,
    PowerCut,
    RunEnded,
    SegmentEnded,
    SegmentStarted,
    TargetFailed,
)
from bench.transport import Transport
from firmware_if import messages as wire
from firmware_if.connection import LinkTimes
from firmware_if.errors import WireError
from firmware_if.messages import ClockKind, Hello

LATE_HINT: Final = "the target is too slow for this, or hangs: a longer --timeout, or fewer --rows or --models"


class Session:
    """One run on one payload. `ready_s` is the deadline of every first HELLO; `build_id` the one it must have.

    `starting`: the payload was started only just now; None = if the transport can start it, it just has.
    """

    def __init__(
        self,
        transport: Transport,
        recording: Recording,
        *,
        recorder: Recorder,
        clock: Clock,
        target_name: str,
        ready_s: float,
        speed: float | None,
        build_id: str | None = None,
        initial: Mapping[str, InitialModel] | None = None,
        link_times: LinkTimes | None = None,
        patience: Patience | None = None,
        starting: bool | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        timeout_s: float | None = None,
    ) -> None:
        """`timeout_s` is how long the whole run may take once the payload has answered."""
        self._transport = transport
        self._recording = recording
        self._recorder = recorder
        self._clock = clock
        self._ready_s = ready_s
        self._build_id = build_id
        self._starting = transport.can_power_cycle if starting is None else starting
        self._should_stop = should_stop
        self._limit = TimeLimit(timeout_s, clock=clock)
        self._dialogue = Dialogue(
            transport,
            clock=clock,
            recorder=recorder,
            target_name=target_name,
            link_times=link_times,
            patience=patience,
            should_stop=lambda: should_stop() or self._limit.is_over,
            check_late=self._check_late,
        )
        self._bank = Bank(self._dialogue, recording, initial=initial)
        self._stream = RowStream(
            self._dialogue, recording, pace=Pace(speed), patience=patience, on_reached=self._cut_power
        )
        self._healing = Healing(self._dialogue, self._bank, self._stream)
        self._power_cuts: list[int] = []
        self._catalogue = CatalogueListed([], [])
        self._mode = "stream"
        self._channels = int(recording.values.shape[1])
        self._segment = -1
        self._starts = 0
        self._saved_rows = -1
        self._scored_rows = 0
        self._scored_packets = 0
        self.where = ""
        """Where the run is, for the reason of its end, if its rows do not tell."""

    @property
    def rows(self) -> int:
        """Rows whose results have come back."""
        return self._scored_rows if self._mode == "score" else self._stream.trained_rows

    @property
    def dialogue(self) -> Dialogue:
        """The talk with the payload, for who goes on with it after some of the steps."""
        return self._dialogue

    @property
    def bank(self) -> Bank:
        """The models on the payload."""
        return self._bank

    @property
    def is_late(self) -> bool:
        """The time is over, and nobody else wants the run to stop."""
        return self._limit.is_over and not self._should_stop()

    @property
    def late(self) -> str:
        """What to say of a run that took too long."""
        due = rows_to_score(self._recording).count if self._mode == "score" else self._recording.row_count
        return f"not done within {self._limit.seconds:g} s: {self.rows} of {due} rows{self.where}"

    def _check_late(self) -> None:
        """Raise TargetFailure where the payload is still at something long after the time was over."""
        if self._limit.grace_is_over:
            raise TargetFailure(f"{self.late}, and still busy {GRACE_S:g} s later", hint=LATE_HINT)

    def do(self, step: Step) -> None:
        """Carry one step out; raises TargetFailure, Stopped or ConnectError.

        Where the payload starts anew meanwhile and resumes from a checkpoint, the rest of it is done then.
        """
        while True:
            try:
                if self._healing.is_due:
                    self._take_up()
                self._catch_up()
                self._do(step)
            except Restarted as failure:
                self._healing.note(failure)
                if self._dialogue.is_stopping:
                    raise Stopped from failure
            else:
                return

    def _do(self, step: Step) -> None:  # noqa: C901, PLR0912 - one line for each kind of step
        match step:
            case Connect():
                self._connect()
                self._dialogue.demand(wire.ResetBank())  # a board keeps what an earlier run has left
            case ListCatalogue():
                self._list()
            case ConfigureStream(next_row=next_row, mode=mode):
                self._configure(next_row, mode)
            case CreateModels(specs=specs):
                self._bank.create(specs, self._catalogue, mode=self._mode)
            case OpenDataSet(rows=rows):
                self._open_data_set(rows)
            case TrainEpochs(epochs=epochs):
                self._train_epochs(epochs)
            case StreamSegment():
                self._stream_segment(step)
            case DumpModels(segment=segment, end_row=end_row):
                self._bank.dump(segment=segment, end_row=end_row, complete=True)
                self._saved_rows = end_row
                self._recorder.record(SegmentEnded(segment, end_row))
            case Restart(reason=reason):
                self._restart(reason)
            case RestoreModels():
                self._bank.restore()
            case Evaluate():
                self._evaluate()
            case KeepCheckpoints(checkpoints=checkpoints):
                self._keep(checkpoints)
            case ReadHousekeeping():
                self._read_housekeeping()

    def check_stop(self) -> None:
        """Raise Stopped if somebody wants the run to stop."""
        self._dialogue.check_stop()

    def settle(self) -> None:
        """Leave a quiet line behind."""
        self._dialogue.settle()

    def salvage(self) -> None:
        """After Stopped: fetch what the payload has learnt since it was dumped last.

        If that is nothing, it may well have restarted meanwhile and be empty, or not be connected at all.
        """
        self._dialogue.heed_stop()
        unsure = self._healing.is_due or not self._dialogue.is_open
        if self._bank.size and not unsure and self._saved_rows != self._stream.position:
            self._bank.dump(segment=max(self._segment, 0), end_row=self._stream.position, complete=False)
            self._read_housekeeping()

    def _take_up(self) -> None:
        """Greet a payload that has started anew by itself, and find out from which row on it goes on."""
        self._dialogue.forget_line()
        self._starting = False  # that it started is known from its Hello
        self._connect()
        self._healing.take_up(self._starts)

    def _catch_up(self) -> None:
        """Repeat the rows that the payload lost when it started anew."""
        if self._stream.position < self._stream.reached:
            self._stream.run(self._stream.position, self._stream.reached, models=self._bank.size, phase="repeat rows")

    def _keep(self, checkpoints: Checkpoints) -> None:
        if checkpoints.power_cuts and not self._transport.can_power_cycle:
            message = "the scenario cuts the payload's power, and the bench cannot start this one anew"
            raise ConfigurationError(message, hint="give the station a reset command, or leave out [[power_cuts]]")
        self._healing.keep(checkpoints, start=self._starts)
        self._power_cuts = [row for row in checkpoints.power_cuts if row > self._stream.reached]

    def _cut_power(self, reached: int) -> None:
        """Cut it where the scenario wants that after one of the rows up to `reached`: once in one life of the payload.

        A further cut that was due by then follows with the next new row.
        """
        if self._power_cuts and reached >= self._power_cuts[0] and not self._healing.power_is_cut:
            del self._power_cuts[0]
            self._recorder.record(PowerCut(reached))
            self._healing.power_is_cut = True
            self._transport.power_cycle()

    def _connect(self) -> None:
        hello = self._dialogue.connect(self._ready_s, starting=self._starting)
        self._starting = self._transport.can_power_cycle  # whoever connects again has just been restarted
        self._limit.begin()
        self._starts += 1
        self._note_hello(hello)
        check_build(hello, self._build_id)
        self._healing.check_build(hello)

    def _note_hello(self, hello: Hello) -> None:
        known = hello.clock_kind in set(ClockKind)
        self._recorder.record(
            PayloadConnected(
                self._starts,
                hello.name,
                hello.build_id.hex(),
                f"{hello.fingerprint:016X}",
                hello.nonce,
                ClockKind(hello.clock_kind).name.lower() if known else f"clock {hello.clock_kind}",
                hello.clock_rate_hz,
                hello.arena_bytes,
                hello.receive_bytes,
                hello.frame_bytes,
            )
        )

    def _list(self) -> None:
        answers = self._dialogue.demand(wire.List())
        try:
            self._catalogue = catalogue([a for a in answers if isinstance(a, wire.CatalogueEntry)])
        except (WireError, ValueError) as error:
            raise TargetFailure(f"the payload broke the contract: {error}") from error
        self._recorder.record(self._catalogue)

    def _configure(self, next_row: int, mode: str) -> None:
        self._mode = mode
        classes = class_labels(self._recording)
        self._dialogue.demand(wire.ConfigureStream(self._channels, next_row, classes, wire.Mode[mode.upper()]))

    def _open_data_set(self, rows: int) -> None:
        _, refusal = self._dialogue.request(wire.OpenDataSet(rows))
        if refusal is not None and refusal.code == "DATA_FULL":
            message = (
                f"a data set of {rows:,} rows does not fit into the payload's data region of {refusal.number:,} bytes"
            )
            raise TargetFailure(message, hint="fewer rows, models that share a feature map, or a map of fewer features")
        if refusal is not None:
            raise TargetFailure(f"the payload refused a data set: {refusal.text} ({refusal.number})")

    def _train_epochs(self, epochs: int) -> None:
        for epoch in range(epochs):
            self.where = f" in epoch {epoch + 1} of {epochs}"
            self.check_stop()
            started = self._clock.now()
            models = self._bank.train_epoch(epoch)
            self._recorder.record(EpochTrained(epoch, self._clock.now() - started, models))
        self.where = ""

    def _stream_segment(self, step: StreamSegment) -> None:
        name = self._recording.segments[step.index].name
        if self._segment != step.index:
            self._segment = step.index
            self._recorder.record(SegmentStarted(step.index, name, step.first_row, step.end_row))
        first_row = max(step.first_row, self._stream.reached)
        if first_row < step.end_row:
            self._stream.run(first_row, step.end_row, models=self._bank.size, phase=f"stream {name}")

    def _restart(self, reason: str) -> None:
        self._recorder.record(PayloadRestarted(planned=True, reason=reason))
        kept = self._healing.keeps
        self._healing.forget()
        if self._transport.can_power_cycle:
            self._transport.power_cycle()
        else:
            self._dialogue.restart_payload(self._ready_s)
        self._dialogue.forget_line()
        self._connect()
        if kept:
            self._dialogue.demand(wire.ResetBank())  # it has resumed: the models are made again all the same

    def _evaluate(self) -> None:
        if not self._bank.size:
            return
        wanted = rows_to_score(self._recording)
        for row, records in wanted.packets[self._scored_packets :]:
            due = row
            for answer in self._dialogue.demand(wire.Predict(row, records)):
                if isinstance(answer, wire.Predictions):
                    if answer.first_row != due or answer.models != self._bank.size:
                        raise TargetFailure(
                            f"the payload scored {answer.models} models from {wanted.source} row {answer.first_row}; "
                            f"{self._bank.size} from row {due} were due"
                        )
                    self._record_scores(answer, wanted.source)
                    due += answer.count
                    self._scored_rows += answer.count
            self._scored_packets += 1

    def _record_scores(self, answer: wire.Predictions, source: str) -> None:
        outputs, classes = self._bank.outputs, len(class_labels(self._recording))
        try:
            self._recorder.record(scored_rows(answer, outputs=outputs, classes=classes, source=source))
        except WireError as error:
            raise TargetFailure(f"the payload broke the contract: {error.message}") from error

    def _read_housekeeping(self) -> None:
        for answer in self._dialogue.demand(wire.RequestHousekeeping(1, HOUSEKEEPING_STRUCTURE)):
            if isinstance(answer, wire.Housekeeping):
                self._recorder.record(HousekeepingReported(self._starts, housekeeping_values(answer)))
        if self._healing.keeps:
            self._healing.report(self._starts)

    def end(self, outcome: str, *, reason: str = "") -> None:
        """The run's last entries."""
        self._dialogue.close_noise()
        statistics = self._dialogue.statistics
        self._recorder.record(
            LinkMeasured(
                "whole",
                self._clock.now() - self._recorder.started,
                0.0,
                0,
                dict(vars(statistics)),
                self._transport.line_bytes_per_s,
            )
        )
        self._recorder.record(RunEnded(outcome, self.rows, reason))


def run(plan: Plan, session: Session, *, recorder: Recorder) -> str:
    """Carry a plan out; the outcome: completed, aborted or target_failed.

    Raises BenchError when the bench cannot go on; nothing that the target does raises once it has answered.
    """
    connected = False
    try:
        for step in plan.steps:
            session.check_stop()
            session.do(step)
            connected = True
    except Stopped:
        return _end_late(session, recorder=recorder) if session.is_late else _abort(session, recorder=recorder)
    except (TargetFailure, ConnectError, TransportError) as error:
        if not connected and not isinstance(error, TargetFailure):
            raise
        return _fail(session, error, recorder=recorder)
    session.settle()
    session.end("completed")
    return "completed"


def _abort(session: Session, *, recorder: Recorder) -> str:
    try:
        session.salvage()
    except (TargetFailure, TransportError) as error:
        recorder.record(TargetFailed(f"models could not be fetched: {error}"))
    session.end("aborted", reason=f"stopped by request{session.where}")
    return "aborted"


def _end_late(session: Session, *, recorder: Recorder) -> str:
    reason = session.late
    try:
        session.salvage()
    except (TargetFailure, TransportError) as error:
        reason += f"; models could not be fetched: {error}"
    return _fail(session, TargetFailure(reason, hint=LATE_HINT), recorder=recorder)


def _fail(session: Session, error: TargetFailure | ConnectError | TransportError, *, recorder: Recorder) -> str:
    reason = error.reason if isinstance(error, TargetFailure) else error.message
    recorder.record(TargetFailed(reason, error.hint))
    session.end("target_failed", reason=reason)
    return "target_failed"
