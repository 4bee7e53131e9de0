"""How far two states of a model lie apart, in bits or relative to their size."""

import math
import struct
from collections.abc import Mapping, Sequence

Array = Sequence[float] | float
"""The values of a state array, or its one value; a whole number is an int."""


def differing_values(seen: Mapping[str, Array], expected: Mapping[str, Array]) -> int:
    """How many values of `expected` differ in bits or are absent; surplus values of an array count too.

    Bits are those of the double that holds the value exactly; all NaN are taken as the same.
    """
    return sum(_differing(_bits(seen.get(name, ())), _bits(array)) for name, array in expected.items())


def values_outside(seen: Mapping[str, Array], expected: Mapping[str, Array], *, tolerance: float) -> int:
    """How many values of `expected` are further off than `tolerance` times the largest magnitude in their array.

    Absent and surplus values count too. Without tolerance, and for whole numbers, as `differing_values`.
    """
    if not tolerance:
        return differing_values(seen, expected)
    return sum(_outside(seen.get(name, ()), array, tolerance) for name, array in expected.items())


def largest_difference(seen: Mapping[str, Array], expected: Mapping[str, Array]) -> float:
    """Of any two values, over the largest magnitude in their array; infinite where values are absent or not finite."""
    return max((_largest(seen.get(name, ()), array) for name, array in expected.items()), default=0.0)


def _outside(seen: Array, expected: Array, tolerance: float) -> int:
    if isinstance(expected, int) or not _comparable(seen, expected):
        return _differing(_bits(seen), _bits(expected))
    values = _values(expected)
    scale = max(map(abs, values), default=0.0)
    return sum(abs(a - b) > tolerance * scale for a, b in zip(_values(seen), values, strict=True))


def _largest(seen: Array, expected: Array) -> float:
    if not _differing(_bits(seen), _bits(expected)):
        return 0.0
    if not _comparable(seen, expected):
        return math.inf
    values = _values(expected)
    difference = max(abs(a - b) for a, b in zip(_values(seen), values, strict=True))
    scale = max(map(abs, values))
    return difference / scale if scale else (math.inf if difference else 0.0)


def _comparable(seen: Array, expected: Array) -> bool:
    a, b = _values(seen), _values(expected)
    return len(a) == len(b) and all(map(math.isfinite, (*a, *b)))


def _differing(seen: Sequence[bytes], expected: Sequence[bytes]) -> int:
    different = sum(a != b for a, b in zip(seen, expected, strict=False))
    return different + abs(len(seen) - len(expected))


def _bits(array: Array) -> list[bytes]:
    return [b"NaN" if value != value else struct.pack("<d", value) for value in _values(array)]  # noqa: PLR0124  # NaN alone differs from itself


def _values(array: Array) -> Sequence[float]:
    return [array] if isinstance(array, int | float) else array
