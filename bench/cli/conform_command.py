"""`bench conform`: whether a payload keeps to the contract, and where it does not."""

import argparse
import fnmatch
import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.board import Board
from bench.cli.show import make_console
from bench.clock import MonotonicClock
from bench.conform import CHECKS, Check, Outcome, Place, Result, Runner
from bench.errors import BenchError, ConfigurationError
from bench.printed import printable
from bench.station import find_station, load_placed
from bench.strict import nearest_hint
from bench.target import Target

_STYLES = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.NOT_APPLICABLE: "dim",
    Outcome.BLOCKED: "yellow",
}
_LIKE = "host"
"""Whose file gives a board that no file describes the rest of what a target has."""
_UNNAMED = "payload"


def conform(options: argparse.Namespace) -> int:
    """`bench conform`: the exit status."""
    chosen = choose(options.only)
    if options.list:
        list_checks(chosen)
        return 0
    target = _find_target(options)
    seed = options.seed if options.seed is not None else secrets.randbelow(1 << 31)
    console = make_console()
    with Board(target) as board:
        board.open()
        way = " ".join(board.transport.describe())
        console.print(f"{len(chosen)} checks on {target.name} ({way}), seed {seed}", markup=False, soft_wrap=True)
        where = Place(target.name, target.transport.ready_s, board.expected_build_id)
        runner = Runner(board.transport, where, clock=MonotonicClock(), seed=seed, asked=options.only or ())
        runner.meet()
        results = _run(runner, chosen, console)
    show_results(results, console, seed=seed)
    if options.json:
        _save(options.json, results, target=target.name, seed=seed)
    passed = (Outcome.PASS, Outcome.NOT_APPLICABLE)
    return 0 if all(result.outcome in passed for result in results) else 1


def choose(patterns: Sequence[str] | None) -> list[Check]:
    """The checks that one of the patterns names, all without any; raises ConfigurationError for one that names none."""
    if not patterns:
        return list(CHECKS)
    names = [check.name for check in CHECKS]
    for pattern in patterns:
        if not fnmatch.filter(names, pattern):
            raise ConfigurationError(f"no check is named {pattern!r}", hint=nearest_hint(pattern, names))
    return [check for check in CHECKS if any(fnmatch.fnmatch(check.name, pattern) for pattern in patterns)]


def list_checks(checks: Sequence[Check]) -> None:
    """Each with what it demands."""
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(f"{check.name.ljust(width)}  {check.demand}")


def _find_target(options: argparse.Namespace) -> Target:
    """What is on the port, or what the bench starts."""
    if options.target is None and options.port is None:
        hint = "give --target NAME, or the --port of a board"
        raise ConfigurationError("nothing says where the payload is", hint=hint)
    station = find_station(options.station)
    target = load_placed(options.target or _LIKE, station, port=options.port, baud=options.baud)
    return target if options.target is not None else replace(target, name=_UNNAMED, port=None, board=None)


def _run(runner: Runner, checks: Sequence[Check], console: Console) -> list[Result]:
    """Every result; where there is no terminal each is a line as soon as it is known."""
    width = max(len(check.name) for check in checks)
    results = []
    with console.status("") as status:
        for check in checks:
            status.update(check.name)
            result = runner.run_one(check)
            results.append(result)
            if not console.is_terminal:
                line = f"{result.outcome:<14}  {check.name.ljust(width)}  {result.seconds:7.2f} s"
                console.print(line, markup=False)
    return results


def show_results(results: Sequence[Result], console: Console, *, seed: int) -> None:
    """On a terminal a table; everywhere what did not pass in words, and a line that sums up."""
    if console.is_terminal:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("outcome", "check", "demand"):
            table.add_column(title, no_wrap=title != "demand")
        for result in results:
            outcome = f"[{_STYLES[result.outcome]}]{result.outcome}[/]"
            table.add_row(outcome, result.check.name, result.check.demand)
        console.print(table)
    for result in results:
        for line in words(result):
            console.print(printable(line), markup=False, soft_wrap=True)
    counts = (f"{sum(r.outcome is outcome for r in results)} {outcome}" for outcome in Outcome)
    console.print(f"{', '.join(counts)}; seed {seed}", markup=False)


def words(result: Result) -> list[str]:
    """What there is to say of a check that did not pass."""
    check = result.check
    if result.outcome is Outcome.FAIL:
        return [
            f"FAIL {check.name}: {check.demand}",
            f"  expected: {result.expected}",
            f"  came:     {result.came}",
            f"  clause:   firmware_if/SPEC.md, {check.clause}",
            f"  hint:     {check.hint}",
        ]
    return [] if result.outcome is Outcome.PASS else [f"{result.outcome} {check.name}: {result.came}"]


def _save(path: Path, results: Sequence[Result], *, target: str, seed: int) -> None:
    checks = [
        {
            "name": result.check.name,
            "outcome": str(result.outcome),
            "seconds": round(result.seconds, 3),
            "demand": result.check.demand,
            "expected": result.expected,
            "came": result.came,
            "clause": result.check.clause,
            "hint": result.check.hint,
        }
        for result in results
    ]
    try:
        path.write_text(json.dumps({"target": target, "seed": seed, "checks": checks}, indent=1) + "\n")
    except OSError as error:
        raise BenchError(f"{path} cannot be written: {error.strerror}", hint="name another --json FILE") from error
