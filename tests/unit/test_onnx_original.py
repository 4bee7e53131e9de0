"""A payload's answers against those of a model file run as it is."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.onnx import LinearGraph, OutputComparison, compare_with_original
from bench.onnx.load import read_linear_graph
from bench.onnx.original import run_original
from tests.unit import onnx_graphs
from tests.unit.onnx_graphs import DIMENSION, MADE, Made

ROWS = 300


def features() -> NDArray[np.float64]:
    """Rows as they travel, the last one of zeros."""
    rows = np.random.default_rng(5).normal(scale=3.0, size=(ROWS, DIMENSION))
    return np.vstack([rows, np.zeros(DIMENSION)]).astype(np.float32).astype(np.float64)


def payload(graph: LinearGraph, arithmetic: str) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Scores and classes of a faultless one."""
    real = np.float32 if arithmetic == "f32" else np.float64
    model = graph.model
    scores = features().astype(real) @ model.weights.T.astype(real) + model.intercepts.astype(real)
    if model.outputs > 1:
        return scores.astype(np.float64), scores.argmax(axis=1)
    positive = scores[:, 0] >= 0 if model.tie > 0 else scores[:, 0] > 0
    return scores.astype(np.float64), positive.astype(np.intp)


def faults(found: list[OutputComparison]) -> int:
    """Outputs of the graph that differ in some row."""
    outside = sum(one.ratios is not None and bool((one.ratios > 1).any()) for one in found)
    return outside + sum(one.different is not None and bool(one.different.any()) for one in found)


@pytest.mark.parametrize("arithmetic", ["f32", "f64"])
@pytest.mark.parametrize("maker", MADE.values(), ids=MADE)
def test_a_faultless_payload_agrees_with_every_exporter(*, maker: Callable[[], Made], arithmetic: str) -> None:
    graph = read_linear_graph(maker().model.SerializeToString(), name="made")
    scores, places = payload(graph, arithmetic)
    found = compare_with_original(graph, features(), scores, places=places, arithmetic=arithmetic)
    assert [one.name for one in found] == list(graph.outputs)
    assert faults(found) == 0


@pytest.mark.parametrize("maker", MADE.values(), ids=MADE)
def test_a_score_that_rounding_does_not_explain_is_found_in_every_output(*, maker: Callable[[], Made]) -> None:
    """The scores of another model, a tenth as large and of the other sign: its labels are others too."""
    graph = read_linear_graph(maker().model.SerializeToString(), name="made")
    scores, places = payload(graph, "f64")
    wrong = (places + 1) % len(graph.model.labels)
    found = compare_with_original(graph, features(), -0.1 * scores, places=wrong, arithmetic="f64")
    assert faults(found) == len(graph.outputs)


def test_one_weight_that_is_off_by_a_little_is_found() -> None:
    graph = read_linear_graph(onnx_graphs.constants().model.SerializeToString(), name="made")
    model = graph.model
    off = replace(graph, model=replace(model, weights=model.weights * (1 + 1e-13)))
    scores, places = payload(off, "f64")
    assert faults(compare_with_original(graph, features(), scores, places=places, arithmetic="f64")) == 1
    single, _ = payload(off, "f32")
    assert faults(compare_with_original(graph, features(), single, places=places, arithmetic="f32")) == 0


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_score_that_is_no_number_is_found(value: float) -> None:
    graph = read_linear_graph(onnx_graphs.constants().model.SerializeToString(), name="made")
    scores, places = payload(graph, "f64")
    scores[3] = value
    assert faults(compare_with_original(graph, features(), scores, places=places, arithmetic="f64")) == 1


def test_a_graph_for_a_fixed_number_of_rows_is_run_as_often_as_needed() -> None:
    model = onnx_graphs.torch_softmax().model
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 7
    graph = read_linear_graph(model.SerializeToString(), name="made")
    rows = features()
    found = run_original(graph, rows)["z"]
    expected = rows @ graph.model.weights.T + graph.model.intercepts
    assert found.shape == expected.shape == (ROWS + 1, 3)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
