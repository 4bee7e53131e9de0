"""What a campaign does: the strata that are hit, how often, and what its figures refer to.

docs/campaigns.md lists every key of the file.
"""

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.campaign.fault import STRATA
from bench.campaign.injector import InjectorSetup
from bench.errors import ConfigurationError
from bench.scenario import SCENARIOS, load_scenario, scenario_names
from bench.strict import StrictTable, nearest_or, read_toml
from bench.target import load_target

CAMPAIGNS: Final = Path(__file__).parents[2] / "fixtures" / "campaigns"
INJECTOR: Final = "bench.upset:open_injector"
"""What is opened unless the campaign names another one."""
ALSAT_1: Final = 4.04e-7
"""Upsets per bit and day that Alsat-1 saw in its memories in low Earth orbit in eight years; 98.6 % were single bits
(Y. Bentoutou, A review of in-orbit observations of radiation-induced effects in commercial memories onboard Alsat-1,
2011)."""
UPSET_RATES: Final = (1e-8, 1e-7, 1e-6)
SECONDS_PER_DAY: Final = 86_400
MOST_INJECTIONS: Final = 10_000_000
MOST_INSTANTS: Final = 65_536
_LEAST_REPEATED: Final = 0.01
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,24}")


@dataclass(frozen=True)
class UpsetKind:
    """So many neighbouring bits of one element turn over together, in such a share of all upsets."""

    bits: int
    share: float


@dataclass(frozen=True)
class StratumSpec:
    """How much of one stratum is sampled: `injections`, or as many as `margin` needs; one of them is set."""

    name: str
    injections: int | None
    margin: float | None
    exposure: float | None
    """Share of a day in which an upset here falls into the window; None = the campaign's."""


@dataclass(frozen=True)
class Exposure:
    """Share of a day that the window stands for: `share`, or worked out from how often the payload trains."""

    share: float | None = 1.0
    runs_per_day: float = 0.0
    assumed_instructions_per_s: float = 0.0

    def share_of_day(self, instructions: int) -> float:
        """For a window of so many instructions; raises ConfigurationError for more than a day in a day."""
        if self.share is not None:
            return self.share
        share = self.runs_per_day * instructions / self.assumed_instructions_per_s / SECONDS_PER_DAY
        if share > 1:
            message = f"{self.runs_per_day:g} runs of {instructions} instructions a day take {share:.3g} days"
            raise ConfigurationError(message, hint="correct exposure.runs_per_day or assumed_instructions_per_s")
        return share


@dataclass(frozen=True)
class Campaign:
    """A campaign file."""

    name: str
    title: str
    scenario: str
    target: str | None
    """None = the scenario's."""
    injector: str
    seed: int
    instants: int
    benign_loss: float
    repeat_share: float
    confidence: float
    reference_rate: float
    """Upsets per bit and day at which everything is told."""
    upset_rates: tuple[float, ...]
    """Others at which failures are told too."""
    exposure: Exposure
    upsets: tuple[UpsetKind, ...]
    strata: tuple[StratumSpec, ...]
    path: Path

    def setup(self) -> InjectorSetup:
        """What injectors are opened with; raises ConfigurationError for a scenario or target that is none."""
        name, beside = self.scenario, self.path.parent
        path = SCENARIOS / f"{name}.toml" if name in scenario_names() else beside / name
        if name not in scenario_names() and not name.endswith(".toml"):
            message = f"{self.path}: scenario: no scenario is named {name!r}"
            raise ConfigurationError(message, hint=nearest_or(name, scenario_names(), "Or give a .toml file."))
        target = self.target or load_scenario(path).target
        if target.endswith(".toml"):
            target = str((beside / target).resolve())
        load_target(target)
        strata = tuple(stratum.name for stratum in self.strata)
        return InjectorSetup(path.resolve(), target, strata, self.benign_loss, self.instants)


def campaign_names(folder: Path = CAMPAIGNS) -> tuple[str, ...]:
    """Those that come with the bench."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def load_campaign(name_or_path: str | Path, folder: Path = CAMPAIGNS) -> Campaign:
    """The campaign of that name in `folder`, or the one in the TOML file at a path."""
    text = str(name_or_path)
    if text in campaign_names(folder):
        return _read(folder / f"{text}.toml")
    if text.endswith(".toml"):
        return _read(Path(text))
    if "/" in text:
        hint = "give a campaign's .toml file, its folder, or the name of one that comes with the bench"
        raise ConfigurationError(f"there is no {text}", hint=hint)
    message = f"no campaign is named {text!r}"
    more = "Or give a .toml file, or the folder of a campaign."
    raise ConfigurationError(message, hint=nearest_or(text, campaign_names(folder), more))


def _read(path: Path) -> Campaign:
    root = read_toml(path, error=ConfigurationError)
    default = _take_amount(root, None)
    campaign = Campaign(
        name=_take_name(root),
        title=root.take("title", str),
        scenario=root.take("scenario", str),
        target=root.take("target", str, None),
        injector=root.take("injector", str, INJECTOR),
        seed=root.take_number("seed", int, low=0, high=2**63 - 1),
        instants=root.take_number("instants", int, 64, low=1, high=MOST_INSTANTS),
        benign_loss=root.take_number("benign_loss", float, 0.0, low=0.0, high=1.0),
        repeat_share=root.take_number("repeat_share", float, 0.02, low=_LEAST_REPEATED, high=1.0),
        confidence=root.take_number("confidence", float, 0.95, low=0.5, high=0.9999),
        reference_rate=root.take_number("reference_rate", float, ALSAT_1, low=1e-15, high=1.0),
        upset_rates=_take_rates(root),
        exposure=_take_exposure(root),
        upsets=_take_upsets(root),
        strata=_take_strata(root, default),
        path=path,
    )
    root.finish()
    return campaign


def _take_name(root: StrictTable) -> str:
    name = root.take("name", str)
    if not _NAME.fullmatch(name):
        rule = "1 to 24 letters, digits, '_' and '-'"
        raise root.problem("name", f"is {name!r}, expected {rule}", hint=f"give it {rule}")
    return name


def _take_amount(
    table: StrictTable, default: tuple[int | None, float | None] | None
) -> tuple[int | None, float | None]:
    injections = table.take_number("injections", int, None, low=1, high=MOST_INJECTIONS)
    margin = table.take_number("margin", float, None, low=1e-4, high=0.5)
    if injections is not None and margin is not None:
        raise table.problem("margin", "stands beside injections", hint="say how many, or how exact, not both")
    if injections is None and margin is None:
        return default or (None, None)
    return injections, margin


def _take_rates(root: StrictTable) -> tuple[float, ...]:
    rates = root.take_list("upset_rates", float, UPSET_RATES)
    if any(not 0 < rate <= 1 for rate in rates) or list(rates) != sorted(set(rates)):
        hint = "give rates per bit and day, such as [1e-8, 1e-7, 1e-6]"
        raise root.problem("upset_rates", f"is {list(rates)}, expected ascending numbers in (0, 1]", hint=hint)
    return rates


def _take_exposure(root: StrictTable) -> Exposure:
    table = root.take_table("exposure", optional=True)
    share = table.take_number("share", float, None, low=1e-9, high=1.0)
    runs = table.take_number("runs_per_day", float, None, low=1e-6, high=1e9)
    speed = table.take_number("assumed_instructions_per_s", float, None, low=1.0, high=1e12)
    if runs is None and speed is None:
        return Exposure(1.0 if share is None else share)
    if share is not None:
        raise table.problem("share", "stands beside runs_per_day", hint="give the share of a day, or how often it runs")
    if runs is None or speed is None:
        missing = "runs_per_day" if runs is None else "assumed_instructions_per_s"
        raise table.problem(missing, "missing", hint="give runs_per_day and assumed_instructions_per_s, or share")
    return Exposure(None, runs, speed)


def _take_upsets(root: StrictTable) -> tuple[UpsetKind, ...]:
    tables = root.take_tables("upsets", optional=True)
    kinds = tuple(
        UpsetKind(table.take_number("bits", int, low=1, high=8), table.take_number("share", float, low=1e-6, high=1.0))
        for table in tables
    )
    _once(root, "upsets", (kind.bits for kind in kinds))
    total = sum(kind.share for kind in kinds)
    if kinds and not math.isclose(total, 1.0, abs_tol=1e-9):
        raise root.problem("upsets", f"the shares add up to {total:g}", hint="make them 1 in all")
    return kinds or (UpsetKind(1, 1.0),)


def _take_strata(root: StrictTable, default: tuple[int | None, float | None]) -> tuple[StratumSpec, ...]:
    found = []
    for table in root.take_tables("strata"):
        name = table.take("name", str, choices=tuple(STRATA))
        injections, margin = _take_amount(table, default)
        if injections is None and margin is None:
            for where in (root, table):
                _refuse_typo(where)
            raise table.problem("injections", "missing", hint="give injections or margin, here or for all strata")
        exposure = table.take_number("exposure", float, None, low=0.0, high=1.0)
        found.append(StratumSpec(name, injections, margin, exposure))
    if not found:
        raise root.problem("strata", "is empty", hint=f"add [[strata]] with a name of {', '.join(STRATA)}")
    _once(root, "strata", (stratum.name for stratum in found))
    return tuple(found)


def _refuse_typo(table: StrictTable) -> None:
    """An amount that is missing may stand there under nearly its name."""
    for key in table.rest():
        close = difflib.get_close_matches(key, ("injections", "margin"), n=1)
        if close:
            raise table.problem(key, "unknown key", hint=f"did you mean {close[0]!r}?")


def _once(root: StrictTable, key: str, names: Iterable[object]) -> None:
    seen: set[object] = set()
    for name in names:
        if name in seen:
            raise root.problem(key, f"{name!r} stands there twice", hint="leave one of them out")
        seen.add(name)
