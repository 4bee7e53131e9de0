"""What was done to a recording."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class SensorFault:
    """One fault. Rows count from 0 over the recording before anything was done to it.

    streamed_row: where its first row is in the stream, or, of rows that are missing, the row that follows them there.
    """

    fault: str
    row: int
    rows: int
    streamed_row: int
    channels: tuple[str, ...]
    about: str


def sensor_faults_text(faults: Sequence[SensorFault]) -> str:
    """The file of a run folder: one fault on each line."""
    lines = [json.dumps(asdict(fault), ensure_ascii=False) for fault in faults]
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"
