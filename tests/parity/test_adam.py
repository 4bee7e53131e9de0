"""The powers that ADAM keeps in its scratch memory: every one is the double nearest to the exact value."""

import random
from collections.abc import Iterator
from decimal import Context, Decimal

import pytest

from firmware_if.learners import adam
from tests.parity.native import Native, NativeModel

DIGITS = Context(prec=120)
"""A power of 20000 factors loses at most 5 of them."""
LAST = 20_000
SMALLEST = 1e-290
HIGH_PARTS = {"lambda": 1, "beta1": 3, "beta2": 5}
SEED = 20210419


def exact_powers(base: float) -> Iterator[float]:
    """base^1, base^2, ...; each the nearest double, or 0 below SMALLEST."""
    product = Decimal(1)
    while True:
        product = DIGITS.multiply(product, Decimal(base))
        rounded = float(product)
        yield rounded if rounded >= SMALLEST else 0.0


def model(native: Native, **parameters: float) -> NativeModel:
    initial = {name: value for name, (value, _, _) in adam.PARAMETERS.items()}
    return NativeModel(native.learners["adam", "flight"], 1, initial | parameters)


def kept_powers(trained: NativeModel) -> dict[str, float]:
    scratch = trained.scratch()
    return {name: scratch[place] for name, place in HIGH_PARTS.items()}


@pytest.mark.parametrize(
    "bases",
    [
        {"beta1": 0.9, "beta2": 0.999, "lambda": 0.99999999},
        {"beta1": 0.97, "beta2": 0.9999, "lambda": 0.999999},
        {"beta1": 0.5, "beta2": 0.999999, "lambda": 1.0},
        {"beta1": 0.0, "beta2": 0.3, "lambda": 0.0},
    ],
    ids=str,
)
def test_every_power_on_the_way_is_correctly_rounded(native: Native, bases: dict[str, float]) -> None:
    trained = model(native, **bases)
    exact = {name: exact_powers(base) for name, base in bases.items()}
    for t in range(1, LAST + 1):
        assert trained.train([0.0], 1)
        assert kept_powers(trained) == {name: next(powers) for name, powers in exact.items()}, t
    print(f"{LAST} powers each of {', '.join(map(str, bases.values()))} correctly rounded ({native.compiler})")


def test_powers_worked_out_anew_after_a_load_are_correctly_rounded(native: Native) -> None:
    rng = random.Random(SEED)
    for _ in range(300):
        bases = {"beta1": rng.uniform(0, 0.999999), "beta2": rng.uniform(0.9, 0.999999), "lambda": rng.random()}
        trained = model(native, **bases)
        timestep = int(2.0 ** rng.uniform(0, 24))
        trained.load(trained.state() | {"timestep": timestep})
        trained.train([0.0], 1)
        exact = {name: adam.power(base, timestep + 1) for name, base in bases.items()}
        assert kept_powers(trained) == exact, f"seed {SEED}, {bases}, timestep {timestep}"


def test_the_twins_power_agrees_with_an_exact_product() -> None:
    for base in (0.9, 0.999, 0.99999999, 0.25):
        powers = exact_powers(base)
        assert all(adam.power(base, t) == next(powers) for t in range(1, 2000))
    assert adam.power(0.0, 0) == 1.0
    assert adam.power(0.0, 3) == 0.0
