"""Failures per device-day over the rate of upsets, and against another campaign."""

from collections.abc import Iterator, Sequence

import numpy as np

from bench.campaign.against import STATE, Against, Cost, KindAgainst
from bench.campaign.findings import Findings
from bench.campaign.outcome import FAILURE, FUNCTION_LOST, KINDS, MODEL_LOST, SILENT
from bench.campaign.report.words import WORDS, interval, rate
from bench.report.markup import Html, table, tag
from bench.report.plot import Axes, band, figure, legend, line, plot, rule
from bench.report.scale import Scale

_DRAWN = ((FAILURE, "s0"), (MODEL_LOST, "s1"), (SILENT, "s3"), (FUNCTION_LOST, "s2"))


def rates(findings: Findings, against: Against | None) -> Iterator[Html]:
    """A plot, a table, and the comparison."""
    del against
    yield from _plot(findings)
    head = ["upsets per bit and day", *(WORDS[kind] for kind in KINDS)]
    rows = [[f"{at:g}", *(_cell(findings, kind, at) for kind in KINDS)] for at in findings.rates]
    caption = (
        f"Failures per device-day with {100 * findings.campaign.confidence:.4g} % intervals: rate x sum over strata of "
        "bits x exposure x probability"
    )
    yield table(head, rows, caption=caption, numbers=range(1, len(head)))
    yield tag(
        "ul", *(tag("li", tag("strong", WORDS[kind]), f": {text}") for kind, text in KINDS.items()), class_="more"
    )


def _cell(findings: Findings, kind: str, at: float) -> Html:
    one = findings.failures_per_day(kind, at)
    return tag("span", rate(one.value), tag("span", interval(one), class_="because"))


def _plot(findings: Findings) -> Iterator[Html]:
    ends = np.array([findings.rates[0], findings.rates[-1]])
    shown = [(kind, color) for kind, color in _DRAWN if findings.per_rate[kind].value > 0]
    if not shown or ends[0] == ends[1]:
        return
    lows = [max(findings.per_rate[kind].low, findings.per_rate[kind].value / 10) for kind, _ in shown]
    y = Scale(
        min(lows) * ends[0] / 1.5, max(findings.per_rate[kind].high for kind, _ in shown) * ends[1] * 1.5, log=True
    )
    axes = Axes(
        Scale(float(ends[0]), float(ends[1]), log=True), y, "upsets per bit-day",
        "per device-day", "Failures per device-day over the rate of upsets", 230,
    )  # fmt: skip
    whole = findings.per_rate[FAILURE]
    content = [band(axes, ends, ends * max(whole.low, y.low / ends[0]), ends * whole.high, "s0")] if whole.low else []
    content += [line(axes, ends, ends * findings.per_rate[kind].value, color) for kind, color in shown]
    content.append(rule(axes, x=findings.campaign.reference_rate))
    names = [(color, WORDS[kind]) for kind, color in shown]
    caption = (
        "Both axes are logarithmic; straight lines, since upsets come too seldom for two in one run. The band is the "
        "interval of all failures; "
        f"the dotted mark is {findings.campaign.reference_rate:g} per bit and day."
    )
    yield legend(names)
    yield figure(plot(axes, *content), caption)


def comparison(findings: Findings, against: Against | None) -> Iterator[Html]:
    """This campaign and the other, by failures per device-day."""
    if against is None:
        return
    at, other = findings.campaign.reference_rate, against.other
    ours, theirs = findings.campaign.name, other.campaign.name
    text = (
        f"Failures per device-day at {at:g} upsets per bit and day: {ours} against {theirs}. Shares of upsets that are "
        "survived are not compared: bits and instructions that a protection adds raise them by themselves."
    )
    yield tag("p", text)
    for note in against.notes:
        yield tag("p", tag("strong", "Mind"), f": {note}", class_="note")
    head = ["kind", ours, theirs, "difference", f"{ours} / {theirs}", ""]
    confidence = f"{100 * findings.campaign.confidence:.4g} %"
    caption = f"With {confidence} intervals; told apart where that of the difference is without 0"
    yield table(head, _compared(against.kinds, at), caption=caption, numbers=range(1, 5))
    if against.state:
        caption = f"The same in the strata {', '.join(STATE)} alone, which is what guards of models look after"
        yield table(head, _compared(against.state, at), caption=caption, numbers=range(1, 5))
    bits = Cost("bits exposed", *(sum(one.bits for one in found.strata) for found in (findings, other)))
    costs = [
        [cost.name, f"{cost.this:,}", f"{cost.other:,}", f"{cost.this - cost.other:+,}", rate(cost.ratio)]
        for cost in (bits, *against.costs)
    ]
    head = ["", ours, theirs, "difference", f"{ours} / {theirs}"]
    yield table(head, costs, caption="What is exposed, and what it takes", numbers=range(1, 5))


def _compared(kinds: Sequence[KindAgainst], at: float) -> list[list[str | Html]]:
    rows: list[list[str | Html]] = []
    for one in kinds:
        cells = [one.this.scaled(at), one.other.scaled(at), one.difference.scaled(at), one.ratio]
        said = [tag("span", rate(cell.value), tag("span", interval(cell), class_="because")) for cell in cells]
        rows.append([WORDS[one.kind], *said, tag("strong", one.said)])
    return rows
