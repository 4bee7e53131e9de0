"""Every feature map in C against its Python twin, and the flown maps against the text they stand for."""

import ctypes
import itertools
import math
import random
import struct

import pytest

from firmware_if.reference import feature_modules, nearest_float32
from tests.parity.native import Native, bits

SEED = 20210417
ANY_INPUTS = 3  # for a map of any number
MAPS = [(name, arithmetic) for name, module in sorted(feature_modules().items()) for arithmetic in module.ARITHMETICS]
EDGES = (
    0.0,
    -0.0,
    1e-45,
    -1e-45,
    1.1754944e-38,
    1.1754942e-38,
    3.4028235e38,
    -3.4028235e38,
    1.0,
    10.0,
    9.999995,
    1.5708,
)


def random_float32(rng: random.Random) -> float:
    """Any finite bit pattern, each as likely as the other."""
    while True:
        value = float(struct.unpack("<f", struct.pack("<I", rng.getrandbits(32)))[0])
        if math.isfinite(value):
            return value


def check(native: Native, name: str, arithmetic: str, values: list[float]) -> None:
    expected = feature_modules()[name].MAPS[name].map(values, arithmetic)
    finite, mapped = native.map(name, arithmetic, values)
    assert bits(mapped) == bits(expected), f"{name} of {values} ({native.compiler})"
    assert finite is all(map(math.isfinite, expected)), f"{name} of {values} ({native.compiler})"


@pytest.mark.parametrize(("name", "arithmetic"), MAPS)
def test_c_equals_its_twin_on_any_finite_float32(native: Native, name: str, arithmetic: str) -> None:
    rng = random.Random(SEED)
    inputs = feature_modules()[name].MAPS[name].inputs or ANY_INPUTS
    powers = [nearest_float32(10.0**e) for e in range(-45, 39)]
    beside = [
        struct.unpack("<f", struct.pack("<I", struct.unpack("<I", struct.pack("<f", p))[0] + step))[0]
        for p in powers
        for step in (-1, 0, 1)
    ]
    values = [nearest_float32(edge) for edge in (*EDGES, *beside, *(-b for b in beside))]
    for value in values:
        check(native, name, arithmetic, [value] * inputs)
    for _ in range(5000):
        check(native, name, arithmetic, [random_float32(rng) for _ in range(inputs)])
        check(native, name, arithmetic, [nearest_float32(rng.uniform(-2, 2)) for _ in range(inputs)])
    print(f"{name} {arithmetic}: {len(values) + 10000} samples bit-identical ({native.compiler})")


@pytest.mark.parametrize(("name", "arithmetic"), MAPS)
def test_dimension_in_c_and_python_agrees(native: Native, name: str, arithmetic: str) -> None:
    twin = feature_modules()[name].MAPS[name]
    feature = native.features[name, arithmetic]
    assert feature.inputs == twin.inputs
    for inputs in [twin.inputs] if twin.inputs else [1, 2, 3, 4, 6]:
        assert feature.dimension(inputs) == twin.dimension(inputs) == len(twin.map([0.5] * inputs, arithmetic))
    if not twin.inputs:
        for inputs in (*range(7, 161), 2**16, 2**31):
            assert feature.dimension(inputs) == twin.dimension(inputs)


@pytest.mark.parametrize("degree", range(2, 7))
def test_monomials_come_in_the_documented_order(native: Native, degree: int) -> None:
    """Each channel stands for a prime, so that a product tells its factors; the order is that of sorted tuples."""
    primes = (2.0, 3.0, 5.0, 7.0)
    expected = [
        math.prod(factors)
        for size in range(1, degree + 1)
        for factors in sorted({tuple(sorted(choice)) for choice in itertools.product(primes, repeat=size)})
    ]
    for arithmetic in ("f64", "f32"):
        finite, mapped = native.map(f"polynomial-{degree}", arithmetic, primes)
        assert finite
        assert mapped == expected


def test_powers_of_one_channel(native: Native) -> None:
    assert native.map("polynomial-6", "f64", [3.0])[1] == [3.0, 9.0, 27.0, 81.0, 243.0, 729.0]


def test_powers_equal_their_text_for_hundredths(native: Native) -> None:
    for hundredths in range(158):
        p = nearest_float32(hundredths / 100)
        q = nearest_float32(p * p)
        text = [float(f"{value:.6g}") for value in (p, q, nearest_float32(q * p))]
        for name, count in (("orbitai-1d", 1), ("orbitai-2d", 2), ("orbitai-3d", 3)):
            assert bits(native.map(name, "flight", [p])[1]) == bits(text[:count])
        five = [float(f"{p:.6f}")] * 5
        assert bits(native.map("orbitai-5d", "flight", [p] * 5)[1]) == bits(five)
    print(f"orbitai maps of 0.00 to 1.57 equal %g and %.6f text, 158 of 158 ({native.compiler})")


def test_an_overflowing_square_is_reported(native: Native) -> None:
    finite, mapped = native.map("orbitai-2d", "flight", [nearest_float32(1e30)])
    assert not finite
    assert mapped[1] == math.inf
    assert native.map("orbitai-1d", "flight", [nearest_float32(1e30)])[0]
    assert native.map("polynomial-2", "f64", [nearest_float32(1e30)]) == (
        True,
        [nearest_float32(1e30), nearest_float32(1e30) ** 2],
    )
    assert not native.map("polynomial-2", "f32", [nearest_float32(1e30)])[0]


def test_float32_rounding_is_that_of_the_c_compiler() -> None:
    assert nearest_float32(16777217.0) == 16777216.0
    assert nearest_float32(1e39) == math.inf
    assert nearest_float32(1e-46) == 0.0
    assert ctypes.sizeof(ctypes.c_float) == 4
