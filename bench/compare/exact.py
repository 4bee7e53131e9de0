"""What must not vary: verdicts, models, operations and figures that repeat."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from bench.compare.comparison import BETTER, CHANGED, NOT_REPEATABLE, WORSE, Finding
from bench.compare.direction import judge_change
from bench.facts import RunFacts
from bench.verdict import FAIL, PASS, UNMEASURED, Verdict

_GOOD = {PASS: 2, None: 1, UNMEASURED: 1, FAIL: 0}


def find_verdicts(before: RunFacts, after: RunFacts) -> Iterator[Finding]:
    """Limits that came out another way, or are judged no more."""
    old, new = _judged(before), _judged(after)
    for key, verdict in old.items():
        now = new.get(key)
        if now is None:
            same = [other for (name, _), other in new.items() if name == verdict.name]
            said = f"the limit {verdict.limit} is gone" + (f", now {same[0].limit}" if same else "")
            yield Finding("verdict", verdict.name, CHANGED, said)
        elif now.outcome != verdict.outcome:
            worse = _GOOD[now.outcome] < _GOOD[verdict.outcome]
            said = f"{verdict.outcome} -> {now.outcome}, limit {now.limit}"
            cause = f"; {now.cause}" if now.outcome != PASS and now.cause else ""
            yield Finding("verdict", verdict.name, WORSE if worse else BETTER, said + cause, verdict.value, now.value)


def _judged(facts: RunFacts) -> dict[tuple[str, str | None], Verdict]:
    return {(figure.name, figure.limit): figure for figure in facts.figures if figure.outcome is not None}


def find_models(before: RunFacts, after: RunFacts, *, same: bool) -> Iterator[Finding]:
    """Models whose state is another at a segment end, the first such end of each."""
    named: set[str] = set()
    for key, digest in after.digests.items():
        model, _, row = key.rpartition("@")
        if model not in named and before.digests.get(key, digest) != digest:
            named.add(model)
            yield Finding("model", model, NOT_REPEATABLE if same else CHANGED, f"another state at row {row}")
    gone = {key.rpartition("@")[0] for key in before.digests} - {key.rpartition("@")[0] for key in after.digests}
    for model in sorted(gone):
        yield Finding("model", model, WORSE, "no state of it came down any more")


def follows(figure: str, operations: Sequence[Finding]) -> bool:
    """Whether a figure is another because one of these operations is, and so tells nothing more."""
    for finding in operations:
        operation, _, model = finding.what.partition(" of ")
        if figure.startswith((f"timing.model.{model}.{operation}.", f"timing.{operation}.", "timing.row.", "time.")):
            return True
    return False


def find_series(before: RunFacts, after: RunFacts, *, same: bool, told: Collection[str] = ()) -> Iterator[Finding]:
    """Operations whose costs are other ones in single rows. `told` are those whose sums are known to be others."""
    for name, digest in after.series.items():
        if name not in told and before.series.get(name, digest) != digest:
            said = "other costs in single rows, and the same in all"
            yield Finding("operation", f"{name} of all models", NOT_REPEATABLE if same else CHANGED, said)


def steady_figures(runs: Sequence[RunFacts]) -> tuple[dict[str, Verdict], dict[str, set[float | None]]]:
    """Figures that repeat in all of these runs, from the newest, and all values that each had."""
    values: dict[str, set[float | None]] = {}
    steady: dict[str, Verdict] = {}
    for run in runs:
        for figure in run.figures:
            if figure.repeatable:
                steady[figure.name] = figure
                values.setdefault(figure.name, set()).add(_plain(figure.value))
    varying = {figure.name for run in runs for figure in run.figures if not figure.repeatable}
    return {name: figure for name, figure in steady.items() if name not in varying}, values


def _plain(value: float | None) -> float | None:
    """All NaN as one object, so that a set has it once."""
    return math.nan if value is not None and math.isnan(value) else value


def find_figures(old: Mapping[str, Verdict], new: Mapping[str, Verdict], *, same: bool) -> Iterator[Finding]:
    """Figures that repeat and have another value."""
    for name, now in new.items():
        if name in old and not _equal(old[name].value, now.value):
            yield _figure(name, old[name].value, now.value, unit=now.unit, same=same)
    for name in old:
        if name not in new and old[name].value is not None:
            yield Finding("figure", name, CHANGED, "is not measured any more", old[name].value, None)


def _equal(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return one == other or (math.isnan(one) and math.isnan(other))


def _figure(name: str, old: float | None, new: float | None, *, unit: str, same: bool) -> Finding:
    if old is None or new is None:
        said = "is UNMEASURED now" if new is None else "is measured now"
        return Finding("figure", name, WORSE if new is None else BETTER, said, old, new, unit)
    change = NOT_REPEATABLE if same else judge_change(name, old, new)
    return Finding("figure", name, change, change_words(old, new, unit), old, new, unit)


def change_words(old: float, new: float, unit: str) -> str:
    """`1,973 -> 1,974 instructions, +1 (+0.05 %)`."""
    share = f" ({100 * (new - old) / abs(old):+.2g} %)" if old and math.isfinite(new - old) else ""
    named = "" if unit == "1" else f" {unit}"
    return f"{old:,.10g} -> {new:,.10g}{named}, {new - old:+,.10g}{share}"


def find_operations(old: Mapping[str, Verdict], new: Mapping[str, Verdict], *, same: bool) -> Iterator[Finding]:
    """Operations of single models whose sum over the run is another: it says so of one instruction in one row."""
    for name, now in new.items():
        stem, _, statistic = name.rpartition(".")
        if not stem.startswith("timing.model.") or statistic != "mean" or name not in old:
            continue
        calls = [known[f"{stem}.count"].value if f"{stem}.count" in known else None for known in (old, new)]
        means = (old[name].value, now.value)
        if None in calls or None in means:
            continue
        before, after = (round(mean * count) for mean, count in zip(means, calls, strict=True))  # type: ignore[operator]
        if before == after and calls[0] == calls[1]:
            continue
        model, _, operation = stem.removeprefix("timing.model.").rpartition(".")
        counted = f"over {calls[1]:,.0f} calls" if calls[0] == calls[1] else f"{calls[0]:,.0f} -> {calls[1]:,.0f} calls"
        change = NOT_REPEATABLE if same else judge_change("timing.sum", before, after)
        said = f"{change_words(before, after, now.unit)} in all, {counted}"
        yield Finding("operation", f"{operation} of {model}", change, said, before, after, now.unit)
