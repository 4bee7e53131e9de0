"""Bars, curves and figures as characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bench.printed import significant

_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_WHOLE_FROM: Final = 1000
_LONGEST: Final = 1e15
"""Larger figures are shown by their power of ten."""


@dataclass(frozen=True)
class Glyphs:
    """The characters of a terminal; `ascii_glyphs` where it is not known to show others."""

    full: str = "█"
    parts: str = "▏▎▍▌▋▊▉"
    empty: str = "░"
    ramp: str = "▁▂▃▄▅▆▇█"
    gap: str = "·"
    rule: str = "│"
    more: str = "…"


UNICODE: Final = Glyphs()
ASCII: Final = Glyphs("#", "", ".", "_.-=+*#", "|", "|", "~")


def bar(share: float, width: int, glyphs: Glyphs) -> str:
    """A bar `width` wide of which `share` is full."""
    share = min(max(share, 0.0), 1.0) if math.isfinite(share) else 0.0
    steps = len(glyphs.parts) + 1
    eighths = int(share * width * steps)
    whole, part = divmod(eighths, steps)
    text = glyphs.full * whole + (glyphs.parts[part - 1] if part else "")
    return text + glyphs.empty * (width - len(text))


def sparkline(
    values: Sequence[float], width: int, glyphs: Glyphs, *, low: float | None = None, high: float | None = None
) -> str:
    """At most `width` characters, from `low` to `high`, by default the values' own; a blank for what is no number."""
    if width <= 0 or not values:
        return ""
    picked = values if len(values) <= width else [values[(n + 1) * len(values) // width - 1] for n in range(width)]
    finite = [value for value in picked if math.isfinite(value)]
    if not finite:
        return " " * len(picked)
    bottom, top = min(finite) if low is None else low, max(finite) if high is None else high
    last = len(glyphs.ramp) - 1

    def place(value: float) -> int:
        return min(max(round((value - bottom) / (top - bottom) * last), 0), last) if top > bottom else 0

    return "".join(glyphs.ramp[place(value)] if math.isfinite(value) else " " for value in picked)


def duration(seconds: float) -> str:
    """1:02:03, 2:03 or 0:03."""
    if not 0 <= seconds < _LONGEST:
        return "-"
    whole = int(seconds)
    minutes, rest = divmod(whole % _HOUR_S, _MINUTE_S)
    return f"{whole // _HOUR_S}:{minutes:02}:{rest:02}" if whole >= _HOUR_S else f"{minutes}:{rest:02}"


def number(value: float | None) -> str:
    """Thousands separated, four significant digits; a dash for what is not known."""
    if value is None:
        return "-"
    if value != value or value in (math.inf, -math.inf):  # noqa: PLR0124  # NaN alone differs from itself; an int may be too long for a float
        return str(value)
    if abs(value) >= _LONGEST:
        return f"{float(min(value, 10**300)):.3g}"
    if isinstance(value, int) or abs(value) >= _WHOLE_FROM:
        return f"{value:,.0f}"
    return significant(value)


def share_text(part: float, whole: float) -> str:
    """Percent; 100 of nothing less than the whole."""
    return f"{part / whole:.0%}" if part >= whole else f"{min(part / whole, 0.99):.0%}"


def per_second(bytes_per_s: float) -> str:
    """12.3 kB/s."""
    for unit, size in (("MB/s", 1e6), ("kB/s", 1e3)):
        if bytes_per_s >= size:
            return f"{bytes_per_s / size:.{1 if bytes_per_s < 100 * size else 0}f} {unit}"
    return f"{bytes_per_s:.0f} B/s"
