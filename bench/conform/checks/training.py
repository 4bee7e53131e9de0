"""Training: every row once and in order, and models that come out as their plain twins do."""

import math

from bench.conform.check import NotApplicable, check, require
from bench.conform.epochs import check_batch
from bench.conform.heard import code_name
from bench.conform.models import dump
from bench.conform.parity import check_stream
from bench.conform.rows import Row, make_rows, pack_samples, stream
from bench.conform.subject import Recipe, Subject
from bench.session.decode import operation_sums, scored_rows
from firmware_if.messages import (
    ClockKind,
    EpochTrained,
    EventId,
    LowSeverityEvent,
    Mode,
    OpenDataSet,
    Operation,
    Predict,
    Predictions,
    RequestStatistics,
    RowStatus,
    Statistics,
    TrainEpoch,
)

_WHOLE_BANK = 255
_ROWS = 120
_MODELS = 2


def _two_models(subject: Subject) -> Recipe:
    recipe = subject.stream_recipe()
    subject.make(recipe)
    subject.make(recipe, configure=False)
    return recipe


@check(
    "training.reports_every_row",
    clause="Samples",
    hint="one record for each row, in order, gathered over packets; sent when one is full and before a poll's answer",
)
def reports_every_row(subject: Subject) -> None:
    """Every row is trained on and reported once and in order, however rows are spread over packets."""
    recipe = _two_models(subject)
    rows = make_rows(subject, _ROWS, channels=recipe.channels)
    first_row = 0
    for per_packet in (1, 7, None):
        reported = stream(subject.talk, rows, first_row=first_row, per_packet=per_packet)
        first_row += len(rows)
        require(set(reported.status) == {RowStatus.TRAINED}, "every row TRAINED", reported.status)
        require(reported.models == {_MODELS}, f"{_MODELS} models in each report", reported.models)
        same = all(len(set(digits)) == 1 for digits in reported.predictions + reported.updated)
        require(same, "that two models made alike learn alike", "predictions or updates that differ")
        next_row = subject.housekeeping().next_row
        require(next_row == first_row, f"next row {first_row}", next_row)


@check(
    "training.refuses_gap_and_repeat",
    clause="Samples",
    hint="compare the first row with the one expected before any row of the packet is used",
)
def refuses_gap_and_repeat(subject: Subject) -> None:
    """A packet that begins at another row than the next is refused with the row expected, and no row of it is used."""
    recipe = subject.stream_recipe()
    created = subject.make(recipe)
    rows = make_rows(subject, 12, channels=recipe.channels)
    stream(subject.talk, rows[:10])
    before = dump(subject, created)
    for first_row, code in ((11, "ROW_GAP"), (0xFFFFFFFF, "ROW_GAP"), (9, "ROW_REPEAT"), (0, "ROW_REPEAT")):
        [packet] = pack_samples(rows[10:], first_row)
        answer = subject.talk.ask(packet)
        failure = answer.failure
        found = (code_name(failure.code), failure.number) if failure is not None else answer.describe()
        require(found == (code, 10), f"row {first_row} refused as {code} (10)", found)
    require(dump(subject, created) == before, "an unchanged model", "another state")
    stream(subject.talk, rows[10:], first_row=10)


@check(
    "training.skips_what_is_no_sample",
    clause="Numbers: RowStatus",
    hint="a row with NaN, an infinite value or an unknown label gets its status and an event, and no model sees it",
)
def skips_what_is_no_sample(subject: Subject) -> None:
    """A row that is not finite, or has no known label, is reported so by record and event, and no model sees it."""
    recipe = subject.stream_recipe()
    created = subject.make(recipe)
    good = make_rows(subject, 4, channels=recipe.channels)
    stream(subject.talk, good)
    before = dump(subject, created)
    bad = {
        RowStatus.NOT_FINITE: (math.nan, math.inf, -math.inf),
        RowStatus.UNKNOWN_LABEL: (0.5,),
    }
    first_row = len(good)
    for status, values in bad.items():
        for value in values:
            label = 7 if status is RowStatus.UNKNOWN_LABEL else 1
            row = Row(label, (*good[0].values[:-1], value))
            reported = stream(subject.talk, [row], first_row=first_row)
            require(
                reported.status == [status], f"{status.name} for a value of {value}, label {label}", reported.status
            )
            events = [(type(e), e.event, e.number) for e in reported.events]
            wanted = [(LowSeverityEvent, EventId.SAMPLE_REFUSED, first_row)]
            require(events == wanted, f"one event SAMPLE_REFUSED of low severity with row {first_row}", reported.events)
            first_row += 1
    require(dump(subject, created) == before, "a model that has seen none of it", "another state")
    stream(subject.talk, good, first_row=first_row)


@check(
    "training.predicts_before_it_trains",
    clause="Samples",
    hint="score the row, then train on it; the record has the class of the score before",
)
def predicts_before_it_trains(subject: Subject) -> None:
    """The prediction in a row's record is the one that Predict gave just before the row was trained on."""
    recipe = subject.stream_recipe()
    subject.make(recipe)
    rows = make_rows(subject, 40, channels=recipe.channels)
    for number, row in enumerate(rows):
        predicted = _predict(subject, row)[0]
        found = stream(subject.talk, [row], first_row=number).predictions[0]
        require(found == predicted, f"prediction {predicted} of row {number}, as Predict had it", found)


def _predict(subject: Subject, row: Row) -> tuple[str, list[float]]:
    """Class digits and scores."""
    answers = subject.talk.demand(Predict(3, row.scored()))
    predictions = [answer for answer in answers if isinstance(answer, Predictions)]
    require(len(predictions) == 1, "one Predictions packet", f"{len(predictions)} of them")
    models = predictions[0].models
    scored = scored_rows(predictions[0], outputs=(1,) * models, classes=2, source="conform")
    first, rows = predictions[0].first_row, len(scored.predictions)
    require((first, rows) == (3, 1), "row 3 alone, as asked for", f"{rows} rows from {first} on")
    return scored.predictions[0], scored.scores[0]


@check(
    "training.predict_changes_nothing",
    clause="Telecommands: Predict",
    hint="scoring reads the state; it is no training step and no row of the stream",
)
def predict_changes_nothing(subject: Subject) -> None:
    """Predict gives the same scores twice, a class that fits their sign, and changes neither model nor next row."""
    recipe = subject.stream_recipe()
    created = subject.make(recipe)
    rows = make_rows(subject, 30, channels=recipe.channels)
    stream(subject.talk, rows)
    before = dump(subject, created)
    for row in rows[:10]:
        digits, scores = _predict(subject, row)
        require(_predict(subject, row) == (digits, scores), f"scores {scores} again", "others")
        positive = scores[0] > 0 or (scores[0] == 0 and recipe.learner.tie > 0)
        require(digits == str(int(positive)), f"class {int(positive)} for a score of {scores[0]}", digits)
    require(dump(subject, created) == before, "an unchanged model", "another state")
    next_row = subject.housekeeping().next_row
    require(next_row == len(rows), f"next row {len(rows)}", next_row)


@check(
    "training.statistics_add_up",
    clause="Telemetry: Statistics",
    hint="each record's costs and updates are what the sums are made of",
)
def statistics_add_up(subject: Subject) -> None:
    """Updates and sums of the statistics are those of the rows' records."""
    for recipe in subject.stream_recipes():
        if not all(map(int, _check_statistics(subject, recipe))):
            return  # a learner that leaves some rows out: with one that takes them all, updates tell nothing


def _check_statistics(subject: Subject, recipe: Recipe) -> list[str]:
    """Compare records and sums; what the records say of updates."""
    subject.reset()
    subject.make(recipe)
    reported = stream(subject.talk, make_rows(subject, 50, channels=recipe.channels))
    reports = [a for a in subject.talk.demand(RequestStatistics()) if isinstance(a, Statistics)]
    handles = [report.model for report in reports]
    require(handles == [0, _WHOLE_BANK], f"reports on model 0 and the bank ({_WHOLE_BANK})", handles)
    updates = sum(map(int, reported.updated))
    require(reports[0].updates == updates, f"{updates} updates, as in the records", reports[0].updates)
    sums = operation_sums(reports[0]) | operation_sums(reports[1])
    for operation in (Operation.TRAIN, Operation.PREDICT, Operation.FEATURE, Operation.DISPATCH):
        name = operation.name.lower()
        costs = getattr(reported, name)
        wanted = (len(costs), min(costs), max(costs), sum(costs))
        require(name in sums, f"a sum of {name}", sorted(sums))
        found = (sums[name].count, sums[name].minimum, sums[name].maximum, sums[name].sum)
        require(found == wanted, f"{name}: count, minimum, maximum, sum {wanted}", found)
    return reported.updated


@check(
    "training.counts_repeat",
    clause="Numbers: ClockKind",
    hint="instructions are counted between two stamps with interrupts held off; an interrupt in between is counted too",
)
def counts_repeat(subject: Subject) -> None:
    """Where instructions are counted, training costs some, and the same rows cost the same again."""
    if subject.facts.clock_kind != ClockKind.INSTRUCTIONS:
        raise NotApplicable("its clock does not count instructions")
    recipe = subject.stream_recipe()
    rows = make_rows(subject, 60, channels=recipe.channels)
    costs = []
    for _ in range(2):
        subject.reset()
        subject.make(recipe)
        reported = stream(subject.talk, rows)
        costs.append((reported.train, reported.predict, reported.feature))
    require(min(costs[0][0]) > 0, "train counts above 0", costs[0][0])
    require(costs[0] == costs[1], "the same counts again", "others")


@check(
    "training.exact",
    clause="Numbers: RowStatus",
    hint="one rounding per operation, in the twin's order: -ffp-contract=off, no -ffast-math, doubles as doubles",
    deadline_s=60.0,
)
def exact(subject: Subject) -> None:
    """Learners that the bench knows come out as their plain twins, bit for bit where the arithmetic is defined so."""
    if not check_stream(subject, rows=150, exact=True):
        raise NotApplicable("the bench knows none of its learners in an arithmetic that is defined to the bit")


@check(
    "training.within_tolerance",
    clause="Numbers: RowStatus",
    hint="single precision may differ by rounding alone; the twin states by how much",
    deadline_s=60.0,
)
def within_tolerance(subject: Subject) -> None:
    """Learners that the bench knows in single precision stay within the tolerance that their twins state."""
    if not check_stream(subject, rows=60, exact=False):
        raise NotApplicable("the bench knows none of its learners in single precision")


@check(
    "training.epochs",
    clause="Telecommands: TrainEpoch",
    hint="rows are STORED while the data set fills; an epoch visits each once, in mini-batches",
    deadline_s=30.0,
)
def epochs(subject: Subject) -> None:
    """A data set takes the rows that it was opened for and no more, and an epoch trains on all of them."""
    recipe = subject.batch_recipe()
    subject.make(recipe)
    subject.talk.demand(OpenDataSet(50))
    rows = make_rows(subject, 51, channels=recipe.channels)
    reported = stream(subject.talk, rows[:50])
    require(set(reported.status) == {RowStatus.STORED}, "every row STORED", reported.status)
    answer = subject.talk.ask(pack_samples(rows[50:], 50)[0])
    code = code_name(answer.failure.code) if answer.failure is not None else answer.describe()
    require(code == "DATA_FULL", "a row too many refused as DATA_FULL", code)
    for epoch in range(2):
        trained = [a for a in subject.talk.demand(TrainEpoch(0, epoch)) if isinstance(a, EpochTrained)]
        require(len(trained) == 1, "one EpochTrained", f"{len(trained)} of them")
        found = (trained[0].model, trained[0].epoch, trained[0].rows)
        require(found == (0, epoch, 50), f"model, epoch and rows {(0, epoch, 50)}", found)
        require(math.isfinite(trained[0].loss), "a loss that is finite", trained[0].loss)


@check(
    "training.epochs_within_tolerance",
    clause="Telecommands: TrainEpoch",
    hint="the order of rows is that of the seed; sums go in index order",
    deadline_s=60.0,
)
def epochs_within_tolerance(subject: Subject) -> None:
    """Batch learners that the bench knows come out of epochs as their twins do, within the tolerance of these."""
    if not subject.learners(Mode.BATCH):
        raise NotApplicable("it has no learner that trains on a data set")
    subject.batch_recipe()
    if not check_batch(subject, rows=300, epochs=2, classes=(-1, 1)):
        raise NotApplicable("the bench knows none of its batch learners")


CHECKS = (
    reports_every_row,
    refuses_gap_and_repeat,
    skips_what_is_no_sample,
    predicts_before_it_trains,
    predict_changes_nothing,
    statistics_add_up,
    counts_repeat,
    exact,
    within_tolerance,
    epochs,
    epochs_within_tolerance,
)
