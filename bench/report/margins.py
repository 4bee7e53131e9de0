"""How far a figure is from its limit."""

import math
import re
from dataclasses import dataclass
from typing import Final

from bench.verdict import FAIL, PASS, Verdict

_BOUND: Final = re.compile(r"(>=|<=|==) (\S+)")


@dataclass(frozen=True)
class Margin:
    """Room to the nearest bound; negative where the figure is beyond it."""

    sign: str
    """>=, <= or ==."""
    bound: float
    absolute: float
    """In the unit of the figure."""

    @property
    def percent(self) -> float | None:
        """Of the bound; None where that is 0."""
        return 100 * self.absolute / abs(self.bound) if self.bound else None


def margin_of(verdict: Verdict) -> Margin | None:
    """None where there is no limit, or no figure that could be held to it."""
    value = verdict.value
    if verdict.outcome not in {PASS, FAIL} or value is None or not math.isfinite(value):
        return None
    margins = []
    for sign, text in _BOUND.findall(verdict.limit or ""):
        try:
            bound = float(text)
        except ValueError:
            return None  # no limit that the bench wrote
        room = {">=": value - bound, "<=": bound - value, "==": -abs(value - bound)}[sign]
        if math.isfinite(room):
            margins.append(Margin(sign, bound, room + 0.0))  # no -0.0
    return min(margins, key=lambda margin: margin.absolute, default=None)
