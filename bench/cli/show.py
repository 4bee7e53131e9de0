"""Verdicts and targets as tables in a terminal, or as plain lines where stdout is none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import StringIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.measure import COMPLETED
from bench.printed import printable, significant
from bench.selection import Selection
from bench.target import Target
from bench.verdict import Verdict

_STYLES = {"PASS": "green", "FAIL": "bold red", "UNMEASURED": "yellow"}
_NAMES = 4
"""Models left out that are named on the screen; the run folder names all."""
_FOLD = 4
"""Verdicts of one family from which on they share a row; those that did not pass must have the same reason as well."""
_OTHER_COLUMNS = 46
"""Characters of a row that verdict, value, limit and the gaps take at most."""
_WHOLE_FROM = 1000
"""Figures from here on are shown without decimals."""


def format_figure(value: float) -> str:
    """A number for people: thousands separated, four significant digits."""
    if isinstance(value, int) or abs(value) >= _WHOLE_FROM:
        return f"{value:,.0f}"
    return significant(value)


def format_value(value: float | None, unit: str) -> str:
    """A measured value with its unit; 1 is the unit of plain numbers and is not shown."""
    if value is None:
        return "-"
    return f"{format_figure(value)} {'' if unit == '1' else unit}".strip()


def make_console() -> Console:
    """Standard output; what reads it where it is no terminal gets every line whole."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class _Row:
    name: str
    value: str
    verdicts: Sequence[Verdict]
    """One, or all of a family: alike in everything that is shown of them but name and value."""

    @property
    def one(self) -> Verdict:
        return self.verdicts[0]

    @property
    def outcome(self) -> str:
        return str(self.one.outcome)

    @property
    def star(self) -> str:
        return "" if self.one.required else " *"

    @property
    def limit(self) -> str:
        return self.one.limit or ""


def show_verdicts(verdicts: Sequence[Verdict], *, console: Console | None = None) -> None:
    """The judged verdicts as a table, what did not pass in words, and a line that sums up."""
    console = console or make_console()
    judged = [_safe(verdict) for verdict in verdicts if verdict.outcome is not None]
    rows = list(_rows(judged))
    if console.is_terminal:
        console.print(_table(rows, name_width=console.width - _OTHER_COLUMNS))
    else:
        cells = [(row.outcome + row.star, row.name, row.value, row.limit) for row in rows]
        _print_plain(console, [("verdict", "measure", "value", "limit"), *cells], right=2)
    for line in _words(rows):
        console.print(line, markup=False)
    if any(not verdict.required for verdict in judged):
        console.print("* not required", style="dim")
    counts = (f"{sum(v.outcome == outcome for v in judged)} {outcome}" for outcome in _STYLES)
    excused = [verdict for verdict in verdicts if verdict.outcome is None and verdict.limit]
    unlimited = len(verdicts) - len(judged) - len(excused)
    console.print(", ".join(counts) + f"; {unlimited} measurements without a limit", markup=False)
    partial = next((verdict.partial for verdict in verdicts if verdict.partial), "")
    if partial:
        plural = "" if len(excused) == 1 else "s"
        not_applied = (
            f"; not applied: {len(excused)} limit{plural} that only the whole can be held to" if excused else ""
        )
        console.print(printable(f"partial run, {partial}{not_applied}"), style="yellow", markup=False)


def _safe(verdict: Verdict) -> Verdict:
    """Without terminal sequences: names and reasons come from the trace, which a stranger may have sent."""
    return replace(
        verdict,
        name=printable(verdict.name),
        because=printable(verdict.because),
        limit_because=printable(verdict.limit_because),
    )


def show_selection(selection: Selection | None, *, console: Console) -> None:
    """What of the scenario is run, if it is not all of it."""
    if selection is None:
        return
    names = selection.left_out[:_NAMES]
    more = " ..." if len(selection.left_out) > _NAMES else ""
    left_out = f" (left out: {', '.join(names)}{more})" if names else ""
    console.print(printable(f"partial run: {selection}{left_out}"), style="yellow", markup=False)


def verdicts_text(verdicts: Sequence[Verdict]) -> str:
    """What `show_verdicts` prints where stdout is no terminal."""
    text = StringIO()
    show_verdicts(verdicts, console=Console(file=text, highlight=False, soft_wrap=True))
    return text.getvalue()


def _table(rows: Sequence[_Row], *, name_width: int) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("measure", overflow="fold")
    table.add_column("value", justify="right")
    table.add_column("limit", justify="right", no_wrap=True)
    for row in rows:
        outcome = f"[{_STYLES[row.outcome]}]{row.outcome}[/]{row.star}"
        table.add_row(outcome, escape(_broken(row.name, name_width)), row.value, row.limit)
    return table


def _print_plain(console: Console, rows: Sequence[Sequence[str]], *, right: int) -> None:
    """Columns of which the last `right` are flush right; a row is a line, without blanks at its end."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = len(widths) - right
    for row in rows:
        cells = (
            cell.ljust(width) if index < left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        console.print("  ".join(cells).rstrip(), markup=False, soft_wrap=True)


def _words(rows: Sequence[_Row]) -> Iterator[str]:
    """What did not pass, each reason once."""
    reasons: dict[tuple[str, str, str], list[_Row]] = {}
    for row in rows:
        why = row.one.limit_because if row.outcome == "FAIL" else ""
        reasons.setdefault((row.outcome, row.one.cause, why), []).append(row)
    for (outcome, cause, why), alike in reasons.items():
        if outcome == "UNMEASURED":
            yield f"UNMEASURED {', '.join(row.name for row in alike)}: {cause or 'there is no figure'}"
        if outcome == "FAIL":
            yield from _failures(alike, cause, why)


def _failures(rows: Sequence[_Row], cause: str, why: str) -> Iterator[str]:
    about = [part for part in (cause, f"reason of the limit: {why}" if why else "") if part]
    for row in rows:
        figures = [f"{row.value}, limit {row.limit}"]
        if row.name == COMPLETED and cause:
            figures = []  # 0 tells nothing that the cause does not
        yield f"FAIL {row.name}: " + "; ".join(figures + about)
        about = ["as above"] if about else []


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
    """One row per verdict; a large family shares one, where its first is."""
    families: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in judged:
        families.setdefault(_family(verdict), []).append(verdict)
    for verdict in judged:
        family = families[_family(verdict)]
        if len(family) < _FOLD:
            yield _Row(verdict.name, format_value(verdict.value, verdict.said_unit), [verdict])
        elif verdict is family[0]:
            yield _shared(family)


def _family(verdict: Verdict) -> tuple[object, ...]:
    alike = (_stem(verdict.name), verdict.outcome, verdict.required, verdict.limit)
    return alike if verdict.outcome == "PASS" else (*alike, verdict.because)


def _stem(name: str) -> str:
    return ".".join(name.split(".")[:2])


def _shared(family: Sequence[Verdict]) -> _Row:
    values = [verdict.value for verdict in family if verdict.value is not None]
    low, high = (format_figure(min(values)), format_figure(max(values))) if values else ("-", "-")
    value = low if not values else f"all {low}" if low == high else f"{low} to {high}"
    whole = [v.because.split(";")[0] for v in family if v.outcome == "PASS" and v.name == _stem(v.name)]
    about = whole[0] if whole else f"{len(family)} measures"
    return _Row(f"{_pattern([verdict.name for verdict in family])} ({about})", value, family)


def _pattern(names: Sequence[str]) -> str:
    """What dotted names begin and end with, and a star for the rest."""
    parts = [name.split(".") for name in names]
    first = _common(parts)
    rest = [list(reversed(name[len(first) :])) for name in parts]
    last = _common([name[:-1] for name in rest])
    return ".".join([*first, "*", *reversed(last)])


def _common(lists: Sequence[Sequence[str]]) -> list[str]:
    """What all begin with."""
    alike = [len(set(column)) == 1 for column in zip(*lists, strict=False)]
    return list(lists[0][: [*alike, False].index(False)])


def show_targets(targets: Sequence[tuple[Target, str]]) -> None:
    """Name, meter and title of every target, and whether it can run here."""
    console = make_console()
    headings = ("target", "counts", "here", "what it is")
    rows = [(target.name, target.clock.kind, here, target.title) for target, here in targets]
    if not console.is_terminal:
        _print_plain(console, [headings, *rows], right=0)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    console.print(table)
