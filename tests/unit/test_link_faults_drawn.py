"""Faults as they are drawn from a seed, and what they do to bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice, pairwise, takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.transport.faults import KINDS, WAYS, Fault, check_fault, load_link_profile, profile_names
from bench.transport.faults.damage import Damage, Step
from bench.transport.faults.draw import drawn_faults
from bench.transport.faults.fault import BREAKS
from bench.transport.faults.profile import FaultRate, LinkFaultProfile

RATES = {
    "flip": FaultRate("flip", WAYS, "test", per_bit=1e-3),
    "burst": FaultRate("burst", WAYS, "test", per_byte=4e-3, mean_bytes=6, per_bit=0.5),
    "drop": FaultRate("drop", WAYS, "test", per_byte=5e-3, length=(1, 20)),
    "truncate": FaultRate("truncate", WAYS, "test", per_byte=5e-3, length=(30, 60)),
    "duplicate": FaultRate("duplicate", WAYS, "test", per_byte=5e-3, length=(1, 20)),
    "insert": FaultRate("insert", WAYS, "test", per_byte=5e-3, length=(1, 9)),
    "stall": FaultRate("stall", WAYS, "test", per_byte=2e-3, seconds=(0.1, 0.5)),
    "disconnect": FaultRate("disconnect", WAYS, "test", per_byte=1e-3, seconds=(0.1, 0.5)),
    "renumber": FaultRate("renumber", WAYS, "test", per_byte=1e-3, seconds=(0.1, 0.5)),
    "reset": FaultRate("reset", WAYS, "test", per_byte=1e-3),
}
ALL = LinkFaultProfile("all", "", tuple(RATES.values()))
SENT = random.Random(1).randbytes(3000).replace(b"\1", b"\0")
CUTS = st.lists(st.integers(0, len(SENT)), max_size=60).map(sorted)


def up_to(profile: LinkFaultProfile, way: str, *, seed: int, end: int) -> list[Fault]:
    return list(takewhile(lambda fault: fault.offset < end, drawn_faults(profile, way, seed=seed)))


def carried(faults: Iterator[Fault], pieces: Sequence[bytes]) -> tuple[list[Step], list[Fault]]:
    """The steps of all pieces, bytes that follow each other joined, and the faults that had an effect."""
    noted: list[Fault] = []
    damage = Damage(faults, on_fault=noted.append)
    joined: list[Step] = []
    for piece in pieces:
        rest = piece
        while rest:
            steps, taken = damage.feed(rest)
            rest = rest[taken:]
            for step in steps:
                if isinstance(step, bytes) and joined and isinstance(joined[-1], bytes):
                    joined[-1] += step
                else:
                    joined.append(step)
    return [step for step in joined if step], noted


@given(cuts=CUTS, seed=st.integers(0, 1 << 64))
@settings(deadline=None)  # of a busy machine
def test_the_same_faults_hit_the_same_bytes_however_they_are_cut_into_pieces(cuts: list[int], seed: int) -> None:
    edges = [0, *cuts, len(SENT)]
    pieces = [SENT[begin:end] for begin, end in pairwise(edges)]
    for way in WAYS:
        whole = carried(drawn_faults(ALL, way, seed=seed), [SENT])
        assert carried(drawn_faults(ALL, way, seed=seed), pieces) == whole


@given(cuts=CUTS, seed=st.integers(0, 1000))
@settings(deadline=None)  # of a busy machine
def test_what_took_effect_does_the_same_again_without_the_generator(cuts: list[int], seed: int) -> None:
    edges = [0, *cuts, len(SENT)]
    pieces = [SENT[begin:end] for begin, end in pairwise(edges)]
    steps, noted = carried(drawn_faults(ALL, "to_payload", seed=seed), [SENT])
    assert carried(iter(noted), pieces) == (steps, noted)


@pytest.mark.parametrize("kind", RATES)
def test_a_kind_that_is_added_moves_no_fault_of_another_kind_or_direction(kind: str) -> None:
    others = replace(ALL, rates=tuple(rate for rate in ALL.rates if rate.kind != kind))
    one_way = replace(others, rates=(*others.rates, replace(RATES[kind], ways=("to_payload",))))
    for way in WAYS:
        with_it = up_to(ALL, way, seed=5, end=50_000)
        expected = [fault for fault in with_it if fault.kind != kind]
        assert len(expected) < len(with_it)
        assert up_to(others, way, seed=5, end=50_000) == expected
        assert up_to(one_way, way, seed=5, end=50_000) == (with_it if way == "to_payload" else expected)


def test_directions_and_seeds_have_faults_of_their_own() -> None:
    drawn = [up_to(ALL, way, seed=seed, end=50_000) for way in WAYS for seed in (1, 2)]
    places = [tuple((fault.kind, fault.offset) for fault in faults) for faults in drawn]
    assert len(set(places)) == 4


def test_faults_come_in_the_order_of_their_offsets_and_are_sound() -> None:
    faults = up_to(ALL, "to_payload", seed=3, end=100_000)
    assert {fault.kind for fault in faults} == set(KINDS)
    assert faults == sorted(faults, key=lambda fault: (fault.offset, KINDS.index(fault.kind)))
    assert not [check_fault(fault) for fault in faults if check_fault(fault)]


def test_bits_are_turned_over_at_the_rate_that_was_asked_for() -> None:
    profile = LinkFaultProfile("flips", "", (FaultRate("flip", WAYS, "test", per_bit=1e-4),))
    end = 10_000_000
    bits = sum(fault.data[0].bit_count() for fault in up_to(profile, "to_payload", seed=11, end=end))
    expected = end * 8 * 1e-4
    assert abs(bits - expected) < 5 * expected**0.5  # 5 sigma of a Poisson count: 1 in 1.7 million


def test_bursts_are_as_long_and_as_dense_as_their_channel_says() -> None:
    rate = FaultRate("burst", WAYS, "test", per_byte=1e-3, mean_bytes=16, per_bit=0.5)
    bursts = list(islice(drawn_faults(LinkFaultProfile("b", "", (rate,)), "to_payload", seed=2), 4000))
    mean = sum(len(burst.data) for burst in bursts) / len(bursts)
    assert abs(mean - 16) < 5 * 16 / len(bursts) ** 0.5  # a geometric length's deviation is about its mean
    density = sum(byte.bit_count() for burst in bursts for byte in burst.data) / (8 * mean * len(bursts))
    assert 0.49 < density < 0.51
    assert all(a.offset + len(a.data) <= b.offset for a, b in pairwise(bursts))


def effect(*faults: Fault, data: bytes) -> bytes:
    steps, _ = carried(iter(faults), [data])
    return b"".join(step for step in steps if isinstance(step, bytes))


def fault(kind: str, offset: int, **rest: object) -> Fault:
    return Fault("to_payload", kind, offset, **rest)  # type: ignore[arg-type] # given by name, of the right type


DATA = b"\0abcdef\0ghij"


@pytest.mark.parametrize(
    ("faults", "arrives"),
    [
        ([fault("flip", 1, data=b"\x20")], b"\0Abcdef\0ghij"),
        ([fault("burst", 1, data=b"\x20\0\x20")], b"\0AbCdef\0ghij"),
        ([fault("drop", 2, length=3)], b"\0aef\0ghij"),
        ([fault("truncate", 3, length=1000)], b"\0ab\0ghij"),
        ([fault("truncate", 3, length=2)], b"\0abef\0ghij"),
        ([fault("truncate", 7, length=9)], DATA),
        ([fault("duplicate", 1, length=3)], b"\0abcabcdef\0ghij"),
        ([fault("duplicate", 1, length=3), fault("flip", 2, data=b"\x20")], b"\0aBcaBcdef\0ghij"),
        ([fault("duplicate", 1, length=3), fault("duplicate", 2, length=3)], b"\0abcabcdef\0ghij"),
        ([fault("insert", 1, data=b"xy")], b"\0xyabcdef\0ghij"),
        ([fault("drop", 1, length=3), fault("flip", 2, data=b"\x20")], b"\0def\0ghij"),
        ([fault("drop", 1, length=3), fault("drop", 2, length=3)], b"\0ef\0ghij"),
        ([fault("drop", 11, length=3)], b"\0abcdef\0ghi"),
        ([fault("flip", 12, data=b"\x20")], DATA),
    ],
)
def test_each_kind_does_what_it_says(faults: list[Fault], arrives: bytes) -> None:
    assert effect(*faults, data=DATA) == arrives


def test_a_fault_on_a_byte_that_is_lost_anyway_has_not_happened() -> None:
    lost = fault("drop", 1, length=4)
    faults = [lost, fault("flip", 2, data=b"\1"), fault("duplicate", 3, length=2), fault("truncate", 4, length=9)]
    assert carried(iter(faults), [DATA])[1] == [lost]


@pytest.mark.parametrize("kind", sorted(BREAKS))
def test_a_break_comes_before_its_byte_which_may_be_offered_again(kind: str) -> None:
    broken = fault(kind, 4, seconds=0.0 if kind == "reset" else 1.0)
    damage = Damage(iter([broken]), on_fault=lambda _: None)
    assert damage.feed(DATA) == ([DATA[:4], broken], 4)
    assert damage.feed(DATA[4:]) == ([DATA[4:]], len(DATA) - 4)


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (Fault("sideways", "drop", 0, 1), "way 'sideways'"),
        (Fault("to_payload", "melt", 0), "kind 'melt'"),
        (fault("drop", -1, length=1), "offset -1"),
        (fault("drop", 0), "length 0 of a drop"),
        (fault("drop", 0, length=1 << 40), "length 1099511627776 of a drop"),
        (fault("flip", 0, data=b""), "0 bytes of data of a flip"),
        (fault("reset", 0, data=b"x"), "1 bytes of data of a reset"),
        (fault("flip", 0, data=b"x", length=1), "length 1 of a flip"),
        (fault("stall", 0), "0.0 seconds of a stall"),
        (fault("stall", 0, seconds=float("nan")), "nan seconds of a stall"),
        (fault("stall", 0, seconds=1e9), "1000000000.0 seconds of a stall"),
        (fault("reset", 0, seconds=1.0), "1.0 seconds of a reset"),
    ],
)
def test_a_fault_from_a_file_is_checked(wrong: Fault, what: str) -> None:
    assert check_fault(wrong) == what


def test_every_profile_can_be_read_and_gives_a_reason_for_each_figure() -> None:
    assert profile_names() == ("clean", "deep-space", "harsh", "lab", "noisy")
    for name in profile_names():
        profile = load_link_profile(name)
        assert profile.name == name
        assert all(rate.because for rate in profile.rates)
        assert not [rate for rate in profile.rates if rate.kind == "reset"], "no named profile ends a run"
