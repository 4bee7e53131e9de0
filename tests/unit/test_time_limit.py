"""The time of a run counts from the payload's first answer."""

from bench.clock import ManualClock
from bench.session.time_limit import GRACE_S, TimeLimit


def test_a_limit_counts_from_its_first_beginning() -> None:
    clock = ManualClock(50.0)
    limit = TimeLimit(5.0, clock=clock)
    seen = []

    def wait(seconds: float) -> None:
        clock.advance(seconds)
        seen.append((limit.is_over, limit.grace_is_over))

    wait(100.0)  # a silent port is no slow target
    limit.begin()
    wait(4.0)
    limit.begin()  # the payload was restarted
    wait(0.5)
    wait(0.5)
    wait(GRACE_S)
    assert seen == [(False, False), (False, False), (False, False), (True, False), (True, True)]


def test_without_seconds_there_is_no_end() -> None:
    clock = ManualClock()
    limit = TimeLimit(None, clock=clock)
    limit.begin()
    clock.advance(1e9)
    assert not limit.is_over
    assert not limit.grace_is_over
