"""What the work on a row cost: how often how much, and when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.measure.timing import PERCENTILES, STEPS, percentile
from bench.report.accuracy import MOST_MODELS, grid
from bench.report.data import RunData
from bench.report.figures import figure as number
from bench.report.figures import quantity
from bench.report.markup import Html, prose, table, tag
from bench.report.plot import COLUMNS, Axes, band, bars, columns, figure, line, plot, rule
from bench.report.scale import Scale, fit, fit_costs
from bench.trace import EpochTrained, ModelCreated, SamplesTrained
from firmware_if.messages import RowStatus

_BINS: Final = 60
_LARGEST: Final = int(1e300)
_MARKED: Final = ("p50", "p99", "max")
_KEPT: Final = (RowStatus.TRAINED, RowStatus.STORED)
_WHAT: Final = {
    "train": "train, all models",
    "predict": "predict, all models",
    "feature": "feature maps",
    "dispatch": "dispatch: the rest of the work on a row",
}
_CLOCKS: Final = {
    "instructions": "Guest instructions that the emulator counted: no cycles, and no time.",
    "cycles": "Cycles of the core's own counter; interrupts that fell inside are counted.",
    "host": "Nanoseconds of the machine that ran the payload, with everything else that ran on it.",
}


def cost(data: RunData) -> Iterator[Html]:
    """Per operation a histogram and a time line; in batch mode the epochs too; then single calls by model."""
    unit = data.clock.unit
    yield tag("p", _CLOCKS.get(data.clock.kind or "", "The payload never said what it counts."))
    batch = data.summary.started.mode == "batch"
    kept = False
    for operation in ("feature", "dispatch") if batch else (*STEPS, "dispatch"):
        rows, costs = row_costs(data, operation)
        what = tag("h3", _WHAT[operation] + (", keeping a row" if batch else ""))
        if not costs.size or (operation in STEPS and not data.of(ModelCreated)):
            continue
        if costs.min() == costs.max():
            yield tag("div", what, tag("p", f"{number(float(costs[0]))} {unit} on each of {len(costs):,} rows."))
            continue
        kept = True
        pair = (_histogram(costs, operation, unit), _time_line(rows, costs, operation, unit=unit))
        yield tag("div", what, tag("div", *pair, class_="pair"))
    if kept:
        text = (
            "Histograms: how many rows cost how much, on a scale of log(1 + rows), with marks at the median, the 99th "
            "percentile and the largest. Time lines: "
            f"the cost of each row in the order of the recording; of more than {COLUMNS} rows, the smallest and "
            "largest of neighbours. From trace.jsonl; rows that the payload refused are left out."
        )
        yield tag("p", prose(text), class_="more")
    yield from _epochs(data)
    yield from _calls(data)


def row_costs(data: RunData, operation: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Row numbers and what an operation cost on them, in the clock's unit."""
    statuses = _KEPT if operation in ("feature", "dispatch") else (RowStatus.TRAINED,)
    reports = [report for report in data.of(SamplesTrained) if len(getattr(report, operation)) == len(report.status)]
    if not reports:  # none, or of a bank without models, which reports no costs
        return np.empty(0), np.empty(0)
    sizes = np.array([len(report.status) for report in reports], dtype=np.int64)
    first = floats([report.first_row for report in reports])
    rows = np.repeat(first - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes) + np.arange(sizes.sum())
    costs = floats(chain.from_iterable(getattr(report, operation) for report in reports))
    kept = np.isin(floats(chain.from_iterable(report.status for report in reports)), statuses)
    scale = 1e9 / data.clock.counts_per_s if data.clock.kind == "host" and data.clock.counts_per_s else 1.0
    return rows[kept], np.floor(costs[kept] * scale)


def floats(values: Iterable[float]) -> NDArray[np.float64]:
    """As an array; a whole number that no double holds becomes a very large one."""
    found = list(values)
    try:
        return np.array(found, dtype=np.float64)
    except OverflowError:
        return np.array([min(max(value, -_LARGEST), _LARGEST) for value in found], dtype=np.float64)


def _histogram(costs: NDArray[np.float64], operation: str, unit: str) -> Html:
    x = fit_costs(costs)
    edges = np.geomspace(x.low, x.high, _BINS + 1) if x.log else np.linspace(x.low, x.high, _BINS + 1)
    counts, _ = np.histogram(np.clip(costs, x.low, x.high), bins=edges)
    y = Scale(1.0, max(2.0, 1.15 * float(counts.max() + 1)), log=True)
    axes = Axes(x, y, unit, "1 + rows (log)", f"How many rows cost how many {unit}: {operation}", 130)
    ordered = np.sort(costs).tolist()
    marks = {f"p{percent}": float(percentile(ordered, percent)) for percent in PERCENTILES} | {"max": ordered[-1]}
    said = ", ".join(f"{name} {number(value)}" for name, value in marks.items())
    rules = [rule(axes, x=marks[name]) for name in _MARKED]
    picture = plot(axes, bars(axes, edges, counts + 1.0, "s0"), *rules)
    return tag("div", tag("p", f"{said} {unit}", class_="value"), picture)


def _time_line(rows: NDArray[np.float64], costs: NDArray[np.float64], operation: str, *, unit: str) -> Html:
    middle, low, high = columns(costs)
    x = rows[middle.astype(np.int64)]
    y = fit([float(costs.min()), float(costs.max())], room=0.06)
    axes = Axes(fit([float(rows.min()), float(rows.max())]), y, "row", unit, f"Cost of each row: {operation}", 130)
    said = f"{len(rows):,} rows, {number(float(costs.sum()))} {unit} in all"
    return tag("div", tag("p", said, class_="value"), plot(axes, band(axes, x, low, high, "s0")))


def _epochs(data: RunData) -> Iterator[Html]:
    by_model: dict[str, list[int]] = {}
    for entry in data.of(EpochTrained):
        for model in entry.models:
            by_model.setdefault(model.name, []).append(data.clock.counts(model.train))
    if not by_model:
        return
    plots = []
    for name, counts in list(by_model.items())[:MOST_MODELS]:
        found = floats(counts)
        x = Scale(1.0, max(2.0, len(found)))
        y = fit(found.tolist(), zero=True, room=0.05)
        axes = Axes(x, y, "epoch", data.clock.unit, f"Cost of each epoch of {name}", 110, x_whole=True)
        epochs = np.arange(1, len(found) + 1, dtype=np.float64)
        content = line(axes, epochs, found, "s0 dots" if len(found) <= MOST_MODELS else "s0")
        plots.append(tag("div", tag("h4", name), plot(axes, content)))
    caption = "All mini-batches of one epoch of one model; putting the rows in order is outside. From trace.jsonl."
    yield figure(grid(plots), caption, title="Cost of the epochs")


def _calls(data: RunData) -> Iterator[Html]:
    """Mean and largest of single calls, from timing.model.*."""
    found: dict[str, dict[tuple[str, str], float | None]] = {}
    for one in data.run.verdicts:
        family, _, rest = one.name.partition("timing.model.")
        name, _, key = rest.partition(".")
        operation, _, statistic = key.partition(".")
        if not family and statistic in {"mean", "max"}:
            found.setdefault(name, {})[operation, statistic] = one.value
    keys = [(operation, statistic) for operation in STEPS for statistic in ("mean", "max")]
    keys = [key for key in keys if any(values.get(key) is not None for values in found.values())]
    if not keys:
        yield tag("p", "No call of a learner was measured.")
        return
    rows = [
        [name, *(_cell(values.get(key)) for key in keys)]
        for name, values in sorted(found.items(), key=lambda item: -(item[1].get(("train", "mean")) or 0))[:256]
    ]
    caption = f"Single calls by model, in {data.clock.unit}, the costliest training first (timing.model.*)"
    head = ["model", *(f"{operation} {statistic}" for operation, statistic in keys)]
    yield table(head, rows, caption=caption, numbers=range(1, len(head)))


def _cell(value: float | None) -> str:
    return quantity(value if value is None or not math.isfinite(value) else round(value, 1), "1")
