"""The screen: lines of text as a function of what is known of a run, a time and a size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from bench.monitor import blocks, frame, resources
from bench.monitor.blocks import Look
from bench.monitor.crop import cropped
from bench.monitor.glyphs import Glyphs, share_text

LEAST: Final = (39, 10)
"""Columns and lines on which a run can be shown; two that stand side by side on 80 columns have 39."""
WIDE: Final = 110
"""Columns from which on there are two halves."""
_LEFT_SHARE: Final = 0.5
_FIXED_FROM: Final = 20
"""Lines from which on costs and memory have more than one line together."""
_FIXED_SHARE: Final = 0.4
"""Of the lines that costs and memory may take; where they need more they have a line each."""
_PLACE_FROM: Final = 20
"""Lines from which on folder and beginning of the run have one; on fewer the folder is in the last."""
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
    lines = [fitted(line, width, look.glyphs) for line in lines[:height]]
    return lines + [Text()] * (height - len(lines))


def fitted(line: Text, width: int, glyphs: Glyphs, *, pad: bool = False) -> Text:
    """`line` on at most `width` columns; with `pad` on as many."""
    line = cropped(line, width, glyphs)
    length = cell_len(line.plain)
    if pad and length < width:
        line = line.copy()
        line.append(" " * (width - length))
    return line


def _tiny(look: Look, width: int, height: int) -> list[Text]:
    share = share_text(blocks.share_done(look), 1.0)
    words = [
        Text(f"{width}x{height} is too small", style="yellow"),
        Text(f"needs {LEAST[0]}x{LEAST[1]}"),
        Text(f"{share} {look.status}"),
    ]
    return words[:height]


def _narrow(look: Look, width: int, height: int) -> list[Text]:
    top = _top(look, width, height)
    fixed = [*resources.steps(look, width), *resources.memory(look, width, columns=2)]
    if height >= _FIXED_FROM and len(fixed) <= height * _FIXED_SHARE:
        top += fixed
    else:
        top.append(resources.steps_line(look))
        if height > LEAST[1]:
            top.append(resources.memory_line(look, width))
    rest = height - len(top) - 1
    verdicts, log, models = _shares(look, rest)
    bottom = [
        *blocks.models(look, width, models),
        *blocks.verdicts(look, width, verdicts),
        *blocks.log(look, width, log),
    ]
    lines = [*top, *bottom][: height - 1]
    free = [Text()] * (height - 1 - len(lines))
    return [*lines, *free, frame.footer(look, width, with_name=height < _PLACE_FROM)]


def _top(look: Look, width: int, height: int) -> list[Text]:
    """What every screen begins with."""
    where = frame.place(look, width) if height >= _PLACE_FROM else []
    first = [frame.title(look, width), *where, blocks.progress(look, width)]
    return [*first, *blocks.notices(look), blocks.link(look, width)]


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
    top = _top(look, width, height)
    body = height - len(top) - 1
    fixed = [*resources.steps(look, right), Text(), *resources.memory(look, right, columns=1), Text()]
    lines = body - len(fixed)
    log = min(len(look.state.log) + 1, max(3, lines // 3)) if look.state.log else 0
    verdicts = blocks.verdicts(look, right, max(2, lines - log - bool(log)))
    beside = [*fixed, *verdicts, *([Text()] if log else [])]
    beside += blocks.log(look, right, body - len(beside), heading=True)
    halves = [[*half, *[Text()] * (body - len(half))][:body] for half in (blocks.models(look, left, body), beside)]
    return [*top, *_beside(look, halves, (left, right), gap), frame.footer(look, width, with_name=False)]


def _beside(look: Look, halves: Sequence[Sequence[Text]], widths: tuple[int, int], gap: str) -> list[Text]:
    joined = []
    for left, right in zip(*halves, strict=True):
        one, other = fitted(left, widths[0], look.glyphs, pad=True), fitted(right, widths[1], look.glyphs)
        joined.append(Text.assemble(one, (gap, "dim"), other))
    return joined
