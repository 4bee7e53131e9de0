"""Which outcomes are failures, and of what kind."""

from collections.abc import Mapping
from typing import Final

from bench.campaign.fault import COMPLETED, CRITICAL, NAN, RECOVERED, UNDETECTED, Observed

FAILURE: Final = "failure"
SILENT: Final = "silent"
FUNCTION_LOST: Final = "function_lost"
MODEL_LOST: Final = "model_lost"
KINDS: Final[Mapping[str, str]] = {
    FAILURE: "the payload did not come to its end, or a model is ruined (critical or not finite)",
    MODEL_LOST: "the payload came to its end with a ruined model",
    SILENT: "the payload came to its end with a ruined model, and reported nothing",
    FUNCTION_LOST: "safe stop, crash, lockup, hang or lost link: somebody must act",
}
"""What is estimated. `failure` is all: model_lost or function_lost; `silent` is a part of model_lost."""


def kinds_of(seen: Observed) -> frozenset[str]:
    """The KINDS that an outcome belongs to; empty for a payload that coped."""
    if seen.system not in (COMPLETED, RECOVERED):
        return frozenset({FAILURE, FUNCTION_LOST})
    if seen.learner not in (CRITICAL, NAN):
        return frozenset()
    silent = {SILENT} if seen.detection == UNDETECTED else set()
    return frozenset({FAILURE, MODEL_LOST} | silent)
