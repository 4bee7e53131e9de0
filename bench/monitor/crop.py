"""What becomes of a text that has no room: never a number that lost its last digits, which would be another number."""

from __future__ import annotations

import re
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from bench.monitor.glyphs import Glyphs

NUMBER: Final = re.compile(r"[~+-]?\d(?:[\d,.:/]|e[+-]?\d)*%?")
"""With its signs, and with the number behind a stroke."""

_LAST: Final = tuple("0123456789%,.:/")
"""What a number may end with; between it and the mark a blank stays."""


def cropped(line: Text, width: int, glyphs: Glyphs) -> Text:
    """`line` on at most `width` columns; a longer one ends in a mark, which never stands where digits are missing."""
    plain = line.plain
    if cell_len(plain) <= width:
        return line
    end, room = 0, width - cell_len(glyphs.more)
    for character in plain:
        room -= cell_len(character)
        if room < 0:
            break
        end += 1
    for found in reversed(list(NUMBER.finditer(plain))):
        if found.start() < end <= found.end():
            end = found.start()
    kept = line[:end]
    if not plain[:end].rstrip().endswith(_LAST):
        kept.rstrip()
    return kept.append(glyphs.more) if width > 0 else Text()


def shortened(name: str, width: int, glyphs: Glyphs) -> str:
    """`name` without its middle where it is too long: it begins with a family and ends with what was measured."""
    if cell_len(name) <= width:
        return name
    head = (width - 1) // 2
    tail = width - 1 - head
    return set_cell_size(name, head) + glyphs.more + (name[-tail:] if tail > 0 else "")


def both(left: Text, right: Text, width: int, glyphs: Glyphs) -> Text:
    """One to the left, one flush right, which is kept whole where both do not fit."""
    room = width - cell_len(right.plain) - 1
    if room < 8:  # noqa: PLR2004  # less says nothing
        return left
    left = cropped(left, room, glyphs)
    gap = " " * (width - cell_len(left.plain) - cell_len(right.plain))
    return Text.assemble(left, gap, right)
