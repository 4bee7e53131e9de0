"""Linear models as ONNX files, and what ONNX Runtime makes of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from bench.onnx import LinearModel, onnx_bytes, run_onnx
from bench.onnx.export import IR_VERSION, OPSET


def make_model(
    outputs: int = 1, dimension: int = 4, *, arithmetic: str = "f64", tie: int = -1, probability: bool = False
) -> LinearModel:
    generator = np.random.default_rng(7)
    real = np.float32 if arithmetic == "f32" else np.float64
    return LinearModel(
        "heater",
        generator.normal(size=(outputs, dimension)).astype(real).astype(np.float64),
        generator.normal(size=outputs).astype(real).astype(np.float64),
        arithmetic,
        tie,
        (-1, 1) if outputs == 1 else tuple(range(10, 10 + outputs)),
        probability,
        {"learner": "arow", "row": "50"},
    )


def make_features(dimension: int = 4, rows: int = 500) -> NDArray[np.float64]:
    values = np.random.default_rng(8).normal(size=(rows, dimension))
    return values.astype(np.float32).astype(np.float64)


def ask(model: LinearModel, features: NDArray[np.float64], output: str) -> NDArray[np.float64]:
    """One output of the graph, as another program would ask for it."""
    session = onnxruntime.InferenceSession(onnx_bytes(model), providers=["CPUExecutionProvider"])
    real = np.float32 if model.arithmetic == "f32" else np.float64
    (answer,) = session.run([output], {"features": features.astype(real)})
    return np.asarray(answer)


@pytest.mark.parametrize("arithmetic", ["f32", "f64", "flight"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_scores_are_those_of_the_formula_within_the_bound(arithmetic: str, outputs: int) -> None:
    model, features = make_model(outputs, arithmetic=arithmetic), make_features()
    answer = run_onnx(onnx_bytes(model), features)
    exact = features.astype(np.longdouble) @ model.weights.T + model.intercepts
    assert answer.scores.shape == (500, outputs)
    assert (np.abs(answer.scores - exact) <= model.score_bounds(features)).all()
    # and the bound is one of rounding: it would not take a weight that is wrong by a thousandth
    assert (model.score_bounds(features) < 1e-3 * np.abs(features) @ np.abs(model.weights).T).all()


@pytest.mark.parametrize(("tie", "label"), [(-1, -1), (1, 1)])
@pytest.mark.parametrize("arithmetic", ["f32", "f64"])
def test_a_score_of_exactly_0_gets_the_label_of_a_tie(tie: int, label: int, arithmetic: str) -> None:
    model = LinearModel("tied", np.array([[1.0, -1.0]]), np.zeros(1), arithmetic, tie, (-1, 1))
    features = np.array([[2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 0.0], [-0.0, 0.0]])
    assert run_onnx(onnx_bytes(model), features).labels.tolist() == [1, label, -1, label, label]


def test_nan_is_a_tie_too() -> None:
    features = np.array([[np.nan]])
    for tie, label in ((-1, 30), (1, 40)):
        model = LinearModel("one", np.ones((1, 1)), np.zeros(1), "f64", tie, (30, 40))
        assert run_onnx(onnx_bytes(model), features).labels.tolist() == [label]


@pytest.mark.parametrize("arithmetic", ["f32", "f64"])
def test_of_several_outputs_the_first_largest_wins(arithmetic: str) -> None:
    model = LinearModel("three", np.eye(3), np.zeros(3), arithmetic, -1, (7, 5, 6))
    features = np.array([[1.0, 1.0, 0.0], [0.0, 2.0, 2.0], [0.0, 0.0, 1.0], [3.0, 3.0, 3.0]])
    assert run_onnx(onnx_bytes(model), features).labels.tolist() == [7, 5, 6, 7]


@pytest.mark.parametrize("arithmetic", ["f32", "f64"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_probabilities_are_there_for_models_of_logits(arithmetic: str, outputs: int) -> None:
    model, features = make_model(outputs, arithmetic=arithmetic, probability=True), make_features()
    scores = features @ model.weights.T + model.intercepts
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    expected = raised / raised.sum(axis=1, keepdims=True) if outputs > 1 else 1 / (1 + np.exp(-scores[:, 0]))
    # probabilities are shown to people, never judged: a few eps of float32 is the runtime's own exp
    np.testing.assert_allclose(ask(model, features, "probability"), expected, atol=5e-7)
    assert "probability" not in {out.name for out in onnx.load_from_string(onnx_bytes(make_model())).graph.output}


def test_the_graph_declares_names_shapes_types_and_where_it_comes_from() -> None:
    graph_of = {
        arithmetic: onnx.load_from_string(onnx_bytes(make_model(arithmetic=arithmetic)))
        for arithmetic in ("f32", "flight")
    }
    for arithmetic, real in (("f32", onnx.TensorProto.FLOAT), ("flight", onnx.TensorProto.DOUBLE)):
        proto = graph_of[arithmetic]
        (features,) = proto.graph.input
        assert (features.name, features.type.tensor_type.elem_type) == ("features", real)
        assert [item.dim_param or item.dim_value for item in features.type.tensor_type.shape.dim] == ["N", 4]
        assert [output.name for output in proto.graph.output] == ["score", "label"]
        assert [output.type.tensor_type.elem_type for output in proto.graph.output] == [real, onnx.TensorProto.INT64]
        assert (proto.ir_version, [(one.domain, one.version) for one in proto.opset_import]) == (
            IR_VERSION,
            [("", OPSET)],
        )
        assert {one.key: one.value for one in proto.metadata_props} == {"learner": "arow", "row": "50"}


def test_the_same_model_gives_the_same_bytes() -> None:
    assert onnx_bytes(make_model(3, probability=True)) == onnx_bytes(make_model(3, probability=True))


@pytest.mark.parametrize("outputs", [1, 3])
def test_no_rows_give_no_answers(outputs: int) -> None:
    answer = run_onnx(onnx_bytes(make_model(outputs)), np.zeros((0, 4)))
    assert (answer.scores.shape, answer.labels.shape) == ((0, outputs), (0,))


def test_the_bound_is_the_stated_one() -> None:
    model = LinearModel("two", np.array([[2.0, -3.0]]), np.array([0.5]), "f32", -1, (-1, 1))
    assert model.score_bounds(np.array([[1.0, 1.0]])) == pytest.approx(np.array([[4 * 2.0**-23 * 5.5]]), rel=1e-15)
    without = LinearModel("two", np.array([[2.0, -3.0]]), np.zeros(1), "f64", -1, (-1, 1))
    assert without.score_bounds(np.array([[1.0, 1.0], [0.0, 0.0]])) == pytest.approx(
        np.array([[4 * 2.0**-52 * 5.0], [0.0]]), rel=1e-15
    )


def test_onnx_and_the_runtime_are_imported_when_they_are_used(tmp_path: Path) -> None:
    code = "import sys, bench.cli.show, bench.measure, bench.run_folder; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert {"onnx", "onnxruntime"}.isdisjoint(done.stdout.split())
