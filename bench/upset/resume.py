"""A payload that started anew after an upset: whether it has its models again, and then the rows that it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bench.session.decode import ROW_FIELD_BYTES, rows_per_packet, sample_records
from bench.telemetry import Recording
from bench.upset.heard import Heard, Listener
from bench.upset.live import LiveLink, Talk
from firmware_if.messages import RequestProtection, Samples

MOST_STARTS: Final = 3
"""Of one run, after which a payload that starts anew again is given up."""


@dataclass(frozen=True)
class Rows:
    """What a payload in stream mode is to be trained on; `first` is where the window begins."""

    recording: Recording
    first: int

    @property
    def end(self) -> int:
        return self.recording.row_count


def go_on(live: LiveLink, listener: Listener, *, results: int, rows: Rows | None, for_start: int) -> Talk:
    """Talk until the results are there, or there is no hope of them. `rows`: of stream mode.

    `for_start`: instructions that a start of the payload with all its work may take.
    """
    heard = listener.heard
    talk = Talk("answered")
    if not heard.restarts:
        talk = live.talk(lambda now: now.results >= results or now.restarts > 0)
    for start in range(1, MOST_STARTS + 1):
        if talk.how != "answered" or heard.restarts != start:
            break
        live.allow(for_start)
        talk = _begin_anew(live, listener, rows)
    return talk


def has_resumed(heard: Heard) -> bool:
    """The payload's last start went on from a checkpoint."""
    return heard.protection is not None and heard.protection.resumed == 1


def _begin_anew(live: LiveLink, listener: Listener, rows: Rows | None) -> Talk:
    """A new session with the payload's new start; in stream mode what it says that it lacks, from the next row on."""
    heard, connection = listener.heard, listener.connection
    start = heard.restarts
    connection.open(listener.now)
    talk = live.talk(lambda now: now.connected or now.restarts > start)
    if talk.how != "answered" or not heard.connected:
        return talk
    connection.send(RequestProtection(), acknowledge=False)
    talk = live.talk(lambda now: now.protection is not None or now.restarts > start)
    if talk.how != "answered" or heard.protection is None or rows is None or not has_resumed(heard):
        return talk
    records = sample_records(rows.recording)
    step = rows_per_packet(records.dtype.itemsize)
    next_row = heard.protection.next_row
    heard.rows_again += max(0, (rows.first if heard.trained is None else heard.trained) - next_row)
    heard.rows_end = next_row
    for first in range(next_row, rows.end, step):
        connection.send(Samples(first, records[first : first + step].tobytes()), acknowledge=False)
    left = (rows.end - next_row) * (records.dtype.itemsize + ROW_FIELD_BYTES)
    return live.talk(lambda now: now.rows_end == rows.end or now.restarts > start, work_bytes=left)
