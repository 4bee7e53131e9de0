"""Models on the payload beside their plain twins, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.conform.check import require
from bench.conform.heard import code_name
from bench.conform.models import dump
from bench.conform.rows import make_rows, stream
from bench.conform.subject import CHANNELS, Recipe, Subject
from bench.conform.variety import Variant, vary
from bench.session.decode import state_arrays
from firmware_if.messages import Mode, ModelCreated
from firmware_if.reference import (
    Learner,
    LearnerModule,
    State,
    complete_hyperparameters,
    feature_modules,
    learner_modules,
    score_band,
    slack,
    tolerance,
    vector,
)


def check_stream(subject: Subject, *, rows: int, exact: bool) -> int:
    """How many learners with a twin were held to it; raises Violation for one that differs."""
    twins = find_twins(subject, Mode.STREAM, exact=exact)
    for recipe, module in twins:
        _check_one(subject, vary(recipe, subject.random, bias=1), module, rows=rows)
    return len(twins)


def check_maps(subject: Subject, *, rows: int) -> int:
    """How many feature maps with a twin were held to it, through a learner that has one too."""
    learners = {recipe.learner.arithmetic: (recipe, module) for recipe, module in find_twins(subject, Mode.STREAM)}
    count = 0
    for features in subject.maps():
        known = feature_modules().get(features.name)
        if known is None or features.arithmetic not in known.ARITHMETICS or features.arithmetic not in learners:
            continue
        recipe, module = learners[features.arithmetic]
        other = Recipe(recipe.learner, features, features.inputs or CHANNELS)
        _check_one(subject, vary(other, subject.random), module, rows=rows)
        count += 1
    return count


def _check_one(subject: Subject, variant: Variant, module: LearnerModule, *, rows: int) -> None:
    subject.reset()
    variant, created = _make(subject, variant)
    arithmetic = variant.recipe.learner.arithmetic
    learner = module.Learner(dimension(variant) + variant.bias, arithmetic, given_parameters(variant, module))
    allowed = tolerance(module, arithmetic)
    used = []
    for row in make_rows(subject, rows, channels=variant.width):
        x = map_row(variant, row.values)
        if allowed and abs(slack(learner, x, row.label)) < score_band(_weights(learner), x, tolerance=allowed):
            continue  # rounding alone decides whether this row is trained on
        learner.train(x, row.label)
        used.append(row)
    stream(subject.talk, used)
    compare_states(variant, read_state(subject, created), learner.state(), allowed=allowed)


def _make(subject: Subject, variant: Variant) -> tuple[Variant, ModelCreated]:
    """The model, without the bias where its learner takes none."""
    subject.talk.demand(variant.configure())
    if variant.bias:
        failure = subject.talk.ask(variant.create()).failure
        if failure is not None and code_name(failure.code) == "BIAS":
            variant = Variant(variant.recipe, variant.width, variant.places, variant.parameters)
        subject.reset()
        subject.talk.demand(variant.configure())
    return variant, subject.create(variant.create())


def find_twins(subject: Subject, mode: int, *, exact: bool | None = None) -> list[tuple[Recipe, LearnerModule]]:
    """Recipes whose learner and feature map the references know, with the learner's module."""
    modules, maps = learner_modules(), feature_modules()
    found = []
    for entry in subject.learners(mode):
        module, recipe = modules.get(entry.name), subject.recipe(entry)
        if module is None or recipe is None or entry.arithmetic not in module.ARITHMETICS:
            continue
        known = maps.get(recipe.features.name)
        if known is None or entry.arithmetic not in known.ARITHMETICS:
            continue
        if exact in (None, tolerance(module, entry.arithmetic) == 0.0):
            found.append((recipe, module))
    return found


def given_parameters(variant: Variant, module: LearnerModule) -> dict[str, float]:
    """Every one that the twin takes; raises TwinError for those that it does not."""
    return complete_hyperparameters(module, variant.parameters)


def dimension(variant: Variant) -> int:
    """Features, without the bias."""
    name = variant.recipe.features.name
    return feature_modules()[name].MAPS[name].dimension(len(variant.places))


def map_row(variant: Variant, values: Sequence[float]) -> list[float]:
    """Features of a row, and the constant one."""
    name = variant.recipe.features.name
    mapped = feature_modules()[name].MAPS[name].map(variant.chosen(values), variant.recipe.learner.arithmetic)
    return [*mapped, *[1.0] * variant.bias]


def _weights(learner: Learner) -> list[float]:
    return vector(learner.state(), "w")


def read_state(subject: Subject, created: ModelCreated) -> Mapping[str, list[float] | int]:
    """The model's arrays as they are now."""
    return state_arrays(dump(subject, created), created.arrays)


def compare_states(variant: Variant, found: Mapping[str, list[float] | int], wanted: State, *, allowed: float) -> None:
    """Raise Violation where an array of the payload's differs from the twin's by more than is allowed."""
    name_of = variant.name
    require(list(found) == list(wanted), f"{name_of}: arrays {', '.join(wanted)}", ", ".join(found))
    for name, value in wanted.items():
        right, came = _listed(value), _listed(found[name])
        require(len(came) == len(right), f"{name_of}: {len(right)} elements in {name}", len(came))
        largest = max(map(abs, right), default=0.0)
        for place, (one, other) in enumerate(zip(right, came, strict=True)):
            same = one == other or abs(one - other) <= allowed * largest
            within = f" within {allowed * largest:.3g}" if allowed else ""
            require(same, f"{name_of}: {name}[{place}] = {one!r}{within}", repr(other))


def _listed(value: list[float] | int) -> Sequence[float]:
    return value if isinstance(value, list) else [value]
