"""Which faults a campaign injects: a pure function of the campaign file and the golden run.

Every number is a hash of the seed and of what it is drawn for, so that a list depends on no library's generator, the
first faults of a stratum stay when more are asked for, and nothing depends on the order of the work.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Final

from bench.campaign.fault import STRATA, Fault, Flip, Golden, Region
from bench.campaign.sample_size import sample_size
from bench.campaign.spec import Campaign, StratumSpec
from bench.errors import ConfigurationError

MOST_BITS: Final = 1 << 40
_HALF: Final = 16
"""Bytes of a hash that make one number; taken modulo a count below 2^63, no value is favoured by more than 2^-65."""
_BYTE: Final = 8


def draw_faults(campaign: Campaign, golden: Golden) -> tuple[Fault, ...]:
    """The list in the order in which it is worked off, which is random over all strata.

    Within a stratum and a number of bits, (place, guest instruction) is uniform over places times the window, without
    repetition; an injection happens at the last instant of the time grid that is not after that instruction.
    Raises ConfigurationError where the target has nothing to hit.
    """
    check_golden(golden)
    faults: list[Fault] = []
    for stratum in campaign.strata:
        regions = regions_of(stratum.name, golden)
        for bits, count in _amounts(campaign, stratum, regions, golden=golden).items():
            faults.extend(_draw(stratum.name, regions, bits, count=count, seed=campaign.seed, golden=golden))
    return tuple(sorted(faults, key=lambda fault: _hash(campaign.seed, "order", fault.id)))


def draw_repeats(faults: Sequence[Fault], campaign: Campaign) -> frozenset[str]:
    """Ids of those that are injected a second time: the campaign's share, and at least one."""
    count = max(1, round(len(faults) * campaign.repeat_share))
    ranked = sorted((fault.id for fault in faults), key=lambda name: _hash(campaign.seed, "repeat", name))
    return frozenset(ranked[:count])


def regions_of(stratum: str, golden: Golden) -> tuple[Region, ...]:
    """Those of a stratum; raises ConfigurationError where the target has none."""
    found = tuple(region for region in golden.regions if region.stratum == stratum)
    if not found:
        has = ", ".join(name for name in STRATA if any(region.stratum == name for region in golden.regions))
        message = f"this target and scenario have nothing in stratum {stratum!r}"
        raise ConfigurationError(message, hint=f"leave it out; there is {has or 'nothing at all'}")
    return found


def places(region: Region, bits: int) -> int:
    """How many ways there are to hit so many neighbouring bits of one element."""
    return region.count * max(0, region.element_bits - bits + 1)


def population(regions: Sequence[Region], bits: int, *, golden: Golden) -> int:
    """Faults that there are: places times guest instructions."""
    return sum(places(region, bits) for region in regions) * golden.instructions


def check_golden(golden: Golden) -> None:
    """Raise ConfigurationError for what no golden run can be."""
    instants = golden.instants
    ordered = all(early < late for early, late in pairwise(instants))
    if not instants or instants[0] != 0 or not ordered or instants[-1] >= golden.instructions:
        raise _wrong(f"the time grid of {len(instants)} instants does not lie in {golden.instructions} instructions")
    names = [region.name for region in golden.regions]
    if len(set(names)) != len(names):
        raise _wrong(f"two regions are called {next(name for name in names if names.count(name) > 1)!r}")
    for region in golden.regions:
        sized = region.count > 0 and region.element_bits > 0 and region.bits <= MOST_BITS and region.address >= 0
        whole = region.element_bits % _BYTE == 0 if region.space == "memory" else region.count == 1
        if region.stratum not in STRATA or not sized or not whole:
            raise _wrong(f"region {region.name!r} of stratum {region.stratum!r} is none")


def _wrong(what: str) -> ConfigurationError:
    return ConfigurationError(f"the golden run is not usable: {what}", hint="this is an error of the injector")


def _amounts(
    campaign: Campaign, stratum: StratumSpec, regions: Sequence[Region], *, golden: Golden
) -> Mapping[int, int]:
    """Number of bits -> injections, by the shares of the kinds of upset; every kind gets at least one."""
    sizes = {kind.bits: population(regions, kind.bits, golden=golden) for kind in campaign.upsets}
    for bits, size in sizes.items():
        if not size:
            message = f"no element of stratum {stratum.name!r} has {bits} bits"
            raise ConfigurationError(message, hint="correct upsets.bits, or leave the stratum out")
    if stratum.injections is not None:
        total = stratum.injections
    else:
        total = sample_size(max(sizes.values()), stratum.margin or 0.0, confidence=campaign.confidence)
    return {kind.bits: min(sizes[kind.bits], max(1, round(total * kind.share))) for kind in campaign.upsets}


def _draw(
    stratum: str, regions: Sequence[Region], bits: int, *, count: int, seed: int, golden: Golden
) -> Iterator[Fault]:
    ends = list(accumulate(places(region, bits) for region in regions))
    seen: set[tuple[int, int]] = set()
    number = attempt = 0
    while number < count:
        digest = _hash(seed, stratum, f"{bits}/{attempt}")
        attempt += 1
        place = int.from_bytes(digest[:_HALF]) % ends[-1]
        moment = int.from_bytes(digest[_HALF:]) % golden.instructions
        if (place, moment) in seen:
            continue
        seen.add((place, moment))
        index = bisect_right(ends, place)
        offset = place - (ends[index - 1] if index else 0)
        time = golden.instants[bisect_right(golden.instants, moment) - 1]
        yield _fault(f"{stratum}.{bits}.{number}", regions[index], offset, bits=bits, time=time)
        number += 1


def _fault(name: str, region: Region, place: int, *, bits: int, time: int) -> Fault:
    element, low = divmod(place, region.element_bits - bits + 1)
    return Fault(name, region.stratum, time, tuple(flips(region, element, low, bits=bits)), region.name, element, low)


def flips(region: Region, element: int, low: int, *, bits: int) -> Iterator[Flip]:
    """So many neighbouring bits of an element, from bit `low` on."""
    for bit in range(low, low + bits):
        if region.space == "register":
            yield Flip("register", region.address, bit)
        else:
            byte = region.address + element * region.element_bits // _BYTE + bit // _BYTE
            yield Flip("memory", byte, bit % _BYTE)


def _hash(seed: int, kind: str, name: str) -> bytes:
    return hashlib.sha256(f"{seed}/{kind}/{name}".encode()).digest()
