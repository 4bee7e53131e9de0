"""The parts of the screen, each some lines of text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from bench.monitor.basis import Basis
from bench.monitor.glyphs import UNICODE, Glyphs, bar, duration, number, per_second, sparkline
from bench.monitor.histogram import Histogram
from bench.monitor.provisional import OPEN, Shown, in_unit, unit_of
from bench.monitor.state import ModelState, RunState
from bench.verdict import FAIL, PASS, UNMEASURED

QUIET_S: Final = 3.0
"""Without an entry from which on it is said."""
_STYLES: Final = {FAIL: "bold red", UNMEASURED: "yellow", OPEN: "cyan", PASS: "green"}
_FOLD: Final = 4
_CELL: Final = 9
"""Columns of a figure, with its gap; and of the label before them."""
_LABEL: Final = 5
_LOG_STYLES: Final = {"fault": "red", "event": "yellow", "console": "", "note": "dim"}
_CHANCE: Final = 0.5
_TIGHT: Final = 0.9
"""Share of a memory from which on its bar is yellow."""


@dataclass(frozen=True)
class Look:
    """All that a screen shows. `now` is in seconds since the run began."""

    state: RunState
    basis: Basis
    now: float
    verdicts: Sequence[Shown] = ()
    is_written: bool = True
    """Somebody still writes the trace."""
    quiet_s: float = 0.0
    """Since the trace's last entry."""
    test: str = ""
    """Of a test session: which test, and how many were what."""
    notices: Sequence[str] = ()
    keys: str = "q leaves the run alone"
    glyphs: Glyphs = field(default=UNICODE)

    @property
    def status(self) -> str:
        """What the run does, in a few words."""
        state = self.state
        if state.outcome:
            return state.outcome.replace("_", " ")
        if not self.is_written:
            return "killed: the trace has no end"
        if state.link.is_cut:
            return "line cut, waiting for it"
        return state.phase


# ------------------------------------------------------------------------------------------------------------- the way
def way(look: Look) -> tuple[str, int, int]:
    """What is counted, how much of it is done, and how much is due."""
    state = look.state
    if look.basis.epochs and state.due_rows and state.rows >= state.due_rows:
        return "epochs", state.epochs, look.basis.epochs
    return "rows", state.scored_rows if state.mode == "score" else state.rows, state.due_rows


def share_done(look: Look) -> float:
    _, done, due = way(look)
    return min(1.0, done / due) if due else 0.0


def rate(look: Look) -> float | None:
    """Rows, or epochs, per second: of the last ten seconds, or of all where the run is over."""
    state = look.state
    what, done, _ = way(look)
    if what == "epochs":
        return state.epochs / state.epoch_s if state.epochs and state.epoch_s > 0 else None
    if not state.marks:
        return None
    if state.is_over and state.mode != "score":
        return state.rows / state.link.active_s if state.link.active_s > 0 else None
    first = state.marks[0]
    seconds = (state.t if state.is_over else max(look.now, state.t)) - first.t
    return (done - first.rows) / seconds if seconds > 0 and done > first.rows else None


def title(look: Look, width: int) -> Text:
    """What runs where, and what it does."""
    state = look.state
    style = {"completed": "bold green", "": "bold"}.get(state.outcome, "bold red")
    if not look.is_written and not state.is_over:
        style = "bold red"
    right = f"{look.status}  {duration(max(look.now, state.t))}"
    left = f"{state.scenario or 'a run'} on {state.target or '?'}"
    if state.mode == "stream" and look.basis.segments > 1 and state.segment_name and not state.is_over:
        left += f" {look.glyphs.gap} {state.segment_name} ({state.segment + 1} of {look.basis.segments})"
    return _both(Text(left, style="bold"), Text(right, style=style), width, look.glyphs)


def progress(look: Look, width: int) -> Text:
    what, done, due = way(look)
    speed = rate(look)
    right = f" {share_done(look):4.0%}"
    right += f"  {number(round(speed) if speed >= 10 else speed)}/s" if speed else ""  # noqa: PLR2004  # two digits
    if speed and due > done and not look.state.is_over and look.is_written:
        right += f"  {duration((due - done) / speed)} left"
    left = f"{what} {number(done)} of {number(due)} "
    room = width - len(left) - len(right)
    text = Text(left)
    text.append(bar(share_done(look), max(0, min(room, 60)), look.glyphs) if room > 3 else "", style="cyan")  # noqa: PLR2004
    return text.append(right)


def notices(look: Look) -> list[Text]:
    """What is to be said at once."""
    lines = [Text(look.test, style="bold")] if look.test else []
    lines += [Text(words, style="bold yellow") for words in look.notices]
    if look.state.failure:
        lines.append(Text(look.state.failure, style="bold red"))
    return lines


def link(look: Look, width: int) -> Text:
    """Goodput, of the line where it has a rate, and what went wrong."""
    state, line = look.state, look.state.link
    goodput = line.streamed_bytes / line.active_s if line.active_s > 0 else None
    speed = rate(look)
    if speed and not state.is_over and way(look)[0] == "rows" and state.mode != "score":
        goodput = speed * line.record_bytes
    text = Text("link  ")
    text.append(per_second(goodput) if goodput else "-", style="bold")
    if goodput and line.line_bytes_per_s:
        text.append(f" {goodput / line.line_bytes_per_s:.0%} of line")
    if look.quiet_s >= QUIET_S and not state.is_over and look.is_written:
        text.append(f"  silent {duration(look.quiet_s)}", style="yellow")
    faults = (
        ("resent", line.resent + line.present.get("frames_resent", 0)),
        ("CRC", line.crc_errors + line.present.get("frames_corrupt", 0)),
        ("corrupt", line.corrupt_bytes),
        ("cuts", line.cuts),
        ("restarts", state.restarts + state.planned_restarts),
    )
    shown = faults if width >= 72 else [fault for fault in faults if fault[1]]  # noqa: PLR2004  # columns that all take
    for name, count in shown:
        bad = count and not (name == "restarts" and not state.restarts)
        text.append(f"  {name} {number(count)}", style="bold red" if bad else "dim")
    if not shown:
        text.append("  no faults", style="dim")
    return text


# ------------------------------------------------------------------------------------------------------------ the costs
def _columns(look: Look) -> list[tuple[str, Histogram]]:
    state = look.state
    batch = state.mode == "batch"
    named = [
        (name, histogram) for name, histogram in state.steps.items() if not batch or name not in {"train", "predict"}
    ]
    if batch:
        epochs = Histogram()
        for model in state.models:
            epochs.merge(model.train)
        return [("epoch", epochs), *named]
    return [*named, ("row", state.row)]


def steps(look: Look, width: int) -> list[Text]:
    """p50, p99 and maximum of the cost of a row, by operation, all models together."""
    unit = unit_of(look.state)
    columns = _columns(look)
    whole = (width - len(unit)) // len(columns) >= _CELL
    cell = min(14, (width - (len(unit) if whole else _LABEL)) // len(columns))
    first = min(18, width - cell * len(columns))
    heads = "".join(f"{name:>{cell}}" for name, _ in columns)
    lines = [] if whole else [Text(f"{unit} of a row", style="bold")]
    lines.append(Text(f"{unit if whole else '':<{first}}{heads}", style="bold"))
    for label in ("p50", "p99", "max"):
        cells = []
        for _, histogram in columns:
            value = histogram.maximum if label == "max" else histogram.percentile(int(label[1:]))
            about = "" if histogram.exact or label == "max" else "~"
            shown = None if value is None or not histogram.count else in_unit(look.state, value)
            cells.append(f"{about + number(shown):>{cell}}")
        lines.append(Text(f"  {label:<{first - 2}}" + "".join(cells)))
    return lines


def steps_line(look: Look, width: int) -> Text:
    """The same on one line."""
    del width
    parts = []
    for name, histogram in _columns(look)[:1]:
        p50, p99 = (histogram.percentile(percent) for percent in (50, 99))
        values = [number(None if value is None else in_unit(look.state, value)) for value in (p50, p99)]
        parts.append(f"{name} p50 {values[0]}, p99 {values[1]}")
    return Text(f"{', '.join(parts)} {unit_of(look.state)}")


# ----------------------------------------------------------------------------------------------------------- the memory
def _memories(look: Look) -> list[tuple[str, int | None, int | None]]:
    """Name, bytes in use at most, bytes there are."""
    state, basis = look.state, look.basis
    peaks, sections = state.peaks, basis.sections
    found = [
        ("stack", peaks.get("stack_peak_bytes"), sections.get("stack") or peaks.get("stack_bytes")),
        ("arena", _arena_used(state), state.arena_bytes or sections.get("arena")),
    ]
    if state.mode == "batch":
        found.append(("data", peaks.get("data_used_bytes"), sections.get("data_region") or peaks.get("data_bytes")))
    static, ram = basis.static_ram_bytes, basis.ram_bytes
    return [*found, ("static", static, ram if ram and static and static <= ram else None)]  # or it lies elsewhere too


def _arena_used(state: RunState) -> int | None:
    """As the payload reports it; before it has, the sum of what it said of each model."""
    reported = state.peaks.get("arena_used_bytes")
    return reported or (sum(model.arena_bytes for model in state.models) if state.models else None)


def memory(look: Look, width: int, *, columns: int) -> list[Text]:
    """Bars of what is in use of what there is."""
    cell = width // columns
    cells = [_memory_cell(look, name, used, of, cell) for name, used, of in _memories(look)]
    lines = []
    for start in range(0, len(cells), columns):
        line = Text()
        for one in cells[start : start + columns]:
            line.append_text(one)
        lines.append(line)
    return lines


def _memory_cell(look: Look, name: str, used: int | None, of: int | None, width: int) -> Text:
    figures = f"{number(used)}" + (f"/{number(of)}" if of else "") + " B"
    text = Text(f"{name:<7}")
    room = width - 7 - len(figures) - 2
    share = used / of if used is not None and of else 0.0
    if room >= 3 and of:  # noqa: PLR2004  # shorter says nothing
        text.append(bar(share, min(room, 40), look.glyphs) + " ", style="yellow" if share >= _TIGHT else "green")
    text.append(figures, style="" if used is not None else "dim")
    return Text(set_cell_size(text.plain, width), spans=text.spans)


def memory_line(look: Look, width: int) -> Text:
    """The same on one line."""
    del width
    parts = [
        f"{name} {used / of:.0%}" if used is not None and of else f"{name} -" for name, used, of in _memories(look)
    ]
    return Text(f"memory {', '.join(parts)}")


# ----------------------------------------------------------------------------------------------------------- the models
def _metric(look: Look, place: int) -> float | None:
    state = look.state
    if state.mode == "batch":
        return state.models[place].last_loss
    answers = state.scored if state.mode == "score" else state.answers
    return answers.balanced(place)


def _badness(look: Look, place: int) -> tuple[float, int]:
    value = _metric(look, place)
    if value is None:
        started = bool(look.state.epochs or look.state.answers.rows or look.state.scored.rows)
        return (-math.inf if started else 0.0), place
    if math.isnan(value):
        return -math.inf, place
    return (-value if look.state.mode == "batch" else value), place


def models(look: Look, width: int, lines: int) -> list[Text]:
    """A heading and a line per model, the worst first where there is no room for all."""
    state = look.state
    if not state.models or lines < 2:  # noqa: PLR2004  # heading and one
        return []
    room = min(lines - 1, len(state.models))
    order: Sequence[int] = range(len(state.models))
    if room < len(state.models):
        order = sorted(order, key=lambda place: _badness(look, place))
    name_width = min(24, max(5, *(cell_len(state.models[place].name) for place in order)), width // 3)
    what = {"batch": "loss", "score": "bal. acc."}.get(state.mode, "bal. acc.")
    hidden = len(state.models) - room + state.not_followed
    head = f"{'model':<{name_width}}{'updates':>10}{what:>11}  "
    about = f"worst of {len(state.models) + state.not_followed}, {hidden} not shown" if hidden else ""
    if width >= 60 or not hidden:  # noqa: PLR2004  # columns for both
        so_far = {"batch": "per epoch", "score": f"on {state.scored_source or 'scored'} rows"}
        about = "; ".join(part for part in (about, so_far.get(state.mode, "prequential")) if part)
    head_text = Text(head, style="bold").append(about, style="dim")
    return [head_text, *(_model_line(look, place, name_width, width) for place in order[:room])]


def _model_line(look: Look, place: int, name_width: int, width: int) -> Text:
    model: ModelState = look.state.models[place]
    value = _metric(look, place)
    text = Text(set_cell_size(model.name, name_width))
    text.append(f"{number(model.updates):>10}")
    batch = look.state.mode == "batch"
    shown = "-" if value is None else "NaN" if math.isnan(value) else f"{value:.4g}" if batch else f"{value:.4f}"
    failing = any(one.outcome == FAIL and f".{model.name}." in f"{one.name}." for one in look.verdicts)
    failing = failing or shown == "NaN"
    low = value is not None and not batch and value <= _CHANCE
    text.append(f"{shown:>11}", style="bold red" if failing else "yellow" if low else "")
    room = width - cell_len(text.plain) - 2
    curve = sparkline(model.curve.points, room, look.glyphs, low=None if batch else 0.0, high=None if batch else 1.0)
    return text.append("  ").append(curve, style="cyan")


# --------------------------------------------------------------------------------------------------------- the verdicts
_ORDER: Final = (FAIL, UNMEASURED, OPEN, PASS)


def _folded(shown: Sequence[Shown]) -> list[tuple[Shown, int]]:
    """Verdicts in the order in which they matter, with how many others share the line."""

    def family(one: Shown) -> tuple[int, str, str]:
        return _ORDER.index(one.outcome), ".".join(one.name.split(".")[:2]), one.limit

    lines: list[tuple[Shown, int]] = []
    known = [one for one in shown if one.outcome in _ORDER]
    for _, alike in groupby(sorted(known, key=family), key=family):
        members = list(alike)
        if len(members) < _FOLD:
            lines += [(one, 0) for one in members]
        else:
            lines.append((members[0], len(members) - 1))
    return lines


def verdict_lines(look: Look) -> int:
    """How many lines all verdicts take, with their heading."""
    return len(_folded(look.verdicts)) + 1 if look.verdicts else 0


def verdicts(look: Look, width: int, lines: int) -> list[Text]:
    """A line with counts, then what failed, what is open, what passed."""
    if not look.verdicts or lines < 1:
        return []
    head = Text("verdicts ", style="bold")
    for outcome in _ORDER:
        count = sum(one.outcome == outcome for one in look.verdicts)
        if count:
            head.append(f" {count} {outcome}", style=_STYLES[outcome])
    folded = _folded(look.verdicts)
    shown = folded[: lines - 1]
    if len(shown) < len(folded) and width >= 60:  # noqa: PLR2004  # columns for both
        head.append(f"  ({len(folded) - len(shown)} lines not shown)", style="dim")
    column = max((len(one.outcome) + 2 for one, _ in shown), default=0)
    return [head, *(_verdict_line(look, one, others, (column, width)) for one, others in shown)]


def _verdict_line(look: Look, one: Shown, others: int, widths: tuple[int, int]) -> Text:
    column, width = widths
    unit = f" {one.unit}" if one.unit not in ("", "1") else ""
    limit = f"  {one.limit}" if one.limit else ""
    more = (f" and {others} more" if others else "") + ("" if one.required else " *")
    figures = f"{more}  {number(one.value)}{unit}{limit}"
    if width - column - len(figures) < cell_len(one.name):
        figures = f"{more}  {number(one.value)}{limit}"
    text = Text(f"{one.outcome:<{column}}", style=_STYLES[one.outcome])
    text.append(_shortened(one.name, max(8, width - column - len(figures)), look.glyphs))
    text.append(figures)
    left = width - cell_len(text.plain) - 2
    if one.because and one.outcome != PASS and left > 10:  # noqa: PLR2004  # less says nothing
        text.append(f"  {one.because}", style="dim")
    return text


def _shortened(name: str, width: int, glyphs: Glyphs) -> str:
    """`name` without its middle where it is too long: it begins with a family and ends with what was measured."""
    if cell_len(name) <= width:
        return name
    head = (width - 1) // 2
    tail = width - 1 - head
    return set_cell_size(name, head) + glyphs.more + name[-tail:]


# -------------------------------------------------------------------------------------------------------------- the log
def log(look: Look, width: int, lines: int, *, heading: bool = False) -> list[Text]:
    """The newest lines of console and events."""
    del width
    entries = look.state.log
    if lines < 1 or not entries:
        return []
    shown = entries[-(lines - heading) :] if lines > heading else []
    head = [Text("console and events", style="bold")] if heading else []
    return head + [
        Text(f"{line.t:8.1f} ", style="dim").append(
            f"{'console: ' if line.kind == 'console' else ''}{line.text}", style=_LOG_STYLES.get(line.kind, "")
        )
        for line in shown
    ]


def footer(look: Look, width: int) -> Text:
    """How certain all this is, and what can be done."""
    state = look.state
    if state.is_over:
        words = (
            "the run is over; verdicts as in verdicts.json" if _is_judged(look) else "the run is over; not judged yet"
        )
    else:
        words = "figures so far; verdicts are final only in the end"
    inexact = any(not histogram.exact for _, histogram in _columns(look))
    if inexact and width >= 100:  # noqa: PLR2004  # columns for all of it
        words += "; ~ within 0.8 %"
    if look.basis.note:
        words = look.basis.note
    return _both(Text(words, style="dim"), Text(look.keys, style="dim"), width, look.glyphs)


def _is_judged(look: Look) -> bool:
    return bool(look.verdicts) and all(one.outcome != OPEN for one in look.verdicts)


def _both(left: Text, right: Text, width: int, glyphs: Glyphs) -> Text:
    """One to the left, one flush right, which is kept whole where both do not fit."""
    room = width - cell_len(right.plain) - 1
    if room < 8:  # noqa: PLR2004  # less says nothing
        return left
    if cell_len(left.plain) > room:
        left = left.copy()
        left.truncate(room - 1, overflow="crop")
        left.append(glyphs.more)
    gap = " " * (width - cell_len(left.plain) - cell_len(right.plain))
    return Text.assemble(left, gap, right)
