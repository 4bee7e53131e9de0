"""What each operator of ONNX does to the values of a linear model's graph.

An operator, or a use of one, that is not here is refused. https://onnx.ai/onnx/operators defines them all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from bench.onnx import answers, layer, shapes
from bench.onnx.values import SCALING, Attributes, RefusedError, Value

if TYPE_CHECKING:
    import onnx

Operator = Callable[[Sequence[Value], Attributes], Value | tuple[Value, ...]]

_SCALERS: Final = ("BatchNormalization", "Scaler")


def apply_node(node: onnx.NodeProto, inputs: Sequence[Value]) -> tuple[Value, ...]:
    """Values of the node's outputs; raises RefusedError."""
    from onnx import helper

    operator = _OPERATORS.get(node.op_type)
    if operator is None:
        hint = SCALING if node.op_type in _SCALERS else f"understood are {', '.join(sorted(_OPERATORS))}"
        raise RefusedError("is no part of a linear model", hint)
    attributes = {one.name: _text_or_other(helper.get_attribute_value(one)) for one in node.attribute}
    made = operator(inputs, attributes)
    return made if isinstance(made, tuple) else (made,)


def _text_or_other(value: Any) -> Any:  # noqa: ANN401 - whatever an attribute holds
    return value.decode(errors="replace") if isinstance(value, bytes) else value


_OPERATORS: Final[Mapping[str, Operator]] = {
    "Abs": answers.magnitude,
    "Add": layer.add,
    "ArgMax": answers.argmax,
    "ArrayFeatureExtractor": answers.pick,
    "Cast": shapes.cast,
    "Concat": layer.concatenate,
    "Constant": shapes.constant,
    "Div": answers.divide,
    "Flatten": shapes.flatten,
    "Gather": answers.pick,
    "Gemm": layer.gemm,
    "Greater": answers.compare(1, -1),
    "GreaterOrEqual": answers.compare(1, 1),
    "Identity": shapes.same,
    "Less": answers.compare(0, 1),
    "LessOrEqual": answers.compare(0, -1),
    "LinearClassifier": layer.linear_classifier,
    "LinearRegressor": layer.linear_regressor,
    "MatMul": layer.matmul,
    "Mul": layer.multiply,
    "Normalizer": answers.normalize,
    "ReduceSum": answers.sum_of_row,
    "Reshape": shapes.reshape,
    "Sigmoid": answers.sigmoid,
    "Softmax": answers.softmax,
    "Squeeze": shapes.squeeze,
    "Sub": layer.subtract,
    "Transpose": shapes.transpose,
    "Where": answers.where,
    "ZipMap": answers.zip_map,
}
