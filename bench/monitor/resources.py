"""What a run costs, and what it takes of the memories."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len
from rich.text import Text

from bench.monitor.blocks import Look
from bench.monitor.glyphs import bar, number, share_text
from bench.monitor.histogram import Histogram
from bench.monitor.provisional import in_unit, unit_of
from bench.monitor.state import RunState

_LABEL: Final = 5
"""Columns of p50, p99 and max with the blanks before them."""
_STATISTICS: Final = ("p50", "p99", "max")
_TIGHT: Final = 0.9
"""Share of a memory from which on its bar is yellow."""
_NAME: Final = 7
"""Columns of a memory's name with its gap."""
_LONGEST_BAR: Final = 40
_SHORTEST_BAR: Final = 3


def columns(look: Look) -> list[tuple[str, Histogram]]:
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


def is_inexact(look: Look) -> bool:
    """Whether a percentile is shown that is one of a bucket."""
    return any(not histogram.exact for _, histogram in columns(look))


def _figure(look: Look, histogram: Histogram, statistic: str) -> str:
    value = histogram.maximum if statistic == "max" else histogram.percentile(int(statistic[1:]))
    about = "" if histogram.exact or statistic == "max" else "~"
    return about + number(None if value is None or not histogram.count else in_unit(look.state, value))


def steps(look: Look, width: int) -> list[Text]:
    """p50, p99 and maximum of the cost of a row, by operation, all models together; on few columns turned round."""
    unit = unit_of(look.state)
    found = [(name, [_figure(look, histogram, one) for one in _STATISTICS]) for name, histogram in columns(look)]
    least = 1 + max(len(text) for name, figures in found for text in (name, *figures))
    whole = (width - len(unit)) // len(found) >= least
    cell = min(max(14, least), (width - (len(unit) if whole else _LABEL)) // len(found))
    if cell < least:
        return _turned(found, unit, width)
    first = min(18, width - cell * len(found))
    lines = [] if whole else [Text(f"{unit} of a row", style="bold")]
    lines.append(
        Text(f"{unit if whole else '':<{first}}" + "".join(f"{name:>{cell}}" for name, _ in found), style="bold")
    )
    for index, label in enumerate(_STATISTICS):
        lines.append(Text(f"  {label:<{first - 2}}" + "".join(f"{figures[index]:>{cell}}" for _, figures in found)))
    return lines


def _turned(found: list[tuple[str, list[str]]], unit: str, width: int) -> list[Text]:
    """A line for each operation; where not even this has room, the maxima alone."""
    cell = 1 + max(len(text) for _, figures in found for text in figures)
    name_width = max(len(name) for name, _ in found)
    shown = max(1, min(len(_STATISTICS), (width - name_width) // cell))
    room = width - name_width - shown * cell
    first = max(name_width, min(len(unit), name_width + room))
    cell = min(cell + 2, (width - first) // shown)
    lines = [] if first >= len(unit) else [Text(f"{unit} of a row", style="bold")]
    heads = "".join(f"{label:>{cell}}" for label in _STATISTICS[-shown:])
    lines.append(Text(f"{unit if first >= len(unit) else '':<{first}}{heads}", style="bold"))
    return lines + [
        Text(f"{name:<{first}}" + "".join(f"{text:>{cell}}" for text in figures[-shown:])) for name, figures in found
    ]


def steps_line(look: Look) -> Text:
    """The cost of the first operation on one line."""
    name, histogram = columns(look)[0]
    p50, p99 = (_figure(look, histogram, statistic) for statistic in ("p50", "p99"))
    return Text(f"{name} p50 {p50}, p99 {p99} {unit_of(look.state)}")


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
    """Bars of what is in use of what there is, in so many columns if they have room; in none the shares."""
    found = _memories(look)
    least = _NAME + max(len(_bytes(used, of)) for _, used, of in found)
    if least > width:
        return [memory_line(look, width)]
    cell = width // columns
    if least + 1 > cell:
        columns, cell = 1, width
    cells = [_memory_cell(look, name, used, of, cell) for name, used, of in found]
    return [Text.assemble(*cells[start : start + columns]) for start in range(0, len(cells), columns)]


def _bytes(used: int | None, of: int | None) -> str:
    if used is None and not of:
        return "not known"
    return f"{number(used)}/{number(of)} B" if of else f"{number(used)} B"


def _memory_cell(look: Look, name: str, used: int | None, of: int | None, width: int) -> Text:
    figures = _bytes(used, of)
    text = Text(f"{name:<{_NAME}}")
    room = width - _NAME - len(figures) - 2
    share = used / of if used is not None and of else 0.0
    if room >= _SHORTEST_BAR and of:
        style = "yellow" if share >= _TIGHT else "green"
        text.append(bar(share, min(room, _LONGEST_BAR), look.glyphs) + " ", style=style)
    text.append(figures, style="" if used is not None else "dim")
    return text.append(" " * (width - cell_len(text.plain)))


def memory_line(look: Look, width: int) -> Text:
    """Shares of those memories of which use and size are known, on one line."""
    parts = [f"{name} {share_text(used, of)}" for name, used, of in _memories(look) if used is not None and of]
    if not parts:
        return Text("memory not known", style="dim")
    ways = (f"memory {', '.join(parts)}", ", ".join(parts), " ".join(parts))
    return Text(next((one for one in ways if len(one) <= width), ways[-1]))
