"""What the flight's passive-aggressive learners do with a feature of exactly zero."""

import math

import pytest

from firmware_if.reference import learner_modules
from tests.parity.native import Native, NativeModel, bits

RIGHT, WRONG = [4.0, 0.0], [1.0, 0.0]
"""With weights (1, 0) and label +1: a sample without loss, and (label -1) one with loss; both have a zero."""


def trained(native: Native, name: str, x: list[float], label: int, **parameters: float) -> list[float]:
    """Weights after one step from (1, 0), the same in C and Python."""
    module = learner_modules()[name]
    chosen = {key: value for key, (value, _, _) in module.PARAMETERS.items()} | parameters
    twin = module.Learner(2, "flight", chosen)
    model = NativeModel(native.learners[name, "flight"], 2, chosen)
    for one in (twin, model):
        one.load({"w": [1.0, 0.0]})
        assert one.train(x, label)
    assert bits(model.state()) == bits(twin.state())
    weights = twin.state()["w"]
    assert isinstance(weights, list)
    return weights


@pytest.mark.parametrize("name", ["pa", "pa-i", "pa-ii"])
def test_a_zero_feature_leaves_its_weight(native: Native, name: str) -> None:
    assert trained(native, name, RIGHT, 1) == [1.0, 0.0]
    assert trained(native, name, WRONG, -1)[1] == 0.0


@pytest.mark.parametrize(("x", "label"), [(RIGHT, 1), (WRONG, -1)])
def test_unguarded_a_zero_feature_makes_its_weight_nan(native: Native, x: list[float], label: int) -> None:
    first, second = trained(native, "pa", x, label, unguarded=1)
    assert math.isfinite(first)
    assert math.isnan(second)
