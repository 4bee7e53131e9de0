"""Two campaigns beside each other, as of a protected payload and a plain one: by failures per device-day alone.

Never by the share of upsets that are survived. A protection that adds bits or instructions adds upsets that it survives
well, which raises that share while the payload fails as often as before (Schirmeier, Borchert, Spinczyk, DSN 2015).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.campaign.fault import RAM_FACT, STORAGE_FACT
from bench.campaign.findings import Findings, join_strata
from bench.campaign.intervals import Estimate, difference, ratio
from bench.campaign.outcome import KINDS
from bench.errors import ConfigurationError

FEWER = "fewer"
MORE = "more"
NOT_TOLD_APART = "not told apart"
STATE: Final = ("weights", "optimizer", "covariance", "protectors")
"""Strata of what guards of models look after, and of what these add. Code, stacks and the link are none of theirs."""


@dataclass(frozen=True)
class KindAgainst:
    """One kind of failure; times a rate of upsets per bit and day, `difference` is failures per device-day."""

    kind: str
    this: Estimate
    other: Estimate
    difference: Estimate
    """This minus the other."""
    ratio: Estimate
    """This over the other."""
    said: str
    """FEWER, MORE, or NOT_TOLD_APART where the difference's interval holds 0."""


@dataclass(frozen=True)
class Cost:
    """What the payloads of both campaigns take of something."""

    name: str
    this: int
    other: int

    @property
    def ratio(self) -> float:
        return self.this / self.other if self.other else math.nan


@dataclass(frozen=True)
class Against:
    """`notes` are what differs besides; each makes the comparison one of something else too."""

    other: Findings
    kinds: tuple[KindAgainst, ...]
    notes: tuple[str, ...]
    state: tuple[KindAgainst, ...] = ()
    """The same in the strata STATE alone; nothing where one of the campaigns hit none of them."""
    costs: tuple[Cost, ...] = ()


def hold_against(this: Findings, other: Findings) -> Against:
    """Raises ConfigurationError where upsets come in other kinds, so that the figures mean different things."""
    if this.campaign.upsets != other.campaign.upsets or this.campaign.confidence != other.campaign.confidence:
        message = f"{this.campaign.name} and {other.campaign.name} differ in upsets or confidence"
        raise ConfigurationError(message, hint="make them the same in both campaign files")
    kinds = tuple(_kind(kind, this.per_rate[kind], other.per_rate[kind]) for kind in KINDS)
    return Against(other, kinds, tuple(_notes(this, other)), _state(this, other), tuple(_costs(this, other)))


def _state(this: Findings, other: Findings) -> tuple[KindAgainst, ...]:
    ours, theirs = ([one for one in found.strata if one.name in STATE] for found in (this, other))
    if not ours or not theirs:
        return ()
    our_rates, their_rates = join_strata(ours), join_strata(theirs)
    return tuple(_kind(kind, our_rates[kind], their_rates[kind]) for kind in KINDS)


def _costs(this: Findings, other: Findings) -> Iterator[Cost]:
    """Instructions are those of the window, which has the same work in both or is noted to differ."""
    yield Cost("guest instructions", this.made.golden.instructions, other.made.golden.instructions)
    for name in (RAM_FACT, STORAGE_FACT):
        ours, theirs = this.facts.get(name, ""), other.facts.get(name, "")
        if ours.isdecimal() and theirs.isdecimal():
            yield Cost(name, int(ours), int(theirs))


def _kind(kind: str, this: Estimate, other: Estimate) -> KindAgainst:
    apart = difference(this, other)
    said = FEWER if apart.high < 0 else MORE if apart.low > 0 else NOT_TOLD_APART
    return KindAgainst(kind, this, other, apart, ratio(this, other), said)


def _notes(this: Findings, other: Findings) -> list[str]:
    notes = []
    ours, theirs = ({one.name for one in found.strata} for found in (this, other))
    for found, names in ((this, ours - theirs), (other, theirs - ours)):
        if names:
            notes.append(f"only {found.campaign.name} was hit in {', '.join(sorted(names))}")
    notes += [f"{found.campaign.name} is not complete" for found in (this, other) if not found.complete]
    ours_done, theirs_done = this.made.golden.samples, other.made.golden.samples
    if ours_done != theirs_done:
        notes.append(f"the windows hold {ours_done:,} and {theirs_done:,} training steps")
    if this.campaign.scenario != other.campaign.scenario:
        notes.append(
            f"of scenarios {this.campaign.scenario} and {other.campaign.scenario}; only their protection should differ"
        )
    if not math.isclose(this.campaign.benign_loss, other.campaign.benign_loss):
        notes.append(f"benign means a loss up to {this.campaign.benign_loss:g} and {other.campaign.benign_loss:g}")
    exposures = {one.name: one.exposure for one in other.strata}
    if any(exposures.get(one.name, one.exposure) != one.exposure for one in this.strata):
        notes.append("strata are exposed for other shares of a day")
    return notes
