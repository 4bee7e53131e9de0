"""Training of whole banks and long streams, and of everything that a model can be made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.conform.check import NotApplicable, check, require
from bench.conform.epochs import check_batch
from bench.conform.heard import code_name
from bench.conform.parity import check_maps
from bench.conform.rows import Reported, Row, make_rows, predict, stream
from bench.conform.subject import Subject
from bench.conform.variety import Variant, vary
from bench.session.decode import operation_sums
from bench.trace import EvaluationScored
from firmware_if.messages import Mode, Operation, RequestStatistics, Statistics

_MODELS = 12
"""More than the bits of one byte have room for, and more than one packet of Predictions for the rows scored."""
_FIRST_ROW = 65_536 - 500
_LONG = 1100


@dataclass(frozen=True)
class _Trained:
    reported: Reported
    scored: EvaluationScored
    reports: list[Statistics]


def _train(subject: Subject, variants: Sequence[Variant], rows: Sequence[Row]) -> _Trained:
    """A bank of as many of the variants as fit, trained and asked to score."""
    subject.reset()
    subject.talk.demand(variants[0].configure())
    made = 0
    for variant in variants:
        failure = subject.talk.ask(variant.create()).failure
        if made and failure is not None and code_name(failure.code) == "ARENA_FULL":
            break
        require(failure is None, f"that {variant.name} is made", f"refused: {failure}")
        made += 1
    reported = stream(subject.talk, rows)
    require(reported.models == {made}, f"{made} models in each report", reported.models)
    scored = predict(subject.talk, rows[:30], outputs=(1,) * made)
    return _Trained(reported, scored, _ask_statistics(subject))


def _ask_statistics(subject: Subject) -> list[Statistics]:
    """Of the models, in order; the bank's last."""
    return [a for a in subject.talk.demand(RequestStatistics()) if isinstance(a, Statistics)]


@check(
    "training.many_models",
    clause="Telemetry: SampleReport",
    hint="each model has its own channels, hyperparameters, state and bits: pack over all bytes of a record",
    deadline_s=60.0,
)
def many_models(subject: Subject) -> None:
    """A model learns, predicts and scores in a bank of twelve as it does alone."""
    recipes = subject.stream_recipes()
    width = max(recipe.channels for recipe in recipes) + 2
    variants = [vary(recipes[n % len(recipes)], subject.random, width=width) for n in range(_MODELS)]
    rows = make_rows(subject, 40, channels=width)
    bank = _train(subject, variants, rows)
    made = len(bank.scored.predictions[0])
    for place, variant in enumerate(variants[:made]):
        alone = _train(subject, [variant], rows)
        who = f"model {place}, {variant.name}, in a bank of {made}"
        for name in ("predictions", "updated"):
            wanted = "".join(getattr(alone.reported, name))
            found = "".join(digits[place] for digits in getattr(bank.reported, name))
            require(found == wanted, f"{who}: {name} {wanted}, as alone", found)
        wanted_scores = [scores[0] for scores in alone.scored.scores]
        found_scores = [scores[place] for scores in bank.scored.scores]
        require(found_scores == wanted_scores, f"{who}: scores {wanted_scores}, as alone", found_scores)
        wanted = "".join(alone.scored.predictions)
        found = "".join(digits[place] for digits in bank.scored.predictions)
        require(found == wanted, f"{who}: scored classes {wanted}, as alone", found)
        count = bank.reports[place].updates
        require(count == alone.reports[0].updates, f"{who}: {alone.reports[0].updates} updates, as alone", count)
    _check_costs(bank)


def _check_costs(bank: _Trained) -> None:
    """The costs in the records are the sums over all models."""
    for operation in (Operation.TRAIN, Operation.PREDICT):
        name = operation.name.lower()
        wanted = sum(operation_sums(report)[name].sum for report in bank.reports[:-1])
        found = sum(getattr(bank.reported, name))
        require(found == wanted, f"{name} in the records: {wanted}, the sum over all models", found)


@check(
    "training.long_stream",
    clause="Numbers: Operation",
    hint="row numbers, counts and sums have 32 bits and more; nothing falls back on the way",
    deadline_s=60.0,
)
def long_stream(subject: Subject) -> None:
    """Rows go on past 65536, and after more than a thousand of them every one is in the updates and sums."""
    recipe = subject.stream_recipe()
    subject.talk.demand(recipe.configure(next_row=_FIRST_ROW))
    subject.create(recipe.create())
    rows = make_rows(subject, _LONG, channels=recipe.channels)
    per_packet = 25
    reported = stream(subject.talk, rows, first_row=_FIRST_ROW, per_packet=per_packet)
    next_row = subject.housekeeping().next_row
    require(next_row == _FIRST_ROW + _LONG, f"next row {_FIRST_ROW + _LONG}", next_row)
    model, bank = _ask_statistics(subject)[0], _ask_statistics(subject)[-1]
    updates = sum(map(int, reported.updated))
    require(model.updates == updates, f"{updates} updates, as in the records", model.updates)
    sums = operation_sums(model) | operation_sums(bank)
    for name in ("train", "predict", "feature", "dispatch"):
        wanted = (_LONG, sum(getattr(reported, name)))
        found = (sums[name].count, sums[name].sum) if name in sums else sorted(sums)
        require(found == wanted, f"{name}: count and sum {wanted}", found)
    packets = _LONG // per_packet
    require("link" in sums, "a sum of link", sorted(sums))
    link = sums["link"]
    require(link.count == packets, f"link: a count of {packets}, one for each Samples packet", link.count)
    within = all(link.minimum <= cost <= link.maximum for cost in reported.link)
    require(within, f"link: costs of the reports from {link.minimum} to {link.maximum}", reported.link)


@check(
    "training.maps",
    clause="Telecommands: CreateModel",
    hint="each feature from the channels that the model was made with, in their order, rounded as the twin rounds",
    deadline_s=60.0,
)
def maps(subject: Subject) -> None:
    """Models on feature maps that the bench knows come out as their twins do."""
    if not check_maps(subject, rows=12):
        raise NotApplicable("the bench knows none of its feature maps, or no learner that could show them")


@check(
    "training.classes",
    clause="Telecommands: ConfigureStream",
    hint="a class is the place of its label in the list; of several outputs the first of the largest wins",
    deadline_s=60.0,
)
def classes(subject: Subject) -> None:
    """Batch learners that the bench knows learn and score three classes as their twins do."""
    if not subject.learners(Mode.BATCH):
        raise NotApplicable("it has no learner that trains on a data set")
    subject.batch_recipe()
    if not check_batch(subject, rows=60, epochs=2, classes=(700, -300, 4)):
        raise NotApplicable("the bench knows none of its batch learners")


CHECKS = (many_models, long_stream, maps, classes)
