"""The screen: lines of text as a function of what is known of a run, a time and a size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from bench.monitor import blocks
from bench.monitor.blocks import Look

LEAST: Final = (40, 10)
"""Columns and lines on which a run can be shown."""
WIDE: Final = 110
"""Columns from which on there are two halves."""
_LEFT_SHARE: Final = 0.5
_FIXED_FROM: Final = 20
"""Lines from which on costs and memory have more than one line together."""
_LOG_FROM: Final = 8
"""Lines below the figures from which on some are for console and events."""
__all__ = ["LEAST", "Look", "screen"]


def screen(look: Look, width: int, height: int) -> list[Text]:
    """Exactly `height` lines of at most `width` columns."""
    if width < LEAST[0] or height < LEAST[1]:
        lines = _tiny(look, width, height)
    elif width >= WIDE and height >= _FIXED_FROM:
        lines = _wide(look, width, height)
    else:
        lines = _narrow(look, width, height)
    lines = [fitted(line, width) for line in lines[:height]]
    return lines + [Text()] * (height - len(lines))


def fitted(line: Text, width: int, *, pad: bool = False) -> Text:
    """`line` on at most `width` columns; with `pad` on as many."""
    length = cell_len(line.plain)
    if length > width:
        line = line.copy()
        line.truncate(width, overflow="crop")
        length = cell_len(line.plain)
    if pad and length < width:
        line = line.copy()
        line.append(" " * (width - length))
    return line


def _tiny(look: Look, width: int, height: int) -> list[Text]:
    share = blocks.share_done(look)
    words = [
        Text(set_cell_size(f"{width}x{height} is too small", min(width, 23)).rstrip(), style="yellow"),
        Text(f"needs {LEAST[0]}x{LEAST[1]}"),
        Text(f"{share:.0%} {look.status}"),
    ]
    return words[:height]


def _narrow(look: Look, width: int, height: int) -> list[Text]:
    top = [blocks.title(look, width), blocks.progress(look, width), *blocks.notices(look), blocks.link(look, width)]
    if height >= _FIXED_FROM:
        top += [*blocks.steps(look, width), *blocks.memory(look, width, columns=2)]
    else:
        top.append(blocks.steps_line(look, width))
        if height > LEAST[1]:
            top.append(blocks.memory_line(look, width))
    rest = height - len(top) - 1
    verdicts, log, models = _shares(look, rest)
    bottom = [
        *blocks.models(look, width, models),
        *blocks.verdicts(look, width, verdicts),
        *blocks.log(look, width, log),
    ]
    free = height - 1 - len(top) - len(bottom)
    return [*top, *bottom[: height - 1 - len(top)], *([Text()] * max(0, free)), blocks.footer(look, width)]


def _shares(look: Look, lines: int) -> tuple[int, int, int]:
    """Lines for verdicts, log and models, headings included: what one does not need the others get."""
    want_verdicts, want_log = blocks.verdict_lines(look), min(len(look.state.log), lines)
    want_models = len(look.state.models) + 1 if look.state.models else 0
    verdicts = min(want_verdicts, max(2, lines * 3 // 10))
    log = min(want_log, lines * 2 // 10 if lines >= _LOG_FROM else 0)
    models = min(want_models, lines - verdicts - log)
    spare = lines - verdicts - log - models
    more = min(spare, want_verdicts - verdicts)
    return verdicts + more, log + min(spare - more, want_log - log), models


def _wide(look: Look, width: int, height: int) -> list[Text]:
    left, gap = int(width * _LEFT_SHARE), f" {look.glyphs.rule} "
    right = width - left - len(gap)
    top = [blocks.title(look, width), blocks.progress(look, width), *blocks.notices(look), blocks.link(look, width)]
    body = height - len(top) - 1
    fixed = [*blocks.steps(look, right), Text(), *blocks.memory(look, right, columns=1), Text()]
    lines = body - len(fixed)
    log = min(len(look.state.log) + 1, max(3, lines // 3)) if look.state.log else 0
    verdicts = blocks.verdicts(look, right, max(2, lines - log - bool(log)))
    beside = [*fixed, *verdicts, *([Text()] if log else [])]
    beside += blocks.log(look, right, body - len(beside), heading=True)
    models = blocks.models(look, left, body)
    return [*top, *_beside(models, beside, body, (left, right), gap), blocks.footer(look, width)]


def _beside(left: Sequence[Text], right: Sequence[Text], lines: int, widths: tuple[int, int], gap: str) -> list[Text]:
    joined = []
    for number in range(lines):
        one = left[number] if number < len(left) else Text()
        other = right[number] if number < len(right) else Text()
        joined.append(Text.assemble(fitted(one, widths[0], pad=True), (gap, "dim"), fitted(other, widths[1])))
    return joined
