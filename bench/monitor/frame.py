"""The first and the last lines of the screen: which run it is, what it does, and how certain all this is."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from bench.monitor.blocks import Look
from bench.monitor.crop import both, shortened
from bench.monitor.glyphs import duration
from bench.monitor.provisional import OPEN
from bench.monitor.resources import is_inexact

_TIME: Final = re.compile(r"\d{8}-\d{6}")
"""That the name of a run folder begins with, and that tells runs apart where there is no room for the rest."""


def title(look: Look, width: int) -> Text:
    """What runs where, and what it does."""
    state = look.state
    style = {"completed": "bold green", "": "bold"}.get(state.outcome, "bold red")
    if not look.is_written and not state.is_over:
        style = "bold red"
    right = f"{look.status}  {duration(max(look.now, state.t))}"
    partial = "partial " if look.basis.selection is not None else ""
    left = f"{partial}{state.scenario or 'a run'} on {state.target or '?'}"
    if state.mode == "stream" and look.basis.segments > 1 and state.segment_name and not state.is_over:
        left += f" {look.glyphs.gap} {state.segment_name} ({state.segment + 1} of {look.basis.segments})"
    return both(Text(left, style="bold"), Text(right, style=style), width, look.glyphs)


def place(look: Look, width: int) -> list[Text]:
    """Which folder it is, when it began, and which part of its scenario; nothing where none of it is known."""
    began = _began(look.state.started)
    parts = [part for part in (look.folder, f"began {began}" if began else "") if part]
    lines = [Text("  ".join(parts) if sum(map(len, parts)) + 2 <= width else _name(look, width), style="dim")]
    if look.basis.selection is not None:
        lines.append(Text(f"partial run: {look.basis.selection}", style="yellow"))
    return lines if parts else lines[1:]


def _name(look: Look, width: int) -> str:
    return shortened(look.folder, width, look.glyphs)


def _began(started: str) -> str:
    try:
        return f"{datetime.fromisoformat(started):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return ""


def footer(look: Look, width: int, *, with_name: bool) -> Text:
    """How certain all this is, and what can be done; on a small screen which run it is comes first."""
    keys = Text(look.keys, style="dim")
    if with_name and look.folder:
        room = width - len(look.keys) - bool(look.keys)
        time = _TIME.match(look.folder)
        name = time[0] if time and cell_len(look.folder) > room else _name(look, room)
        return both(Text(name, style="dim"), keys, width, look.glyphs)
    if look.state.is_over:
        words = (
            "the run is over; verdicts as in verdicts.json" if _is_judged(look) else "the run is over; not judged yet"
        )
    else:
        words = "figures so far; verdicts are final only in the end"
    if is_inexact(look) and width >= 100:  # noqa: PLR2004  # columns for all of it
        words += "; ~ within 0.8 %"
    return both(Text(look.basis.note or words, style="dim"), keys, width, look.glyphs)


def _is_judged(look: Look) -> bool:
    return bool(look.verdicts) and all(one.outcome != OPEN for one in look.verdicts)
