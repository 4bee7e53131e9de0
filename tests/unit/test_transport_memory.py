"""The memory transport keeps the promises that every transport makes."""

import pytest

from bench.errors import TransportError
from bench.transport import Transfer, Transport, make_memory_pair


def test_what_one_end_writes_the_other_receives() -> None:
    one, other = make_memory_pair()
    with one, other:
        assert one.transfer(b"to", 0.0) == Transfer(2, b"")
        assert other.transfer(b"fro", 0.0) == Transfer(3, b"to")
        assert one.transfer(b"", 0.0) == Transfer(0, b"fro")


def test_a_full_pipe_takes_what_fits_and_goes_on_receiving() -> None:
    one, other = make_memory_pair(capacity=4)
    assert one.transfer(b"abcdef", 0.0) == Transfer(4, b"")
    assert other.transfer(b"uvwxyz", 0.0) == Transfer(4, b"abcd")
    assert one.transfer(b"ef", 0.0) == Transfer(2, b"uvwx")
    assert one.transfer(b"ghi", 0.0) == Transfer(2, b"")
    assert one.transfer(b"i", 0.0) == Transfer(0, b"")


def test_waiting_calls_the_clock_once_and_looks_again() -> None:
    one, other = make_memory_pair()
    waits: list[float] = []

    def answer(timeout_s: float) -> None:
        waits.append(timeout_s)
        other.transfer(b"answer", 0.0)

    one.on_wait = answer
    assert one.transfer(b"", 2.5) == Transfer(0, b"answer")
    assert waits == [2.5]
    assert one.transfer(b"", 0.0) == Transfer(0, b"")
    assert waits == [2.5]


def test_what_was_written_before_the_end_is_received_first() -> None:
    one, other = make_memory_pair()
    other.transfer(b"last", 0.0)
    other.close()
    assert one.transfer(b"x", 0.0) == Transfer(0, b"last")
    with pytest.raises(TransportError, match="the other end is closed"):
        one.transfer(b"x", 0.0)
    with pytest.raises(TransportError, match="this end is closed"):
        other.transfer(b"x", 0.0)


def test_power_is_cycled_only_where_the_test_says_how() -> None:
    one, other = make_memory_pair()
    assert not one.can_power_cycle
    with pytest.raises(TransportError, match="nothing here can be power-cycled"):
        one.power_cycle()
    cycles: list[str] = []
    other.on_power_cycle = lambda: cycles.append("off and on")
    assert other.can_power_cycle
    other.power_cycle()
    assert cycles == ["off and on"]


def test_it_is_a_transport() -> None:
    one, _ = make_memory_pair()
    transport: Transport = one
    assert transport.describe() == ["memory"]
    assert transport.line_bytes_per_s is None
