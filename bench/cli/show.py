"""Verdicts and targets as tables in a terminal, or as plain lines where stdout is none."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from bench.target import Target
from bench.verdict import Verdict

_STYLES = {"PASS": "green", "FAIL": "bold red", "UNMEASURED": "yellow"}
_NARROW = 100
"""Columns below which the reasons get lines of their own."""


def format_value(value: float | None, unit: str) -> str:
    """A figure for people: thousands separated, four significant decimals."""
    if value is None:
        return "-"
    text = f"{value:,}" if isinstance(value, int) else (f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}")  # noqa: PLR2004
    return f"{text} {unit}".strip()


def show_verdicts(verdicts: Sequence[Verdict], *, console: Console | None = None) -> None:
    """The judged verdicts as a table, what went wrong in words, and a line that sums up."""
    console = console or Console(highlight=False)
    judged = [verdict for verdict in verdicts if verdict.outcome is not None]
    wide = console.width >= _NARROW
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("measure", overflow="fold")
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("limit", justify="right", no_wrap=True)
    if wide:
        table.add_column("clock")
    for verdict in judged:
        outcome = str(verdict.outcome)
        cells = [
            f"[{_STYLES[outcome]}]{outcome}[/]" + ("" if verdict.required else " *"),
            verdict.name,
            format_value(verdict.value, verdict.unit),
            str(verdict.limit or ""),
        ]
        table.add_row(*cells, *([verdict.clock or ""] if wide else []))
    console.print(table)
    for verdict in judged:
        if verdict.outcome != "PASS":
            console.print(f"{verdict.outcome} {verdict.name}: {verdict.because}", markup=False)
    if any(not verdict.required for verdict in judged):
        console.print("* not required", style="dim")
    console.print(_summary(judged), markup=False)


def _summary(judged: Sequence[Verdict]) -> str:
    counts = {outcome: sum(verdict.outcome == outcome for verdict in judged) for outcome in _STYLES}
    return ", ".join(f"{count} {outcome}" for outcome, count in counts.items())


def show_targets(targets: Sequence[Target]) -> None:
    """Name, meter and title of every target."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("target", "counts", "what it is"):
        table.add_column(heading, overflow="fold")
    for target in targets:
        table.add_row(target.name, target.clock.kind, target.title)
    console.print(table)
