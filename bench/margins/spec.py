"""[margins] of a scenario: which profile, at which phase, and what nobody can guess."""

from dataclasses import dataclass
from pathlib import Path

from bench.margins.profile import PROFILES, find_profile, load_profile, profile_names
from bench.requirements import take_identifiers
from bench.strict import StrictTable, nearest_or

_SHORTEST_S = 1e-9
_LONGEST_S = 1e9
_FASTEST_BAUD = 1e9


@dataclass(frozen=True)
class MarginSpec:
    """`profile` is a name, or the path of a file."""

    profile: str
    phase: str
    row_period_s: float | None = None
    """Between two rows in flight; None = the recording's period."""
    deadline_s: float | None = None
    """By when a row must be done (in batch mode an epoch); None = the row period, in batch mode none."""
    cpu_share: float = 1.0
    """Part of the processor that training may take."""
    uart_baud: float | None = None
    """Of the line in flight, 10 bits for a byte; None = the rate of the line that the run used."""
    requirements: tuple[str, ...] = ()
    """Which the profile's limits show."""


def take_margins(root: StrictTable) -> MarginSpec | None:
    """The table of a scenario; None where there is none. A profile of one's own is looked at when it is needed."""
    if "margins" not in root:
        root.take("margins", dict, None)
        return None
    table = root.take_table("margins")
    spec = MarginSpec(
        profile=table.take("profile", str),
        phase=table.take("phase", str),
        row_period_s=table.take_number("row_period_s", float, None, low=_SHORTEST_S, high=_LONGEST_S),
        deadline_s=table.take_number("deadline_s", float, None, low=_SHORTEST_S, high=_LONGEST_S),
        cpu_share=table.take_number("cpu_share", float, 1.0, low=1e-6, high=1.0),
        uart_baud=table.take_number("uart_baud", float, None, low=1.0, high=_FASTEST_BAUD),
        requirements=take_identifiers(table),
    )
    table.finish()
    _check_profile(table, spec)
    return spec


def _check_profile(table: StrictTable, spec: MarginSpec) -> None:
    if spec.profile.endswith(".toml"):
        return
    if spec.profile not in profile_names():
        what = f"is {spec.profile!r}, which is no margin profile"
        raise table.problem("profile", what, hint=nearest_or(spec.profile, profile_names(), "Or give a .toml file."))
    profile = load_profile(find_profile(spec.profile, beside=PROFILES))
    if spec.phase not in profile.phases:
        hint = nearest_or(spec.phase, profile.phases, f"The profile has {', '.join(profile.phases)}.")
        raise table.problem("phase", f"is {spec.phase!r}, which {profile.name} does not have", hint=hint)


def profile_path(spec: MarginSpec, scenario: Path | None) -> Path:
    """Where the profile of a scenario at that path lies."""
    return find_profile(spec.profile, beside=scenario.parent if scenario is not None else Path())
