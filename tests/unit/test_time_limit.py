"""The time of a run counts from the payload's first answer."""

from bench.clock import ManualClock
from bench.session.time_limit import GRACE_S, TimeLimit


def test_a_limit_counts_from_its_first_beginning() -> None:
    clock = ManualClock(50.0)
    limit = TimeLimit(5.0, clock=clock)
    clock.advance(100.0)
    assert not limit.is_over, "a silent port is no slow target"
    limit.begin()
    clock.advance(4.0)
    limit.begin()  # the payload was restarted
    assert not limit.is_over
    clock.advance(1.0)
    assert limit.is_over
    assert not limit.grace_is_over
    clock.advance(GRACE_S)
    assert limit.grace_is_over


def test_without_seconds_there_is_no_end() -> None:
    clock = ManualClock()
    limit = TimeLimit(None, clock=clock)
    limit.begin()
    clock.advance(1e9)
    assert not limit.is_over
    assert not limit.grace_is_over
