"""What went over a link, decoded for people: of a run, of the tail that a board keeps, or of any capture."""

from bench.frames.choose import Choice, chosen
from bench.frames.decode import Line, decode
from bench.frames.source import open_link
from bench.frames.tail import link_tail
from bench.frames.text import line_text

__all__ = ["Choice", "Line", "chosen", "decode", "line_text", "link_tail", "open_link"]
