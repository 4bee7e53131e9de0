"""How well the models did while they trained: balanced accuracy over rows, loss over epochs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.learners import class_labels
from bench.measure.accuracy import model_names, row_predictions
from bench.measure.classes import CLASS_DIGITS
from bench.report.data import RunData
from bench.report.figures import figure as number
from bench.report.figures import quantity
from bench.report.markup import Html, join, table, tag
from bench.report.plot import Axes, figure, legend, line, plot, rule
from bench.report.scale import Scale, fit
from bench.results.models import epoch_losses
from bench.telemetry import Recording
from bench.trace import EpochTrained, ModelCreated, ModelDumped, SamplesTrained

MOST_MODELS: Final = 48
"""With a plot of their own; all are in the table."""
MOST_ROWS: Final = 256
_POINTS: Final = 160
_LEAST_WINDOW: Final = 20
_WINDOWS: Final = 40
"""The recent rows of a class are at least this part of all rows, and so more than lie between two points."""
_FEW: Final = 4
"""Plots up to this number are large."""


@dataclass(frozen=True, eq=False)
class Course:
    """Balanced accuracy of one model, before training on each row, at some rows."""

    rows: NDArray[np.float64]
    running: NDArray[np.float64]
    """Over all rows so far."""
    recent: NDArray[np.float64]
    """Over the last `window` rows of each class."""


def accuracy(data: RunData) -> Iterator[Html]:
    """What the mode of the run has: a course over rows, losses over epochs, or scored rows alone."""
    names = model_names(data.of(ModelCreated))
    if not names:
        return
    if data.summary.started.mode == "batch":
        yield from _losses(data)
    elif data.summary.started.mode == "score":
        yield tag("p", "Nothing was trained: the models were loaded, and asked. The table holds what they scored.")
    else:
        yield from _courses(data, names)
    yield _table(data, names)


def _courses(data: RunData, names: Sequence[str]) -> Iterator[Html]:
    recording = data.run.files.recording
    if recording.labels is None:
        yield tag("p", "The recording has no labels, so nothing says which predictions were right.")
        return
    window = max(_LEAST_WINDOW, recording.row_count // _WINDOWS)
    courses = courses_of(data.of(SamplesTrained), recording, names=names[:MOST_MODELS], window=window)
    if not courses:
        yield tag("p", "No row was trained with a prediction before.")
        return
    if not any(np.isfinite(course.running).any() for course in courses.values()):
        yield tag("p", "Rows of one class alone were trained, so balanced accuracy is undefined.")
        return
    end = max(float(course.rows[-1]) for course in courses.values())
    x, height = Scale(0.0, max(end, 1.0)), 190 if len(courses) <= _FEW else 110
    plots = []
    for name, course in courses.items():
        axes = Axes(x, Scale(0.0, 1.0), "rows", "balanced accuracy", f"{name} over rows", height)
        held_out = data.value(f"accuracy.evaluation.{name}.balanced_accuracy")
        content = [rule(axes, x=segment.first_row, class_="cut") for segment in recording.segments[1:200]]
        content += [rule(axes, y=held_out, class_="held-out")] if held_out is not None else []
        content += [line(axes, course.rows, course.recent, "s1 thin"), line(axes, course.rows, course.running, "s0")]
        plots.append(tag("div", tag("h4", name, " ", _ends(course, held_out)), plot(axes, *content)))
    keys = [("s0", "running, all rows so far"), ("s1", f"recent, the last {window} rows of each class")]
    keys += [("held-out", "held-out rows, after training"), ("cut", "a segment begins")]
    caption = (
        "Prequential: each row is predicted before the model trains on it. Balanced accuracy is the mean recall of the "
        "classes; before both have occurred it is undefined. The prequential number is the running one at the end, "
        "kept low by rows from before anything was learnt; the held-out one is that of the models as they were in the "
        "end. "
        "From the predictions in trace.jsonl and the recording's labels."
    )
    more = f" {len(names) - MOST_MODELS} more models are in the table." if len(names) > MOST_MODELS else ""
    yield figure(join((legend(keys), grid(plots))), caption + more, title="Balanced accuracy over rows")


def _ends(course: Course, held_out: float | None) -> Html:
    """How good the model was in the end, and while it learnt."""
    running = f"{course.running[-1]:.4f}" if np.isfinite(course.running[-1]) else "undefined"
    scored = f"held-out {held_out:.4f}, " if held_out is not None else ""
    return tag("span", f"{scored}prequential {running}", class_="value ends")


def grid(plots: Sequence[Html]) -> Html:
    """Plots side by side: few are large, many small."""
    return tag("div", *plots, class_="grid few" if len(plots) <= _FEW else "grid")


def courses_of(
    reports: Sequence[SamplesTrained], recording: Recording, *, names: Sequence[str], window: int
) -> Mapping[str, Course]:
    """Per model its course; empty where no row was predicted before training."""
    labels = recording.known_labels
    predictions, _ = row_predictions([report for report in reports if report.first_row < len(labels)])
    rows = np.array(sorted(row for row in predictions if 0 <= row < len(labels)), dtype=np.int64)
    if not rows.size or not names:
        return {}
    width = len(names)
    text = "".join(predictions[row][:width].ljust(width, "-") for row in rows.tolist())
    codes = np.frombuffer(text.encode("latin-1", "replace"), dtype=np.uint8).reshape(len(rows), width)
    classes = class_labels(recording)
    found = labels[rows]
    places = [np.flatnonzero(found == label) for label in classes]
    ends = np.unique(np.linspace(1, len(rows), min(_POINTS, len(rows))).astype(np.int64))
    return {
        name: _course([codes[place, index] == ord(digit) for place, digit in zip(places, CLASS_DIGITS, strict=False)],
                      places, rows, ends=ends, window=window)
        for index, name in enumerate(names)
    }  # fmt: skip


def _course(
    hits: Sequence[NDArray[np.bool_]],
    places: Sequence[NDArray[np.int64]],
    rows: NDArray[np.int64],
    *,
    ends: NDArray[np.int64],
    window: int,
) -> Course:
    """`hits` per class whether each of its rows was right, `places` where these are among all, `ends` how many rows."""
    running, recent = [], []
    for right, place in zip(hits, places, strict=True):
        sums = np.concatenate(([0], np.cumsum(right)))
        seen = np.searchsorted(place, ends, side="left")
        before = np.maximum(0, seen - window)
        with np.errstate(invalid="ignore"):
            running.append(np.where(seen > 0, sums[seen] / np.maximum(seen, 1), np.nan))
            recent.append(np.where(seen > 0, (sums[seen] - sums[before]) / np.maximum(seen - before, 1), np.nan))
    return Course((rows[ends - 1] + 1).astype(np.float64), _mean(running), _mean(recent))


def _mean(recalls: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Of two classes both must have occurred; of more, it is the mean over those that have."""
    stacked = np.array(recalls)
    if len(recalls) <= 2:  # noqa: PLR2004 - two classes
        return np.asarray(stacked.mean(axis=0), dtype=np.float64)
    known = np.isfinite(stacked)
    sums = np.where(known, stacked, 0.0).sum(axis=0)
    return np.asarray(np.where(known.any(axis=0), sums / np.maximum(known.sum(axis=0), 1), np.nan), dtype=np.float64)


def _losses(data: RunData) -> Iterator[Html]:
    losses = {name: np.array(found, dtype=np.float64) for name, found in epoch_losses(data.of(EpochTrained)).items()}
    if not losses:
        yield tag("p", "No epoch was finished.")
        return
    shown = dict(list(losses.items())[:MOST_MODELS])
    y = fit((value for found in shown.values() for value in found.tolist()), zero=True, room=0.03)
    x = Scale(1.0, max(2.0, *(len(found) for found in shown.values())))
    plots = []
    for name, found in shown.items():
        axes = Axes(x, y, "epoch", "loss, nat", f"Loss of {name} over epochs", 130, x_whole=True)
        epochs = np.arange(1, len(found) + 1, dtype=np.float64)
        dots = len(found) <= MOST_MODELS
        content = line(axes, epochs, found, "s0 dots" if dots else "s0")
        last = tag("span", number(float(found[-1])), class_="value")
        plots.append(tag("div", tag("h4", name, " ", last), plot(axes, content)))
    caption = (
        "Mean over the mini-batches of an epoch of their mean losses, each before its step; the number is that of the "
        "last epoch. As the payload reported it, in trace.jsonl."
    )
    yield figure(grid(plots), caption, title="Loss over epochs")


def _table(data: RunData, names: Sequence[str]) -> Html:
    created = {model.name: model for model in data.of(ModelCreated)}
    updates = {dump.name: dump.updates for dump in data.of(ModelDumped)}
    families = {"before training": "prequential", "held-out rows": "evaluation", "own last rows": "recording"}
    values = {one.name: one.value for one in data.run.verdicts}
    present = {
        words: family
        for words, family in families.items()
        if any(values.get(f"accuracy.{family}.{name}.balanced_accuracy") is not None for name in names)
    }
    head = ["model", "learner", "features", "arithmetic", "updates", *present]
    rows = [
        [
            name,
            created[name].learner,
            created[name].features,
            created[name].arithmetic,
            f"{updates[name]:,}" if name in updates else "no state came down",
            *(quantity(values.get(f"accuracy.{family}.{name}.balanced_accuracy"), "1") for family in present.values()),
        ]
        for name in names[:MOST_ROWS]
    ]
    more = f"; {len(names) - MOST_ROWS:,} more are in verdicts.json" if len(names) > MOST_ROWS else ""
    caption = f"Models, with their balanced accuracy (accuracy.*.balanced_accuracy){more}"
    return table(head, rows, caption=caption, numbers=range(4, len(head)))
