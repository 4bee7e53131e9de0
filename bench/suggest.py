"""Limits that a run suggests: what it measured, with a margin that the kind of figure gives a reason for.

Only what has no limit yet is looked at. Every suggested limit is one that the run itself passes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from bench.compose import limit_text
from bench.scenario import Limit
from bench.verdict import Verdict

_FAMILIES: Final = {
    "parity.plain*": "the plain reference does the same operations",
    "parity.reference*": "these models came out before",
    "parity.original*": "the payload must score as ONNX Runtime does with the very file, but for rounding",
    "parity.onnx*": "ONNX Runtime must score the exported models as the payload does, but for rounding",
}
_NONE: Final = {
    "run.models_skipped": "every model of the scenario was on the payload",
    "run.requests_refused": "a sound payload refused nothing",
    "run.unplanned_restarts": "a payload that restarts by itself loses its models",
    "events.medium": "events of this severity spoil a result",
    "events.high": "events of this severity spoil a result",
    "link.errors": "no frame was damaged on this line",
    "link.receive_overruns": "credit keeps the payload from being overrun",
}
_STEPS: Final = ("timing.train.p99", "timing.train.max", "timing.predict.max", "timing.feature.max")
_COUNTS: Final[Mapping[str, tuple[int, str]]] = {
    "instructions": (10, "the same build repeats it exactly; other compilers differ"),
    "cycles": (25, "caches and interrupts move it, and other compilers differ"),
}
"""Clock -> percent of margin, and its reason."""
_STACKS: Final = ("memory.stack_peak_bytes", "memory.handler_stack_peak_bytes")
_STACK_PERCENT: Final = 25
_USED: Final = ("memory.arena_used_bytes", "memory.data_used_bytes")
_BLOCK_BYTES: Final = 256
_COIN: Final = 0.5
_RATED: Final = ("evaluation", "prequential", "recording")
"""Rows by which a model is rated: held-out ones if there are any."""


@dataclass(frozen=True)
class Suggestions:
    """`left` says, for what one may look for among the limits, why it is not there."""

    limits: list[Limit] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def suggest_limits(verdicts: Sequence[Verdict], *, targets: tuple[str, ...]) -> Suggestions:
    """Limits for what was measured and has none. `targets` are those that counts and bytes hold for."""
    found = Suggestions()
    measured = {verdict.name: verdict for verdict in verdicts if verdict.value is not None and not verdict.limit}
    _add_families(found, verdicts)
    for name, reason in _NONE.items():
        _add_none(found, measured.get(name), reason)
    _add_accuracies(found, verdicts)
    for name in (*_STACKS, *_USED):
        _add_bytes(found, measured.get(name), targets)
    for name in _STEPS:
        _add_steps(found, measured.get(name), targets)
    return found


def _add_families(found: Suggestions, verdicts: Sequence[Verdict]) -> None:
    for pattern, reason in _FAMILIES.items():
        family = [verdict for verdict in verdicts if fnmatchcase(verdict.name, pattern)]
        different = [verdict for verdict in family if verdict.value]
        unmeasured = [verdict for verdict in family if verdict.value is None]
        if any(verdict.limit for verdict in family) or len(unmeasured) == len(family):
            continue
        if different:
            worst = different[0]
            found.left.append(f"{pattern}: {worst.name} is {worst.value:g}, and should be 0: {worst.because}")
        elif unmeasured:
            found.left.append(f"{pattern}: {unmeasured[0].name} is unmeasured: {unmeasured[0].because}")
        else:
            because = f"suggested: all {len(family)} were 0, as they must: {reason}"
            found.limits.append(Limit(pattern, equal=0, because=because))


def _add_none(found: Suggestions, verdict: Verdict | None, reason: str) -> None:
    if verdict is None:
        return
    if verdict.value:
        found.left.append(f"{verdict.name}: it was {verdict.value:g}, and is best 0")
    else:
        found.limits.append(Limit(verdict.name, equal=0, because=f"suggested: 0 was measured; {reason}"))


def _add_accuracies(found: Suggestions, verdicts: Sequence[Verdict]) -> None:
    """One for each model: below the lower end of the interval, so that as many other rows would reach it too."""
    rated: dict[str, Verdict] = {}
    for kind in _RATED:
        for verdict in verdicts:
            if fnmatchcase(verdict.name, f"accuracy.{kind}.*.balanced_accuracy") and verdict.interval is not None:
                rated.setdefault(verdict.name.split(".")[2], verdict)
    for verdict in (verdict for verdict in rated.values() if not verdict.limit):
        low, high = verdict.interval or (0.0, 1.0)
        bound = math.floor(low * 100) / 100
        if bound <= _COIN:
            found.left.append(f"{verdict.name}: {verdict.value:.4g}, as low as {low:.4g}, is no better than a coin")
            continue
        because = (
            f"suggested: {verdict.value:.4g} was measured, {low:.4g} to {high:.4g} with 95 % confidence; "
            "the lower end, rounded down"
        )
        found.limits.append(Limit(verdict.name, at_least=bound, because=because))


def _add_bytes(found: Suggestions, verdict: Verdict | None, targets: tuple[str, ...]) -> None:
    if verdict is None or not verdict.value:
        return
    is_stack = verdict.name in _STACKS
    percent = _STACK_PERCENT if is_stack else 0
    reason = f"{percent} % more, for a compiler or an interrupt that needs more, and" if is_stack else "it repeats;"
    bound = _blocks(verdict.value * (100 + percent) / 100)
    because = f"suggested: {verdict.value:.0f} was measured; {reason} rounded up to whole {_BLOCK_BYTES}"
    found.limits.append(Limit(verdict.name, at_most=bound, because=because, targets=targets))


def _blocks(value: float) -> int:
    return math.ceil(value / _BLOCK_BYTES) * _BLOCK_BYTES


def _add_steps(found: Suggestions, verdict: Verdict | None, targets: tuple[str, ...]) -> None:
    if verdict is None or not verdict.value:
        return
    margin = _COUNTS.get(verdict.clock or "")
    if margin is None:
        found.left.append(f"{verdict.name}: the {verdict.clock} clock does not repeat what it counts")
        return
    percent, reason = margin
    because = f"suggested: {verdict.value:.0f} was measured; {percent} % more: {reason}"
    bound = math.ceil(verdict.value * (100 + percent) / 100)
    found.limits.append(Limit(verdict.name, at_most=bound, clock=verdict.clock, because=because, targets=targets))


def suggestions_text(suggestions: Suggestions, *, of: str) -> str:
    """TOML to append to a scenario; `of` says of which run."""
    lines = [
        "",
        f"# Limits suggested by {of}: what it measured, with a margin.",
        "# Where you know what is required, write that in their place.",
        *(f"# Not suggested: {' '.join(text.split())}" for text in suggestions.left),
    ]
    return "\n".join(lines) + "\n" + "".join(f"\n{limit_text(limit)}" for limit in suggestions.limits)
