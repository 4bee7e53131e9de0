"""What the payload's events say of an upset: whether it was put right."""

from collections.abc import Collection, Mapping
from typing import Final, Literal

from bench.campaign.fault import CORRECTED, UNCORRECTED, UNDETECTED
from firmware_if.messages import EventId

Verdict = Literal["corrected", "uncorrected", "neither"]
EVENTS: Final[Mapping[EventId, Verdict]] = {
    EventId.SAMPLE_REFUSED: "uncorrected",
    EventId.NOT_FINITE_STATE: "uncorrected",
    EventId.RECEIVE_OVERRUN: "neither",
    EventId.STATE_CORRECTED: "corrected",
    EventId.STATE_CORRUPT: "neither",
    EventId.STATE_OUT_OF_RANGE: "neither",
    EventId.ROLLED_BACK: "corrected",
    EventId.TRAINING_STOPPED: "uncorrected",
    EventId.CHECKPOINT_FAILED: "uncorrected",
    EventId.CHECKPOINT_TORN: "neither",
    EventId.CHECKPOINT_UNUSABLE: "uncorrected",
    EventId.RESUMED: "corrected",
    EventId.WATCHDOG_RESET: "neither",
}
"""Every event of the contract. `neither`: it tells that something was found, and another one what was made of it."""


def detect(events: Collection[int], *, refused: bool) -> str:
    """A key of DETECTION, for the events that the golden run does not have; `refused`: a telecommand was.

    What could not be put right outweighs what could. Something found of which nothing more is said was not put right.
    """
    known = {int(event): verdict for event, verdict in EVENTS.items()}
    verdicts = {known.get(event, "uncorrected") for event in events}
    if refused or "uncorrected" in verdicts:
        return UNCORRECTED
    if "corrected" in verdicts:
        return CORRECTED
    return UNCORRECTED if verdicts else UNDETECTED
