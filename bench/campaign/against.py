"""Two campaigns beside each other, as of a protected payload and a plain one: by failures per device-day alone.

Never by the share of upsets that are survived. A protection that adds bits or instructions adds upsets that it survives
well, which raises that share while the payload fails as often as before (Schirmeier, Borchert, Spinczyk, DSN 2015).
"""

import math
from dataclasses import dataclass

from bench.campaign.findings import Findings
from bench.campaign.intervals import Estimate, difference, ratio
from bench.campaign.outcome import KINDS
from bench.errors import ConfigurationError

FEWER = "fewer"
MORE = "more"
NOT_TOLD_APART = "not told apart"


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
class Against:
    """`notes` are what differs besides; each makes the comparison one of something else too."""

    other: Findings
    kinds: tuple[KindAgainst, ...]
    notes: tuple[str, ...]


def hold_against(this: Findings, other: Findings) -> Against:
    """Raises ConfigurationError where upsets come in other kinds, so that the figures mean different things."""
    if this.campaign.upsets != other.campaign.upsets or this.campaign.confidence != other.campaign.confidence:
        message = f"{this.campaign.name} and {other.campaign.name} differ in upsets or confidence"
        raise ConfigurationError(message, hint="make them the same in both campaign files")
    kinds = tuple(_kind(kind, this.per_rate[kind], other.per_rate[kind]) for kind in KINDS)
    return Against(other, kinds, tuple(_notes(this, other)))


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
    if this.campaign.scenario != other.campaign.scenario:
        notes.append(f"the scenarios differ: {this.campaign.scenario} and {other.campaign.scenario}")
    if not math.isclose(this.campaign.benign_loss, other.campaign.benign_loss):
        notes.append(f"benign means a loss up to {this.campaign.benign_loss:g} and {other.campaign.benign_loss:g}")
    exposures = {one.name: one.exposure for one in other.strata}
    if any(exposures.get(one.name, one.exposure) != one.exposure for one in this.strata):
        notes.append("strata are exposed for other shares of a day")
    return notes
