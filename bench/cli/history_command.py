"""`bench history`: the last runs, and the trend of their figures."""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from bench.cli.columns import columns_text, figure_text, sparkline
from bench.errors import HistoryError
from bench.history import History, RunRow, Trend, history_path, open_history
from bench.printed import printable
from bench.strict import nearest_hint

KEY_FIGURES: Final = (
    "timing.train.p50",
    "timing.train.p99",
    "timing.predict.p99",
    "timing.feature.p99",
    "timing.epoch.*.max",
    "memory.text_bytes",
    "memory.ram_static_bytes",
    "memory.stack_peak_bytes",
    "memory.arena_used_bytes",
    "link.goodput_bytes_per_s",
)
_JUDGED_FAMILY: Final = "accuracy."
"""Measures of it are key figures where the scenario sets a limit on them."""
_MOST_TRENDS: Final = 40
_SPARKS: Final = 16
"""Values of a sparkline: the last ones."""
_ID: Final = 8
"""Characters of an id that are shown, and enough to name a run."""


def chosen_history(options: argparse.Namespace) -> History:
    """The history that a command reads; raises HistoryError where there is none."""
    path: Path | None = history_path(options.history)
    if path is None:
        raise HistoryError("the history is switched off", hint="give --history FILE, or unset HIL_HISTORY")
    return open_history(path, create=False)


@contextmanager
def history_if_any(options: argparse.Namespace) -> Iterator[History | None]:
    """The history for commands that do without one as long as run folders are named."""
    path: Path | None = history_path(options.history)
    if path is None or not path.exists():
        yield None
        return
    with open_history(path, create=False) as history:
        yield history


def show_history(options: argparse.Namespace) -> int:
    """List runs and trends; the exit status."""
    with chosen_history(options) as history:
        _check(options, history)
        rows = history.runs(scenario=options.scenario, target=options.target, limit=options.last)
        trends = list(_all_trends(history, options)) if options.scenario else []
        if options.json:
            print(json.dumps(_as_json(rows, trends), indent=1, allow_nan=False))
            return 0
        if not rows:
            print(f"{history.path} holds no runs yet")
            return 0
        sys.stdout.write(_runs_text(rows, scenario=options.scenario))
        for target, inputs, found in trends:
            sys.stdout.write(_trends_text(target, inputs, found))
    return 0


def _check(options: argparse.Namespace, history: History) -> None:
    known = history.scenarios()
    if options.scenario and options.scenario not in known:
        message = f"no run of a scenario {printable(options.scenario)!r} is in {history.path}"
        raise HistoryError(message, hint=nearest_hint(options.scenario, known))
    targets = history.targets(options.scenario)
    if options.target and options.target not in targets:
        message = f"no run on a target {printable(options.target)!r} is in {history.path}"
        raise HistoryError(message, hint=nearest_hint(options.target, targets))


def _all_trends(history: History, options: argparse.Namespace) -> Iterator[tuple[str, int, tuple[Trend, ...]]]:
    """For each target how many of its last runs had other inputs than the newest whole one, and the trends without."""
    for target in [options.target] if options.target else history.targets(options.scenario):
        rows = history.runs(scenario=options.scenario, target=target, limit=options.last)
        whole = [row for row in rows if not row.partial] or list(rows)
        inputs = whole[-1].inputs
        trends = history.trends(
            options.scenario, target, chosen=_chosen(options.measure), inputs=inputs, limit=options.last
        )
        yield target, sum(row.inputs != inputs for row in rows), trends


def _chosen(patterns: Sequence[str]) -> Callable[[str, str | None], bool]:
    def is_chosen(name: str, limit: str | None) -> bool:
        if patterns:
            return any(fnmatchcase(name, pattern) for pattern in patterns)
        judged = limit is not None and name.startswith(_JUDGED_FAMILY)
        return judged or any(fnmatchcase(name, pattern) for pattern in KEY_FIGURES)

    return is_chosen


def _runs_text(rows: Sequence[RunRow], *, scenario: str | None) -> str:
    head = (
        ["run", "started", "target", "build", "result"]
        if scenario
        else ["run", "started", "scenario", "target", "result"]
    )
    cells = []
    builds: dict[tuple[str, str], str] = {}
    for row in rows:
        key = (row.scenario, row.target)
        new = key in builds and builds[key] != row.build_id
        builds[key] = row.build_id
        when = row.started[:16].replace("T", " ")
        middle = (
            [row.target, (row.build_id[:_ID] or "none") + ("*" if new else "")]
            if scenario
            else [row.scenario, row.target]
        )
        cells.append([row.id[:_ID], when, *middle, result_text(row)])
    text = columns_text(head, cells)
    return text + (
        "* another build than the run before on that target\n"
        if any("*" in row[3] for row in cells) and scenario
        else ""
    )


def result_text(row: RunRow) -> str:
    """How a run came out, in a few words."""
    judged = row.passed + row.failed + row.unmeasured
    words = {
        0: f"PASS {row.passed}",
        1: f"FAIL {row.failed} of {judged}",
        3: f"UNMEASURED {row.unmeasured} of {judged}",
    }
    text = words.get(row.exit_status, str(row.exit_status))
    if row.outcome in ("aborted", "killed"):
        text = row.outcome
    return text + (" (partial)" if row.partial else "")


def _trends_text(target: str, others: int, trends: Sequence[Trend]) -> str:
    if not trends:
        return f"\n{printable(target)}: no run has such a measure; docs/measures.md lists all\n"
    runs = len(trends[0].points)
    head = [f"{target}, {runs} run{'' if runs == 1 else 's'}", "trend", "first", "median", "last", "change"]
    cells = [_trend_cells(trend) for trend in trends[:_MOST_TRENDS]]
    notes = (
        [f"{len(trends) - _MOST_TRENDS} more measures: name them by --measure"] if len(trends) > _MOST_TRENDS else []
    )
    if others:
        notes.append(
            f"left out: {others} runs with another recording, models, settings or part than the newest whole run"
        )
    builds = _build_changes(trends[0])
    notes += [f"builds: {builds}"] if builds else []
    return "\n" + columns_text(head, cells, right=(2, 3, 4, 5)) + "".join(f"{printable(note)}\n" for note in notes)


def _trend_cells(trend: Trend) -> list[str]:
    unit = "" if trend.unit == "1" else trend.unit
    name = trend.measure + (f" [{unit}]" if unit and unit not in trend.measure else "")
    values = trend.values
    if not values:
        return [name, "", "-", "-", "-", "unmeasured"]
    points = [point.value for point in trend.points][-_SPARKS:]
    first, last = values[0], values[-1]
    figures = [figure_text(value) for value in (first, statistics.median(values), last)]
    return [name, sparkline(points), *figures, change_text(first, last)]


def change_text(first: float, last: float) -> str:
    """From first to last, in percent where that says something."""
    if first == last:
        return "="
    if not first:
        return figure_text(last - first, sign=True)
    percent = 100 * (last - first) / abs(first)
    return f"{percent:+.2f} %" if abs(percent) < 1000 else f"{percent:+.0f} %"  # noqa: PLR2004 - digits that are read


def _build_changes(trend: Trend) -> str:
    """Where in the trend the build changed: `481a25cb x12, 9f00aa12 x8`."""
    counts: list[list[Any]] = []
    for point in trend.points:
        build = point.run.build_id[:_ID] or "none"
        if counts and counts[-1][0] == build:
            counts[-1][1] += 1
        else:
            counts.append([build, 1])
    shown = counts[-4:]
    earlier = f"{len(counts) - 4} earlier, " if len(counts) > 4 else ""  # noqa: PLR2004 - as many as fit a line
    return earlier + ", then ".join(f"{build} in {count}" for build, count in shown) if len(counts) > 1 else ""


def _as_json(rows: Sequence[RunRow], trends: Sequence[tuple[str, int, tuple[Trend, ...]]]) -> dict[str, object]:
    return {
        "version": 1,
        "runs": [vars(row) for row in rows],
        "trends": [
            {
                "target": target,
                "measure": trend.measure,
                "unit": trend.unit,
                "clock": trend.clock,
                "repeatable": trend.repeatable,
                "points": [{"run": point.run.id, "value": _number(point.value)} for point in trend.points],
            }
            for target, _, found in trends
            for trend in found
        ],
    }


def _number(value: float | None) -> float | str | None:
    from bench.trace import encode_number

    return encode_number(value) if isinstance(value, float) else value
