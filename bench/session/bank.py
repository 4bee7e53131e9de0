"""The bank of models on the payload: made, dumped, restored and asked for its sums."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bench.initial_models import InitialModel, initial_state
from bench.learners import class_labels
from bench.protection import Protection
from bench.scenario import ModelSpec
from bench.session.choose import (
    check_hyperparameters,
    check_lost_arrays,
    check_mode,
    choose_channels,
    find_learner,
)
from bench.session.created import check_created
from bench.session.decode import array_bytes, array_content, operation_sums, state_arrays
from bench.session.dialogue import Dialogue
from bench.session.failures import TargetFailure
from bench.telemetry import Recording
from bench.trace import (
    CatalogueListed,
    ModelCreated,
    ModelDumped,
    ModelEpoch,
    ModelLoaded,
    ModelSkipped,
    ModelStatistics,
    OperationSum,
    StatisticsReported,
)
from firmware_if import messages as wire
from firmware_if.errors import WireError
from firmware_if.packets import crc16

_WHOLE_BANK = 255
_LOAD_BYTES = 896
"""Bytes per LoadMemory packet; leaves room for its other fields."""
_EPOCH_S = 60.0
"""An epoch of one model takes no longer, or the payload counts as hung."""
_REFUSAL_HINTS = {
    "ARENA_FULL": "fewer or smaller models, or a larger arena",
    "BANK_FULL": f"a bank holds {wire.MAX_MODELS} models",
    "UNKNOWN_SERVICE": "this payload was built without protections: build it with them, or leave out `protection`",
    "CHANNELS": "fewer channels, or a feature map that makes fewer features of them",
}


@dataclass(frozen=True)
class _Made:
    """A model on the payload and the request that made it."""

    name: str
    request: wire.CreateModel
    answer: wire.ModelCreated
    hyperparameters: dict[str, float]
    lost_at_restart: tuple[str, ...]
    protection: Protection | None


class Bank:
    """The models of a run, across restarts of the payload. `start` counts its starts from 1."""

    def __init__(
        self, dialogue: Dialogue, recording: Recording, *, initial: Mapping[str, InitialModel] | None = None
    ) -> None:
        """`initial` are the files of the models that do not start as their learner does."""
        self._dialogue = dialogue
        self._initial = initial or {}
        self._recording = recording
        self._models: list[_Made] = []
        self._updates_before: dict[str, int] = {}
        self._updates: dict[str, int] = {}
        self._dumps: dict[str, bytes] = {}
        self._protected: dict[str, wire.ModelProtected] = {}
        self.start = 1

    @property
    def size(self) -> int:
        """Models on the payload."""
        return len(self._models)

    @property
    def created(self) -> tuple[tuple[str, wire.ModelCreated], ...]:
        """What the payload said of each model when it made it, by name."""
        return tuple((made.name, made.answer) for made in self._models)

    @property
    def protected(self) -> Mapping[str, wire.ModelProtected]:
        """What the payload said of each model that it protects, by name."""
        return self._protected

    @property
    def outputs(self) -> tuple[int, ...]:
        """Scores per row of each model."""
        return tuple(made.answer.outputs for made in self._models)

    def create(self, specs: tuple[ModelSpec, ...], catalogue: CatalogueListed, *, mode: str) -> None:
        """Create every model that the payload can train; raises ConfigurationError for one that cannot be meant so."""
        for spec in specs:
            learner = find_learner(spec, catalogue)
            if learner is None:
                self._dialogue.recorder.record(ModelSkipped(spec.name, f"the payload has no learner {spec.learner!r}"))
                continue
            channels = choose_channels(spec, catalogue, self._recording)
            check_mode(spec, learner, mode=mode, classes=len(class_labels(self._recording)))
            check_hyperparameters(spec, learner)
            check_lost_arrays(spec, learner)
            given = tuple(wire.Hyperparameter(name, value) for name, value in spec.hyperparameters.items())
            request = wire.CreateModel(spec.learner, spec.features, spec.arithmetic, channels, int(spec.bias), given)
            initial = {name: limits[0] for name, limits in learner.parameters.items()}
            hyperparameters = initial | dict(spec.hyperparameters)
            self._make(
                spec.name,
                request,
                hyperparameters=hyperparameters,
                lost_at_restart=spec.lost_at_restart,
                protection=spec.protection,
            )

    def _make(
        self,
        name: str,
        request: wire.CreateModel,
        *,
        hyperparameters: dict[str, float],
        lost_at_restart: tuple[str, ...],
        protection: Protection | None,
    ) -> None:
        answers, refusal = self._dialogue.request(request)
        if refusal is not None:
            message = f"the payload refused model {name}: {refusal.text} ({refusal.number})"
            raise TargetFailure(message, hint=_REFUSAL_HINTS.get(refusal.code, ""))
        classes = len(class_labels(self._recording))
        answer = check_created(answers, name, handle=len(self._models), classes=classes)
        self._models.append(_Made(name, request, answer, hyperparameters, lost_at_restart, protection))
        self._updates_before.setdefault(name, 0)
        entry = ModelCreated(
            answer.model,
            name,
            request.learner,
            request.features,
            request.arithmetic,
            list(request.channels),
            hyperparameters,
            answer.dimension,
            answer.state_bytes,
            answer.arena_bytes,
            [
                {"name": p.name, "type": wire.ArrayType(p.type).name, "offset": p.offset, "count": p.count}
                for p in answer.arrays
            ],
            bool(request.bias),
            answer.outputs,
            list(lost_at_restart),
        )
        self._dialogue.recorder.record(entry)
        if protection is not None:
            self._protect(name, protection.request(answer.model))
        if name in self._initial:
            self._load_file(self._initial[name], entry, answer)

    def _protect(self, name: str, request: wire.ProtectModel) -> None:
        answers, refusal = self._dialogue.request(request)
        if refusal is not None:
            message = f"the payload refused to protect model {name}: {refusal.text} ({refusal.number})"
            raise TargetFailure(message, hint=_REFUSAL_HINTS.get(refusal.code, ""))
        found = [answer for answer in answers if isinstance(answer, wire.ModelProtected)]
        if len(found) != 1 or found[0].model != request.model:
            raise TargetFailure(f"the payload broke the contract: no ModelProtected for handle {request.model}")
        self._protected[name] = found[0]

    def _load_file(self, initial: InitialModel, created: ModelCreated, answer: wire.ModelCreated) -> None:
        """Write what a model starts from into its state."""
        state = initial_state(initial, created, class_labels(self._recording))
        for place in answer.arrays:
            if place.name in state.arrays:
                self._load(answer.model, place.offset, array_content(place, state.arrays[place.name]))
        labels = initial.graph.model.labels
        self._dialogue.recorder.record(
            ModelLoaded(
                created.name,
                initial.path.name,
                hashlib.sha256(initial.graph.content).hexdigest(),
                [labels[place] for place in state.order],
                sum(map(len, state.arrays.values())),
                state.rounded,
                state.rounding,
            )
        )

    def _load(self, handle: int, begin: int, data: bytes) -> None:
        """Write `data` into a model's state from byte `begin` on."""
        for start in range(0, len(data), _LOAD_BYTES):
            piece = data[start : start + _LOAD_BYTES]
            self._dialogue.demand(wire.LoadMemory(handle, 1, begin + start, piece, crc16(piece)))

    def train_epoch(self, epoch: int) -> list[ModelEpoch]:
        """Train every model once on the payload's data set."""
        trained = []
        for made in self._models:
            handle = made.answer.model
            answers = self._dialogue.demand(wire.TrainEpoch(handle, epoch), timeout_s=_EPOCH_S)
            found = [answer for answer in answers if isinstance(answer, wire.EpochTrained)]
            if len(found) != 1 or (found[0].model, found[0].epoch) != (handle, epoch):
                raise TargetFailure(f"the payload broke the contract: no result of epoch {epoch} of model {made.name}")
            answer = found[0]
            trained.append(ModelEpoch(made.name, answer.loss, answer.steps, answer.rows, answer.train))
        return trained

    def dump(self, *, segment: int, end_row: int, complete: bool) -> None:
        """Fetch every model's state and updates into the trace."""
        self.read_statistics()
        for made in self._models:
            data = self._dump_state(made)
            self._dumps[made.name] = data
            try:
                state = state_arrays(data, made.answer.arrays)
            except WireError as error:
                raise TargetFailure(f"the payload broke the contract: {error.message}") from error
            self._dialogue.recorder.record(
                ModelDumped(segment, end_row, made.name, self._updates[made.name], state, complete=complete)
            )

    def dump_states(self) -> dict[str, bytes]:
        """Every model's state as the payload sends it, and no entry in the trace."""
        return {made.name: self._dump_state(made) for made in self._models}

    def _dump_state(self, made: _Made) -> bytes:
        length = made.answer.state_bytes
        answers = self._dialogue.demand(wire.DumpMemory(made.answer.model, 1, 0, length), answer_bytes=length)
        data = b""
        for answer in answers:
            if isinstance(answer, wire.MemoryDump):
                if answer.memory != made.answer.model:
                    raise TargetFailure(f"the payload dumped model {answer.memory}; {made.answer.model} was asked for")
                if answer.address != len(data) or crc16(answer.data) != answer.checksum:
                    raise TargetFailure(f"the dump of {made.name} is torn at byte {len(data)}")
                data += answer.data
        if len(data) != length:
            raise TargetFailure(f"the dump of {made.name} has {len(data)} bytes; its state has {length}")
        return data

    def restore(self) -> None:
        """After a restart: create the models again and load every array that is not lost exactly as it was dumped."""
        models, self._models = self._models, []
        self._updates_before = dict(self._updates)
        self.start += 1
        for made in models:
            self._make(
                made.name,
                made.request,
                hyperparameters=made.hyperparameters,
                lost_at_restart=made.lost_at_restart,
                protection=made.protection,
            )
            handle = self._models[-1].answer.model
            data = self._dumps[made.name]
            for begin, end in _kept_bytes(made):
                self._load(handle, begin, data[begin:end])

    def read_statistics(self) -> None:
        """Fetch the sums kept on the payload into the trace."""
        answers = self._dialogue.demand(wire.RequestStatistics())
        models: list[ModelStatistics] = []
        bank: dict[str, OperationSum] = {}
        for answer in answers:
            if not isinstance(answer, wire.Statistics):
                continue
            if answer.model == _WHOLE_BANK:
                bank = operation_sums(answer)
            elif answer.model < len(self._models):
                name = self._models[answer.model].name
                models.append(ModelStatistics(name, answer.updates, operation_sums(answer)))
                self._updates[name] = self._updates_before[name] + answer.updates
        if len({model.name for model in models}) != len(self._models):
            raise TargetFailure(f"the payload gave statistics of {len(models)} models; it has {len(self._models)}")
        self._dialogue.recorder.record(StatisticsReported(self.start, models, bank))


def _kept_bytes(made: _Made) -> Iterator[tuple[int, int]]:
    """Begin and end of every stretch of a model's state that a restart keeps."""
    begin = 0
    for place in sorted(made.answer.arrays, key=lambda place: place.offset):
        if place.name in made.lost_at_restart:
            yield begin, place.offset
            begin = place.offset + array_bytes(place)
    yield begin, made.answer.state_bytes
