"""What the rows of a campaign say: a pure function of the campaign file, the fault list and the rows."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.campaign.draw import places, population, regions_of
from bench.campaign.fault import UNDETECTED, Fault, Observed
from bench.campaign.fault_list import FaultList
from bench.campaign.intervals import Estimate, clopper_pearson, weighted_sum, wilson
from bench.campaign.outcome import FAILURE, KINDS, kinds_of
from bench.campaign.rows import Rows, check_repeats
from bench.campaign.sample_size import margin_of
from bench.campaign.spec import Campaign, UpsetKind
from bench.campaign.spread import Spread, spread_of
from bench.campaign.vulnerability import Vulnerability, vulnerabilities

TIME_BINS: Final = 10


@dataclass(frozen=True)
class Cell:
    """The faults of one stratum with one number of bits: one sample of independent draws."""

    bits: int
    share: float
    """Of all upsets."""
    drawn: int
    errors: int
    """Injections at which the bench failed, and nothing is known."""
    seen: tuple[Observed, ...]

    def share_of(self, kind: str, *, confidence: float, exact: bool = False) -> Estimate:
        """How probable an outcome of that kind is. Bench errors count as either, whichever is worse for the limit."""
        count, trials = sum(kind in kinds_of(one) for one in self.seen), len(self.seen)
        interval = clopper_pearson if exact else wilson
        if not trials:
            return Estimate(math.nan, 0.0, 1.0)
        every = trials + self.errors
        low = interval(count, every, confidence=confidence).low
        high = interval(count + self.errors, every, confidence=confidence).high
        return Estimate(count / trials, low, high)


@dataclass(frozen=True)
class TimeBin:
    """Injections of one stratum in [begin, end) of the window, in guest instructions, and failures among them."""

    begin: int
    end: int
    injections: int
    failures: int


@dataclass(frozen=True)
class StratumFindings:
    """One stratum; `kinds` has the probability that an upset in it is a failure of each kind."""

    name: str
    bits: int
    exposure: float
    """Share of a day."""
    cells: tuple[Cell, ...]
    kinds: Mapping[str, Estimate]
    """Wilson's interval."""
    exact: Mapping[str, Estimate]
    """Clopper and Pearson's."""
    margin: float
    """Margin of error of a proportion of 0.5, after Leveugle, for the injections that were made."""
    time_line: tuple[TimeBin, ...]
    reported: int
    """Injections that the payload has reported, the time of some of them unknown."""
    latency: Spread | None
    """Guest instructions from the upset to its first report."""
    samples_lost: Spread | None
    """Training steps, over the injections in which some were."""

    @property
    def weight(self) -> float:
        """Upsets per day here are this times the rate per bit and day."""
        return self.bits * self.exposure

    @property
    def injections(self) -> int:
        """With an outcome."""
        return sum(len(cell.seen) for cell in self.cells)

    @property
    def errors(self) -> int:
        """Without one, because the bench failed."""
        return sum(cell.errors for cell in self.cells)


@dataclass(frozen=True)
class Findings:
    """Everything that is told of a campaign."""

    campaign: Campaign
    made: FaultList
    facts: Mapping[str, str]
    strata: tuple[StratumFindings, ...]
    per_rate: Mapping[str, Estimate]
    """KINDS -> failures per device-day divided by the rate of upsets per bit and day."""
    shares: Mapping[str, Estimate]
    """KINDS -> share of all upsets."""
    outcomes: Mapping[tuple[str, str], int]
    """(system, learner) -> injections."""
    upset_share: Mapping[tuple[str, str], float]
    """(system, learner) -> share of all upsets, weighted."""
    detections: Mapping[tuple[str, str], int]
    """(kind of failure, 'changed' or 'masked', detection) -> injections."""
    vulnerabilities: tuple[Vulnerability, ...]
    latencies: tuple[int, ...]
    samples_lost: tuple[int, ...]
    errors: Mapping[str, str]
    repeated: int
    notes: tuple[str, ...] = field(default=())

    @property
    def injections(self) -> int:
        """With an outcome."""
        return sum(stratum.injections for stratum in self.strata)

    @property
    def complete(self) -> bool:
        """Every fault has an outcome, and every one that was to be repeated was."""
        return self.injections == len(self.made.faults) and self.repeated == len(self.made.repeats)

    @property
    def rates(self) -> tuple[float, ...]:
        """Upsets per bit and day at which failures are told."""
        return tuple(sorted({*self.campaign.upset_rates, self.campaign.reference_rate}))

    def failures_per_day(self, kind: str, rate: float) -> Estimate:
        """Per device, at so many upsets per bit and day: rate times the sum of bits x exposure x probability.

        Upsets that come so seldom that no run sees two: rate x bits x length of the window far below 1.
        As a measure for comparisons: H. Schirmeier, C. Borchert, O. Spinczyk, Avoiding pitfalls in fault-injection
        based comparison of program susceptibility to soft errors, DSN 2015.
        """
        return self.per_rate[kind].scaled(rate)

    def equivalent_days(self, stratum: StratumFindings, rate: float) -> float:
        """Device-days in which that many upsets hit the stratum."""
        return stratum.injections / (rate * stratum.weight) if stratum.weight else math.inf


def find(campaign: Campaign, made: FaultList, rows: Rows, *, facts: Mapping[str, str]) -> Findings:
    """Raises CampaignError if a repeated injection differs."""
    check_repeats(rows)
    seen = {name: row.observed for name, row in rows.first.items() if row.observed is not None}
    pairs = [(fault, seen[fault.id]) for fault in made.faults if fault.id in seen]
    strata = tuple(_stratum(campaign, spec.name, made, rows, pairs=pairs) for spec in campaign.strata)
    weight = math.fsum(one.weight for one in strata)
    per_rate = join_strata(strata)
    return Findings(
        campaign=campaign,
        made=made,
        facts=facts,
        strata=strata,
        per_rate=per_rate,
        shares={kind: one.scaled(1 / weight if weight else 0.0) for kind, one in per_rate.items()},
        outcomes=Counter((one.system, one.learner) for _, one in pairs),
        upset_share=_upset_shares(strata, weight),
        detections=Counter((_depth(one), one.detection) for _, one in pairs),
        vulnerabilities=vulnerabilities(pairs, made.golden, confidence=campaign.confidence),
        latencies=tuple(one.latency for _, one in pairs if one.latency is not None and one.detection != UNDETECTED),
        samples_lost=tuple(one.samples_lost for _, one in pairs if one.samples_lost),
        errors=rows.errors,
        repeated=len(rows.repeated),
        notes=rows.notes,
    )


def join_strata(strata: Sequence[StratumFindings]) -> Mapping[str, Estimate]:
    """Failures of each kind in these strata; times upsets per bit and day, they are failures per device-day."""
    return {kind: weighted_sum([(one.weight, one.kinds[kind]) for one in strata]) for kind in KINDS}


def _depth(seen: Observed) -> str:
    kinds = kinds_of(seen)
    return "failure" if kinds else seen.learner


def _stratum(
    campaign: Campaign, name: str, made: FaultList, rows: Rows, *, pairs: Sequence[tuple[Fault, Observed]]
) -> StratumFindings:
    golden, confidence = made.golden, campaign.confidence
    regions = regions_of(name, golden)
    cells = tuple(_cell(kind, name, made, rows, pairs=pairs) for kind in campaign.upsets)
    spec = next(one for one in campaign.strata if one.name == name)
    exposure = campaign.exposure.share_of_day(golden.instructions) if spec.exposure is None else spec.exposure
    size = max(population(regions, cell.bits, golden=golden) for cell in cells)
    made_count = sum(len(cell.seen) for cell in cells)
    margin = margin_of(made_count, size, confidence=confidence) if made_count else 1.0
    bits = sum(places(region, 1) for region in regions)
    kinds, exact = (_kinds(cells, confidence=confidence, exact=exact) for exact in (False, True))
    here = [one for cell in cells for one in cell.seen]
    reported = [one for one in here if one.detection != UNDETECTED]
    return StratumFindings(
        *(name, bits, exposure, cells, kinds, exact, margin),
        time_line=_time_line(name, made, pairs),
        reported=len(reported),
        latency=spread_of(one.latency for one in reported if one.latency is not None),
        samples_lost=spread_of(one.samples_lost for one in here if one.samples_lost),
    )


def _time_line(stratum: str, made: FaultList, pairs: Sequence[tuple[Fault, Observed]]) -> tuple[TimeBin, ...]:
    window, parts = made.golden.instructions, min(TIME_BINS, len(made.golden.instants))
    edges = [window * part // parts for part in range(parts + 1)]
    injections, failures = [0] * parts, [0] * parts
    for fault, seen in pairs:
        if fault.stratum == stratum:
            part = bisect_right(edges, fault.time) - 1
            injections[part] += 1
            failures[part] += FAILURE in kinds_of(seen)
    return tuple(map(TimeBin, edges[:-1], edges[1:], injections, failures))


def _kinds(cells: Sequence[Cell], *, confidence: float, exact: bool) -> Mapping[str, Estimate]:
    found = {}
    for kind in KINDS:
        shares = [cell.share_of(kind, confidence=confidence, exact=exact) for cell in cells]
        parts = [(cell.share, share) for cell, share in zip(cells, shares, strict=True)]
        found[kind] = shares[0] if len(shares) == 1 else weighted_sum(parts)
    return found


def _cell(
    kind: UpsetKind, stratum: str, made: FaultList, rows: Rows, *, pairs: Sequence[tuple[Fault, Observed]]
) -> Cell:
    drawn = [fault for fault in made.faults if fault.stratum == stratum and len(fault.flips) == kind.bits]
    names = {fault.id for fault in drawn}
    seen = tuple(one for fault, one in pairs if fault.id in names)
    return Cell(kind.bits, kind.share, len(drawn), sum(name in rows.errors for name in names), seen)


def _upset_shares(strata: Sequence[StratumFindings], weight: float) -> Mapping[tuple[str, str], float]:
    shares: Counter[tuple[str, str]] = Counter()
    for stratum in strata:
        for cell in stratum.cells:
            part = stratum.weight * cell.share / weight if weight else 0.0
            for key, count in Counter((one.system, one.learner) for one in cell.seen).items():
                shares[key] += part * count / len(cell.seen)  # type: ignore[assignment] # a Counter of shares
    return shares
