"""Learners that train on mini-batches: C against the Python twin, the twin against NumPy, gradients by differences."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import numpy as np
import pytest

from bench.measure.states import largest_difference
from firmware_if.learners.logistic import cross_entropy
from firmware_if.reference import (
    State,
    complete_hyperparameters,
    epoch_order,
    learner_modules,
    nearest_float32,
    predicted_class,
    tolerance,
    trains_in_batches,
)
from tests.parity.native import Native, NativeBatchModel, bits

SEED = 20230705
LEARNERS = [
    (name, arithmetic)
    for name, module in sorted(learner_modules().items())
    if trains_in_batches(module)
    for arithmetic in module.ARITHMETICS
]
SHAPES = [(1, 1), (3, 1), (17, 1), (128, 1), (5, 3), (32, 10)]


def data_set(rng: random.Random, rows: int, dimension: int, outputs: int) -> tuple[list[list[float]], list[int]]:
    """Rows of float32 values around a centre of their class."""
    classes = [rng.randrange(max(2, outputs)) for _ in range(rows)]
    centres = [[rng.gauss(0, 1) for _ in range(dimension)] for _ in range(max(2, outputs))]
    features = [[nearest_float32(rng.gauss(centre, 1.0)) for centre in centres[c]] for c in classes]
    return features, classes


def mini_batches(count: int, size: int, *, epochs: int, seed: int = 0) -> Iterator[list[int]]:
    for epoch in range(epochs):
        order = epoch_order(count, seed, epoch)
        yield from (order[start : start + size] for start in range(0, count, size))


@pytest.mark.parametrize(("dimension", "outputs"), SHAPES)
@pytest.mark.parametrize(("name", "arithmetic"), LEARNERS)
def test_c_stays_within_its_gate_of_the_twin(
    native: Native, name: str, arithmetic: str, dimension: int, outputs: int
) -> None:
    module = learner_modules()[name]
    gate = tolerance(module, arithmetic)
    assert gate > 0.0
    rng = random.Random(f"{SEED} {dimension} {outputs}")
    rows, classes = data_set(rng, 133, dimension, outputs)
    chosen = complete_hyperparameters(module, {"batch": 32, "lr": 0.02})
    twin = module.BatchLearner(dimension, outputs, arithmetic, chosen)
    model = NativeBatchModel(native.learners[name, arithmetic], dimension, outputs, chosen)
    assert bits(model.state()) == bits(twin.state())
    largest = 0.0
    for batch in mini_batches(len(rows), 32, epochs=6, seed=3):
        x, y = [rows[i] for i in batch], [classes[i] for i in batch]
        loss, expected_loss = model.train_batch(x, y), twin.train_batch(x, y)
        seen, expected = model.state() | {"loss": [loss]}, twin.state() | {"loss": [expected_loss]}
        largest = max(largest, largest_difference(seen, expected))
        assert largest <= gate
    differing = 0
    for row in rows:
        scores, expected_scores = model.scores(row), twin.scores(row)
        reach = gate * (sum(abs(x) for x in row) + 1) * max(abs(w) for w in vectors(twin.state()))
        assert relative_within(scores, expected_scores, reach)
        differing += predicted_class(scores, -1) != predicted_class(expected_scores, -1)
    assert differing == 0
    print(f"{name} {arithmetic} {dimension} to {outputs}: error {largest:.2e}, gate {gate:g} ({native.compiler})")


def vectors(state: State) -> list[float]:
    return [value for name in ("w", "b") for value in np.atleast_1d(np.asarray(state[name])).tolist()]


def relative_within(seen: list[float], expected: list[float], reach: float) -> bool:
    return all(abs(a - b) <= reach for a, b in zip(seen, expected, strict=True))


@pytest.mark.parametrize(("name", "arithmetic"), LEARNERS)
def test_a_loaded_state_continues_as_if_never_interrupted(native: Native, name: str, arithmetic: str) -> None:
    module = learner_modules()[name]
    rows, classes = data_set(random.Random(SEED), 64, 6, 3)
    chosen = complete_hyperparameters(module, {})
    through, first, again = (NativeBatchModel(native.learners[name, arithmetic], 6, 3, chosen) for _ in range(3))
    for model in (through, first):
        model.train_batch(rows[:40], classes[:40])
    again.load(first.state())
    for model in (through, again):
        model.train_batch(rows[40:], classes[40:])
    assert bits(again.state()) == bits(through.state())


def test_huge_scores_neither_overflow_nor_lose_the_loss(native: Native) -> None:
    """Exp of them is infinite: a form of the loss that is not stable gives NaN or infinity here."""
    for arithmetic in ("f32", "f64"):
        learner = native.learners["logistic", arithmetic]
        chosen = complete_hyperparameters(learner_modules()["logistic"], {})
        for outputs in (1, 3):
            model = NativeBatchModel(learner, 1, outputs, chosen)
            model.load(model.state() | {"w": [3e4] * outputs, "b": [float(-k) for k in range(outputs)]})
            loss = model.train_batch([[1.0], [-1.0]], [0, 1])
            expected = (
                3e4
                if outputs == 1
                else 0.5 * sum(cross_entropy([s * 3e4 - k for k in range(3)], c)[0] for s, c in ((1, 0), (-1, 1)))
            )
            assert math.isclose(loss, expected, rel_tol=1e-6)
            assert all(math.isfinite(value) for value in vectors(model.state()))


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("arithmetic", ["f32", "f64"])
def test_a_model_that_is_sure_of_its_rows_keeps_its_gate(native: Native, arithmetic: str, outputs: int) -> None:
    """A probability near 1, taken from 1, has no digits left: Adam would make a whole step of what remains."""
    module = learner_modules()["logistic"]
    rng = random.Random(SEED)
    rows, classes = data_set(rng, 200, 6, outputs)
    rows = [
        [nearest_float32(x + 12 * (i == c)) for i, x in enumerate(row)] for row, c in zip(rows, classes, strict=True)
    ]
    chosen = complete_hyperparameters(module, {"batch": 1, "lr": 0.05})
    twin = module.BatchLearner(6, outputs, arithmetic, chosen)
    model = NativeBatchModel(native.learners["logistic", arithmetic], 6, outputs, chosen)
    loss = math.inf
    for [i] in mini_batches(len(rows), 1, epochs=20):
        model.train_batch([rows[i]], [classes[i]])
        loss = twin.train_batch([rows[i]], [classes[i]])
    assert 0.0 < loss < 1e-4
    assert largest_difference(model.state(), twin.state()) <= tolerance(module, arithmetic)


@pytest.mark.parametrize("outputs", [1, 4])
def test_the_loss_of_a_row_that_is_nearly_certain_keeps_its_digits(native: Native, outputs: int) -> None:
    learner = native.learners["logistic", "f32"]
    model = NativeBatchModel(learner, 1, outputs, complete_hyperparameters(learner_modules()["logistic"], {}))
    model.load(model.state() | {"w": [-20.0] + [0.0] * (outputs - 1), "b": [0.0] * outputs})
    expected = math.exp(-20) if outputs == 1 else 3 * math.exp(-20)
    assert math.isclose(model.train_batch([[1.0 if outputs == 1 else -1.0]], [0]), expected, rel_tol=1e-5)


def test_the_loss_of_the_largest_mini_batch_keeps_its_digits(native: Native) -> None:
    """All weights are zero, so every row's loss is log 2; a sum in single precision would have lost 5e-4 of it."""
    learner = native.learners["logistic", "f32"]
    model = NativeBatchModel(learner, 1, 1, complete_hyperparameters(learner_modules()["logistic"], {}))
    assert math.isclose(model.train_batch([[1.0]] * 65535, [0] * 65535), math.log(2), rel_tol=1e-6)


def test_nan_in_training_is_seen_in_the_loss(native: Native) -> None:
    for arithmetic in ("f32", "f64"):
        learner = native.learners["logistic", arithmetic]
        chosen = complete_hyperparameters(learner_modules()["logistic"], {})
        model = NativeBatchModel(learner, 2, 1, chosen)
        model.load(model.state() | {"w": [math.nan, 0.0]})
        assert math.isnan(model.train_batch([[1.0, 2.0]], [1]))


@pytest.mark.parametrize("outputs", [1, 4])
def test_the_twin_has_the_gradient_of_its_loss(outputs: int) -> None:
    """Central differences of the loss: independent of how the derivative was worked out."""
    rng = random.Random(SEED)
    for _ in range(50):
        scores = [rng.gauss(0, 3) for _ in range(outputs)]
        class_index = rng.randrange(max(2, outputs))
        _, errors = cross_entropy(scores, class_index)
        for k in range(outputs):
            step = 1e-5
            up, down = ([*scores[:k], scores[k] + sign * step, *scores[k + 1 :]] for sign in (1, -1))
            slope = (cross_entropy(up, class_index)[0] - cross_entropy(down, class_index)[0]) / (2 * step)
            assert math.isclose(errors[k], slope, abs_tol=1e-9)


def test_the_twin_is_textbook_adam_in_numpy() -> None:
    """Kingma and Ba's algorithm 1 written once more, with arrays."""
    module = learner_modules()["logistic"]
    chosen = complete_hyperparameters(module, {"lr": 0.05, "batch": 16})
    rows, classes = data_set(random.Random(SEED), 50, 7, 3)
    twin = module.BatchLearner(7, 3, "f64", chosen)
    x, y = np.array(rows), np.eye(3)[classes]
    theta, m, v = (np.zeros((8, 3)) for _ in range(3))
    augmented = np.hstack([x, np.ones((len(x), 1))])
    for t, batch in enumerate(mini_batches(50, 16, epochs=4), start=1):
        z = augmented[batch] @ theta
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        g = augmented[batch].T @ (p - y[batch]) / len(batch)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta -= 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        loss = twin.train_batch([rows[i] for i in batch], [classes[i] for i in batch])
        assert math.isclose(loss, -np.log((p * y[batch]).sum(axis=1)).mean(), rel_tol=1e-12)
    state = twin.state()
    np.testing.assert_allclose(np.reshape(state["w"], (3, 7)), theta[:7].T, rtol=1e-10)
    np.testing.assert_allclose(state["b"], theta[7], rtol=1e-10)


def test_an_order_is_a_permutation_that_repeats() -> None:
    assert epoch_order(5, 0, 9) == [0, 1, 2, 3, 4]
    for seed, epoch in ((1, 0), (1, 1), (65535, 65535)):
        order = epoch_order(1305, seed, epoch)
        assert sorted(order) == list(range(1305))
        assert order == epoch_order(1305, seed, epoch) != list(range(1305))
    assert epoch_order(1305, 1, 0) != epoch_order(1305, 1, 1) != epoch_order(1305, 2, 1)
