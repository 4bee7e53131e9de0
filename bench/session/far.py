"""Deadlines for a payload so far away that light takes its time."""

from typing import Final

from bench.session.patience import Patience
from firmware_if.connection import LinkTimes

_ROUND_TRIPS: Final = 4
"""One for a question and its answer, and as many again where one of them is lost, and the one after it."""


def far_link_times(light_time_s: float) -> LinkTimes:
    """The link's deadlines, longer by the way of light there and back."""
    usual, round_trip_s = LinkTimes(), 2 * light_time_s
    return LinkTimes(
        hello_s=usual.hello_s + round_trip_s,
        start_s=usual.start_s + round_trip_s,
        answer_s=usual.answer_s + round_trip_s,
        answer_max_s=usual.answer_max_s + round_trip_s,
        lost_s=far_s(usual.lost_s, light_time_s),
    )


def far_patience(light_time_s: float) -> Patience:
    """The session's."""
    usual = Patience()
    return Patience(answer_s=far_s(usual.answer_s, light_time_s), stall_s=far_s(usual.stall_s, light_time_s))


def far_s(usual_s: float, light_time_s: float) -> float:
    """A deadline within which a question may have to be asked again."""
    return usual_s + _ROUND_TRIPS * 2 * light_time_s
