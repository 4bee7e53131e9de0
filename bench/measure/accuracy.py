"""Accuracy: before training on each row (prequential), and on the recording's evaluation rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.learners import class_labels
from bench.measure.classes import CLASS_DIGITS, judge_classes
from bench.measure.intervals import Interval, f1_interval, mean_of_proportions, wilson
from bench.measure.measurement import Measurement, RunContext, entries_of, in_mode
from bench.trace import Entry, EpochTrained, EvaluationScored, ModelCreated, SamplesTrained
from firmware_if.messages import RowStatus


@dataclass(frozen=True)
class Confusion:
    """Counts of rows; positive is the recording's positive label."""

    tp: int
    fn: int
    fp: int
    tn: int


def measure_accuracy(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """Every accuracy.* of the run."""
    names = model_names(trace)
    rows, refused = row_predictions(trace)
    yield Measurement("accuracy.rows_refused", len(refused), "rows")
    labels = context.recording.labels
    if labels is None:
        for model in names:
            yield from _scores(f"accuracy.prequential.{model}", None, "the recording has no labels")
        return
    if not in_mode(trace, "batch") and not in_mode(trace, "score"):  # else nothing is predicted before training
        yield from _judged("accuracy.prequential", names, rows, labels.tolist(), context=context)
    yield from _losses(entries_of(trace, EpochTrained))
    yield from _scored_without_training(trace, names, labels.tolist(), context)


def _losses(epochs: Sequence[EpochTrained]) -> Iterator[Measurement]:
    """Loss of each model in the first and in the last epoch."""
    for key, entry in (("first", epochs[:1]), ("last", epochs[-1:])):
        for model in (model for found in entry for model in found.models):
            yield Measurement(f"accuracy.loss.{model.name}.{key}", model.loss, "nat")


def _scored_without_training(
    trace: Sequence[Entry], names: Sequence[str], labels: Sequence[int], context: RunContext
) -> Iterator[Measurement]:
    evaluation = context.recording.evaluation
    scored = _scored(trace, "evaluation")
    if scored and evaluation is not None:
        expected = len(evaluation.labels)
        because = f"only {len(scored)} of {expected} evaluation rows were scored"
        if len(scored) < expected:
            for name in names:
                yield from _scores(f"accuracy.evaluation.{name}", None, because)
        else:
            yield from _judged("accuracy.evaluation", names, scored, evaluation.labels.tolist(), context=context)
    scored = _scored(trace, "recording")
    if scored:
        yield from _judged("accuracy.recording", names, scored, labels, context=context)


def _judged(
    family: str, names: Sequence[str], rows: dict[int, str], labels: Sequence[int], *, context: RunContext
) -> Iterator[Measurement]:
    classes = class_labels(context.recording)
    if len(classes) != 2:  # noqa: PLR2004  # two classes have a positive one
        yield from judge_classes(family, names, rows, labels, classes=classes)
        return
    for model, confusion in _confusions(names, rows, labels, context):
        yield from _scores(f"{family}.{model}", confusion, "no row was trained")


def model_names(trace: Sequence[Entry]) -> list[str]:
    """Names in order of handles, which is the order of the characters in a row's predictions."""
    by_handle = {entry.handle: entry.name for entry in entries_of(trace, ModelCreated)}
    return [by_handle[handle] for handle in sorted(by_handle)]


def row_predictions(trace: Sequence[Entry]) -> tuple[dict[int, str], set[int]]:
    """Per trained row its predictions, and the rows that the payload refused; a later report of a row replaces."""
    rows: dict[int, str] = {}
    refused: set[int] = set()
    for report in entries_of(trace, SamplesTrained):
        for offset, status in enumerate(report.status):
            row = report.first_row + offset
            rows.pop(row, None)
            refused.discard(row)
            if status not in (RowStatus.TRAINED, RowStatus.STORED):
                refused.add(row)
            elif status == RowStatus.TRAINED and report.predictions:
                rows[row] = report.predictions[offset]
    return rows, refused


def _scored(trace: Sequence[Entry], source: str) -> dict[int, str]:
    return {
        entry.first_row + offset: predictions
        for entry in entries_of(trace, EvaluationScored)
        if entry.source == source
        for offset, predictions in enumerate(entry.predictions)
    }


def _confusions(
    names: Sequence[str], rows: dict[int, str], labels: Sequence[int], context: RunContext
) -> Iterator[tuple[str, Confusion]]:
    positive_label = context.recording.positive_label
    positive_class = CLASS_DIGITS[len(class_labels(context.recording)) - 1]
    known = [(labels[row] == positive_label, predictions) for row, predictions in rows.items() if row < len(labels)]
    for place, name in enumerate(names):
        seen = ((is_positive, text[place] == positive_class) for is_positive, text in known if place < len(text))
        yield name, confusion_of(seen)


def confusion_of(pairs: Iterable[tuple[bool, bool]]) -> Confusion:
    """Counts of (is positive, predicted positive)."""
    counts = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for pair in pairs:
        counts[pair] += 1
    return Confusion(counts[True, True], counts[True, False], counts[False, True], counts[False, False])


def _scores(name: str, confusion: Confusion | None, empty: str) -> Iterator[Measurement]:
    """The counts and the rates; `empty` is the reason where there are no rows to count."""
    if confusion is None or confusion == Confusion(0, 0, 0, 0):
        for key in (*Confusion.__dataclass_fields__, *_RATES):
            yield Measurement(f"{name}.{key}", None, "rows" if key not in _RATES else "1", because=empty)
        return
    for key in Confusion.__dataclass_fields__:
        yield Measurement(f"{name}.{key}", getattr(confusion, key), "rows")
    yield from rates(name, confusion)


_RATES = ("recall", "specificity", "precision", "balanced_accuracy", "f1")


def rates(name: str, confusion: Confusion) -> Iterator[Measurement]:
    """recall, specificity, precision, balanced accuracy and F1 with their intervals; unmeasured where undefined."""
    tp, fn, fp, tn = confusion.tp, confusion.fn, confusion.fp, confusion.tn
    yield _proportion(f"{name}.recall", (tp, tp + fn), "there is no positive row")
    yield _proportion(f"{name}.specificity", (tn, tn + fp), "there is no negative row")
    yield _proportion(f"{name}.precision", (tp, tp + fp), "no row was predicted positive")
    if tp + fn and tn + fp:
        balanced = (tp / (tp + fn) + tn / (tn + fp)) / 2
        yield _rate(f"{name}.balanced_accuracy", balanced, mean_of_proportions((tp, tp + fn), (tn, tn + fp)))
    else:
        yield Measurement(f"{name}.balanced_accuracy", None, "1", because="it needs rows of both classes")
    if tp + fp + fn:
        yield _rate(f"{name}.f1", 2 * tp / (2 * tp + fp + fn), f1_interval(tp, fp, fn))
    else:
        yield Measurement(f"{name}.f1", None, "1", because="no row is or was predicted positive")


def _proportion(name: str, part: tuple[int, int], undefined: str) -> Measurement:
    successes, trials = part
    if not trials:
        return Measurement(name, None, "1", because=undefined)
    return _rate(name, successes / trials, wilson(successes, trials))


def _rate(name: str, value: float, interval: Interval) -> Measurement:
    return Measurement(name, value, "1", interval=interval)
