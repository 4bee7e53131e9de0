"""All faults of one run, before it begins: drawn from a profile, or listed, as an earlier trace has them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.transport.faults.draw import drawn_faults, order
from bench.transport.faults.fault import Fault
from bench.transport.faults.profile import LinkFaultProfile


@dataclass(frozen=True)
class LinkFaultPlan:
    """`profile` and `seed` say where the faults are from; those of a listed plan are in `listed`."""

    name: str
    light_time_s: float = 0.0
    profile: LinkFaultProfile | None = None
    seed: int | None = None
    listed: tuple[Fault, ...] = ()
    settings: tuple[dict[str, Any], ...] = field(default=(), compare=False)

    def faults(self, way: str) -> Iterator[Fault]:
        """Those of one direction in the order of their offsets, from the first byte of a run on."""
        if self.profile is not None and self.seed is not None:
            return drawn_faults(self.profile, way, seed=self.seed)
        return iter(sorted((fault for fault in self.listed if fault.way == way), key=order))

    @property
    def resets(self) -> bool:
        """Whether it may start the payload anew."""
        kinds = {rate.kind for rate in self.profile.rates} if self.profile else {fault.kind for fault in self.listed}
        return "reset" in kinds


def drawn_plan(profile: LinkFaultProfile, *, seed: int) -> LinkFaultPlan:
    """The faults that this seed gives."""
    settings = tuple(rate.settings() for rate in profile.rates)
    return LinkFaultPlan(profile.name, profile.light_time_s, profile, seed, settings=settings)


def listed_plan(name: str, faults: Sequence[Fault], *, light_time_s: float) -> LinkFaultPlan:
    """These faults and no others."""
    return LinkFaultPlan(name, light_time_s, listed=tuple(faults))
