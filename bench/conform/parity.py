"""Models on the payload beside their plain twins, on the same rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.conform.check import require
from bench.conform.models import dump
from bench.conform.rows import Row, make_rows, stream
from bench.conform.subject import Recipe, Subject
from bench.session.decode import state_arrays
from firmware_if.messages import Mode, ModelCreated, OpenDataSet, TrainEpoch
from firmware_if.reference import (
    Learner,
    LearnerModule,
    State,
    complete_hyperparameters,
    epoch_order,
    feature_modules,
    learner_modules,
    score_band,
    slack,
    tolerance,
    vector,
)


def check_stream(subject: Subject, *, rows: int, exact: bool) -> int:
    """How many learners with a twin were held to it; raises Violation for one that differs."""
    twins = _twins(subject, Mode.STREAM, exact=exact)
    for recipe, module in twins:
        arithmetic = recipe.learner.arithmetic
        drawn = make_rows(subject, rows, channels=recipe.channels)
        learner = module.Learner(_dimension(recipe), arithmetic, _parameters(recipe, module))
        allowed = tolerance(module, arithmetic)
        used = []
        for row in drawn:
            x = _features(recipe, row)
            if allowed and abs(slack(learner, x, row.label)) < score_band(_weights(learner), x, tolerance=allowed):
                continue  # rounding alone decides whether this row is trained on
            learner.train(x, row.label)
            used.append(row)
        subject.reset()
        created = subject.make(recipe)
        stream(subject.talk, used)
        _compare(recipe, _state(subject, created), learner.state(), allowed=allowed)
    return len(twins)


def check_batch(subject: Subject, *, rows: int, epochs: int) -> int:
    """As `check_stream`, in epochs on a data set."""
    twins = _twins(subject, Mode.BATCH)
    for recipe, module in twins:
        parameters = _parameters(recipe, module)
        learner = module.BatchLearner(_dimension(recipe), 1, recipe.learner.arithmetic, parameters)
        drawn = make_rows(subject, rows, channels=recipe.channels)
        features = [_features(recipe, row) for row in drawn]
        classes = [int(row.label > 0) for row in drawn]
        subject.reset()
        created = subject.make(recipe)
        subject.talk.demand(OpenDataSet(rows))
        stream(subject.talk, drawn)
        size = int(parameters["batch"])
        for epoch in range(epochs):
            subject.talk.demand(TrainEpoch(created.model, epoch))
            order = epoch_order(rows, int(parameters["seed"]), epoch)
            for start in range(0, rows, size):
                chosen = order[start : start + size]
                learner.train_batch([features[i] for i in chosen], [classes[i] for i in chosen])
        allowed = tolerance(module, recipe.learner.arithmetic)
        _compare(recipe, _state(subject, created), learner.state(), allowed=allowed)
    return len(twins)


def _twins(subject: Subject, mode: int, *, exact: bool | None = None) -> list[tuple[Recipe, LearnerModule]]:
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


def _parameters(recipe: Recipe, module: LearnerModule) -> dict[str, float]:
    """The payload's own initial values; raises TwinError for those that the twin does not take."""
    return complete_hyperparameters(module, {p.name: p.initial for p in recipe.learner.parameters})


def _dimension(recipe: Recipe) -> int:
    name = recipe.features.name
    return feature_modules()[name].MAPS[name].dimension(recipe.channels)


def _features(recipe: Recipe, row: Row) -> list[float]:
    name = recipe.features.name
    return feature_modules()[name].MAPS[name].map(row.values, recipe.learner.arithmetic)


def _weights(learner: Learner) -> list[float]:
    return vector(learner.state(), "w")


def _state(subject: Subject, created: ModelCreated) -> Mapping[str, list[float] | int]:
    return state_arrays(dump(subject, created), created.arrays)


def _compare(recipe: Recipe, found: Mapping[str, list[float] | int], wanted: State, *, allowed: float) -> None:
    require(list(found) == list(wanted), f"{recipe.name}: arrays {', '.join(wanted)}", ", ".join(found))
    for name, value in wanted.items():
        right, came = _listed(value), _listed(found[name])
        require(len(came) == len(right), f"{recipe.name}: {len(right)} elements in {name}", len(came))
        largest = max(map(abs, right), default=0.0)
        for place, (one, other) in enumerate(zip(right, came, strict=True)):
            same = one == other or abs(one - other) <= allowed * largest
            within = f" within {allowed * largest:.3g}" if allowed else ""
            require(same, f"{recipe.name}: {name}[{place}] = {one!r}{within}", repr(other))


def _listed(value: list[float] | int) -> Sequence[float]:
    return value if isinstance(value, list) else [value]
