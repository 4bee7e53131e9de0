"""The models in the payload's memory: where they lie, found once, and their states, read after each injection."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.errors import BenchError
from bench.gdb import GdbClient
from bench.session.decode import array_bytes
from bench.upset.image import Image
from firmware_if.messages import ArrayType, ModelCreated

ARENA: Final = ".arena"
_TYPES: Final = {ArrayType.F64: "<f8", ArrayType.F32: "<f4", ArrayType.U32: "<u4"}


@dataclass(frozen=True)
class PlacedModel:
    """A model whose state lies at `address`."""

    name: str
    created: ModelCreated
    address: int


def place_models(
    gdb: GdbClient, image: Image, created: Sequence[tuple[str, ModelCreated]], dumps: Mapping[str, bytes]
) -> tuple[PlacedModel, ...]:
    """Where each state lies: the one place that holds what the payload has just sent over the link.

    It is looked for in the part of the arena that the model took when it was made: copies lie behind that.
    """
    section = image.sections.get(ARENA)
    if section is None:
        raise BenchError(
            f"the firmware has no section {ARENA}", hint="its linker script places the models' memory there"
        )
    arena = gdb.read_memory(section.address, section.size)
    placed = []
    for name, answer in created:
        end = min(answer.arena_used_bytes, section.size)
        start = max(0, end - answer.arena_bytes)
        offset = arena.find(dumps[name], start, end)
        if offset < 0 or arena.find(dumps[name], offset + 1, end) >= 0:
            times = "not" if offset < 0 else "more than once"
            raise BenchError(
                f"the state of model {name} stands {times} in the payload's arena",
                hint="is the ELF that of the firmware which runs? Do two models learn the same?",
            )
        placed.append(PlacedModel(name, answer, section.address + offset))
    return tuple(placed)


def read_states(gdb: GdbClient, models: Sequence[PlacedModel]) -> tuple[bytes, ...]:
    """Every model's state. They lie near each other, so that one read brings them all."""
    low = min(model.address for model in models)
    high = max(model.address + model.created.state_bytes for model in models)
    whole = gdb.read_memory(low, high - low)
    starts = [model.address - low for model in models]
    return tuple(whole[start : start + model.created.state_bytes] for start, model in zip(starts, models, strict=True))


def arrays(model: PlacedModel, state: bytes) -> dict[str, np.ndarray]:
    """A state by the names of its arrays."""
    return {
        place.name: np.frombuffer(state, _TYPES[ArrayType(place.type)], place.count, place.offset)
        for place in model.created.arrays
        if place.offset + array_bytes(place) <= len(state)
    }


def digest_of(states: Sequence[bytes], *words: str) -> str:
    """SHA-256 of states and of what else must repeat."""
    whole = hashlib.sha256()
    for part in (*states, *(word.encode() for word in words)):
        whole.update(len(part).to_bytes(4, "big") + part)
    return whole.hexdigest()
