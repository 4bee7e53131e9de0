"""Runs before against runs after."""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from bench.compare.comparison import CHANGED, NOT_REPEATABLE, Comparison, Finding, Side
from bench.compare.direction import judge_change
from bench.compare.exact import (
    change_words,
    find_figures,
    find_models,
    find_operations,
    find_series,
    find_verdicts,
    follows,
    steady_figures,
)
from bench.compare.footprint import section_changes, symbol_changes
from bench.compare.rank_test import ALPHA, LEAST_SHIFT, enough_repeats, least_p, rank_test, significant
from bench.compare.rows import first_rows
from bench.errors import ConfigurationError
from bench.facts import INPUTS, RunFacts
from bench.strict import nearest_or

VARYING: Final = (
    "link.goodput_bytes_per_s",
    "timing.train.p50",
    "timing.train.p99",
    "timing.predict.p99",
    "timing.feature.p99",
    "timing.dispatch.p50",
    "timing.epoch.*.mean",
    "memory.stack_peak_bytes",
)
"""Figures that are tested where they vary: each more needs more repeats of all."""
_OTHER_WORK: Final = ("recording", "part")
"""Conditions without which figures are of something else."""


def compare_runs(
    before: Sequence[RunFacts], after: Sequence[RunFacts], *, varying: Sequence[str] = VARYING
) -> Comparison:
    """Runs of one scenario on one target; several of a side are repeats, oldest first.

    `varying` are patterns of the figures to test. Raises ConfigurationError for runs of several scenarios or targets,
    or none.
    """
    places = {(run.scenario, run.target) for run in (*before, *after)}
    if not before or not after or len(places) != 1:
        named = ", ".join(f"{scenario} on {target}" for scenario, target in sorted(places)) or "no runs"
        message = f"only runs of one scenario on one target can be compared, not {named}"
        raise ConfigurationError(message, hint="bench history lists what was run")
    _check_patterns(before, after, varying)
    notes = tuple(_notes(before, after))
    same = _side(before).builds == _side(after).builds and len(_side(after).builds) == 1 and not notes
    (old, old_values), (new, new_values) = steady_figures(before), steady_figures(after)
    both = {name for name in old if name in new}
    operations = list(find_operations(old, new, same=same))
    told = {finding.what.partition(" of ")[0] for finding in operations}
    operations += find_series(before[-1], after[-1], same=same, told=told)
    figures = list(find_figures(old, new, same=same))
    follow = {finding.what for finding in figures if follows(finding.what, operations)}
    findings = [
        *_scattered(before, old_values),
        *_scattered(after, new_values),
        *find_verdicts(before[-1], after[-1]),
        *find_models(before[-1], after[-1], same=same),
        *_located(operations, before[-1], after[-1]),
        *(finding for finding in figures if finding.what not in follow),
    ]
    is_of_other_work = _is_of_other_work(before, after)
    if is_of_other_work:
        findings = [replace(finding, change=CHANGED) for finding in findings]
    if max(len(before), len(after)) == 1 and varying is VARYING:
        varying = ()  # one run of each is compared exactly, as a night's is
    tested, untested, moved = _test(before, after, varying)
    return Comparison(
        scenario=after[-1].scenario,
        target=after[-1].target,
        before=_side(before),
        after=_side(after),
        notes=notes,
        findings=(*findings, *moved),
        tested=tested,
        untested=untested,
        compared=len(both),
        is_of_other_work=is_of_other_work,
        following=len(follow),
        sections=section_changes(before[-1], after[-1]),
        symbols=symbol_changes(before[-1], after[-1]),
    )


def _check_patterns(before: Sequence[RunFacts], after: Sequence[RunFacts], patterns: Sequence[str]) -> None:
    """Raise ConfigurationError for a pattern of nobody's making that matches nothing which could be tested."""
    if patterns is VARYING:
        return
    names = {figure.name for run in (*before, *after) for figure in run.figures if not figure.repeatable}
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            message = f"no figure of these runs that varies is called {pattern}"
            raise ConfigurationError(message, hint=nearest_or(pattern, names, "Those that repeat are compared anyway."))


def _is_of_other_work(before: Sequence[RunFacts], after: Sequence[RunFacts]) -> bool:
    return any(before[-1].conditions.get(name) != after[-1].conditions.get(name) for name in _OTHER_WORK)


def _side(runs: Sequence[RunFacts]) -> Side:
    builds = tuple(dict.fromkeys(run.build_id for run in runs))
    return Side(tuple(run.id for run in runs), builds, runs[-1].started)


def _notes(before: Sequence[RunFacts], after: Sequence[RunFacts]) -> Iterator[str]:
    """Conditions that were not alike, so that a difference need not be the build's."""
    for name in dict.fromkeys(name for run in (*before, *after) for name in (*INPUTS, *run.conditions)):
        values = list(dict.fromkeys(run.conditions.get(name, "") for run in (*before, *after)))
        if len(values) > 1:
            readable = name in ("part", "emulator")
            yield f"{name} differs" + (f": {' / '.join(value or 'all' for value in values)}" if readable else "")
    if _is_of_other_work(before, after):
        yield "it is other work, so nothing is called better or worse"
    unfinished = [run for run in (*before, *after) if run.outcome != "completed"]
    if unfinished:
        yield f"{len(unfinished)} of the runs did not get to their end"


def _scattered(runs: Sequence[RunFacts], values: dict[str, set[float | None]]) -> Iterator[Finding]:
    """What repeats by its nature, and did not within one side's runs of one build."""
    if len({(run.build_id, *run.conditions.values()) for run in runs}) > 1:
        return
    for name, seen in values.items():
        if len(seen) > 1:
            said = ", ".join("UNMEASURED" if value is None else f"{value:,.10g}" for value in list(seen)[:4])
            yield Finding("figure", name, NOT_REPEATABLE, f"had {said} in {len(runs)} runs of one build")


def _located(findings: Sequence[Finding], before: RunFacts, after: RunFacts) -> Iterator[Finding]:
    """With the first row, where both traces are at hand."""
    rows = first_rows(before, after) if findings else {}
    for finding in findings:
        row = rows.get(finding.what.partition(" of ")[0])
        yield finding if row is None else replace(finding, text=f"{finding.text}; first at row {row}")


def _test(
    before: Sequence[RunFacts], after: Sequence[RunFacts], patterns: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...], list[Finding]]:
    """Names that were tested, what could not be and why, and what moved."""
    pairs = {name: pair for name, pair in _samples(before, after, patterns).items() if pair[0] and pair[1]}
    if not pairs:
        return (), (), []
    needed = enough_repeats(len(pairs))
    fewest = [min(len(pair[side]) for pair in pairs.values()) for side in (0, 1)]
    if least_p(*fewest) > ALPHA / len(pairs):
        reason = f"not enough repeats: {fewest[0]} and {fewest[1]}, needs {needed} and {needed}"
        return (), tuple(f"{name}: {reason}" for name in pairs), []
    tests = {name: rank_test(*pair) for name, pair in pairs.items()}
    certain = significant([test.p for test in tests.values()])
    units = {figure.name: figure.unit for run in after for figure in run.figures}
    moved = []
    for (name, test), is_certain in zip(tests.items(), certain, strict=True):
        old, new = (statistics.median(sample) for sample in pairs[name])
        if is_certain and abs(test.shift) >= LEAST_SHIFT * abs(old):
            change = judge_change(name, old, new) if old != new else CHANGED
            said = (
                f"median {change_words(old, new, units[name])}; p = {test.p:.2g}, Cliff's delta {test.dominance:+.2f}"
            )
            moved.append(Finding("varying", name, change, said, old, new, units[name], test.p))
    return tuple(tests), (), moved


def _samples(
    before: Sequence[RunFacts], after: Sequence[RunFacts], patterns: Sequence[str]
) -> dict[str, tuple[list[float], list[float]]]:
    samples: dict[str, tuple[list[float], list[float]]] = {}
    for side, runs in enumerate((before, after)):
        for run in runs:
            seen: set[str] = set()
            for figure in run.figures:
                wanted = not figure.repeatable and any(fnmatchcase(figure.name, pattern) for pattern in patterns)
                if wanted and figure.name not in seen and figure.value is not None and math.isfinite(figure.value):
                    seen.add(figure.name)
                    samples.setdefault(figure.name, ([], []))[side].append(figure.value)
    return samples
