"""What follows the layer: probabilities, classes and labels."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from bench.onnx.values import (
    SCALING,
    Attributes,
    Classes,
    Constant,
    Decision,
    Probabilities,
    ProbabilitySum,
    RefusedError,
    Scores,
    Value,
    is_all,
    refuse,
    whole_numbers,
)

_HALF: Final = 0.5
"""The probability of a tie."""


def sigmoid(inputs: Sequence[Value], attributes: Attributes) -> Probabilities:
    del attributes
    match inputs:
        case [Scores() as scores]:
            return Probabilities(scores, softmax=False)
    raise refuse(inputs, "takes the sigmoid of")


def softmax(inputs: Sequence[Value], attributes: Attributes) -> Probabilities:
    match inputs:
        case [Scores() as scores] if attributes.get("axis", 1) in (1, -1) and scores.outputs > 1:
            return Probabilities(scores, softmax=True, normalized=True)
    raise refuse(inputs, f"takes the softmax, along axis {attributes.get('axis', 1)}, of")


def normalize(inputs: Sequence[Value], attributes: Attributes) -> Probabilities:
    match inputs:
        case [Probabilities(scores, softmax, _)] if attributes.get("norm") == "L1":
            return Probabilities(scores, softmax, normalized=True)
    raise refuse(inputs, "normalizes", SCALING)


def magnitude(inputs: Sequence[Value], attributes: Attributes) -> Probabilities:
    """Of numbers that are not negative."""
    del attributes
    match inputs:
        case [Probabilities() as value]:
            return value
    raise refuse(inputs, "takes the magnitude of")


def sum_of_row(inputs: Sequence[Value], attributes: Attributes) -> ProbabilitySum:
    axes: Any = attributes.get("axes")
    if len(inputs) > 1 and isinstance(inputs[1], Constant):
        axes = inputs[1].array.reshape(-1).tolist()
    match inputs[0]:
        case Probabilities() as value if axes is not None and list(axes) in ([1], [-1]):
            return ProbabilitySum(value)
    raise refuse(inputs[:1], f"sums, along {axes},")


def divide(inputs: Sequence[Value], attributes: Attributes) -> Probabilities:
    del attributes
    match inputs:
        case [Probabilities(scores, softmax, _) as value, ProbabilitySum(of)] if of is value:
            return Probabilities(scores, softmax, normalized=True)
    raise refuse(inputs, "divides", SCALING)


def zip_map(inputs: Sequence[Value], attributes: Attributes) -> Value:
    """Probabilities, or scores, with their labels as a map per row."""
    del attributes
    match inputs:
        case [Scores() | Probabilities() as value]:
            return value
    raise refuse(inputs, "maps labels to")


def argmax(inputs: Sequence[Value], attributes: Attributes) -> Classes:
    if attributes.get("axis", 0) not in (1, -1) or attributes.get("select_last_index", 0):
        raise refuse(inputs, "does not take the first of the largest along axis 1, of")
    match inputs:
        case [Scores() as scores] | [Probabilities(scores)] if scores.outputs > 1:
            return Classes(scores, -1)
    raise refuse(inputs, "takes the largest of")


def compare(chosen: int, tie: int) -> Callable[[Sequence[Value], Attributes], Decision]:
    """A comparison that is true for class `chosen`."""

    def operator(inputs: Sequence[Value], attributes: Attributes) -> Decision:
        del attributes
        match inputs:
            case [Scores() as scores, Constant(array)] if scores.outputs == 1 and is_all(array, 0.0):
                return Decision(scores, chosen, tie)
            case [Probabilities(scores), Constant(array)] if scores.outputs == 1 and is_all(array, _HALF):
                return Decision(scores, chosen, tie)
        raise refuse(inputs, "compares", "compare one score with 0, or its sigmoid with 0.5")

    return operator


def where(inputs: Sequence[Value], attributes: Attributes) -> Classes:
    del attributes
    match inputs:
        case [Decision(scores, chosen, tie), Constant(if_true), Constant(if_false)]:
            labels = (*whole_numbers(if_false), *whole_numbers(if_true))
            return Classes(scores, tie, labels if chosen == 1 else labels[::-1])
    raise refuse(inputs, "chooses between")


def pick(inputs: Sequence[Value], attributes: Attributes) -> Value:
    """Labels by class index (Gather, ArrayFeatureExtractor), or some outputs of all (ArrayFeatureExtractor)."""
    match inputs:
        case [Constant(labels), Classes(scores, tie, None) as classes] if attributes.get("axis", 0) == 0:
            names = whole_numbers(labels)
            if len(names) != classes.count:
                raise RefusedError(f"it has {len(names)} labels for {classes.count} classes", "give every class one")
            return Classes(scores, tie, names)
        case [Scores(weights, intercepts, arithmetic, False), Constant(places)] if "axis" not in attributes:
            chosen = whole_numbers(places)
            if all(0 <= place < len(weights) for place in chosen):
                return Scores(weights[list(chosen)], intercepts[list(chosen)], arithmetic)
    raise refuse(inputs, "picks from")
