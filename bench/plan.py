"""What a session does, step by step, decided before anything is started."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bench.errors import ConfigurationError, RecordingError
from bench.protection import Checkpoints
from bench.scenario import ModelSpec, Scenario
from bench.strict import nearest_hint
from bench.target import CAPABILITIES, Target
from bench.telemetry import ADD_LABELS_HINT, Recording
from firmware_if.messages import MAX_CHANNELS, MAX_CLASSES, MAX_ROWS

MIN_CLASSES = 2
CAPABILITY_OF_MODE = {"stream": "stream", "batch": "batch", "score": "stream"}
_LACKING_HINTS: Final = {
    "protection": "leave out `protection` of the models and `[checkpoints]`; "
    "or, if its firmware has it, name it in the target's file",
}
SCORED_ROWS = 256
"""Last rows of a recording without evaluation rows that are scored in their place: enough to tell models apart."""


@dataclass(frozen=True)
class Connect:
    """Start the payload, or open the way to it, and exchange greetings."""


@dataclass(frozen=True)
class ListCatalogue:
    """Ask for the learners and feature maps that the payload has."""


@dataclass(frozen=True)
class ConfigureStream:
    """Say what samples look like, what becomes of them, and which row comes next; row 0 begins with an empty bank."""

    next_row: int
    mode: str = "stream"


@dataclass(frozen=True)
class CreateModels:
    specs: tuple[ModelSpec, ...]


@dataclass(frozen=True)
class OpenDataSet:
    """Make room for `rows` rows in the payload's data region."""

    rows: int


@dataclass(frozen=True)
class TrainEpochs:
    """Train every model `epochs` times on the data set."""

    epochs: int


@dataclass(frozen=True)
class StreamSegment:
    """Stream rows first_row to end_row - 1 and wait for their results."""

    index: int
    first_row: int
    end_row: int


@dataclass(frozen=True)
class DumpModels:
    """Fetch every model's state, its updates and the sums kept since they were created, which ends the segment."""

    segment: int
    end_row: int


@dataclass(frozen=True)
class ReadHousekeeping:
    """Fetch stack peaks, arena use and link counters since the payload's start, or the run's."""


@dataclass(frozen=True)
class Restart:
    """Start the payload anew and connect to it again; everything it held is lost."""

    reason: str


@dataclass(frozen=True)
class RestoreModels:
    """Create the models again and load the states that were dumped last, every array exactly."""


@dataclass(frozen=True)
class Evaluate:
    """Score rows without training: the recording's evaluation rows, or where it has none the last of its own."""


@dataclass(frozen=True)
class KeepCheckpoints:
    """Have the payload keep its bank now, and again and again, so that it outlives a restart."""

    checkpoints: Checkpoints


Step = (
    Connect
    | ListCatalogue
    | ConfigureStream
    | CreateModels
    | OpenDataSet
    | StreamSegment
    | TrainEpochs
    | DumpModels
    | ReadHousekeeping
    | Restart
    | RestoreModels
    | Evaluate
    | KeepCheckpoints
)


@dataclass(frozen=True)
class Plan:
    steps: tuple[Step, ...]


def make_plan(scenario: Scenario, recording: Recording, *, target: Target) -> Plan:
    """The steps of `scenario` with `recording`; raises where the two, or the target, do not fit together."""
    _check_labels(scenario, recording)
    _check_channels(scenario, recording)
    if scenario.mode == "batch" and recording.row_count > MAX_ROWS:
        message = (
            f"recording {recording.name} has {recording.row_count:,} rows; a data set holds {MAX_ROWS:,} at the most"
        )
        raise RecordingError(message, hint="cut the recording, or train in stream mode")
    capability = lacking_capability(scenario, target)
    if capability is not None:
        message = f"target {target.name} has no capability {capability!r}: {CAPABILITIES[capability]}"
        raise ConfigurationError(message, hint=_LACKING_HINTS.get(capability, "choose another target: bench targets"))
    return Plan(tuple(_steps(scenario, recording)))


def lacking_capability(scenario: Scenario, target: Target) -> str | None:
    """The first that `scenario` needs and `target` lacks."""
    needed = [CAPABILITY_OF_MODE[scenario.mode]]
    if scenario.checkpoints is not None or any(model.protection is not None for model in scenario.models):
        needed.append("protection")
    return next((capability for capability in needed if capability not in target.capabilities), None)


def default_channels(inputs: int, recording: Recording, *, model: str) -> tuple[str, ...]:
    """Names of the channels that a feature map with `inputs` inputs (0 = any number) reads unless `model` names them.

    One input: the deciding channel. As many as there are channels: all. One fewer: all but the deciding one.
    """
    names = recording.channel_names
    deciding = recording.deciding_channel
    if inputs == 1 and deciding is not None:
        return (deciding,)
    if inputs in (0, len(names)):
        return names
    if inputs == len(names) - 1 and deciding is not None:
        return tuple(name for name in names if name != deciding)
    message = (
        f"model {model}: the feature map reads {inputs} channels, recording {recording.name} has {len(names)} "
        f"(deciding: {deciding or 'none'}), so the channels must be named"
    )
    raise ConfigurationError(message, hint=f"add channels = [...] to the model, from: {', '.join(names)}")


def _steps(scenario: Scenario, recording: Recording) -> Iterator[Step]:
    yield Connect()
    yield ListCatalogue()
    yield ConfigureStream(next_row=0, mode=scenario.mode)
    yield CreateModels(scenario.models)
    yield from _keep(scenario)
    yield ReadHousekeeping()  # sizes, and what the models take, for whoever watches
    yield from _TRAINING[scenario.mode](scenario, recording)
    if scenario.evaluate and scenario.models:
        yield Evaluate()
    yield ReadHousekeeping()  # after everything: peaks cover all of it


def _stream(scenario: Scenario, recording: Recording) -> Iterator[Step]:
    last = len(recording.segments) - 1
    for index, segment in enumerate(recording.segments):
        yield StreamSegment(index, segment.first_row, segment.end_row)
        yield DumpModels(index, segment.end_row)
        if index < last:
            yield ReadHousekeeping()
        if scenario.restart_between_segments and index < last:
            yield Restart(f"as the scenario has it after segment {segment.name}")
            yield ConfigureStream(next_row=segment.end_row)
            yield RestoreModels()
            yield from _keep(scenario)


def _keep(scenario: Scenario) -> Iterator[Step]:
    if scenario.checkpoints is not None:
        yield KeepCheckpoints(scenario.checkpoints)


def _batch(scenario: Scenario, recording: Recording) -> Iterator[Step]:
    yield OpenDataSet(recording.row_count)
    for index, segment in enumerate(recording.segments):
        yield StreamSegment(index, segment.first_row, segment.end_row)
    yield ReadHousekeeping()
    yield TrainEpochs(scenario.epochs)
    yield DumpModels(len(recording.segments) - 1, recording.row_count)


def _score(scenario: Scenario, recording: Recording) -> Iterator[Step]:
    del scenario, recording
    yield DumpModels(0, 0)  # what was loaded


_TRAINING: Final[Mapping[str, Callable[[Scenario, Recording], Iterator[Step]]]] = {
    "stream": _stream,
    "batch": _batch,
    "score": _score,
}


def _check_labels(scenario: Scenario, recording: Recording) -> None:
    """Models need classes to train on; without models, or only to be scored, any recording will do."""
    if recording.labels is None:
        for model in scenario.models if scenario.mode != "score" else ():
            needs = f"model {model.name}: learner {model.learner} needs labels to train"
            message = f"{needs}, and recording {recording.name} has none"
            raise RecordingError(message, hint=ADD_LABELS_HINT)
        return
    labels = sorted(recording.label_meanings)
    if not MIN_CLASSES <= len(labels) <= MAX_CLASSES:
        message = (
            f"recording {recording.name} has {len(labels)} classes; a payload takes {MIN_CLASSES} to {MAX_CLASSES}"
        )
        raise RecordingError(message, hint="change the labels in recording.toml [labels] and relabel the rows")


def _check_channels(scenario: Scenario, recording: Recording) -> None:
    names = recording.channel_names
    if len(names) > MAX_CHANNELS:
        message = f"recording {recording.name} has {len(names)} channels; a sample carries at most {MAX_CHANNELS}"
        raise RecordingError(message, hint="leave out the channels that no model reads")
    for model in scenario.models:
        for name in model.channels or ():
            if name not in names:
                message = f"model {model.name}: recording {recording.name} has no channel {name!r}"
                raise ConfigurationError(message, hint=nearest_hint(name, names))
