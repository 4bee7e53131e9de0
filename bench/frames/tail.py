"""The last of a link for a report of a failure."""

from bench.frames.choose import Choice, chosen
from bench.frames.decode import decode
from bench.frames.text import line_text
from bench.transport.chunk import LinkTail


def link_tail(tail: LinkTail, *, lines: int = 40, started: float = 0.0, since: float | None = None) -> list[str]:
    """At most `lines` lines, the last ones, and none from before `since`.

    `started` is when the run began; both are on the clock that the tail was kept by.
    """
    chunks = (chunk._replace(t=chunk.t - started if chunk.t is not None else None) for chunk in tail.chunks())
    decoded = decode(chunks, cut=tail.is_cut)
    wanted = (line for line in decoded if since is None or line.t is None or line.t >= since - started)
    return [line_text(line) for line in chosen(wanted, Choice(last=lines))]
