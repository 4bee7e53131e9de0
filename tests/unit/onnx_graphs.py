"""Graphs of one linear layer, built node by node as the usual exporters write them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

DIMENSION = 5
ONE = np.random.default_rng(11).normal(size=(1, DIMENSION)).astype(np.float32)
THREE = np.random.default_rng(12).normal(size=(3, DIMENSION)).astype(np.float32)
BIAS = np.random.default_rng(13).normal(size=3).astype(np.float32)

Node = onnx.NodeProto
node: Callable[..., Node] = helper.make_node


def ml(kind: str, inputs: list[str], outputs: list[str], **attributes: Any) -> Node:  # noqa: ANN401 - as ONNX has them
    return helper.make_node(kind, inputs, outputs, domain="ai.onnx.ml", **attributes)


def graph(
    nodes: Sequence[Node],
    outputs: Sequence[str],
    arrays: dict[str, NDArray[Any]] | None = None,
    *,
    shape: Sequence[Any] = ("N", DIMENSION),
    real: int = TensorProto.FLOAT,
    opset: int = 17,
) -> onnx.ModelProto:
    """A model whose input is `x`; the types of its outputs are left for the reader to find out."""
    made = helper.make_graph(
        list(nodes),
        "made",
        [helper.make_tensor_value_info("x", real, list(shape))],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        initializer=[numpy_helper.from_array(array, name) for name, array in (arrays or {}).items()],
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 1)]
    return helper.make_model(made, opset_imports=opsets, ir_version=8)


@dataclass(frozen=True, eq=False)
class Made:
    """A model that must be read as `weights` and `intercepts`; the names of its outputs, where it has them."""

    model: onnx.ModelProto
    weights: NDArray[Any]
    intercepts: NDArray[Any]
    score: str | None = None
    label: str | None = None
    probability: str | None = None
    labels: tuple[int, ...] = (0, 1)
    tie: int = -1
    logit: bool = False
    arithmetic: str = "f32"


def torch_sigmoid() -> Made:
    nodes = [
        node("Gemm", ["x", "fc.weight", "fc.bias"], ["z"], alpha=1.0, beta=1.0, transB=1),
        node("Sigmoid", ["z"], ["p"]),
    ]
    model = graph(nodes, ["p"], {"fc.weight": ONE, "fc.bias": BIAS[:1]})
    return Made(model, ONE, BIAS[:1], probability="p", logit=True)


def torch_softmax() -> Made:
    """With a fixed number of rows, the initializers among the inputs, and the flattening of an image classifier."""
    nodes = [
        node("Flatten", ["x"], ["flat"], axis=1),
        node("Gemm", ["flat", "w", "b"], ["z"], transB=1),
        node("Softmax", ["z"], ["p"], axis=-1),
    ]
    model = graph(nodes, ["p", "z"], {"w": THREE, "b": BIAS}, shape=[400, DIMENSION])
    model.graph.input.append(helper.make_tensor_value_info("w", TensorProto.FLOAT, [3, DIMENSION]))
    return Made(model, THREE, BIAS, score="z", probability="p", labels=(0, 1, 2), logit=True)


def torch_two_outputs() -> Made:
    """A softmax of two scores is the sigmoid of their difference."""
    nodes = [
        node("Gemm", ["x", "w", "b"], ["z"], transB=1),
        node("Softmax", ["z"], ["p"]),
        node("ArgMax", ["z"], ["y"], axis=1),
    ]
    model = graph(nodes, ["p", "y"], {"w": THREE[:2], "b": BIAS[:2]})
    return Made(model, THREE[1:2] - THREE[:1], BIAS[1:2] - BIAS[:1], label="y", probability="p", logit=True)


def torch_transposed() -> Made:
    """As exporters wrote it before Gemm: the weights are transposed in the graph, which ends in a vector."""
    nodes = [
        node("Transpose", ["w"], ["wt"], perm=[1, 0]),
        node("MatMul", ["x", "wt"], ["xw"]),
        node("Add", ["b", "xw"], ["z"]),
        node("Squeeze", ["z", "axes"], ["s"]),
        node("Sigmoid", ["s"], ["p"]),
        node("Greater", ["p", "half"], ["on"]),
        node("Cast", ["on"], ["y"], to=TensorProto.INT64),
    ]
    arrays = {"w": ONE, "b": BIAS[:1], "axes": np.array([1]), "half": np.array(0.5, np.float32)}
    return Made(graph(nodes, ["s", "p", "y"], arrays), ONE, BIAS[:1], "s", "y", "p", logit=True)


def constants() -> Made:
    """No initializers at all, in double precision."""
    weights, bias = ONE.astype(np.float64) / 3, BIAS[:1].astype(np.float64) / 3
    nodes = [
        node("Constant", [], ["w"], value=numpy_helper.from_array(weights.T.copy())),
        node("Constant", [], ["b"], value=numpy_helper.from_array(bias)),
        node("MatMul", ["x", "w"], ["xw"]),
        node("Add", ["xw", "b"], ["z"]),
        node("Identity", ["z"], ["score"]),
    ]
    return Made(graph(nodes, ["score"], real=TensorProto.DOUBLE), weights, bias, "score", arithmetic="f64")


def vector_of_weights() -> Made:
    nodes = [node("MatMul", ["x", "w"], ["xw"]), node("Sub", ["xw", "b"], ["z"])]
    return Made(graph(nodes, ["z"], {"w": ONE[0], "b": BIAS[:1]}), ONE, -BIAS[:1], "z")


def widened() -> Made:
    """Features that come in as float and are multiplied in double precision."""
    weights = ONE.astype(np.float64) / 3
    nodes = [node("Cast", ["x"], ["wide"], to=TensorProto.DOUBLE), node("Gemm", ["wide", "w"], ["z"], transB=1)]
    return Made(graph(nodes, ["z"], {"w": weights}), weights, np.zeros(1), "z", arithmetic="f64")


def decided(kind: str, *, tie: int) -> Made:
    """A comparison that is true for one class, and a choice of labels; the intercept is 0, so that there are ties."""
    chosen = ["on", "above", "below"] if kind.startswith("Greater") else ["on", "below", "above"]
    nodes = [
        node("MatMul", ["x", "w"], ["z"]),
        node(kind, ["z", "zero"], ["on"]),
        node("Where", chosen, ["labels"]),
        node("Reshape", ["labels", "shape"], ["y"]),
    ]
    arrays = {"w": ONE.T.copy(), "zero": np.array([0.0], np.float32), "above": np.array([7]), "below": np.array([-7])}
    model = graph(nodes, ["z", "y"], arrays | {"shape": np.array([-1])})
    return Made(model, ONE, np.zeros(1), "z", "y", labels=(-7, 7), tie=tie)


def sklearn_classifier(post_transform: str) -> Made:
    """skl2onnx 1.20, LogisticRegression and LinearSVC for two classes: the second row is the model."""
    logistic = post_transform == "LOGISTIC"
    nodes = [
        ml(
            "LinearClassifier",
            ["x"],
            ["label", "z"],
            coefficients=np.concatenate([-ONE, ONE]).ravel().tolist(),
            intercepts=[-float(BIAS[0]), float(BIAS[0])],
            classlabels_ints=[-1, 1],
            multi_class=0,
            post_transform=post_transform,
        ),
        node("Cast", ["label"], ["y"], to=TensorProto.INT64),
    ]
    if logistic:
        nodes.append(ml("Normalizer", ["z"], ["p"], norm="L1"))
    return Made(
        graph(nodes, ["y", "p" if logistic else "z"]),
        ONE,
        BIAS[:1],
        label="y",
        probability="p" if logistic else None,
        labels=(-1, 1),
        logit=logistic,
    )


def sklearn_three_classes() -> Made:
    nodes = [
        ml(
            "LinearClassifier",
            ["x"],
            ["y", "z"],
            coefficients=THREE.ravel().tolist(),
            intercepts=BIAS.tolist(),
            classlabels_ints=[4, 2, 9],
            multi_class=1,
            post_transform="SOFTMAX",
        ),
        ml("Normalizer", ["z"], ["p"], norm="L1"),
    ]
    return Made(graph(nodes, ["y", "p"]), THREE, BIAS, label="y", probability="p", labels=(4, 2, 9), logit=True)


def sklearn_with_map() -> Made:
    made = sklearn_classifier("LOGISTIC")
    nodes = [*made.model.graph.node, ml("ZipMap", ["p"], ["map"], classlabels_int64s=[-1, 1])]
    return Made(graph(nodes, ["y", "map"]), ONE, BIAS[:1], label="y", labels=(-1, 1), logit=True)


def one_row_two_labels() -> Made:
    nodes = [
        ml(
            "LinearClassifier",
            ["x"],
            ["y", "z"],
            coefficients=ONE.ravel().tolist(),
            intercepts=[0.0],
            classlabels_ints=[3, 5],
            post_transform="NONE",
        )
    ]
    return Made(graph(nodes, ["y"]), ONE, np.zeros(1), label="y", labels=(3, 5))


def sklearn_in_double() -> Made:
    """skl2onnx 1.20 with double features: no LinearClassifier, and the normalization is spelt out."""
    weights, bias = ONE.astype(np.float64) / 3, BIAS[:1].astype(np.float64) / 3
    nodes = [
        node("MatMul", ["x", "coef"], ["multiplied"]),
        node("Add", ["multiplied", "intercept"], ["raw"]),
        node("ArgMax", ["raw"], ["index"], axis=1),
        node("Sigmoid", ["raw"], ["sigmoid"]),
        node("Abs", ["sigmoid"], ["magnitude"]),
        ml("ArrayFeatureExtractor", ["classes", "index"], ["picked"]),
        node("Cast", ["picked"], ["labels"], to=TensorProto.INT64),
        node("ReduceSum", ["magnitude", "axis"], ["sum"], keepdims=1),
        node("Div", ["sigmoid", "sum"], ["p"]),
        node("Reshape", ["labels", "shape"], ["y"]),
    ]
    arrays = {
        "coef": np.concatenate([-weights, weights]).T.copy(),
        "intercept": np.concatenate([-bias, bias])[None, :],
        "classes": np.array([-1, 1], np.int32),
        "axis": np.array([1]),
        "shape": np.array([-1]),
    }
    model = graph(nodes, ["y", "p"], arrays, real=TensorProto.DOUBLE)
    return Made(model, weights, bias, label="y", probability="p", labels=(-1, 1), logit=True, arithmetic="f64")


def sklearn_sgd(loss: str) -> Made:
    """skl2onnx 1.20, SGDClassifier: a score, or its sigmoid, beside its opposite."""
    nodes = [node("MatMul", ["x", "coef"], ["multiplied"]), node("Add", ["multiplied", "intercept"], ["z"])]
    if loss == "hinge":
        nodes += [node("Mul", ["z", "minus"], ["opposite"]), node("Concat", ["opposite", "z"], ["both"], axis=1)]
    else:
        nodes += [
            node("Sigmoid", ["z"], ["p1"]),
            node("Sub", ["one", "p1"], ["p0"]),
            node("Concat", ["p0", "p1"], ["both"], axis=1),
        ]
    nodes += [
        node("ArgMax", ["both"], ["index"], axis=1),
        ml("ArrayFeatureExtractor", ["classes", "index"], ["picked"]),
        node("Reshape", ["picked", "shape"], ["y"]),
    ]
    arrays: dict[str, NDArray[Any]] = {"coef": ONE.T.copy(), "intercept": BIAS[:1], "minus": np.array([-1], np.float32)}
    arrays |= {"one": np.array([1], np.float32), "classes": np.array([0, 1], np.int32), "shape": np.array([-1])}
    model = graph(nodes, ["y", "both"], arrays)
    return Made(model, ONE, BIAS[:1], label="y", probability=None if loss == "hinge" else "both", logit=loss != "hinge")


def second_column() -> Made:
    """skl2onnx 1.20, LinearSVC: of the pair of scores the second is put out."""
    made = sklearn_classifier("NONE")
    nodes = [*made.model.graph.node, ml("ArrayFeatureExtractor", ["z", "place"], ["score"])]
    return Made(
        graph(nodes, ["y", "score"], {"place": np.array([1])}), ONE, BIAS[:1], score="score", label="y", labels=(-1, 1)
    )


def script_exporter() -> Made:
    """Constants given by number, and shapes that are said once more."""
    nodes = [
        node("Gemm", ["x", "w"], ["z"], transB=1),
        node("Constant", [], ["shape"], value_ints=[-1, 1]),
        node("Reshape", ["z", "shape"], ["column"]),
        node("Constant", [], ["vector"], value_ints=[-1]),
        node("Reshape", ["column", "vector"], ["s"]),
        node("Constant", [], ["b"], value_float=0.25),
        node("Add", ["s", "b"], ["t"]),
    ]
    return Made(graph(nodes, ["t"], {"w": ONE}), ONE, np.array([0.25]), "t")


def old_squeeze() -> Made:
    """Opset 11, in which the axes are an attribute; the probability is a vector."""
    nodes = [
        node("Gemm", ["x", "w", "b"], ["z"], transB=1),
        node("Flatten", ["z"], ["flat"]),
        node("Sigmoid", ["flat"], ["q"]),
        node("Squeeze", ["q"], ["p"], axes=[-1]),
        node("Greater", ["p", "half"], ["on"]),
    ]
    arrays = {"w": ONE, "b": BIAS[:1], "half": np.array(0.5, np.float32)}
    return Made(graph(nodes, ["p", "on"], arrays, opset=11), ONE, BIAS[:1], label="on", probability="p", logit=True)


def regressor() -> Made:
    attributes = {"coefficients": ONE.ravel().tolist(), "intercepts": [float(BIAS[0])]}
    return Made(graph([ml("LinearRegressor", ["x"], ["z"], **attributes)], ["z"]), ONE, BIAS[:1], "z")


MADE: dict[str, Callable[[], Made]] = {
    "torch sigmoid": torch_sigmoid,
    "torch softmax": torch_softmax,
    "torch two outputs": torch_two_outputs,
    "torch transposed": torch_transposed,
    "constants": constants,
    "vector of weights": vector_of_weights,
    "widened": widened,
    "greater": lambda: decided("Greater", tie=-1),
    "greater or equal": lambda: decided("GreaterOrEqual", tie=1),
    "less": lambda: decided("Less", tie=1),
    "less or equal": lambda: decided("LessOrEqual", tie=-1),
    "sklearn logistic": lambda: sklearn_classifier("LOGISTIC"),
    "sklearn svc": lambda: sklearn_classifier("NONE"),
    "sklearn svc, one column": second_column,
    "sklearn three classes": sklearn_three_classes,
    "sklearn with map": sklearn_with_map,
    "sklearn in double": sklearn_in_double,
    "sklearn hinge": lambda: sklearn_sgd("hinge"),
    "sklearn log": lambda: sklearn_sgd("log"),
    "one row, two labels": one_row_two_labels,
    "script exporter": script_exporter,
    "old squeeze": old_squeeze,
    "regressor": regressor,
}
