"""The flight software's saved models: Boost text archives of the MochiMochi library.

`0 0`, then each vector as its length, a `0` and its numbers, then scalars: the dimension, and for RDA eta, lambda and
the number of updates. What is no state that training changes (dimension and hyperparameters) is left out.
"""

from pathlib import Path

from bench.errors import RecordingError
from bench.importing.source import SAVED_STATE
from bench.telemetry.table import decode, read_bytes

_SCALARS_BEFORE_TIMESTEP = 3  # RDA: dimension, eta, lambda


def read_archive(path: Path, *, hint: str) -> dict[str, list[float]]:
    """The state of the model that `path`, named learner_dimension as in flight, holds."""
    learner, _, dimension = path.name.partition("_")
    text = decode(read_bytes(path, hint), path)
    try:
        numbers = [float(word) for word in text.split()]
        state = _parse(numbers, SAVED_STATE[learner], int(dimension.removesuffix("D")))
    except ValueError as cause:
        message = f"{path}: not a saved model: {cause}"
        raise RecordingError(message, hint=hint) from cause
    return dict(sorted(state.items(), key=lambda item: (item[0] != "w", item[0])))


def _parse(numbers: list[float], names: tuple[str, ...], dimension: int) -> dict[str, list[float]]:
    if numbers[:2] != [0, 0]:
        raise ValueError(f"it begins with {numbers[:2]}, expected 0 0")
    state: dict[str, list[float]] = {}
    at = 2
    for name in names:
        if name == "timestep":
            state[name] = [_item(numbers, at + _SCALARS_BEFORE_TIMESTEP)]
            break
        length = _item(numbers, at)
        if length != dimension:
            raise ValueError(f"{name} has {length:g} numbers, expected {dimension}")
        state[name] = numbers[at + 2 : at + 2 + dimension]
        at += 2 + dimension
    _item(numbers, at)
    return state


def _item(numbers: list[float], index: int) -> float:
    if index >= len(numbers):
        raise ValueError(f"it ends after {len(numbers)} numbers")
    return numbers[index]
