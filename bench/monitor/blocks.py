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
from bench.monitor.crop import shortened
from bench.monitor.glyphs import UNICODE, Glyphs, bar, duration, number, per_second, share_text, sparkline
from bench.monitor.provisional import OPEN, Shown
from bench.monitor.state import ModelState, RunState
from bench.verdict import FAIL, PASS, UNMEASURED

QUIET_S: Final = 3.0
"""Without an entry from which on it is said."""
_STYLES: Final = {FAIL: "bold red", UNMEASURED: "yellow", OPEN: "cyan", PASS: "green"}
_FOLD: Final = 4
_LOG_STYLES: Final = {"fault": "red", "event": "yellow", "console": "", "note": "dim"}
_CHANCE: Final = 0.5


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
    folder: str = ""
    """Name of the run folder."""
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


def progress(look: Look, width: int) -> Text:
    """How far it is, how fast, and how long it will take; on few columns the rate is left out."""
    what, done, due = way(look)
    speed = rate(look)
    left, right = f"{what} {number(done)} of {number(due)} ", f" {share_text(share_done(look), 1.0):>4}"
    pace = f"  {number(round(speed) if speed >= 10 else speed)}/s" if speed else ""  # noqa: PLR2004  # two digits
    goes_on = speed and due > done and not look.state.is_over and look.is_written
    rest = f"  {duration((due - done) / speed)} left" if speed and goes_on else ""
    right += pace + rest if len(left + right + pace + rest) <= width else rest or pace
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
    if goodput and line.line_bytes_per_s and width >= 60:  # noqa: PLR2004  # columns for faults as well
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
    so_far = {"batch": "per epoch", "score": f"on {state.scored_source or 'scored'} rows"}.get(
        state.mode, "prequential"
    )
    total = len(state.models) + state.not_followed
    ways = [f"worst of {total}, {hidden} not shown; {so_far}", f"worst {room} of {total}; {so_far}"]
    ways += [f"worst {room} of {total}", f"of {total}"]
    about = _first_fitting(ways if hidden else [so_far], width - len(head))
    head_text = Text(head, style="bold").append(about, style="dim")
    return [head_text, *(_model_line(look, place, name_width, width) for place in order[:room])]


def _first_fitting(words: Sequence[str], width: int) -> str:
    """The first of some wordings that fits, or none."""
    return next((one for one in words if len(one) <= width), "")


def _model_line(look: Look, place: int, name_width: int, width: int) -> Text:
    model: ModelState = look.state.models[place]
    value = _metric(look, place)
    text = Text(set_cell_size(shortened(model.name, name_width, look.glyphs), name_width))
    text.append(f" {number(model.updates):>9}")
    batch = look.state.mode == "batch"
    shown = "-" if value is None else "NaN" if math.isnan(value) else f"{value:.4g}" if batch else f"{value:.4f}"
    failing = any(one.outcome == FAIL and f".{model.name}." in f"{one.name}." for one in look.verdicts)
    failing = failing or shown == "NaN"
    low = value is not None and not batch and value <= _CHANCE
    text.append(f" {shown:>10}", style="bold red" if failing else "yellow" if low else "")
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
    head = Text()
    for outcome in _ORDER:
        count = sum(one.outcome == outcome for one in look.verdicts)
        if count:
            head.append(f" {count} {outcome}", style=_STYLES[outcome])
    name = _first_fitting(["verdicts "], width - len(head))
    head = Text(name, style="bold").append_text(head) if name else head[1:]
    folded = _folded(look.verdicts)
    shown = folded[: lines - 1]
    if len(shown) < len(folded):
        head.append(_first_fitting([f"  ({len(folded) - len(shown)} lines not shown)"], width - len(head)), style="dim")
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
    text.append(shortened(one.name, max(8, width - column - len(figures)), look.glyphs))
    text.append(figures)
    left = width - cell_len(text.plain) - 2
    if one.because and one.outcome != PASS and left > 10:  # noqa: PLR2004  # less says nothing
        text.append(f"  {one.because}", style="dim")
    return text


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
