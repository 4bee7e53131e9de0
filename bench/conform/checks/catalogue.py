"""Self-description: what the payload says of its learners, maps and models, and whether it is so."""

import math
from collections.abc import Iterable
from itertools import combinations

from bench.conform.check import check, require
from bench.conform.heard import code_name
from bench.conform.models import REALS, elements, place_bytes
from bench.conform.subject import Recipe, Subject
from firmware_if.messages import (
    MAX_CHANNELS,
    MAX_FEATURES,
    MAX_NAME_BYTES,
    ArrayShape,
    ArrayType,
    CatalogueEntry,
    CatalogueKind,
    ConfigureStream,
    CreateModel,
    FailureCode,
    Hyperparameter,
    List,
    Mode,
    ModelCreated,
)


def _name(entry: CatalogueEntry) -> str:
    return f"{entry.name} in {entry.arithmetic}"


def _check_names(names: Iterable[str], whose: str) -> None:
    listed = list(names)
    for name in listed:
        fits = 0 < len(name.encode()) <= MAX_NAME_BYTES and name.isprintable()
        require(fits, f"{whose}: a printable name of 1 to {MAX_NAME_BYTES} bytes", repr(name))
    require(len(set(listed)) == len(listed), f"{whose}: different names", listed)


def _recipes(subject: Subject) -> list[Recipe]:
    return [recipe for recipe in map(subject.recipe, subject.learners()) if recipe is not None]


@check(
    "catalogue.lists_itself",
    clause="Telemetry: CatalogueEntry",
    hint="one entry for each learner and each feature map, in each arithmetic",
)
def lists_itself(subject: Subject) -> None:
    """List brings a learner and a feature map at least, in one arithmetic, each entry once, and the same each time."""
    entries = subject.catalogue()
    require(tuple(subject.talk.demand(List())) == entries, "the same catalogue a second time", "another one")
    kinds = {entry.entry for entry in entries}
    require(kinds == set(CatalogueKind), "learners and feature maps", sorted(kinds))
    keys = [(entry.entry, entry.name, entry.arithmetic) for entry in entries]
    require(len(set(keys)) == len(keys), "each entry once", keys)
    alone = [_name(learner) for learner in subject.learners() if not subject.maps(learner.arithmetic)]
    require(not alone, "a feature map in the arithmetic of each learner", f"none for {', '.join(alone)}")


@check(
    "catalogue.names",
    clause="Limits",
    hint="names have 1 to 24 bytes of UTF-8 and say what is meant, once",
)
def names(subject: Subject) -> None:
    """Names of learners, maps, arithmetics, hyperparameters and arrays have 1 to 24 bytes, and are different."""
    for entry in subject.catalogue():
        _check_names([entry.name], "a catalogue entry")
        _check_names([entry.arithmetic], _name(entry))
        _check_names((parameter.name for parameter in entry.parameters), f"hyperparameters of {_name(entry)}")
        _check_names((array.name for array in entry.arrays), f"arrays of {_name(entry)}")


@check(
    "catalogue.values",
    clause="Telemetry: CatalogueEntry",
    hint="mode and tie for learners, inputs for maps; zeros in what is for the other kind",
)
def values(subject: Subject) -> None:
    """Learners name their mode and a tie of -1 or 1, maps their inputs; arrays have types and shapes that there are."""
    for entry in subject.catalogue():
        learner = entry.entry == CatalogueKind.LEARNER
        if learner:
            require(entry.mode in (Mode.STREAM, Mode.BATCH), f"{_name(entry)}: a mode to train in", entry.mode)
            require(entry.tie in (-1, 1), f"{_name(entry)}: a tie of -1 or 1", entry.tie)
            require(entry.arrays, f"{_name(entry)}: a state array", "none")
        else:
            require(entry.inputs <= MAX_CHANNELS, f"{_name(entry)}: at most {MAX_CHANNELS} inputs", entry.inputs)
        for array in entry.arrays:
            right = {ArrayType.U32, REALS.get(entry.arithmetic, array.type)}
            what = f"{_name(entry)}: array {array.name} of a type that fits its arithmetic"
            require(array.type in right and array.type in set(ArrayType), what, array.type)
            require(array.shape in set(ArrayShape), f"{_name(entry)}: a shape for {array.name}", array.shape)


@check(
    "catalogue.hyperparameters",
    clause="Structs: ParameterInfo",
    hint="minimum <= initial <= maximum, all finite; whole is 0 or 1, and then the three are whole numbers",
)
def hyperparameters(subject: Subject) -> None:
    """Each hyperparameter's initial value lies in its range, and is whole where only whole numbers are allowed."""
    for learner in subject.learners():
        for p in learner.parameters:
            what = f"{_name(learner)}: minimum <= initial <= maximum for {p.name}"
            numbers = (p.minimum, p.initial, p.maximum)
            finite = all(map(math.isfinite, numbers))
            require(finite and p.minimum <= p.initial <= p.maximum, what, numbers)
            require(p.whole in (0, 1), f"{_name(learner)}: whole 0 or 1 for {p.name}", p.whole)
            whole = not p.whole or all(number == math.floor(number) for number in numbers)
            require(whole, f"{_name(learner)}: whole numbers for {p.name}", numbers)


@check(
    "catalogue.ranges_hold",
    clause="Numbers: FailureCode",
    hint="compare each hyperparameter with its range, NaN included, and with being whole, before a model is made",
    deadline_s=30.0,
)
def ranges_hold(subject: Subject) -> None:
    """Both ends of a hyperparameter's range are taken; what lies beyond, NaN, and a fraction of a whole are refused."""
    for recipe in _recipes(subject):
        subject.reset()
        subject.talk.demand(recipe.configure())
        for p in recipe.learner.parameters:
            beyond = (math.nan, math.inf, -math.inf, math.nextafter(p.maximum, math.inf), p.minimum - 1.0)
            fractions = (p.initial + 0.5,) if p.whole and p.maximum > p.initial else ()
            for value in (*beyond, *fractions):
                code = _create(subject, recipe, p.name, value)
                what = f"{recipe.name}: {p.name} = {value!r} refused as PARAMETER_RANGE"
                require(code == FailureCode.PARAMETER_RANGE, what, "taken" if code is None else code_name(code))
            for value in (p.minimum, p.maximum, p.initial):
                code = _create(subject, recipe, p.name, value)
                if code == FailureCode.ARENA_FULL:
                    subject.reset()
                    subject.talk.demand(recipe.configure())
                    code = _create(subject, recipe, p.name, value)
                taken = code in (None, FailureCode.BANK_FULL, FailureCode.ARENA_FULL)
                require(taken, f"{recipe.name}: {p.name} = {value!r} taken", "" if code is None else code_name(code))


def _create(subject: Subject, recipe: Recipe, name: str, value: float) -> int | None:
    answer = subject.talk.ask(recipe.create(hyperparameters=(Hyperparameter(name, value),)))
    return answer.failure.code if answer.failure is not None else None


@check(
    "catalogue.arrays_lie_apart",
    clause="Telemetry: ModelCreated",
    hint="offset and count of each array, in the catalogue's order, inside state_bytes and apart from each other",
    deadline_s=30.0,
)
def arrays_lie_apart(subject: Subject) -> None:
    """A model of every learner has the arrays of the catalogue, of the right size, inside its state and apart."""
    for recipe in _recipes(subject):
        subject.reset()
        created = subject.make(recipe)
        _check_places(recipe, created)


def _check_places(recipe: Recipe, created: ModelCreated) -> None:
    listed = [(array.name, array.type) for array in recipe.learner.arrays]
    placed = [(place.name, place.type) for place in created.arrays]
    require(placed == listed, f"{recipe.name}: the arrays of the catalogue {listed}", placed)
    for array, place in zip(recipe.learner.arrays, created.arrays, strict=True):
        wanted = elements(array.shape, dimension=created.dimension, outputs=created.outputs)
        require(place.count == wanted, f"{recipe.name}: {wanted} elements in {place.name}", place.count)
        end = place.offset + place_bytes(place)
        inside = end <= created.state_bytes
        require(inside, f"{recipe.name}: {place.name} inside the state of {created.state_bytes} bytes", f"end at {end}")
    for one, other in combinations(sorted(created.arrays, key=lambda place: place.offset), 2):
        apart = one.offset + place_bytes(one) <= other.offset
        what = f"{recipe.name}: {one.name} and {other.name} apart"
        require(apart, what, f"{place_bytes(one)} bytes at {one.offset}, the other at {other.offset}")


@check(
    "catalogue.models",
    clause="Telemetry: ModelCreated",
    hint="handles count from 0; outputs is 1 for two classes; a prediction of two classes takes one bit",
)
def models(subject: Subject) -> None:
    """ModelCreated counts handles from 0, and has dimension, outputs and bits that fit map and classes."""
    recipe = subject.any_recipe()
    subject.talk.demand(recipe.configure())
    for handle in range(3):
        created = subject.make(recipe, configure=False)
        require(created.model == handle, f"handle {handle}", created.model)
        require(0 < created.dimension <= MAX_FEATURES, f"a dimension up to {MAX_FEATURES}", created.dimension)
        found = (created.outputs, created.prediction_bits)
        require(found == (1, 1), "1 output and 1 bit for two classes", found)
        plain = recipe.features.name != "identity" or created.dimension == recipe.channels
        require(plain, f"dimension {recipe.channels} of identity", created.dimension)


@check(
    "catalogue.maps",
    clause="Telemetry: CatalogueEntry",
    hint="inputs is how many channels the map reads, 0 any number; another number is refused as CHANNELS",
    deadline_s=30.0,
)
def maps(subject: Subject) -> None:
    """Every feature map can be used, on as many channels as it says and no other number."""
    for entry in subject.maps():
        learners = [learner for learner in subject.learners() if learner.arithmetic == entry.arithmetic]
        if not learners:
            continue
        count = entry.inputs or 2
        subject.reset()
        configure = ConfigureStream(count + 1, 0, (-1, 1), learners[0].mode)
        subject.talk.demand(configure)
        for channels in {count, *((count + 1,) if entry.inputs else ())}:
            wanted = tuple(range(channels))
            request = CreateModel(learners[0].name, entry.name, entry.arithmetic, wanted, 0, ())
            answer = subject.talk.ask(request)
            code = answer.failure.code if answer.failure is not None else None
            if channels == count:
                taken = code in (None, FailureCode.ARENA_FULL)
                require(taken, f"{_name(entry)} on {channels} channels", answer.describe())
            else:
                what = f"{_name(entry)} on {channels} channels refused as CHANNELS"
                require(code == FailureCode.CHANNELS, what, answer.describe())


CHECKS = (lists_itself, names, values, hyperparameters, ranges_hold, arrays_lie_apart, models, maps)
