"""Estimates in words and as bars."""

import math

from bench.campaign.intervals import Estimate
from bench.report.markup import Html, join, tag

WORDS = {
    "failure": "failure",
    "model_lost": "ruined model",
    "silent": "ruined model, unnoticed",
    "function_lost": "function lost",
}


def rate(value: float) -> str:
    """Three significant digits, in powers of ten where it is small or large."""
    if math.isnan(value):
        return "unmeasured"
    if math.isinf(value):
        return "\N{INFINITY}"
    return "0" if value == 0 else f"{value:.3g}"


def percent(value: float) -> str:
    """Of a share."""
    return "unmeasured" if math.isnan(value) else f"{100 * value:.3g} %"


def interval(one: Estimate, *, shares: bool = False) -> str:
    """'low to high'."""
    said = percent if shares else rate
    return f"{said(one.low)} to {said(one.high)}"


def share_bar(one: Estimate, end: float) -> Html:
    """The value as a bar on a scale from 0 to `end`, the interval as a line on it."""
    if not end > 0:
        return Html("")
    value = 0.0 if math.isnan(one.value) else one.value
    parts = [
        _rect("value", 0.0, value / end, y=4, height=6),
        _rect("interval", one.low / end, one.high / end, y=6, height=2),
    ]
    title = tag("title", f"{percent(one.value)}, {interval(one, shares=True)}")
    return tag(
        "svg", title, join(parts), viewBox="0 0 100 14", preserveAspectRatio="none", class_="margin", role="img"
    )  # fmt: skip


def _rect(name: str, low: float, high: float, *, y: int, height: int) -> Html:
    left = min(max(100 * low, 0.0), 100.0)
    width = max(100 * min(high, 1.0) - left, 0.4 if high else 0.0)
    return tag("rect", class_=name, x=f"{left:.1f}", y=y, width=f"{width:.1f}", height=height)
