"""`bench compare` and `bench baseline`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.cli.columns import columns_text
from bench.cli.history_command import chosen_history, history_if_any, result_text
from bench.compare import compare_runs, comparison_json, comparison_markdown, comparison_text
from bench.errors import ConfigurationError
from bench.facts import RunFacts
from bench.history import RunRow, history_path, open_history
from bench.history.choose import choose_runs

_WORDS = {
    0: "no difference that must not be",
    1: "worse, or other where it must not be",
    3: "not everything could be compared",
}


def compare(options: argparse.Namespace) -> int:
    """Compare; the exit status is the first of 1, 3 and 0 that a comparison has."""
    with history_if_any(options) as history:
        before, after = (choose_runs(words, history) for words in (options.before, options.after))
    varying = {"varying": tuple(options.measure)} if options.measure else {}
    comparisons = [compare_runs(*pair, **varying) for pair in _pairs(before, after)]
    statuses = {comparison.status for comparison in comparisons}
    status = next(status for status in (1, 3, 0) if status in statuses)
    if options.json:
        sys.stdout.write(comparison_json(comparisons))
    elif options.markdown:
        sys.stdout.write("\n".join(map(comparison_markdown, comparisons)))
    else:
        sys.stdout.write("\n".join(map(comparison_text, comparisons)) + f"{_WORDS[status]}\n")
    return status


def _pairs(
    before: Sequence[RunFacts], after: Sequence[RunFacts]
) -> list[tuple[Sequence[RunFacts], Sequence[RunFacts]]]:
    """Runs of one scenario on one target; raises ConfigurationError where nothing is on both sides."""
    places = dict.fromkeys((run.scenario, run.target) for run in after)
    pairs = [
        ([run for run in side if (run.scenario, run.target) == place] for side in (before, after)) for place in places
    ]
    whole: list[tuple[Sequence[RunFacts], Sequence[RunFacts]]] = [(old, new) for old, new in pairs if old and new]
    if not whole:
        named = (
            ", ".join(sorted({f"{run.scenario} on {run.target}" for run in side})) or "none" for side in (before, after)
        )
        message = f"no scenario and target is on both sides: {' against '.join(named)}"
        raise ConfigurationError(message, hint="bench history lists what was run")
    return whole


def baseline(options: argparse.Namespace) -> int:
    """Set, show or remove; the exit status."""
    if options.action == "set":
        return _set(options)
    with chosen_history(options) as history:
        if options.action == "remove":
            history.remove_baseline(options.name)
            print(f"baseline {options.name} is removed; its runs stay in the history")
            return 0
        names = [options.name] if options.name else history.baselines()
        if not names:
            print("no baselines; bench baseline set NAME RUN...")
        for name in names:
            print(f"baseline {name}")
            sys.stdout.write(_table(history.baseline(name)))
    return 0


def _set(options: argparse.Namespace) -> int:
    path: Path | None = history_path(options.history)
    if path is None:
        raise ConfigurationError("the history is switched off, and holds the baselines", hint="give --history FILE")
    with open_history(path) as history:
        chosen = [facts for words in options.runs for facts in choose_runs(words, history)]
        for facts in chosen:
            if not facts.is_whole:
                part = facts.partial and f"it is a part of its scenario ({facts.partial})"
                why = part or f"how it ended: {facts.outcome.replace('_', ' ')}"
                message = f"run {facts.folder} cannot be in a baseline; {why}"
                raise ConfigurationError(message, hint="a baseline is made of whole runs that got to their end")
        for facts in chosen:
            history.add(facts)
        history.set_baseline(options.name, [facts.id for facts in chosen])
        sys.stdout.write(f"baseline {options.name}\n" + _table(history.baseline(options.name)))
    failed = sum(facts.exit_status == 1 for facts in chosen)
    if failed:
        print(f"note: {failed} of these runs have a FAIL")
    return 0


def _table(rows: Sequence[RunRow]) -> str:
    cells = [
        [row.id[:8], row.started[:16].replace("T", " "), row.scenario, row.target, result_text(row)] for row in rows
    ]
    return columns_text(["run", "started", "scenario", "target", "result"], cells)
