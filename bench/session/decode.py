"""Packets of the contract <-> what the trace and the scenario call them."""

import struct
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from bench.learners import class_labels
from bench.telemetry import Recording
from bench.trace import CatalogueListed, EvaluationScored, FeatureInfo, LearnerInfo, OperationSum, SamplesTrained
from firmware_if.errors import WireError
from firmware_if.framing import MAX_PACKET_BYTES
from firmware_if.messages import (
    ArrayPlace,
    ArrayShape,
    ArrayType,
    CatalogueEntry,
    CatalogueKind,
    Housekeeping,
    Mode,
    Operation,
    Predictions,
    RowStatus,
    SampleReport,
    Statistics,
)

PACKET_OVERHEAD_BYTES = 13
"""PUS-C telecommand header and CRC-16."""
HOUSEKEEPING_STRUCTURE = 1
_UNMEASURED = 0xFFFFFFFF
ROW_FIELD_BYTES = 4
"""Of Samples: the number of its first row."""
_COSTS = struct.Struct(">IIII")
_CLASS_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_ROW_STATUSES = frozenset(map(int, RowStatus))
_STATE_DTYPES = {ArrayType.F64: "<f8", ArrayType.F32: "<f4", ArrayType.U32: "<u4"}


def sample_records(recording: Recording) -> NDArray[np.void]:
    """Every row as its Samples record: time_ms u32 since the first row, label i16, values f32, big-endian."""
    channels = recording.values.shape[1]
    layout = np.dtype([("time_ms", ">u4"), ("label", ">i2"), ("values", ">f4", (channels,))])
    records = np.zeros(recording.row_count, layout)
    records["time_ms"] = (recording.times_ms - recording.times_ms[0]) % 2**32
    records["label"] = class_labels(recording)[0] if recording.labels is None else recording.labels
    records["values"] = recording.values
    return records


def rows_per_packet(record_bytes: int) -> int:
    """How many records fit into one telecommand beside its row number."""
    return max(1, (MAX_PACKET_BYTES - PACKET_OVERHEAD_BYTES - ROW_FIELD_BYTES) // record_bytes)


def catalogue(entries: list[CatalogueEntry]) -> CatalogueListed:
    """The payload's description of itself as a trace entry; raises WireError for an unknown kind of entry."""
    learners = [
        LearnerInfo(
            entry.name,
            entry.arithmetic,
            entry.tie,
            {p.name: [p.initial, p.minimum, p.maximum] for p in entry.parameters},
            {a.name: f"{ArrayType(a.type).name.lower()} {ArrayShape(a.shape).name.lower()}" for a in entry.arrays},
            Mode(entry.mode).name.lower(),
            [p.name for p in entry.parameters if p.whole],
        )
        for entry in entries
        if entry.entry == CatalogueKind.LEARNER
    ]
    features = [
        FeatureInfo(entry.name, entry.arithmetic, entry.inputs)
        for entry in entries
        if entry.entry == CatalogueKind.FEATURES
    ]
    if len(learners) + len(features) != len(entries):
        raise WireError("the catalogue holds an entry of unknown kind")
    for entry in entries:
        for p in entry.parameters:
            if not p.minimum <= p.initial <= p.maximum:  # NaN is within nothing
                range_ = f"{p.minimum:g} to {p.maximum:g}"
                raise WireError(f"{entry.name!r} has {p.name!r} = {p.initial:g}, which is not within {range_}")
    return CatalogueListed(learners, features)


def _fields(data: bytes, start: int, widths: Sequence[int]) -> Iterator[int]:
    """Numbers of those widths in bits from data[start:], the most significant bit first."""
    packed = int.from_bytes(data[start:], "big")
    place = 8 * (len(data) - start)
    for width in widths:
        place -= width
        yield packed >> place & (1 << width) - 1


def prediction_bits(classes: int) -> int:
    """Bits of a prediction where there are that many classes."""
    return max(1, (classes - 1).bit_length())


def sample_results(report: SampleReport, *, classes: int = 2) -> SamplesTrained:
    """A SampleReport as a trace entry; raises WireError when its records do not fit its counts."""
    widths = (prediction_bits(classes), 1) * report.models
    record_bytes = 1 + (_COSTS.size + (sum(widths) + 7) // 8 if report.models else 0)
    if len(report.records) != record_bytes * report.count:
        raise WireError(
            f"SampleReport of {report.count} rows and {report.models} models has {len(report.records)} bytes of "
            f"records; expected {record_bytes * report.count}"
        )
    result = SamplesTrained(report.first_row, [], report.link, [], [], [], [], [], [])
    for start in range(0, len(report.records), record_bytes):
        record = report.records[start : start + record_bytes]
        status = record[0]
        if status not in _ROW_STATUSES:
            raise WireError(f"row status {status} is not in this contract")
        costs = _COSTS.unpack_from(record, 1) if report.models else (0, 0, 0, 0)
        bits = list(_fields(record, 1 + _COSTS.size, widths)) if status == RowStatus.TRAINED and report.models else []
        result.status.append(status)
        for column, cost in zip((result.train, result.predict, result.feature, result.dispatch), costs, strict=True):
            column.append(cost)
        result.predictions.append("".join(_CLASS_DIGITS[bit] for bit in bits[0::2]))
        result.updated.append("".join(str(bit) for bit in bits[1::2]))
    return result


def scored_rows(answer: Predictions, *, outputs: Sequence[int], classes: int, source: str) -> EvaluationScored:
    """A Predictions packet as a trace entry; raises WireError when its records do not fit its counts.

    `outputs` is how many scores each model has.
    """
    scores_per_row = sum(outputs)
    widths = (prediction_bits(classes),) * len(outputs)
    record_bytes = 8 * scores_per_row + (sum(widths) + 7) // 8
    if answer.models != len(outputs) or len(answer.records) != record_bytes * answer.count:
        raise WireError(
            f"Predictions of {answer.count} rows and {answer.models} models has {len(answer.records)} bytes of "
            f"records; expected {record_bytes * answer.count} for {len(outputs)} models"
        )
    scores, predictions = [], []
    for start in range(0, len(answer.records), record_bytes):
        record = answer.records[start : start + record_bytes]
        scores.append(list(struct.unpack_from(f">{scores_per_row}d", record)))
        predictions.append("".join(_CLASS_DIGITS[index] for index in _fields(record, 8 * scores_per_row, widths)))
    return EvaluationScored(answer.first_row, scores, predictions, source)


def housekeeping_values(report: Housekeeping) -> dict[str, int | None]:
    """The report's fields by name; None where the port does not measure."""
    return {
        name: None if value == _UNMEASURED else int(value)
        for name, value in vars(report).items()
        if name != "structure"
    }


def operation_sums(statistics: Statistics) -> dict[str, OperationSum]:
    """Sums by lower-case operation name; operations that this contract does not know are left out."""
    known = set(Operation)
    return {
        Operation(item.operation).name.lower(): OperationSum(item.count, item.minimum, item.maximum, item.sum)
        for item in statistics.sums
        if item.operation in known
    }


def array_bytes(place: ArrayPlace) -> int:
    """What an array takes up in its model's state."""
    return place.count * np.dtype(_STATE_DTYPES[ArrayType(place.type)]).itemsize


def array_content(place: ArrayPlace, values: Sequence[float]) -> bytes:
    """An array of a model's state as it is loaded."""
    return np.array(values, _STATE_DTYPES[ArrayType(place.type)]).tobytes()


def state_arrays(data: bytes, places: tuple[ArrayPlace, ...]) -> dict[str, list[float] | int]:
    """A dumped state by array name: lists of numbers, a plain integer for a counter of one element.

    Raises WireError when an array reaches outside the dump.
    """
    arrays: dict[str, list[float] | int] = {}
    for place in places:
        dtype = np.dtype(_STATE_DTYPES[ArrayType(place.type)])
        if place.offset + array_bytes(place) > len(data):
            raise WireError(f"array {place.name!r} reaches beyond the state of {len(data)} bytes")
        values = np.frombuffer(data, dtype, place.count, place.offset).tolist()
        arrays[place.name] = values[0] if place.type == ArrayType.U32 and place.count == 1 else values
    return arrays
