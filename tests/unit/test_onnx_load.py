"""Linear models that were made elsewhere: read as ONNX Runtime runs them, or refused with the reason."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bench.errors import ModelFileError
from bench.onnx import LinearModel, load_linear_model, onnx_bytes, run_onnx
from tests.unit.onnx_graphs import BIAS, DIMENSION, MADE, ONE, THREE, Made, graph, ml, node

ROWS = 400


def features() -> NDArray[np.float64]:
    """Random rows, and a row of zeros, on which models without intercept have a tie."""
    values = np.random.default_rng(21).normal(size=(ROWS, DIMENSION)).astype(np.float32)
    values[0] = 0.0
    return values.astype(np.float64)


def loaded(model: onnx.ModelProto, folder: Path) -> LinearModel:
    path = folder / "heater.onnx"
    path.write_bytes(model.SerializeToString())
    return load_linear_model(path)


def original(made: Made) -> dict[str, NDArray[Any]]:
    """What ONNX Runtime makes of the features with the model as it was."""
    session = onnxruntime.InferenceSession(made.model.SerializeToString(), providers=["CPUExecutionProvider"])
    (given,) = session.get_inputs()
    x = features().astype(np.float64 if given.type == "tensor(double)" else np.float32)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {"x": x}), strict=True))


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_weights_labels_and_tie_are_those_that_were_exported(make: Callable[[], Made], tmp_path: Path) -> None:
    made = make()
    model = loaded(made.model, tmp_path)
    assert model.weights.tolist() == made.weights.astype(np.float64).tolist()
    assert model.intercepts.tolist() == made.intercepts.astype(np.float64).tolist()
    assert (model.labels, model.tie, model.probability) == (made.labels, made.tie, made.logit)
    assert (model.name, model.arithmetic) == ("heater", made.arithmetic)


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_the_runtime_answers_the_same_with_the_file_and_with_what_was_read(
    make: Callable[[], Made], tmp_path: Path
) -> None:
    made = make()
    model = loaded(made.model, tmp_path)
    expected, found = original(made), run_onnx(onnx_bytes(model), features())
    bounds = model.score_bounds(features())
    if made.score is not None:
        scores = expected[made.score].reshape(ROWS, -1)
        assert (np.abs(found.scores - scores) <= bounds).all()
    if made.label is not None:
        assert found.labels.tolist() == expected[made.label].reshape(-1).tolist()
    if made.probability is not None:
        chances = expected[made.probability].reshape(ROWS, -1)
        raised = np.exp(found.scores - found.scores.max(axis=1, keepdims=True))
        ours = raised / raised.sum(axis=1, keepdims=True) if model.outputs > 1 else 1 / (1 + np.exp(-found.scores))
        # the exponential of float32 and the score's own rounding; weights that were misread differ by far more
        np.testing.assert_allclose(ours, chances[:, -ours.shape[1] :], atol=1e-6)
    assert {made.score, made.label, made.probability} != {None}


@pytest.mark.parametrize("arithmetic", ["f32", "f64"])
@pytest.mark.parametrize("tie", [-1, 1])
@pytest.mark.parametrize("outputs", [1, 3])
def test_what_the_bench_exports_it_reads_back(arithmetic: str, tie: int, outputs: int, tmp_path: Path) -> None:
    real = np.float32 if arithmetic == "f32" else np.float64
    weights, intercepts = (THREE[:outputs] / 3).astype(real), (BIAS[:outputs] / 3).astype(real)
    labels = (5, -5) if outputs == 1 else (5, -5, 0)
    ours = LinearModel(
        "heater",
        weights.astype(np.float64),
        intercepts.astype(np.float64),
        arithmetic,
        tie,
        labels,
        probability=True,
        metadata={"row": "1"},
    )
    path = tmp_path / "heater.onnx"
    path.write_bytes(onnx_bytes(ours))
    back = load_linear_model(path)
    assert (back.weights.tolist(), back.intercepts.tolist()) == (ours.weights.tolist(), ours.intercepts.tolist())
    assert (back.name, back.arithmetic, back.labels, back.probability) == ("heater", arithmetic, labels, True)
    assert dict(back.metadata) == {"row": "1"}
    if outputs == 1:
        assert back.tie == tie


# --- what is refused ---------------------------------------------------------------------------------------------

GEMM = node("Gemm", ["x", "w", "b"], ["z"], "fc", transB=1)
LAYER = {"w": ONE, "b": BIAS[:1]}
LAYERS = {"w": THREE, "b": BIAS}


def classifier(**attributes: Any) -> onnx.ModelProto:  # noqa: ANN401 - as ONNX has them
    given = {"coefficients": ONE.ravel().tolist(), "intercepts": [0.0], "classlabels_ints": [0, 1]} | attributes
    kept = {name: value for name, value in given.items() if value is not None}
    return graph([ml("LinearClassifier", ["x"], ["y", "z"], name="lc", **kept)], ["y", "z"])


def changed(change: Callable[[onnx.ModelProto], object]) -> onnx.ModelProto:
    model = graph([GEMM], ["z"], LAYER)
    change(model)
    return model


def with_external_data(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../secret.bin")
    tensor.ClearField("raw_data")


def with_sparse_weights(model: onnx.ModelProto) -> None:
    values = numpy_helper.from_array(np.ones(1, np.float32), "w2")
    places = numpy_helper.from_array(np.array([0]), "places")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [DIMENSION, 1]))


def with_sequence_input(model: onnx.ModelProto) -> None:
    made = helper.make_tensor_sequence_value_info("x", TensorProto.FLOAT, ["N", DIMENSION])
    model.graph.input[0].CopyFrom(made)


def with_function(model: onnx.ModelProto) -> None:
    body = [node("Identity", ["a"], ["c"])]
    model.functions.append(helper.make_function("own", "Layer", ["a"], ["c"], body, [helper.make_opsetid("", 17)]))
    model.opset_import.append(helper.make_opsetid("own", 1))


def followed(*nodes: onnx.NodeProto, outputs: int = 1, **arrays: NDArray[Any]) -> Callable[[], onnx.ModelProto]:
    """A layer and what comes behind it; the last node's first output is put out."""
    layer = LAYER if outputs == 1 else LAYERS
    return lambda: graph([GEMM, *nodes], [nodes[-1].output[0]], layer | arrays)


REFUSED: dict[str, tuple[Callable[[], onnx.ModelProto], str]] = {
    "hidden layer": (
        lambda: graph([GEMM, node("Relu", ["z"], ["h"], "act")], ["h"], LAYER),
        "node 'act' (Relu): is no part of a linear model",
    ),
    "node without a name": (
        lambda: graph([node("Relu", ["x"], ["h"]), node("Gemm", ["h", "w"], ["z"], transB=1)], ["z"], {"w": ONE}),
        "node 0 (Relu): is no part of a linear model",
    ),
    "two layers": (
        lambda: graph([GEMM, node("MatMul", ["z", "v"], ["u"], "second")], ["u"], LAYER | {"v": ONE[:1, :1]}),
        "node 'second' (MatMul): multiplies scores and a constant",
    ),
    "scaler": (
        lambda: graph([ml("Scaler", ["x"], ["s"], name="scale", offset=[0.0], scale=[1.0])], ["s"]),
        "node 'scale' (Scaler): is no part of a linear model",
    ),
    "scaling by hand": (
        lambda: graph([node("Sub", ["x", "m"], ["c"], "centre")], ["c"], {"m": BIAS[:1]}),
        "node 'centre' (Sub): subtracts the features and a constant",
    ),
    "scaled scores": (
        lambda: graph([GEMM, node("Mul", ["z", "t"], ["u"], "heat")], ["u"], LAYER | {"t": np.array([2], np.float32)}),
        "node 'heat' (Mul): scales scores and a constant",
    ),
    "alpha": (
        lambda: graph([node("Gemm", ["x", "w"], ["z"], "fc", transB=1, alpha=0.5)], ["z"], LAYER),
        "node 'fc' (Gemm): it scales by alpha = 0.5",
    ),
    "features transposed": (
        lambda: graph([node("Gemm", ["x", "w"], ["z"], "fc", transA=1)], ["z"], LAYER),
        "node 'fc' (Gemm): it transposes the features",
    ),
    "weights first": (
        lambda: graph([node("MatMul", ["w", "x"], ["z"], "mm")], ["z"], LAYER),
        "node 'mm' (MatMul): multiplies a constant and the features",
    ),
    "weights of three dimensions": (
        lambda: graph([node("MatMul", ["x", "w"], ["z"], "mm")], ["z"], {"w": ONE.reshape(1, DIMENSION, 1)}),
        "node 'mm' (MatMul): its weights are (1, 5, 1)",
    ),
    "half precision": (
        lambda: graph([node("MatMul", ["x", "w"], ["z"], "mm")], ["z"], {"w": ONE.T.astype(np.float16)}),
        "node 'mm' (MatMul): its weights are of type float16",
    ),
    "intercepts of another size": (
        lambda: graph([GEMM], ["z"], {"w": THREE, "b": BIAS[:2]}),
        "node 'fc' (Gemm): it adds (2,) to 3 scores a row",
    ),
    "intercepts by row": (
        lambda: graph([GEMM], ["z"], {"w": THREE, "b": BIAS[:, None]}),
        "node 'fc' (Gemm): it adds (3, 1) to 3 scores a row",
    ),
    "intercepts of another type": (
        lambda: graph([GEMM], ["z"], {"w": ONE, "b": BIAS[:1].astype(np.float64)}),
        "node 'fc' (Gemm): its intercepts are of type float64",
    ),
    "two intercepts": (
        lambda: graph([GEMM, node("Add", ["z", "b"], ["u"], "more")], ["u"], LAYER),
        "node 'more' (Add): it adds a second intercept",
    ),
    "sum of features": (
        lambda: graph([node("Add", ["x", "b"], ["u"], "plus")], ["u"], LAYER),
        "node 'plus' (Add): adds the features and a constant",
    ),
    "softmax over rows": (
        lambda: graph([GEMM, node("Softmax", ["z"], ["p"], "sm", axis=0)], ["p"], LAYERS),
        "node 'sm' (Softmax): takes the softmax, along axis 0, of scores",
    ),
    "argmax over rows": (
        lambda: graph([GEMM, node("ArgMax", ["z"], ["y"], "am")], ["y"], LAYERS),
        "node 'am' (ArgMax): does not take the first of the largest along axis 1, of scores",
    ),
    "last of the largest": (
        lambda: graph([GEMM, node("ArgMax", ["z"], ["y"], "am", axis=1, select_last_index=1)], ["y"], LAYERS),
        "node 'am' (ArgMax): does not take the first of the largest along axis 1, of scores",
    ),
    "another threshold": (
        lambda: graph(
            [GEMM, node("Sigmoid", ["z"], ["p"]), node("Greater", ["p", "t"], ["y"], "cut")],
            ["y"],
            LAYER | {"t": np.array([0.7], np.float32)},
        ),
        "node 'cut' (Greater): compares probabilities and a constant",
    ),
    "features put out": (
        lambda: graph([GEMM, node("Identity", ["x"], ["same"])], ["z", "same"], LAYER),
        "its output 'same' is no score, probability or label",
    ),
    "scores of two layers": (
        lambda: graph([GEMM, node("Gemm", ["x", "v"], ["u"], transB=1)], ["z", "u"], LAYER | {"v": THREE[:1]}),
        "its outputs 'z', 'u' come from different scores",
    ),
    "labels as text": (
        lambda: classifier(classlabels_ints=None, classlabels_strings=["off", "on"]),
        "node 'lc' (LinearClassifier): its class labels are texts",
    ),
    "one label for two classes": (
        lambda: classifier(classlabels_ints=[0]),
        "node 'lc' (LinearClassifier): it has 1 outputs for 1 class labels",
    ),
    "the same label twice": (
        lambda: classifier(classlabels_ints=[3, 3]),
        "it tells 2 classes apart and names them 3, 3",
    ),
    "coefficients left over": (
        lambda: classifier(intercepts=[0.0, 0.0]),
        "node 'lc' (LinearClassifier): it has 5 coefficients for 2 outputs",
    ),
    "probit": (
        lambda: classifier(post_transform="PROBIT"),
        "node 'lc' (LinearClassifier): its post_transform is PROBIT",
    ),
    "fractions as labels": (
        lambda: graph(
            [GEMM, node("ArgMax", ["z"], ["i"], axis=1), node("Gather", ["names", "i"], ["y"], "pick")],
            ["y"],
            LAYERS | {"names": np.array([0, 0.5, 1], np.float32)},
        ),
        "node 'pick' (Gather): its class labels are [0.0, 0.5, 1.0]",
    ),
    "too few labels": (
        lambda: graph(
            [GEMM, node("ArgMax", ["z"], ["i"], axis=1), node("Gather", ["names", "i"], ["y"], "pick")],
            ["y"],
            LAYERS | {"names": np.array([0, 1])},
        ),
        "node 'pick' (Gather): it has 2 labels for 3 classes",
    ),
    "NaN": (
        lambda: graph([GEMM], ["z"], {"w": np.full_like(ONE, np.nan), "b": BIAS[:1]}),
        "its weights are not all finite numbers",
    ),
    "too many features": (
        lambda: graph(
            [node("MatMul", ["x", "w"], ["z"])], ["z"], {"w": np.ones((1025, 1), np.float32)}, shape=["N", None]
        ),
        "it has 1025 features",
    ),
    "too many outputs": (
        lambda: graph([node("MatMul", ["x", "w"], ["z"])], ["z"], {"w": np.ones((DIMENSION, 17), np.float32)}),
        "it has 17 outputs",
    ),
    "another number of features": (
        lambda: graph([GEMM], ["z"], LAYER, shape=["N", 6]),
        "its input has 6 features, its weights are for 5",
    ),
    "an image": (lambda: graph([GEMM], ["z"], LAYER, shape=["N", 1, 5]), "the input 'x' has 3 dimensions"),
    "whole numbers": (lambda: graph([GEMM], ["z"], LAYER, real=TensorProto.INT64), "the input 'x' is of type int64"),
    "two inputs": (
        lambda: changed(lambda m: m.graph.input.append(helper.make_tensor_value_info("u", TensorProto.FLOAT, [1]))),
        "it has 2 inputs ('x', 'u')",
    ),
    "weights elsewhere": (lambda: changed(with_external_data), "the tensor 'w' is kept in another file"),
    "sparse weights": (lambda: changed(with_sparse_weights), "its weights are kept as a sparse tensor"),
    "a function": (lambda: changed(with_function), "it defines a function of its own, 'Layer'"),
    "foreign operators": (
        lambda: changed(
            lambda m: (
                m.graph.node.append(helper.make_node("Gelu", ["z"], ["g"], domain="com.microsoft")),
                m.opset_import.append(helper.make_opsetid("com.microsoft", 1)),
            )
        ),
        "it uses operators of 'com.microsoft', which are none of ONNX",
    ),
    "a newer format": (
        lambda: changed(lambda m: setattr(m, "ir_version", 1000)),
        "is no valid ONNX model: Your model ir_version 1000 is higher than the checker's",
    ),
    "an unknown tensor": (
        lambda: graph([node("Gemm", ["x", "nowhere"], ["z"])], ["z"], LAYER),
        "is no valid ONNX model: Nodes in a graph must be topologically sorted",
    ),
    "a bias that is worked out": (
        followed(node("Gemm", ["x", "w", "z"], ["u"], "odd", transB=1)),
        "node 'odd' (Gemm): multiplies and adds the features and a constant and scores",
    ),
    "outputs above each other": (
        followed(node("Concat", ["z", "z"], ["u"], "cat", axis=0)),
        "node 'cat' (Concat): joins, along axis 0, scores and scores",
    ),
    "scores beside probabilities": (
        followed(node("Sigmoid", ["z"], ["p"]), node("Concat", ["z", "p"], ["u"], "cat", axis=1)),
        "node 'cat' (Concat): joins scores and probabilities",
    ),
    "layers in two precisions": (
        followed(
            node("Cast", ["x"], ["wide"], to=TensorProto.DOUBLE),
            node("MatMul", ["wide", "v"], ["u"]),
            node("Concat", ["z", "u"], ["both"], "cat", axis=1),
            v=ONE.T.astype(np.float64),
        ),
        "node 'cat' (Concat): it joins scores of different layers",
    ),
    "features joined": (
        followed(node("Concat", ["x", "x"], ["u"], "cat", axis=1)),
        "node 'cat' (Concat): joins the features and the features",
    ),
    "a transposed output": (
        followed(node("Transpose", ["z"], ["u"], "turn", perm=[1, 0])),
        "node 'turn' (Transpose): transposes scores",
    ),
    "scores as whole numbers": (
        followed(node("Cast", ["z"], ["u"], "to_int", to=TensorProto.INT64)),
        "node 'to_int' (Cast): converts, to int64, scores",
    ),
    "a type that is none": (
        followed(node("Cast", ["z"], ["u"], "to_none", to=99)),
        "node 'to_none' (Cast): converts, to number 99, scores",
    ),
    "rows squeezed": (
        followed(node("Squeeze", ["z", "axes"], ["u"], "sq"), axes=np.array([0])),
        "node 'sq' (Squeeze): removes the axes [0] of scores",
    ),
    "three outputs squeezed": (
        followed(node("Squeeze", ["z", "axes"], ["u"], "sq"), outputs=3, axes=np.array([1])),
        "node 'sq' (Squeeze): removes an axis of scores",
    ),
    "flattened from the start": (
        followed(node("Flatten", ["z"], ["u"], "flat", axis=0)),
        "node 'flat' (Flatten): flattens, from axis 0, scores",
    ),
    "reshaped": (
        followed(node("Reshape", ["z", "shape"], ["u"], "shape_it"), outputs=3, shape=np.array([3, -1])),
        "node 'shape_it' (Reshape): reshapes scores",
    ),
    "sigmoid of features": (
        lambda: graph([node("Sigmoid", ["x"], ["p"], "sig")], ["p"]),
        "node 'sig' (Sigmoid): takes the sigmoid of the features",
    ),
    "normalized features": (
        lambda: graph([ml("Normalizer", ["x"], ["n"], name="norm", norm="L1")], ["n"]),
        "node 'norm' (Normalizer): normalizes the features",
    ),
    "magnitude of a score": (
        followed(node("Abs", ["z"], ["u"], "abs")),
        "node 'abs' (Abs): takes the magnitude of scores",
    ),
    "sum over rows": (
        followed(node("Sigmoid", ["z"], ["p"]), node("ReduceSum", ["p", "axes"], ["u"], "sum"), axes=np.array([0])),
        "node 'sum' (ReduceSum): sums, along [0], probabilities",
    ),
    "divided features": (
        lambda: graph([node("Div", ["x", "s"], ["u"], "div")], ["u"], {"s": BIAS[:1]}),
        "node 'div' (Div): divides the features and a constant",
    ),
    "a map of features": (
        lambda: graph([ml("ZipMap", ["x"], ["m"], name="zip", classlabels_int64s=[1])], ["m"]),
        "node 'zip' (ZipMap): maps labels to the features",
    ),
    "the largest feature": (
        lambda: graph([node("ArgMax", ["x"], ["y"], "am", axis=1)], ["y"]),
        "node 'am' (ArgMax): takes the largest of the features",
    ),
    "a choice of scores": (
        followed(
            node("Greater", ["z", "zero"], ["on"]), node("Where", ["on", "z", "zero"], ["u"], "sel"), zero=BIAS[:1] * 0
        ),
        "node 'sel' (Where): chooses between a decision and scores and a constant",
    ),
    "an output that is not there": (
        followed(ml("ArrayFeatureExtractor", ["z", "place"], ["u"], name="pick"), place=np.array([1])),
        "node 'pick' (ArrayFeatureExtractor): picks from scores and a constant",
    ),
    "a text as constant": (
        lambda: graph([node("Constant", [], ["c"], "text", value_string="w"), GEMM], ["z"], LAYER),
        "node 'text' (Constant): it is given by value_string",
    ),
    "regressor with another output": (
        lambda: graph(
            [ml("LinearRegressor", ["x"], ["z"], name="lr", coefficients=[1.0], post_transform="PROBIT")], ["z"]
        ),
        "node 'lr' (LinearRegressor): its post_transform is PROBIT",
    ),
    "regressor with too many intercepts": (
        lambda: graph(
            [ml("LinearRegressor", ["x"], ["z"], name="lr", coefficients=[1.0], intercepts=[1.0, 2.0])], ["z"]
        ),
        "node 'lr' (LinearRegressor): it has 2 intercepts for 1 outputs",
    ),
    "a classifier of scores": (
        followed(
            ml(
                "LinearClassifier",
                ["z"],
                ["y", "s"],
                name="lc",
                coefficients=[1.0],
                intercepts=[0.0],
                classlabels_ints=[0, 1],
            )
        ),
        "node 'lc' (LinearClassifier): classifies scores",
    ),
    "a sequence": (
        lambda: changed(with_sequence_input),
        "the input 'x' is no tensor",
    ),
    "a tensor that lacks a value": (
        lambda: changed(lambda m: setattr(m.graph.initializer[0], "raw_data", ONE.tobytes()[:-4])),
        "is no valid ONNX model",
    ),
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_linear_model_is_refused_by_name(
    make: Callable[[], onnx.ModelProto], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ModelFileError) as caught:
        loaded(make(), tmp_path)
    assert caught.value.message.startswith(f"{tmp_path / 'heater.onnx'}: {reason}")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no ONNX file: it holds no graph with an output"),
        (b"weights = [1, 2, 3]\n", "is no ONNX file, or a damaged one"),
        (b"\xff" * 100, "is no ONNX file, or a damaged one"),
        (graph([GEMM], ["z"], LAYER).SerializeToString()[:-20], "is no ONNX file, or a damaged one"),
        (bytes((1 << 20) + 1), "1,048,577 bytes are more than a linear model takes (at most 1,048,576)"),
    ],
    ids=["empty", "text", "noise", "cut", "large"],
)
def test_what_is_no_onnx_file_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "heater.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        load_linear_model(path)
    assert caught.value.message == f"{path}: {reason}"


def test_a_file_that_the_runtime_does_not_take_is_refused(tmp_path: Path) -> None:
    """Newer than the judge: refused before a payload is started, not when its scores are compared."""
    model = next(iter(MADE.values()))().model
    model.opset_import[0].version = 1000
    with pytest.raises(ModelFileError, match=r"heater\.onnx: ONNX Runtime does not take it: .*1000") as caught:
        loaded(model, tmp_path)
    assert "older version" in caught.value.hint


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"none\.onnx: cannot be read: No such file or directory"):
        load_linear_model(tmp_path / "none.onnx")
    with pytest.raises(ModelFileError, match="cannot be read: Is a directory"):
        load_linear_model(tmp_path)


def test_a_damaged_file_is_read_or_refused_and_nothing_else(tmp_path: Path) -> None:
    """Bytes of good files are changed, lost and repeated."""
    seed = 20210406
    print(f"seed {seed}")
    chance = random.Random(seed)
    contents = [
        MADE[name]().model.SerializeToString() for name in ("torch transposed", "sklearn with map", "constants")
    ]
    path = tmp_path / "damaged.onnx"
    refused = 0
    for _ in range(1500):
        damaged = bytearray(chance.choice(contents))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(damaged))
            match chance.randrange(3):
                case 0:
                    damaged[place] = chance.randrange(256)
                case 1:
                    del damaged[place : place + chance.randint(1, 8)]
                case _:
                    damaged[place:place] = damaged[place : place + chance.randint(1, 8)]
        path.write_bytes(damaged)
        try:
            load_linear_model(path)
        except ModelFileError:
            refused += 1
    print(f"{refused} of 1500 refused")
    assert 500 < refused < 1500
