"""A linear model -> an ONNX graph that any runtime can read.

Input `features` (N, d), as the feature map makes them. Outputs: `score` (N), with several outputs (N, K); `label` (N),
the class labels of the recording; for models whose score is a logit, `probability`, of the same shape as `score`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from bench.onnx.linear import REAL_TYPES, LinearModel

if TYPE_CHECKING:
    import onnx

OPSET: Final = 13
"""Of ONNX 1.8 (2020), the first in which Softmax works on one axis and Squeeze takes its axes as an input."""
IR_VERSION: Final = 7
"""The one that came with opset 13."""


def onnx_bytes(model: LinearModel) -> bytes:
    """The content of an .onnx file; the same model gives the same bytes."""
    from onnx import checker, helper

    graph = helper.make_graph(
        [*_score_nodes(model), *_label_nodes(model), *_probability_nodes(model)],
        model.name,
        [helper.make_tensor_value_info("features", _element_type(model), ["N", model.dimension])],
        list(_outputs(model)),
        initializer=_initializers(model),
    )
    proto = helper.make_model(
        graph, producer_name="hil-bench", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    helper.set_model_props(proto, dict(model.metadata))
    checker.check_model(proto)
    content: bytes = proto.SerializeToString(deterministic=True)
    return content


def _element_type(model: LinearModel) -> int:
    from onnx import helper

    return helper.np_dtype_to_tensor_dtype(np.dtype(REAL_TYPES[model.arithmetic]))


def _outputs(model: LinearModel) -> list[onnx.ValueInfoProto]:
    from onnx import TensorProto, helper

    real = _element_type(model)
    shape: list[str | int | None] = ["N"] if model.outputs == 1 else ["N", model.outputs]
    found = [helper.make_tensor_value_info("score", real, shape)]
    found.append(helper.make_tensor_value_info("label", TensorProto.INT64, ["N"]))
    if model.probability:
        found.append(helper.make_tensor_value_info("probability", real, shape))
    return found


def _initializers(model: LinearModel) -> list[onnx.TensorProto]:
    from onnx import numpy_helper

    real = REAL_TYPES[model.arithmetic]
    arrays = {
        "weights": np.ascontiguousarray(model.weights.T, dtype=real),
        "intercepts": model.intercepts.astype(real),
    }
    if model.outputs == 1:
        arrays |= {
            "output_axis": np.array([1], np.int64),
            "zero": np.array(0.0, real),
            "negative_label": np.array(model.labels[0], np.int64),
            "positive_label": np.array(model.labels[1], np.int64),
        }
    else:
        arrays["labels"] = np.array(model.labels, np.int64)
    return [numpy_helper.from_array(array, name) for name, array in arrays.items()]


def _score_nodes(model: LinearModel) -> list[onnx.NodeProto]:
    from onnx import helper

    if model.outputs > 1:
        return [helper.make_node("Gemm", ["features", "weights", "intercepts"], ["score"], "score")]
    return [
        helper.make_node("Gemm", ["features", "weights", "intercepts"], ["score_column"], "score_column"),
        helper.make_node("Squeeze", ["score_column", "output_axis"], ["score"], "score"),
    ]


def _label_nodes(model: LinearModel) -> list[onnx.NodeProto]:
    """A NaN is neither above nor below 0, so that it gets the label of a tie, as on the payload."""
    from onnx import helper

    if model.outputs > 1:
        return [
            helper.make_node("ArgMax", ["score"], ["class_index"], "class_index", axis=1, keepdims=0),
            helper.make_node("Gather", ["labels", "class_index"], ["label"], "label"),
        ]
    if model.tie > 0:
        compared, chosen = "Less", ["decided", "negative_label", "positive_label"]
    else:
        compared, chosen = "Greater", ["decided", "positive_label", "negative_label"]
    return [
        helper.make_node(compared, ["score", "zero"], ["decided"], "decided"),
        helper.make_node("Where", chosen, ["label"], "label"),
    ]


def _probability_nodes(model: LinearModel) -> list[onnx.NodeProto]:
    from onnx import helper

    if not model.probability:
        return []
    if model.outputs == 1:
        return [helper.make_node("Sigmoid", ["score"], ["probability"], "probability")]
    return [helper.make_node("Softmax", ["score"], ["probability"], "probability", axis=1)]
