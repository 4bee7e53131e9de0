"""Operators that change the shape or the type of a tensor, and constants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bench.onnx.values import (
    Attributes,
    Classes,
    Constant,
    Decision,
    Features,
    Probabilities,
    ProbabilitySum,
    RefusedError,
    Scores,
    Value,
    refuse,
)

if TYPE_CHECKING:
    import onnx


def array_of(tensor: onnx.TensorProto) -> Constant:
    """Raises RefusedError for a tensor that does not hold what it says."""
    from onnx import numpy_helper

    try:
        return Constant(numpy_helper.to_array(tensor))
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:  # what damaged files were seen to raise
        raise RefusedError(f"the tensor {tensor.name!r} cannot be read ({error})", "export it again") from error


def type_name(number: int) -> str:
    """Name an element type, for people."""
    from onnx import TensorProto

    known = TensorProto.DataType.values()
    return TensorProto.DataType.Name(number).lower() if number in known else f"number {number}"


def constant(inputs: Sequence[Value], attributes: Attributes) -> Constant:
    from onnx import TensorProto

    del inputs
    for name, value in attributes.items():
        if isinstance(value, TensorProto):
            return array_of(value)
        if name in ("value_float", "value_floats"):
            return Constant(np.array(value, dtype=np.float32))
        if name in ("value_int", "value_ints"):
            return Constant(np.array(value, dtype=np.int64))
    raise RefusedError(f"it is given by {', '.join(attributes)}", "give it as a tensor")


def same(inputs: Sequence[Value], attributes: Attributes) -> Value:
    del attributes
    return inputs[0]


def transpose(inputs: Sequence[Value], attributes: Attributes) -> Value:
    match inputs:
        case [Constant(array)] if array.ndim == 2 and attributes.get("perm", [1, 0]) == [1, 0]:  # noqa: PLR2004  # a matrix
            return Constant(array.T)
    raise refuse(inputs, "transposes")


def cast(inputs: Sequence[Value], attributes: Attributes) -> Value:
    from onnx import TensorProto

    real = attributes.get("to") in (TensorProto.FLOAT, TensorProto.DOUBLE)
    whole = attributes.get("to") in (TensorProto.INT32, TensorProto.INT64)
    match inputs:
        case [Features() | Scores() | Probabilities() | ProbabilitySum() as value] if real:
            return value
        case [Classes() as value] if real or whole:
            return value
        case [Decision(scores, chosen, tie)] if (real or whole) and chosen == 1:
            return Classes(scores, tie)
    raise refuse(inputs, f"converts, to {type_name(attributes.get('to', 0))},")


def squeeze(inputs: Sequence[Value], attributes: Attributes) -> Value:
    """Make (N) of (N, 1)."""
    axes: Any = attributes.get("axes")
    if len(inputs) > 1 and isinstance(inputs[1], Constant):
        axes = inputs[1].array.reshape(-1).tolist()
    if axes is None or list(axes) not in ([1], [-1]):
        raise refuse(inputs[:1], f"removes the axes {axes} of")
    return _flattened(inputs[0], "removes an axis of")


def _flattened(value: Value, doing: str) -> Value:
    match value:
        case Scores(weights, intercepts, arithmetic, _) if len(weights) == 1:
            return Scores(weights, intercepts, arithmetic, flat=True)
        case Probabilities(scores, softmax, normalized) if scores.outputs == 1:
            flat = Scores(scores.weights, scores.intercepts, scores.arithmetic, flat=True)
            return Probabilities(flat, softmax, normalized)
        case Classes() | Decision() | ProbabilitySum():
            return value
    raise refuse([value], doing)


def flatten(inputs: Sequence[Value], attributes: Attributes) -> Value:
    match inputs:
        case [Features() | Scores(flat=False) | Probabilities() as value] if attributes.get("axis", 1) == 1:
            return value
    raise refuse(inputs, f"flattens, from axis {attributes.get('axis', 1)},")


def reshape(inputs: Sequence[Value], attributes: Attributes) -> Value:
    """A shape is known by its last dimension; the rows before it are any number."""
    del attributes
    match inputs:
        case [Classes() | Decision() | ProbabilitySum() as value, Constant(array)] if _rows_then(
            array, 1
        ) or array.tolist() == [-1]:
            return value
        case [Scores() | Probabilities() as value, Constant(array)] if array.tolist() == [-1]:
            return _flattened(value, "reshapes")
        case [Scores(intercepts=intercepts, flat=False) as value, Constant(array)] if _rows_then(
            array, len(intercepts)
        ):
            return value
    raise refuse(inputs[:1], "reshapes")


def _rows_then(shape: NDArray[Any], last: int) -> bool:
    """Whether it is (any number of rows, `last`)."""
    return shape.tolist() in ([-1, last], [0, last], [0, -1])
