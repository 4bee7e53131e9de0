"""Verdicts and targets as tables in a terminal, or as plain lines where stdout is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console
from rich.table import Table

from bench.target import Target
from bench.verdict import Verdict

_STYLES = {"PASS": "green", "FAIL": "bold red", "UNMEASURED": "yellow"}
_FOLD = 4
"""Passed verdicts of one family from which on they share a row; what did not pass always has its own."""
_OTHER_COLUMNS = 46
"""Characters of a row that verdict, value, limit and the gaps take at most."""
_WHOLE_FROM = 1000
"""Figures from here on are shown without decimals."""


def format_figure(value: float) -> str:
    """A number for people: thousands separated, four significant digits."""
    if isinstance(value, int) or abs(value) >= _WHOLE_FROM:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def format_value(value: float | None, unit: str) -> str:
    """A measured value with its unit; 1 is the unit of plain numbers and is not shown."""
    if value is None:
        return "-"
    return f"{format_figure(value)} {'' if unit == '1' else unit}".strip()


@dataclass(frozen=True)
class _Row:
    outcome: str
    required: bool
    name: str
    value: str
    limit: str


def show_verdicts(verdicts: Sequence[Verdict], *, console: Console | None = None) -> None:
    """The judged verdicts as a table, what did not pass in words, and a line that sums up."""
    console = console or Console(highlight=False)
    judged = [verdict for verdict in verdicts if verdict.outcome is not None]
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("measure", overflow="fold")
    table.add_column("value", justify="right")
    table.add_column("limit", justify="right", no_wrap=True)
    for row in _rows(judged):
        star = "" if row.required else " *"
        outcome = f"[{_STYLES[row.outcome]}]{row.outcome}[/]{star}"
        table.add_row(outcome, _broken(row.name, console.width - _OTHER_COLUMNS), row.value, row.limit)
    console.print(table)
    for verdict in judged:
        if verdict.outcome != "PASS":
            console.print(f"{verdict.outcome} {verdict.name}: {verdict.because}", markup=False)
    if any(not verdict.required for verdict in judged):
        console.print("* not required", style="dim")
    counts = (f"{sum(v.outcome == outcome for v in judged)} {outcome}" for outcome in _STYLES)
    console.print(", ".join(counts) + f"; {len(verdicts) - len(judged)} measurements without a limit", markup=False)


def _broken(name: str, width: int) -> str:
    """A dotted name in lines of at most `width` characters, broken behind its dots; words wrap by themselves."""
    if " " in name:
        return name
    lines = [""]
    for part in name.replace(".", ".\n").split("\n"):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("  ")
        lines[-1] += part
    return "\n".join(lines)


def _rows(judged: Sequence[Verdict]) -> Iterator[_Row]:
    """One row per verdict; a family of passed ones under the same limit shares a row."""

    def family(verdict: Verdict) -> tuple[object, ...]:
        return (".".join(verdict.name.split(".")[:2]), verdict.outcome, verdict.required, verdict.limit)

    for (stem, outcome, required, limit), members in groupby(judged, key=family):
        group = list(members)
        if outcome == "PASS" and len(group) >= _FOLD:
            values = [verdict.value for verdict in group if verdict.value is not None]
            low, high = format_figure(min(values)), format_figure(max(values))
            value = f"all {low}" if low == high else f"{low} to {high}"
            whole = [verdict.because.split(";")[0] for verdict in group if verdict.name == stem]
            about = whole[0] if whole else f"{len(group)} measures"
            yield _Row(str(outcome), bool(required), f"{stem}.* ({about})", value, str(limit))
            continue
        for verdict in group:
            value = format_value(verdict.value, verdict.unit)
            yield _Row(str(outcome), verdict.required, verdict.name, value, str(verdict.limit or ""))


def show_targets(targets: Sequence[Target]) -> None:
    """Name, meter and title of every target."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("target", "counts", "what it is"):
        table.add_column(heading, overflow="fold")
    for target in targets:
        table.add_row(target.name, target.clock.kind, target.title)
    console.print(table)
