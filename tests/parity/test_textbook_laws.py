"""What the papers promise of a step, whatever formula leads there; the twins in f64."""

import math
import random
from collections.abc import Mapping

import pytest

from firmware_if.reference import Learner, learner_modules, vector

SEED = 20210420
ROUNDING = 1e-12
"""A few hundred roundings of a double: what is left of an equation between numbers of the size 1."""


def made(name: str, dimension: int, chosen: Mapping[str, float] | None = None) -> Learner:
    module = learner_modules()[name]
    initial = {key: value for key, (value, _, _) in module.PARAMETERS.items()}
    return module.Learner(dimension, "f64", initial | dict(chosen or {}))


def sample(rng: random.Random, dimension: int) -> tuple[list[float], int]:
    return [rng.uniform(-2.0, 2.0) for _ in range(dimension)], rng.choice((-1, 1))


def dot(a: list[float], b: list[float]) -> float:
    return sum(one * other for one, other in zip(a, b, strict=True))


def stepped(model: Learner, x: list[float], label: int) -> tuple[float, float, float]:
    """Hinge loss before the step, hinge loss after it, and how far the weights went along label * x."""
    before = vector(model.state(), "w")
    loss = max(0.0, 1.0 - label * model.score(x))
    changed = model.train(x, label)
    after = vector(model.state(), "w")
    moved = [a - b for a, b in zip(after, before, strict=True)]
    tau = label * dot(moved, x) / dot(x, x)
    assert changed is (loss > 0.0)
    assert moved == pytest.approx([tau * label * value for value in x], abs=ROUNDING)
    return loss, max(0.0, 1.0 - label * model.score(x)), tau


def test_pa_takes_the_smallest_step_without_loss() -> None:
    rng = random.Random(SEED)
    model = made("pa", 5)
    for _ in range(300):
        _, after, _ = stepped(model, *sample(rng, 5))
        assert after == pytest.approx(0.0, abs=ROUNDING)


@pytest.mark.parametrize("c", [0.01, 0.1, 1.0])
def test_pa_i_steps_without_loss_or_by_c(c: float) -> None:
    rng = random.Random(SEED)
    model = made("pa-i", 5, {"C": c})
    capped = 0
    for _ in range(300):
        loss, after, tau = stepped(model, *sample(rng, 5))
        assert tau <= c + ROUNDING
        if after > ROUNDING:
            assert tau == pytest.approx(c, abs=ROUNDING)
            capped += 1
        assert after <= loss + ROUNDING
    assert capped


@pytest.mark.parametrize("c", [0.01, 0.1, 1.0])
def test_pa_ii_leaves_the_loss_that_balances_its_step(c: float) -> None:
    """Of |dw|^2/2 + C*loss^2 the derivative along the step is zero: tau = 2*C*loss."""
    rng = random.Random(SEED)
    model = made("pa-ii", 5, {"C": c})
    for _ in range(300):
        _, after, tau = stepped(model, *sample(rng, 5))
        assert tau == pytest.approx(2.0 * c * after, abs=ROUNDING)


@pytest.mark.parametrize("name", ["pa", "pa-i", "pa-ii"])
def test_a_sample_of_zeros_changes_nothing(name: str) -> None:
    model = made(name, 3)
    assert not model.train([0.0, -0.0, 0.0], 1)
    assert model.state() == {"w": [0.0, 0.0, 0.0]}


@pytest.mark.parametrize("eta", [0.6, 0.95, 0.999])
def test_scw_is_right_with_probability_eta_after_a_step_below_c(eta: float) -> None:
    """Margin = phi * sqrt(variance), in one dimension, where a diagonal covariance is the whole of it."""
    rng = random.Random(SEED)
    model = made("scw", 1, {"eta": eta, "C": 1.0})
    phi = getattr(model, "phi")  # noqa: B009 - of this learner alone
    met = capped = 0
    for _ in range(500):
        x, label = sample(rng, 1)
        before = vector(model.state(), "w")[0]
        variance = vector(model.state(), "cov")[0]
        if not model.train(x, label):
            assert phi * math.sqrt(variance * x[0] * x[0]) <= label * before * x[0] + ROUNDING
            continue
        alpha = label * (vector(model.state(), "w")[0] - before) / (variance * x[0])
        margin = label * model.score(x)
        deviation = math.sqrt(vector(model.state(), "cov")[0] * x[0] * x[0])
        assert 0.0 <= alpha <= 1.0 + 1e-9
        if alpha < 1.0 - 1e-9:
            assert phi * deviation == pytest.approx(margin, abs=1e-9)
            met += 1
        else:
            capped += 1
    assert met
    assert capped


def test_adam_first_goes_by_alpha_whatever_the_size_of_the_gradient() -> None:
    for size in (1e-3, 1.0, 1e3):
        model = made("adam", 2, {"alpha": 0.01})
        assert model.train([size, -size], 1)
        assert vector(model.state(), "w") == pytest.approx([0.01, -0.01], rel=2e-5)  # epsilon / 1e-3 = 1e-5


def test_adam_corrects_the_bias_of_its_means() -> None:
    """With equal gradients the corrected means are the gradient and its square at every step."""
    model = made("adam", 1, {"alpha": 1e-9, "lambda": 1.0})
    for t in range(1, 200):
        assert model.train([0.5], 1)
        assert vector(model.state(), "m")[0] == pytest.approx(-0.5 * (1.0 - 0.9**t), rel=ROUNDING)
        assert vector(model.state(), "v")[0] == pytest.approx(0.25 * (1.0 - 0.999**t), rel=1e-11)
        assert vector(model.state(), "w")[0] == pytest.approx(t * 1e-9, rel=1e-7)  # epsilon / 0.5 = 2e-8
