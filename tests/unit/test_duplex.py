"""Bytes over a descriptor, with a deadline that holds whatever poll says."""

import os
import select
import time
from collections.abc import Iterator

import pytest

from bench.transport.base import Transfer
from bench.transport.duplex import Duplex


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Give the two ends of a pipe."""
    ends = os.pipe()
    os.set_blocking(ends[0], False)
    yield ends
    for end in ends:
        os.close(end)


class EverReady:
    """A poll that calls usable what has nothing to read."""

    def __init__(self) -> None:
        self._registered: list[int] = []

    def register(self, descriptor: int, events: int) -> None:
        del events
        self._registered.append(descriptor)

    def poll(self, timeout_ms: float) -> list[tuple[int, int]]:
        del timeout_ms
        return [(descriptor, select.POLLIN) for descriptor in self._registered]


def test_what_comes_is_given_and_the_end_is_one(pipe: tuple[int, int]) -> None:
    line = Duplex(pipe[0])
    os.write(pipe[1], b"abc")
    assert line.transfer(b"", 10.0) == Transfer(0, b"abc")
    assert line.transfer(b"", 0.0) == Transfer(0, b"")


def test_the_deadline_holds_although_poll_calls_the_line_usable(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, "poll", EverReady)
    line = Duplex(pipe[0])
    began = time.monotonic()
    assert line.transfer(b"", 0.05) == Transfer(0, b"")
    assert 0.05 <= time.monotonic() - began < 10.0
