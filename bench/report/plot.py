"""Plots as inline SVG that is as wide as its place, with text that keeps its size.

The plane is stretched (preserveAspectRatio none) under lines that are not (vector-effect); marks and words stand
outside of it at percentages. So a page has one plot for all widths, without script.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.report.figures import short
from bench.report.markup import Html, escaped, join, prose, tag
from bench.report.scale import Scale

WIDTH: Final = 1000
HEIGHT: Final = 100
"""Of the plane, in its own units."""
COLUMNS: Final = 400
"""Of a plot that shows more values than there is room for; each shows its smallest and its largest."""
COLORS: Final = 8
_TOP: Final = 14
_BOTTOM: Final = 20
"""Pixels above and below the plane, for words."""
_GUTTER: Final = -7
"""Pixels from the left edge of the plane to the end of a tick's word; page.css leaves room for it."""
_ROUNDING: Final = 1e-9
_EDGE: Final = 0.06
"""Marks nearer to an edge have their words inside."""


@dataclass(frozen=True)
class Axes:
    """What is drawn around a plane."""

    x: Scale
    y: Scale
    x_name: str
    y_name: str
    title: str
    """Read out in place of the picture."""
    height: int = 170
    """Of the plane, in pixels."""
    x_whole: bool = False
    """Only whole numbers have a meaning."""


def plot(axes: Axes, *content: Html) -> Html:
    """A plane with its grid and words."""
    words: list[Html] = []
    lines: list[Html] = []
    for value in _inside(axes.y):
        place = axes.y.place(value)
        lines.append(_path(f"M0 {_flip(place)}H{WIDTH}", "grid"))
        y = f"{_TOP + (1 - place) * axes.height + 4:.0f}"  # half of a letter below the line
        words.append(tag("text", short(value), x=_GUTTER, y=y, class_="tick", text_anchor="end"))
    for value in _inside(axes.x):
        if axes.x_whole and value != int(value):
            continue
        place = axes.x.place(value)
        anchor = "start" if place < _EDGE else "end" if place > 1 - _EDGE else "middle"
        words.append(_word(short(value), place, _TOP + axes.height + 14, "tick", anchor))
        lines.append(_path(f"M{_number(WIDTH * place)} 0V{HEIGHT}", "grid"))
    plane = tag(
        "svg", join(lines), join(content), _path(f"M0 {HEIGHT}H{WIDTH}", "base"),
        x="0", y=_TOP, width="100%", height=axes.height, viewBox=f"0 0 {WIDTH} {HEIGHT}", preserveAspectRatio="none",
    )  # fmt: skip
    names = (
        _word(f"\N{UPWARDS ARROW} {axes.y_name}", 0.0, 10, "name", "start"),
        _word(f"{axes.x_name} \N{RIGHTWARDS ARROW}", 1.0, 10, "name", "end"),
    )
    height = axes.height + _TOP + _BOTTOM
    title = tag("title", axes.title)
    return tag("svg", title, plane, join(words), join(names), class_="plot", height=height, role="img")


def _inside(scale: Scale) -> Sequence[float]:
    return [value for value in scale.marks() if -_ROUNDING <= scale.place(value) <= 1 + _ROUNDING]


def line(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64], class_: str) -> Html:
    """A line through points, broken where one is not finite."""
    return _path(_through(axes.x.places(x), axes.y.places(y)), f"line {class_}")


def band(axes: Axes, x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], class_: str) -> Html:
    """The area between two lines through finite points, with an outline that keeps thin parts visible."""
    xs = axes.x.places(x)
    there, back = _through(xs, axes.y.places(high)), _through(xs[::-1], axes.y.places(low[::-1]))
    return _path(f"{there}L{back[1:]}Z" if there and back else "", f"band {class_}")


def bars(axes: Axes, edges: NDArray[np.float64], heights: NDArray[np.float64], class_: str) -> Html:
    """One bar between each two edges, from the bottom; bars of no height are left out."""
    places = axes.x.places(edges) * WIDTH
    tops = np.clip(axes.y.places(heights), 0.0, 1.0)
    parts = [
        f"M{_number(left)} {HEIGHT}V{_flip(top)}H{_number(right)}V{HEIGHT}Z"
        for left, right, top in zip(places[:-1], places[1:], tops, strict=True)
        if top > 0
    ]
    return _path("".join(parts), f"bars {class_}")


def rule(axes: Axes, *, x: float | None = None, y: float | None = None, class_: str = "mark") -> Html:
    """A line across the plane at a value."""
    if x is not None:
        return _path(f"M{_number(WIDTH * axes.x.place(x))} 0V{HEIGHT}", class_)
    return _path(f"M0 {_flip(axes.y.place(y or 0.0))}H{WIDTH}", class_)


def columns(values: NDArray[np.float64], most: int = COLUMNS) -> tuple[NDArray[np.float64], ...]:
    """Middle index, smallest and largest value of at most `most` runs of neighbours: spikes stay visible."""
    count = min(most, len(values))
    starts = np.linspace(0, len(values), count, endpoint=False).astype(np.int64)
    if not count:
        return (np.empty(0), np.empty(0), np.empty(0))
    ends = np.append(starts[1:], len(values))
    low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
    return (starts + ends - 1) / 2, low, high


def legend(entries: Iterable[tuple[str, str]]) -> Html:
    """What the lines of a plot are: (class, words)."""
    items = (
        tag("li", tag("span", Html(""), class_=f"key {name}", aria_hidden="true"), f" {words}")
        for name, words in entries
    )
    return tag("ul", *items, class_="legend")


def figure(content: Html, caption: str, *, title: str = "") -> Html:
    """A picture with what it shows and where that is from."""
    heading = [tag("h3", title)] if title else []
    return tag("figure", *heading, content, tag("figcaption", prose(caption)))


def _through(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Path of a line; a place far outside of the plane is drawn at its edge."""
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = np.clip(x, -1.0, 2.0) * WIDTH, (1 - np.clip(y, -1.0, 2.0)) * HEIGHT  # first clipped: no overflow
    parts, pen = [], "M"
    for known, left, top in zip(finite.tolist(), x.tolist(), y.tolist(), strict=True):
        if not known:
            pen = "M"
            continue
        parts.append(f"{pen}{_number(left)} {_number(top)}")
        pen = "L"
    return "".join(parts)


def _path(d: str, class_: str) -> Html:
    return Html(f'<path class="{escaped(class_)}" d="{d}"></path>') if d else Html("")


def _word(text: str, place: float, y: float, class_: str, anchor: str) -> Html:
    return tag("text", text, x=f"{100 * place:.2f}%", y=f"{y:.0f}", class_=class_, text_anchor=anchor)


def _flip(place: float) -> str:
    return _number(HEIGHT * (1 - place))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
