"""The bounded form of tools/stress_link.py: thousands of frames instead of a million, more seeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.clock import MonotonicClock
from bench.transport import make_process
from bench.transport.faults import FaultyTransport, drawn_plan
from tests.system.lying_transport import LyingTransport
from tools.stress_link import CLEAN, LinkBroke, Stress, Tap, compare

FRAMES = 20_000


@pytest.mark.parametrize("seed", range(3))
def test_no_frame_is_lost_doubled_or_accepted_corrupt(sanitized_payload: Path, seed: int) -> None:
    clean, garbled = compare(sanitized_payload, frames=FRAMES, seed=seed)
    print(f"seed {seed}: {garbled}")
    assert garbled.frames >= FRAMES
    assert (clean.resent, clean.corrupt, clean.cuts, clean.faults.total()) == (0, 0, 0, 0)
    assert garbled.resent > FRAMES / 20
    assert garbled.corrupt > FRAMES / 100
    for kind, least in {"flip": 1000, "drop": 100, "duplicate": 100, "insert": 50, "truncate": 50, "burst": 50}.items():
        assert garbled.faults[kind] > least, kind


def test_a_frame_that_is_accepted_corrupt_is_found(host_payload: Path) -> None:
    clock = MonotonicClock()
    tap = Tap(make_process(host_payload))
    with FaultyTransport(LyingTransport(tap, seed=3, every=50), clock=clock) as line:
        line.begin(drawn_plan(CLEAN, seed=1), on_fault=lambda _: None)
        with pytest.raises(LinkBroke, match=r"was accepted|was due|BadPacket"):
            Stress(line, tap, seed=1, clock=clock).run(500)
