"""What the final models make of the deciding channel."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.measure.scored import NotComparedError, mapped_features
from bench.report.accuracy import MOST_MODELS, grid
from bench.report.data import RunData
from bench.report.markup import Html, join, tag
from bench.report.plot import COLORS, Axes, bars, figure, legend, line, plot, rule
from bench.report.scale import Scale, fit
from bench.telemetry import Recording
from bench.trace import CatalogueListed, Entry, ModelCreated, ModelDumped, PayloadConnected, RunStarted
from bench.trained_models import TrainedModel, trained_models
from firmware_if.reference import TwinError

_POINTS: Final = 121
_BINS: Final = 48
_CROSSINGS: Final = 4
"""Changes of the decision that are marked; a polynomial of degree 6 has at most six."""
_NAMED: Final = 6


def scores(data: RunData) -> Iterator[Html]:
    """A plot for each model that reads the deciding channel, or why there is none."""
    recording = data.run.files.recording
    models = _models(data, recording)
    if not models:
        return
    if recording.deciding_channel is None:
        yield tag("p", "The recording names no deciding channel, so there is no axis to draw scores over.")
        return
    channel = recording.channel_names.index(recording.deciding_channel)
    finite = _finite(recording.values[:, channel])
    if not finite.size or float(finite.min()) == float(finite.max()):
        yield tag("p", f"Channel {recording.deciding_channel} has one value only.")
        return
    grid_values = np.linspace(float(finite.min()), float(finite.max()), _POINTS)
    rows = _rows(recording, channel, grid_values)
    plots, absent = [], {}
    for model in models[:MOST_MODELS]:
        try:
            values = _scores(data, model, rows, channel=channel)
        except (NotComparedError, TwinError) as error:
            absent[model.created.name] = str(error)
        else:
            plots.append(_plot(recording, model, grid_values.astype(np.float64), values, channel=channel))
    if plots:
        yield figure(join((legend(_keys(recording)), grid(plots))), _caption(recording), title=_title(recording))
    for reason in dict.fromkeys(absent.values()):
        names = [name for name, why in absent.items() if why == reason]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield tag("p", f"Not drawn: {', '.join(names[:_NAMED])}{more}: {reason}.", class_="more")


def _models(data: RunData, recording: Recording) -> Sequence[TrainedModel]:
    kinds: tuple[type[Entry], ...] = (RunStarted, PayloadConnected, CatalogueListed, ModelCreated, ModelDumped)
    return trained_models([entry for kind in kinds for entry in data.of(kind)], recording)


def _finite(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values[np.isfinite(values)]


def _rows(recording: Recording, channel: int, places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows with the deciding channel at `places` and the others at their medians."""
    medians = [float(np.median(found)) if (found := _finite(column)).size else 0.0 for column in recording.values.T]
    rows = np.tile(np.array(medians, dtype=np.float32), (len(places), 1))
    rows[:, channel] = places.astype(np.float32)
    return rows


def _scores(data: RunData, model: TrainedModel, rows: NDArray[np.float32], *, channel: int) -> NDArray[np.float64]:
    """(N, K) scores; raises NotComparedError or TwinError."""
    if model.linear is None:
        raise NotComparedError(model.because)
    if channel not in model.created.channels:
        raise NotComparedError("no input is the deciding channel")
    features = mapped_features(model.created, rows, twins=data.run.files.twins)
    if features.shape[1] != model.linear.dimension:
        raise NotComparedError(f"it has {model.linear.dimension} weights for {features.shape[1]} features")
    with np.errstate(over="ignore", invalid="ignore"):
        found = features @ model.linear.weights.T + model.linear.intercepts
    if not np.isfinite(found).any():
        raise NotComparedError("none of its scores is finite")
    return np.asarray(found, dtype=np.float64)


def _plot(
    recording: Recording, model: TrainedModel, x: NDArray[np.float64], values: NDArray[np.float64], *, channel: int
) -> Html:
    name = model.created.name
    title = f"Score of {name} over {recording.deciding_channel}"
    known = values[np.isfinite(values)]
    y = fit([float(known.min()), float(known.max())], zero=True, room=0.05)
    unit = recording.channels[channel].unit
    x_name = f"{recording.deciding_channel}" + ("" if unit == "1" else f", {unit}")
    axes = Axes(Scale(float(x[0]), float(x[-1])), y, x_name, "score", title, 110)
    content = [*_labels(recording, axes, channel), rule(axes, y=0.0, class_="zero")]
    if values.shape[1] == 1:
        content += [rule(axes, x=place, class_="cut") for place in _crossings(x, values[:, 0])]
        content.append(line(axes, x, values[:, 0], "s0"))
    else:
        content += [line(axes, x, values[:, k], f"s{k % COLORS}") for k in range(values.shape[1])]
    return tag("div", tag("h4", name), plot(axes, *content))


def _crossings(x: NDArray[np.float64], values: NDArray[np.float64]) -> Sequence[float]:
    """Where the score changes its sign, between the points by a straight line."""
    left, right = values[:-1], values[1:]
    found = np.flatnonzero((left * right < 0) & np.isfinite(left) & np.isfinite(right))[:_CROSSINGS]
    return [float(x[i] + (x[i + 1] - x[i]) * values[i] / (values[i] - values[i + 1])) for i in found]


def _labels(recording: Recording, axes: Axes, channel: int) -> Iterator[Html]:
    """Rows of the two classes along the channel, each on a scale of its own, from the bottom and from the top."""
    if not _has_bars(recording):
        return
    column = recording.values[:, channel]
    edges = np.linspace(axes.x.low, axes.x.high, _BINS + 1)
    for positive, class_ in ((True, "s2 rows"), (False, "s3 rows upside")):
        chosen = column[(recording.labels == recording.positive_label) == positive]
        counts, _ = np.histogram(_finite(chosen), bins=edges)
        if counts.any():
            depth = 0.18 * counts / counts.max()
            flat = Axes(axes.x, Scale(0.0, 1.0), "", "", "")
            yield bars(flat, edges, depth, class_)


def _has_bars(recording: Recording) -> bool:
    """Whether there are two classes, one of them positive."""
    return (
        recording.labels is not None and recording.positive_label is not None and len(recording.label_meanings) == 2  # noqa: PLR2004 - classes
    )


def _keys(recording: Recording) -> Iterator[tuple[str, str]]:
    yield "s0", "score"
    yield "cut", "the decision changes"
    if recording.positive_label is not None and _has_bars(recording):
        positive = recording.label_meanings[recording.positive_label]
        [negative] = [words for label, words in recording.label_meanings.items() if label != recording.positive_label]
        yield "s2 box", f"rows labelled {positive}, standing on the lower edge"
        yield "s3 box", f"rows labelled {negative}, hanging from the upper edge"


def _title(recording: Recording) -> str:
    return f"Score over {recording.deciding_channel}"


def _caption(recording: Recording) -> str:
    bars_mean = (
        " The bars count the rows of each class over the same axis, whatever their scores: those of the positive class "
        "stand on the lower edge, those of the other hang from the upper, each on a scale of its own."
        if _has_bars(recording)
        else ""
    )
    others = "; the other channels are held at their medians" if len(recording.channels) > 1 else ""
    return (
        f"Scores of the models as they were in the end, over the range of {recording.deciding_channel} in the recording"
        f"{others}. A score above 0 stands for the positive label. Calculated on this machine from the weights that "
        f"came down and the plain feature maps, not measured on the payload.{bars_mean}"
    )
