"""The layer itself: operators that multiply features by weights and add intercepts."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.onnx.values import (
    ONE_LAYER,
    SCALING,
    Absent,
    Attributes,
    Classes,
    Constant,
    Features,
    Probabilities,
    RefusedError,
    Scores,
    Value,
    is_all,
    refuse,
)

_ARITHMETICS: Final[Mapping[str, str]] = {"float32": "f32", "float64": "f64"}


def _layer(weights: NDArray[Any], intercepts: NDArray[Any] | None, *, flat: bool = False) -> Scores:
    """Scores of weights (K, d); intercepts of any shape that adds one number to each of K outputs."""
    arithmetic = _ARITHMETICS.get(weights.dtype.name)
    if arithmetic is None:
        raise RefusedError(f"its weights are of type {weights.dtype.name}", "export them as float or double")
    bare = Scores(weights.astype(np.float64), np.zeros(len(weights)), arithmetic, flat)
    return bare if intercepts is None else _plus(bare, intercepts)


def _plus(scores: Scores, array: NDArray[Any]) -> Scores:
    """Add one number to each output."""
    per_output = array.size == scores.outputs and array.shape[-1:] in ((), (scores.outputs,))
    if scores.flat:
        per_output = array.size == 1
    if not per_output:
        raise RefusedError(f"it adds {array.shape} to {scores.outputs} scores a row", "one intercept is due per output")
    if scores.intercepts.any():
        raise RefusedError("it adds a second intercept", "add the intercepts up before the export")
    if _ARITHMETICS.get(array.dtype.name) != scores.arithmetic:
        raise RefusedError(f"its intercepts are of type {array.dtype.name}", "export them in the type of the weights")
    return Scores(scores.weights, array.astype(np.float64).reshape(-1), scores.arithmetic, scores.flat)


def matmul(inputs: Sequence[Value], attributes: Attributes) -> Scores:
    del attributes
    match inputs:
        case [Features(), Constant(array)] if array.ndim == 2:  # noqa: PLR2004  # a matrix
            return _layer(array.T, None)
        case [Features(), Constant(array)] if array.ndim == 1:
            return _layer(array[None, :], None, flat=True)
        case [Features(), Constant(array)]:
            raise RefusedError(f"its weights are {array.shape}", "weights are due as (features, outputs)")
    raise refuse(inputs, "multiplies")


def gemm(inputs: Sequence[Value], attributes: Attributes) -> Scores:
    if attributes.get("transA", 0):
        raise RefusedError("it transposes the features", ONE_LAYER)
    for name in ("alpha", "beta"):
        if attributes.get(name, 1.0) != 1.0:
            raise RefusedError(f"it scales by {name} = {attributes[name]:g}", SCALING)
    match inputs:
        case [Features(), Constant(weights), *rest] if weights.ndim == 2 and len(rest) <= 1:  # noqa: PLR2004  # a matrix
            intercepts = rest[0] if rest else Absent()
            matrix = weights if attributes.get("transB", 0) else weights.T
            if isinstance(intercepts, Constant):
                return _layer(matrix, intercepts.array)
            if isinstance(intercepts, Absent):
                return _layer(matrix, None)
    raise refuse(inputs, "multiplies and adds")


def add(inputs: Sequence[Value], attributes: Attributes) -> Scores:
    del attributes
    match inputs:
        case [Scores() as scores, Constant(array)] | [Constant(array), Scores() as scores]:
            return _plus(scores, array)
    raise refuse(inputs, "adds")


def subtract(inputs: Sequence[Value], attributes: Attributes) -> Value:
    del attributes
    match inputs:
        case [Scores() as scores, Constant(array)] if array.dtype.kind == "f":
            return _plus(scores, -array)
        case [Constant(array), Probabilities(scores, False) as given] if scores.outputs == 1 and is_all(array, 1.0):
            return Probabilities(_negative(scores), softmax=False, normalized=given.normalized)
    raise refuse(inputs, "subtracts", SCALING if isinstance(inputs[0], Features) else ONE_LAYER)


def _negative(scores: Scores) -> Scores:
    return Scores(-scores.weights, -scores.intercepts, scores.arithmetic, scores.flat)


def multiply(inputs: Sequence[Value], attributes: Attributes) -> Scores:
    del attributes
    match inputs:
        case [Scores() as scores, Constant(array)] | [Constant(array), Scores() as scores] if is_all(array, -1.0):
            return _negative(scores)
    raise refuse(inputs, "scales", SCALING)


def concatenate(inputs: Sequence[Value], attributes: Attributes) -> Value:
    """Outputs side by side."""
    if attributes.get("axis") not in (1, -1):
        raise refuse(inputs, f"joins, along axis {attributes.get('axis')},")
    if all(isinstance(value, Scores) and not value.flat for value in inputs):
        return _side_by_side([value for value in inputs if isinstance(value, Scores)])
    if all(isinstance(value, Probabilities) and not value.softmax and not value.scores.flat for value in inputs):
        scores = [value.scores for value in inputs if isinstance(value, Probabilities)]
        return Probabilities(_side_by_side(scores), softmax=False)
    raise refuse(inputs, "joins")


def _side_by_side(scores: Sequence[Scores]) -> Scores:
    if len({(one.weights.shape[1], one.arithmetic) for one in scores}) != 1:
        raise RefusedError("it joins scores of different layers", ONE_LAYER)
    return Scores(
        np.concatenate([one.weights for one in scores]),
        np.concatenate([one.intercepts for one in scores]),
        scores[0].arithmetic,
    )


def linear_classifier(inputs: Sequence[Value], attributes: Attributes) -> tuple[Value, ...]:
    if attributes.get("classlabels_strings"):
        raise RefusedError("its class labels are texts", "export it with whole numbers as class labels")
    labels = tuple(int(label) for label in attributes.get("classlabels_ints", ()))
    scores = _ml_layer(inputs, attributes, outputs=len(attributes.get("intercepts", ())))
    if len(labels) != max(2, scores.outputs):
        raise RefusedError(f"it has {scores.outputs} outputs for {len(labels)} class labels", "give every class one")
    transform = attributes.get("post_transform", "NONE")
    answers: dict[str, Value] = {
        "NONE": scores,
        "LOGISTIC": Probabilities(scores, softmax=False),
        "SOFTMAX": Probabilities(scores, softmax=True, normalized=True),
    }
    if transform not in answers or (transform == "SOFTMAX" and scores.outputs == 1):
        raise RefusedError(f"its post_transform is {transform}", "NONE, LOGISTIC and SOFTMAX are understood")
    return Classes(scores, -1, labels), answers[transform]


def linear_regressor(inputs: Sequence[Value], attributes: Attributes) -> Scores:
    if attributes.get("post_transform", "NONE") != "NONE":
        raise RefusedError(f"its post_transform is {attributes['post_transform']}", "NONE is understood")
    return _ml_layer(inputs, attributes, outputs=int(attributes.get("targets", 1)))


def _ml_layer(inputs: Sequence[Value], attributes: Attributes, *, outputs: int) -> Scores:
    coefficients = np.array(attributes.get("coefficients", ()), dtype=np.float32)
    intercepts = attributes.get("intercepts")
    if not isinstance(inputs[0], Features):
        raise refuse(inputs, "classifies")
    if outputs < 1 or not len(coefficients) or len(coefficients) % outputs:
        raise RefusedError(f"it has {len(coefficients)} coefficients for {outputs} outputs", "export it again")
    if intercepts is not None and len(intercepts) != outputs:
        raise RefusedError(f"it has {len(intercepts)} intercepts for {outputs} outputs", "export it again")
    array = None if intercepts is None else np.array(intercepts, dtype=np.float32)
    return _layer(coefficients.reshape(outputs, -1), array)
