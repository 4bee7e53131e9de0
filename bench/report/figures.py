"""Numbers for people."""

import math

from bench.printed import significant
from bench.report.margins import Margin

_WHOLE_FROM = 1000
"""Figures from here on are shown without decimals."""
_MILLION = 1_000_000


def figure(value: float) -> str:
    """Thousands separated, four significant digits; whole numbers whole."""
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 1e15:  # noqa: PLR2004 - beyond what anybody reads digit by digit
        return f"{value:.3e}"
    if isinstance(value, int) or abs(value) >= _WHOLE_FROM:
        return f"{value:,.0f}"
    return significant(value)


def quantity(value: float | None, unit: str) -> str:
    """With its unit; 1 is the unit of plain numbers and is not shown."""
    if value is None:
        return "\N{EN DASH}"
    return f"{figure(value)} {'' if unit == '1' else unit}".strip()


def margin_text(margin: Margin | None) -> str:
    """'+512 (+20.5 %)', or a dash."""
    if margin is None:
        return "\N{EN DASH}"
    if margin.sign == "==" and not margin.absolute:
        return "exact"
    sign = "+" if margin.absolute >= 0 else "\N{MINUS SIGN}"
    percent = f" ({sign}{abs(margin.percent):.1f} %)" if margin.percent is not None else ""
    return f"{sign}{figure(abs(margin.absolute))}{percent}"


def short(value: float) -> str:
    """A number at an axis: 1.5k, 20M."""
    if not math.isfinite(value):
        return str(value)
    for size, suffix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * (10 if suffix == "k" else 1):
            return f"{value / size:.4g}{suffix}"
    return f"{value:,.4g}" if abs(value) < _MILLION else f"{value:.3g}"


def byte_count(count: float) -> str:
    """1,024 bytes as 1 KiB, for labels; exact figures stand beside them."""
    for size, suffix in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= size:
            return f"{count / size:.3g} {suffix}"
    return f"{count:g} B"
