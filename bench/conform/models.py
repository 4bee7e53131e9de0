"""Models' states as checks handle them: where their arrays lie, dumped and loaded."""

from __future__ import annotations

from bench.conform.check import require
from bench.conform.heard import Answer
from bench.conform.subject import Subject
from firmware_if.messages import ArrayPlace, ArrayShape, ArrayType, DumpMemory, LoadMemory, MemoryDump, ModelCreated
from firmware_if.packets import crc16

ELEMENT_BYTES = {ArrayType.F64: 8, ArrayType.F32: 4, ArrayType.U32: 4}
REALS = {"f32": ArrayType.F32, "f64": ArrayType.F64, "flight": ArrayType.F64}
"""Of arithmetics that this project knows; another may have either."""


def elements(shape: int, *, dimension: int, outputs: int) -> int:
    """How many an array of that shape has; 0 for one that the contract does not have."""
    counts = {
        ArrayShape.SCALAR: 1,
        ArrayShape.VECTOR: dimension,
        ArrayShape.OUTPUTS: outputs,
        ArrayShape.MATRIX: outputs * dimension,
        ArrayShape.AFFINE: outputs * (dimension + 1),
    }
    return counts.get(ArrayShape(shape), 0) if shape in set(ArrayShape) else 0


def place_bytes(place: ArrayPlace) -> int:
    """What an array takes up; 0 for an element type that the contract does not have."""
    return place.count * ELEMENT_BYTES[ArrayType(place.type)] if place.type in set(ArrayType) else 0


def pieces_of(answer: Answer, *, model: int, address: int, length: int) -> bytes:
    """The content of a dump's pieces; raises Violation unless they are what was asked for, in order and whole."""
    data = b""
    for message in answer.messages:
        if not isinstance(message, MemoryDump):
            continue
        require(message.memory == model and message.count == 1, f"memory {model}, 1 area", message)
        require(message.address == address + len(data), f"a piece at {address + len(data)}", message.address)
        right = crc16(message.data)
        require(message.checksum == right, f"checksum {right:04X} of a piece", f"{message.checksum:04X}")
        data += message.data
    require(len(data) == length, f"{length} bytes from {address} on", f"{len(data)} bytes: {answer.describe()}")
    return data


def dump(subject: Subject, created: ModelCreated, address: int = 0, length: int | None = None) -> bytes:
    """A part of a model's state, all of it without a length."""
    count = created.state_bytes - address if length is None else length
    answer = subject.talk.ask(DumpMemory(created.model, 1, address, count))
    require(answer.failure is None, f"a dump of {count} bytes from {address} on", answer.describe())
    return pieces_of(answer, model=created.model, address=address, length=count)


def load(subject: Subject, created: ModelCreated, data: bytes, *, address: int = 0, piece: int = 896) -> None:
    """Write into a model's state, in pieces of so many bytes."""
    for start in range(0, len(data), piece):
        part = data[start : start + piece]
        subject.talk.demand(LoadMemory(created.model, 1, address + start, part, crc16(part)))
