"""What a payload is asked to do in the window: the epochs of batch mode, or the last rows of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.errors import ConfigurationError
from bench.plan import Plan, Step, StreamSegment, TrainEpochs
from bench.scenario import Scenario
from bench.session.decode import PACKET_OVERHEAD_BYTES, ROW_FIELD_BYTES, rows_per_packet, sample_records
from bench.telemetry import Recording
from firmware_if.connection import MOST_FRAMING_BYTES
from firmware_if.messages import Message, ModelCreated, Samples, TrainEpoch

EPOCH_ENTRY: Final = "hil_request_train_epoch"
ROWS_ENTRY: Final = "hil_request_samples"
"""The payload's functions that carry TrainEpoch and Samples out: at their beginning it can be held."""
_AROUND_BYTES: Final = MOST_FRAMING_BYTES + PACKET_OVERHEAD_BYTES + ROW_FIELD_BYTES
"""What the rows of a packet travel with."""


@dataclass(frozen=True)
class Work:
    """Requests that arrive together, and are carried out one after the other with nothing more said."""

    entry: str
    """The payload's function that carries them out."""
    orders: tuple[Message, ...]
    answers: int
    """Packets of telemetry that each request is sure to have caused when it has been carried out."""
    results: int
    """Epochs of one model, or rows, whose results end the work."""
    samples: int
    """Training steps: one for each row and model."""
    described: str


def entry_of(scenario: Scenario) -> str:
    """Where a payload is held before that scenario's work; raises ConfigurationError where it can have no window."""
    if scenario.mode not in ("batch", "stream"):
        raise ConfigurationError(
            f"scenario {scenario.name} has mode {scenario.mode!r}, in which nothing is trained that upsets could ruin",
            hint='write mode = "stream" or mode = "batch"',
        )
    if scenario.restart_between_segments:
        raise ConfigurationError(
            f"scenario {scenario.name} restarts the payload between segments; upsets are injected into one start of it",
            hint="leave out restart_between_segments",
        )
    power_cuts = scenario.checkpoints is not None and scenario.checkpoints.power_cuts
    if scenario.link_faults is not None or scenario.sensor_faults or power_cuts:
        raise ConfigurationError(
            f"scenario {scenario.name} has faults of its own, beside which upsets could not be told",
            hint="leave out link_faults, sensor_faults and power_cuts",
        )
    return ROWS_ENTRY if scenario.mode == "stream" else EPOCH_ENTRY


def steps_before(plan: Plan, scenario: Scenario) -> Iterator[Step]:
    """The steps up to the one that the work is a part of."""
    last = TrainEpochs if scenario.mode == "batch" else StreamSegment
    place = max(index for index, step in enumerate(plan.steps) if isinstance(step, last))
    yield from plan.steps[:place]


def rows_before(recording: Recording, credit: int) -> StreamSegment:
    """The last segment without the rows that the payload can take at once, which are the work."""
    index = len(recording.segments) - 1
    segment = recording.segments[index]
    return StreamSegment(index, segment.first_row, segment.end_row - sum(_packets(recording, credit)))


def rows_work(recording: Recording, credit: int, *, models: int) -> Work:
    """The last rows of the recording, as many as the payload can take at once."""
    records, packets = sample_records(recording), _packets(recording, credit)
    count = sum(packets)
    first = start = recording.row_count - count
    orders = []
    for rows in packets:
        orders.append(Samples(start, records[start : start + rows].tobytes()))
        start += rows
    described = f"training on rows {first} to {recording.row_count - 1}, {count} of them"
    return Work(ROWS_ENTRY, tuple(orders), 0, count, count * models, described)


def epochs_work(scenario: Scenario, recording: Recording, created: Sequence[tuple[str, ModelCreated]]) -> Work:
    """Every epoch of every model."""
    orders = tuple(TrainEpoch(answer.model, epoch) for epoch in range(scenario.epochs) for _, answer in created)
    described = f"{scenario.epochs} epochs over {recording.row_count} rows"
    return Work(EPOCH_ENTRY, orders, 1, len(orders), len(orders) * recording.row_count, described)


def _packets(recording: Recording, credit: int) -> list[int]:
    """Rows of each packet, as full as in any run: one, and behind it what the credit covers.

    As many as the last segment has, at the most; raises ConfigurationError where not one row fits.
    """
    segment = recording.segments[-1]
    left = segment.end_row - segment.first_row
    record_bytes = sample_records(recording).dtype.itemsize
    packets: list[int] = []
    room = credit
    while left:
        rows = min(left, rows_per_packet(record_bytes), (room - _AROUND_BYTES) // record_bytes)
        if rows < 1:
            break
        room = room - _AROUND_BYTES - rows * record_bytes if packets else credit
        left -= rows
        packets.append(rows)
    if not packets:
        raise ConfigurationError(
            f"no row of recording {recording.name} fits: a row is {record_bytes} bytes, and the payload takes "
            f"{credit} bytes at once",
            hint="fewer channels, or a payload with a larger receive queue",
        )
    return packets
