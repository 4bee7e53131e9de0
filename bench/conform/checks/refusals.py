"""Each failure code, provoked where the payload has what it takes."""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from bench.conform.check import Check, NotApplicable, Violation, check, require
from bench.conform.heard import code_name
from bench.conform.rows import Row, stream
from bench.conform.subject import Recipe, Subject
from firmware_if import messages as wire
from firmware_if.messages import FailureCode, Message, Mode
from firmware_if.packets import crc16

_TRIES = 8
Provoked = tuple[tuple[Message, ...], Message, int | None]
"""What comes before, what is then refused, and the number in the refusal where SPEC.md fixes it."""


@dataclass(frozen=True)
class _Unknown(wire.List):
    """A telecommand of a service that nobody has."""

    SERVICE: ClassVar[int] = 200


def _row(recipe: Recipe, value: float = 0.5) -> Row:
    return Row(1, (value,) * recipe.channels)


def _samples(recipe: Recipe, first_row: int) -> wire.Samples:
    return wire.Samples(first_row, _row(recipe).record())


def _ready(recipe: Recipe) -> tuple[Message, ...]:
    return (recipe.configure(), recipe.create())


def _unknown_service(_: Subject) -> Provoked:
    return (), _Unknown(), None


def _malformed(_: Subject) -> Provoked:
    return (), wire.RequestHousekeeping(2, 1), None


def _unknown_learner(subject: Subject) -> Provoked:
    recipe = subject.any_recipe()
    return (recipe.configure(),), replace(recipe.create(), learner="nobody's learner"), None


def _unknown_features(subject: Subject) -> Provoked:
    recipe = subject.any_recipe()
    return (recipe.configure(),), replace(recipe.create(), features="nobody's map"), None


def _unknown_parameter(subject: Subject) -> Provoked:
    recipe = subject.any_recipe()
    return (recipe.configure(),), recipe.create(hyperparameters=(wire.Hyperparameter("nobody's", 1.0),)), None


def _parameter_range(subject: Subject) -> Provoked:
    for learner in subject.learners():
        recipe = subject.recipe(learner)
        if recipe is not None and learner.parameters:
            given = (wire.Hyperparameter(learner.parameters[0].name, math.nan),)
            return (recipe.configure(),), recipe.create(hyperparameters=given), None
    raise NotApplicable("no learner has a hyperparameter")


def _channels(subject: Subject) -> Provoked:
    recipe = subject.any_recipe()
    beyond = (*range(recipe.channels - 1), recipe.channels)
    return (recipe.configure(),), replace(recipe.create(), channels=beyond), None


def _not_configured(subject: Subject) -> Provoked:
    return (), _samples(subject.any_recipe(), 0), None


def _row_gap(subject: Subject) -> Provoked:
    recipe = subject.stream_recipe()
    return _ready(recipe), _samples(recipe, 1), 0


def _row_repeat(subject: Subject) -> Provoked:
    recipe = subject.stream_recipe()
    return (*_ready(recipe), _samples(recipe, 0)), _samples(recipe, 0), 1


def _unknown_model(subject: Subject) -> Provoked:
    return _ready(subject.any_recipe()), wire.DumpMemory(1, 1, 0, 8), None


def _memory_range(subject: Subject) -> Provoked:
    return _ready(subject.any_recipe()), wire.DumpMemory(0, 1, 0xFFFFFF00, 0x200), None


def _checksum(subject: Subject) -> Provoked:
    right = crc16(bytes(4))
    return _ready(subject.any_recipe()), wire.LoadMemory(0, 1, 0, bytes(4), right ^ 1), None


def _classes(_: Subject) -> Provoked:
    return (), wire.ConfigureStream(1, 0, (1, 1), Mode.STREAM), None


def _not_finite(subject: Subject) -> Provoked:
    recipe = subject.any_recipe()
    return _ready(recipe), wire.Predict(9, _row(recipe).scored() + _row(recipe, math.nan).scored()), None


def _mode(subject: Subject) -> Provoked:
    recipe = subject.any_recipe()
    return (recipe.configure(mode=Mode.SCORE), recipe.create()), _samples(recipe, 0), None


def _data_full(subject: Subject) -> Provoked:
    return _ready(subject.batch_recipe()), wire.OpenDataSet(wire.MAX_ROWS + 1), None


def _no_data(subject: Subject) -> Provoked:
    return (*_ready(subject.batch_recipe()), wire.OpenDataSet(4)), wire.TrainEpoch(0, 0), None


def _answer_size(subject: Subject) -> Provoked:
    recipe = subject.batch_recipe()
    configure = replace(recipe.configure(mode=Mode.SCORE), classes=tuple(range(wire.MAX_CLASSES)))
    return (configure, *[recipe.create()] * _TRIES), wire.Predict(0, _row(recipe).scored()), None


def _stream_active(subject: Subject) -> Provoked:
    recipe = subject.stream_recipe()
    return (*_ready(recipe), _samples(recipe, 0)), recipe.create(), None


_PROVOKED: dict[FailureCode, Callable[[Subject], Provoked]] = {
    FailureCode.UNKNOWN_SERVICE: _unknown_service,
    FailureCode.MALFORMED: _malformed,
    FailureCode.UNKNOWN_LEARNER: _unknown_learner,
    FailureCode.UNKNOWN_FEATURES: _unknown_features,
    FailureCode.UNKNOWN_PARAMETER: _unknown_parameter,
    FailureCode.PARAMETER_RANGE: _parameter_range,
    FailureCode.CHANNELS: _channels,
    FailureCode.NOT_CONFIGURED: _not_configured,
    FailureCode.ROW_GAP: _row_gap,
    FailureCode.ROW_REPEAT: _row_repeat,
    FailureCode.UNKNOWN_MODEL: _unknown_model,
    FailureCode.MEMORY_RANGE: _memory_range,
    FailureCode.CHECKSUM: _checksum,
    FailureCode.CLASSES: _classes,
    FailureCode.NOT_FINITE: _not_finite,
    FailureCode.MODE: _mode,
    FailureCode.DATA_FULL: _data_full,
    FailureCode.NO_DATA: _no_data,
    FailureCode.ANSWER_SIZE: _answer_size,
    FailureCode.STREAM_ACTIVE: _stream_active,
}


def _provoke(subject: Subject, code: FailureCode) -> None:
    before, refused, number = _PROVOKED[code](subject)
    talk = subject.talk
    for message in before:
        answer = talk.ask(message)
        if answer.failure is not None and answer.failure.code == FailureCode.ARENA_FULL:
            raise NotApplicable("the arena is too small for the models that it takes")
        require(answer.failure is None, f"that {type(message).__name__} is carried out first", answer.describe())
    talk.settle()
    answer = talk.ask(refused)
    what = f"{type(refused).__name__} refused as {code.name}"
    require(answer.failure is not None and answer.failure.code == code, what, answer.describe())
    if number is not None and answer.failure is not None:
        require(answer.failure.number == number, f"{what} with number {number}", answer.failure.number)


def _make(code: FailureCode) -> Check:
    def body(subject: Subject) -> None:
        _provoke(subject, code)

    body.__doc__ = f"{wire.FAILURE_TEXTS[code].capitalize()}: refused with code {code}, {code.name}."
    hint = f"compare with the meaning of {code.name} and of its number in the table, and the order of the checks"
    return check(f"refusals.{code.name.lower()}", clause="Numbers: FailureCode", hint=hint)(body)


def _fill(subject: Subject, configure: wire.ConfigureStream, create: wire.CreateModel) -> tuple[int, str]:
    """Create models until one is refused, which leaves nothing: how many there are, and the refusal's name."""
    subject.talk.demand(configure)
    for made in range(wire.MAX_MODELS + 1):
        before = subject.housekeeping().arena_used_bytes
        answer = subject.talk.ask(create)
        if answer.failure is not None:
            report = subject.housekeeping()
            found = (report.models, report.arena_used_bytes)
            require(found == (made, before), f"{made} models in {before} bytes still", found)
            return made, code_name(answer.failure.code)
    raise Violation(f"at most {wire.MAX_MODELS} models", "one more was created")


@check(
    "refusals.arena_full",
    clause="Numbers: FailureCode",
    hint="a model that does not fit is refused, and what was taken for it, a new feature map too, is given back",
    deadline_s=30.0,
)
def arena_full(subject: Subject) -> None:
    """Large models are created until the arena is full: refused with code 8, ARENA_FULL, and nothing of it stays."""
    try:
        recipe = subject.batch_recipe()
        classes = tuple(range(wire.MAX_CLASSES))
    except NotApplicable:
        recipe = subject.any_recipe()
        classes = (-1, 1)
    channels = recipe.features.inputs or wire.MAX_CHANNELS
    configure = replace(recipe.configure(), channels=channels, classes=classes)
    made, code = _fill(subject, configure, replace(recipe.create(), channels=tuple(range(channels))))
    if made == wire.MAX_MODELS:
        raise NotApplicable(f"{made} of its largest models fit into the arena")
    require(code == "ARENA_FULL", f"ARENA_FULL after {made} models", code)


@check(
    "refusals.bank_full",
    clause="Numbers: FailureCode",
    hint="the 33rd model is refused as such before anything else of it is looked at",
    deadline_s=30.0,
)
def bank_full(subject: Subject) -> None:
    """Small models are created until the bank is full: refused with code 9, BANK_FULL, and nothing of it stays."""
    recipe = subject.any_recipe()
    made, code = _fill(subject, recipe.configure(), recipe.create())
    if code == "ARENA_FULL":
        raise NotApplicable(f"its arena is full after {made} models")
    require((made, code) == (wire.MAX_MODELS, "BANK_FULL"), f"BANK_FULL after {wire.MAX_MODELS} models", (made, code))


@check(
    "refusals.bias",
    clause="Telecommands: CreateModel",
    hint="with bias the dimension is one more; a learner that takes no constant feature refuses it as BIAS",
)
def bias(subject: Subject) -> None:
    """Every learner either takes a constant feature, which is one dimension more, or refuses it as BIAS."""
    talk = subject.talk
    for learner in subject.learners():
        recipe = subject.recipe(learner)
        if recipe is None:
            continue
        subject.reset()
        plain = subject.make(recipe)
        answer = talk.ask(recipe.create(bias=1))
        if answer.failure is not None:
            found = code_name(answer.failure.code)
            require(found in ("BIAS", "ARENA_FULL"), f"{recipe.name} with a bias refused as BIAS", found)
        else:
            dimensions = [m.dimension for m in answer.messages if isinstance(m, wire.ModelCreated)]
            wanted = f"dimension {plain.dimension + 1} for {recipe.name} with a bias"
            require(dimensions == [plain.dimension + 1], wanted, dimensions)


@check(
    "refusals.moves_only_the_next_row",
    clause="Telecommands: ConfigureStream",
    hint="with models in the bank, channels, mode and classes stay; the next row may be set anew",
)
def moves_only_the_next_row(subject: Subject) -> None:
    """With models in the bank, ConfigureStream may move the next row and nothing else."""
    talk = subject.talk
    recipe = subject.stream_recipe()
    subject.make(recipe)
    plain = recipe.configure()
    refused = {
        FailureCode.CLASSES: replace(plain, classes=(1, -1)),
        FailureCode.CHANNELS: replace(plain, channels=recipe.channels + 1),
    }
    for code, message in refused.items():
        answer = talk.ask(message)
        found = answer.failure.code if answer.failure is not None else None
        require(found == code, f"ConfigureStream refused as {code.name}", answer.describe())
    talk.demand(recipe.configure(next_row=70000))
    require(subject.housekeeping().next_row == 70000, "next row 70000", subject.housekeeping().next_row)
    stream(talk, [_row(recipe)] * 3, first_row=70000)


@check(
    "refusals.half_a_row",
    clause="Samples",
    hint="records must be whole rows, at least one, of 6 + 4 x channels bytes",
)
def half_a_row(subject: Subject) -> None:
    """Samples and Predict that hold no rows, or a part of one, are refused as MALFORMED, and no row of them is used."""
    talk = subject.talk
    recipe = subject.stream_recipe()
    subject.make(recipe)
    record, scored = _row(recipe).record(), _row(recipe).scored()
    messages: list[Message] = [wire.Samples(0, r) for r in (b"", record[:-1], record + b"\0", record + record[:5])]
    messages += [wire.Predict(0, r) for r in (b"", scored[:-1], scored + b"\0", struct.pack(">f", 0.0) + scored)]
    for message in messages:
        if isinstance(message, wire.Predict) and message.records and len(message.records) % len(scored) == 0:
            continue  # a single channel: that is a row
        answer = talk.ask(message)
        found = answer.failure.code if answer.failure is not None else None
        require(found == FailureCode.MALFORMED, f"MALFORMED for {type(message).__name__}", answer.describe())
    require(subject.housekeeping().next_row == 0, "next row 0", subject.housekeeping().next_row)


CHECKS = (*map(_make, _PROVOKED), arena_full, bank_full, bias, moves_only_the_next_row, half_a_row)
