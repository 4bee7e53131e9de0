"""Verdicts with their margins, and everything else that was measured."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bench.report.data import RunData
from bench.report.figures import margin_text, quantity
from bench.report.headline import badge
from bench.report.margins import Margin, margin_of
from bench.report.markup import Html, breakable, join, table, tag
from bench.report.summary import FOLD, reasons_of, sorted_verdicts
from bench.verdict import FAIL, PASS, UNMEASURED, Verdict

MOST_ROWS: Final = 1000
"""Of verdicts, and of figures; verdicts.json has all."""
_HEAD: Final = ("verdict", "measure", "value", "limit", "margin", "figure and limit")
_CLASSES: Final = {"value": "num", "margin": "num", "figure and limit": "bar"}


def verdicts(data: RunData) -> Iterator[Html]:
    """What failed first, then what is unmeasured; what has one reason, and families that passed, are folded."""
    judged = sorted_verdicts(data.run.verdicts)
    reasons = reasons_of(judged)
    passed, folded = _families([one for one in judged if one.outcome == PASS])
    bad = [one for one in judged if one.outcome == FAIL or (one.outcome == UNMEASURED and one.cause not in reasons)]
    loose = bad if reasons else [*bad, *passed]
    shown = MOST_ROWS - len(loose)
    if loose:
        yield _table(
            loose[:MOST_ROWS],
            caption="First what failed, then what is unmeasured, then what passed. The bar is the figure, on a scale "
            "from 0, the upright mark its limit, the thin line its 95 % interval",
        )
    for cause, alike in reasons.items():
        if shown > 0:
            said = f" {len(alike)} verdicts, one reason: {cause or 'there is no figure'}"
            listed = _table(alike[:shown], caption=f"{len(alike)} verdicts for one reason", common=cause)
            yield tag("details", tag("summary", badge(UNMEASURED), said), listed)
        shown -= len(alike)
    if reasons and passed and shown > 0:
        yield _table(passed[:shown], caption="What passed")
        shown -= len(passed)
    for title, family in folded.items():
        if shown > 0:
            summary = tag("summary", badge(PASS), " ", tag("code", breakable(title)), f" {_range(family)}")
            yield tag("details", summary, _table(family[:shown], caption=f"{len(family)} verdicts of {title}"))
        shown -= len(family)
    yield from _left_out(len(judged))
    excused = [one for one in data.run.verdicts if one.outcome is None and one.limit]
    if excused:
        rows = [(breakable(one.name), one.limit or "", one.because) for one in excused[:MOST_ROWS]]
        content = table(("measure", "limit", "why"), rows, caption="Limits that this partial run is not held to")
        yield tag("details", tag("summary", f"{len(excused)} limits not applied"), content)


def figures(data: RunData) -> Iterator[Html]:
    """Measurements without a limit, by family."""
    families: dict[str, list[Verdict]] = {}
    listed = [one for one in data.run.verdicts if one.outcome is None and not one.limit]
    for one in listed[:MOST_ROWS]:
        families.setdefault(_stem(one.name), []).append(one)
    for stem, members in families.items():
        rows = [(breakable(one.name), quantity(one.value, one.unit), _about(one)) for one in members]
        content = table(("measure", "value", "about it"), rows, caption=f"{len(rows)} figures", numbers=(1,))
        yield tag("details", tag("summary", tag("code", stem), f" {len(rows)}"), content)
    yield from _left_out(len(listed))


def _left_out(number: int) -> Iterator[Html]:
    if number > MOST_ROWS:
        yield tag("p", f"{number - MOST_ROWS:,} more are in verdicts.json.", class_="more")


def _families(passed: Sequence[Verdict]) -> tuple[list[Verdict], Mapping[str, list[Verdict]]]:
    """Verdicts that have a row of their own, and families that share one."""
    families: dict[tuple[str, str | None, bool], list[Verdict]] = {}
    for one in passed:
        families.setdefault((_stem(one.name), one.limit, one.required), []).append(one)
    large = {key: members for key, members in families.items() if len(members) >= FOLD}
    loose = [one for one in passed if (_stem(one.name), one.limit, one.required) not in large]
    return loose, {
        f"{stem}.* {limit or ''}{'' if required else ' (not required)'}": members
        for (stem, limit, required), members in large.items()
    }


def _stem(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _range(family: Sequence[Verdict]) -> str:
    values = [one.value for one in family if one.value is not None]
    unit = family[0].unit
    if not values:
        return f"{len(family)} verdicts"
    low, high = min(values), max(values)
    said = f"all {quantity(low, unit)}" if low == high else f"{quantity(low, '1')} to {quantity(high, unit)}"
    return f"{len(family)} verdicts, {said}"


def _table(rows: Sequence[Verdict], *, caption: str, common: str = "") -> Html:
    """`common` is a reason of all of them that is told elsewhere."""
    heads = (tag("th", text, scope="col", class_=_CLASSES.get(text)) for text in _HEAD)
    body = [_row(one, one.limit_because if common else one.because) for one in rows]
    head = tag("thead", tag("tr", *heads))
    return tag(
        "div", tag("table", tag("caption", caption), head, tag("tbody", *body), class_="verdicts"), class_="scroll"
    )


def _row(one: Verdict, because: str) -> Html:
    margin = margin_of(one)
    outcome = str(one.outcome)
    about = [tag("span", because, class_="because")] if because else []
    if one.requirements:
        about.append(tag("span", f"shows {', '.join(one.requirements)}", class_="because"))
    required = [] if one.required else [tag("span", " not required", class_="because")]
    return tag(
        "tr",
        tag("td", badge(outcome), *required),
        tag("th", breakable(one.name), *about, scope="row"),
        tag("td", quantity(one.value, one.unit), class_="num"),
        tag("td", one.limit or "", class_="limit"),
        tag("td", margin_text(margin), class_="num room"),
        tag("td", _bar(one, margin) if margin else Html(""), class_="bar"),
        class_=outcome.lower(),
    )


def _about(one: Verdict) -> str:
    interval = f"95 %: {one.interval[0]:.4f} to {one.interval[1]:.4f}" if one.interval else ""
    return "; ".join(part for part in (one.because, interval) if part)


def _bar(one: Verdict, margin: Margin) -> Html:
    """The figure as a bar on a scale from 0, the bound as a mark, a 95 % interval as a line; nothing where all is 0."""
    value = one.value or 0.0
    if margin.sign == "==" or margin.bound <= 0 or value < 0 or not math.isfinite(value):
        return Html("")
    end = 1.0 if one.unit == "1" and max(value, margin.bound) <= 1 else 1.15 * max(value, margin.bound)
    parts = [_rect("value", 0.0, value / end, y=4, height=6)]
    if one.interval is not None and all(map(math.isfinite, one.interval)):
        low, high = one.interval
        parts.append(_rect("interval", low / end, high / end, y=6, height=2))
    parts.append(_rect("bound", margin.bound / end, margin.bound / end, y=0, height=14))
    label = f"{quantity(value, one.unit)}, limit {one.limit}"
    return tag(
        "svg", tag("title", label), join(parts), viewBox="0 0 100 14", preserveAspectRatio="none", class_="margin",
        role="img",
    )  # fmt: skip


def _rect(name: str, low: float, high: float, *, y: int, height: int) -> Html:
    left = min(max(100 * low, 0.0), 100.0)
    width = max(100 * min(high, 1.0) - left, 0.8)
    return tag("rect", class_=name, x=f"{left:.1f}", y=y, width=f"{width:.1f}", height=height)
