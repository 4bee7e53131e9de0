"""What a payload says of a model that it has just made, checked before anything is sized by it."""

from collections.abc import Sequence
from typing import Final

from bench.session.decode import array_bytes, prediction_bits
from bench.session.failures import TargetFailure
from firmware_if import messages as wire
from firmware_if.messages import ArrayType, Message, ModelCreated

_MOST_STATE_BYTES: Final = 1 << 24
"""Of one model. The largest array of this contract has a double per class and feature, and one more per class."""


def check_created(answers: Sequence[Message], name: str, *, handle: int, classes: int) -> ModelCreated:
    """The one ModelCreated among the answers to CreateModel; raises TargetFailure for what cannot be."""
    created = [answer for answer in answers if isinstance(answer, ModelCreated)]
    if len(created) != 1 or created[0].model != handle:
        raise TargetFailure(f"the payload broke the contract: no ModelCreated for handle {handle}")
    answer = created[0]
    if fault := _fault(answer, classes):
        raise TargetFailure(f"the payload broke the contract: model {name} has {fault}")
    return answer


def _fault(answer: ModelCreated, classes: int) -> str:
    """What cannot be; empty if all can."""
    outputs = 1 if classes == 2 else classes  # noqa: PLR2004 - for two classes one score tells both
    if any(place.type not in set(ArrayType) for place in answer.arrays):
        return "an array of unknown type"
    if not 0 < answer.state_bytes <= _MOST_STATE_BYTES:
        return f"a state of {answer.state_bytes} bytes"
    for place in answer.arrays:
        if place.offset + array_bytes(place) > answer.state_bytes:
            return f"an array {place.name!r} that reaches beyond its state of {answer.state_bytes} bytes"
    if not 0 < answer.dimension <= wire.MAX_FEATURES + 1:
        return f"{answer.dimension} features"
    if answer.outputs != outputs or answer.prediction_bits != prediction_bits(classes):
        bits = answer.prediction_bits
        return f"{answer.outputs} outputs and predictions of {bits} bits for {classes} classes"
    return ""
