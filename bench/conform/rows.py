"""Rows for a payload to train on, and what it reports of them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.conform.check import Violation, require
from bench.conform.heard import Event, describe_packets
from bench.conform.subject import Subject
from bench.conform.talk import Talk
from bench.session.decode import rows_per_packet, sample_results, scored_rows
from bench.trace import EvaluationScored
from firmware_if.errors import WireError
from firmware_if.messages import Predict, Predictions, SampleReport, Samples
from firmware_if.reference import nearest_float32


@dataclass(frozen=True)
class Row:
    label: int
    values: tuple[float, ...]

    def record(self, time_ms: int = 0) -> bytes:
        """As Samples has it."""
        return struct.pack(f">Ih{len(self.values)}f", time_ms, self.label, *self.values)

    def scored(self) -> bytes:
        """As Predict has it."""
        return struct.pack(f">{len(self.values)}f", *self.values)


@dataclass
class Reported:
    """What became of rows, in their order; strings hold a digit for each model."""

    status: list[int] = field(default_factory=list)
    predictions: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    train: list[int] = field(default_factory=list)
    predict: list[int] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    dispatch: list[int] = field(default_factory=list)
    link: list[int] = field(default_factory=list)
    """One for each report."""
    models: set[int] = field(default_factory=set)
    events: list[Event] = field(default_factory=list)


def make_rows(subject: Subject, count: int, *, channels: int) -> list[Row]:
    """Random rows whose label a plane decides, now and then the wrong way; values are float32."""
    draw = subject.random
    plane = [draw.uniform(-1, 1) for _ in range(channels)]
    rows = []
    for _ in range(count):
        values = tuple(nearest_float32(draw.uniform(-2, 2)) for _ in range(channels))
        side = sum(p * v for p, v in zip(plane, values, strict=True)) + draw.gauss(0, 0.2)
        rows.append(Row(1 if side > 0 else -1, values))
    return rows


def make_classed_rows(subject: Subject, count: int, *, channels: int, classes: Sequence[int]) -> list[Row]:
    """As `make_rows`; each class has a plane, and the highest above the row decides."""
    draw = subject.random
    planes = [[draw.uniform(-1, 1) for _ in range(channels)] for _ in classes]
    rows = []
    for row in make_rows(subject, count, channels=channels):
        heights = [sum(p * v for p, v in zip(plane, row.values, strict=True)) for plane in planes]
        rows.append(Row(classes[heights.index(max(heights))], row.values))
    return rows


def pack_samples(rows: Sequence[Row], first_row: int, *, per_packet: int | None = None) -> list[Samples]:
    """In packets as large as they can be, or of so many rows each."""
    size = per_packet or rows_per_packet(len(rows[0].record()))
    return [
        Samples(first_row + start, b"".join(row.record(first_row + start) for row in rows[start : start + size]))
        for start in range(0, len(rows), size)
    ]


def stream(
    talk: Talk, rows: Sequence[Row], *, first_row: int = 0, per_packet: int | None = None, classes: int = 2
) -> Reported:
    """Send rows as a run does; raises Violation unless each is reported once and in order."""
    reported = Reported()
    packets = talk.tell(pack_samples(rows, first_row, per_packet=per_packet))
    for packet in packets:
        message = packet.message
        if isinstance(message, SampleReport):
            _add(reported, message, first_row + len(reported.status), classes=classes)
        elif isinstance(message, Event):
            reported.events.append(message)
        else:
            raise Violation("sample reports and events only", describe_packets(packets))
    came = f"{len(reported.status)} of them"
    require(len(reported.status) == len(rows), f"records of all {len(rows)} rows after a poll", came)
    return reported


def _add(reported: Reported, report: SampleReport, expected_row: int, *, classes: int) -> None:
    require(report.first_row == expected_row, f"a report that begins with row {expected_row}", report.first_row)
    require(report.count > 0, "a report of at least one row", "a report of none")
    try:
        results = sample_results(report, classes=classes)
    except WireError as error:
        raise Violation("records that fit count and models", error.message) from error
    reported.models.add(report.models)
    reported.link.append(report.link)
    for name in ("status", "predictions", "updated", "train", "predict", "feature", "dispatch"):
        getattr(reported, name).extend(getattr(results, name))


def predict(talk: Talk, rows: Sequence[Row], *, outputs: Sequence[int], classes: int = 2) -> EvaluationScored:
    """Scores and classes of rows, in as many packets as they take; raises Violation unless they are those asked for."""
    first_row = 70_000
    whole = EvaluationScored(first_row, [], [], "conform")
    for answer in talk.demand(Predict(first_row, b"".join(row.scored() for row in rows))):
        if not isinstance(answer, Predictions):
            continue
        due = first_row + len(whole.scores)
        require(answer.first_row == due, f"predictions from row {due} on", answer.first_row)
        try:
            part = scored_rows(answer, outputs=outputs, classes=classes, source="conform")
        except WireError as error:
            raise Violation("predictions that fit rows, models and classes", error.message) from error
        whole.scores.extend(part.scores)
        whole.predictions.extend(part.predictions)
    require(len(whole.scores) == len(rows), f"predictions for {len(rows)} rows", len(whole.scores))
    return whole
