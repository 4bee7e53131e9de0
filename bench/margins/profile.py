"""A margin profile: for each phase of a project the percentage that must be left of each resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import BenchError, ConfigurationError
from bench.strict import StrictTable, nearest_hint, nearest_or, read_toml

PROFILES: Final = Path(__file__).parents[2] / "fixtures" / "margins"
RESOURCES: Final = ("cpu", "deadline", "prom", "ram", "uart")
"""What the bench measures a margin of: margin.cpu ..."""
_WHOLE: Final = 100.0


@dataclass(frozen=True)
class MarginFloor:
    """The least margin of one resource."""

    percent: Mapping[str, float]
    """By phase; a phase may be absent."""
    source: str


@dataclass(frozen=True)
class MarginProfile:
    """`source` says where the figures are from, `phases` in which order a project goes through them."""

    name: str
    title: str
    source: str
    phases: tuple[str, ...]
    floors: Mapping[str, MarginFloor]
    """By resource."""
    path: Path

    def at(self, phase: str) -> dict[str, tuple[float, str]]:
        """Measure -> its least value in percent and the reason, in that phase."""
        return {
            f"margin.{resource}": (floor.percent[phase], f"{self.name} at {phase}: {floor.source}")
            for resource, floor in self.floors.items()
            if phase in floor.percent
        }

    def check_phase(self, phase: str) -> None:
        """Raise ConfigurationError for a phase that the profile does not have."""
        if phase not in self.phases:
            message = f"margin profile {self.name} has no phase {phase!r}"
            raise ConfigurationError(message, hint=nearest_or(phase, self.phases, f"It has {', '.join(self.phases)}."))


def profile_names(folder: Path = PROFILES) -> tuple[str, ...]:
    """Those that come with the bench."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def find_profile(name_or_path: str, *, beside: Path) -> Path:
    """The file of a profile that comes with the bench, or one at a path from the folder `beside`."""
    if name_or_path in profile_names():
        return PROFILES / f"{name_or_path}.toml"
    return beside / name_or_path


def load_profile(path: Path, *, error: type[BenchError] = ConfigurationError) -> MarginProfile:
    """Read a profile; raises `error`."""
    root = read_toml(path, error=error)
    phases = root.take_list("phases", str)
    if not phases:
        raise root.problem("phases", "is empty", hint='name the phases in their order: phases = ["PDR", "CDR"]')
    profile = MarginProfile(
        name=root.take("name", str),
        title=root.take("title", str, ""),
        source=root.take("source", str),
        phases=phases,
        floors=_floors(root.take_table("margin"), phases),
        path=path,
    )
    root.finish()
    return profile


def _floors(table: StrictTable, phases: tuple[str, ...]) -> dict[str, MarginFloor]:
    for resource in table.rest():
        if resource not in RESOURCES:
            raise table.problem(
                resource, "is no resource that the bench measures", hint=nearest_hint(resource, RESOURCES)
            )
    return {resource: _floor(table.take_table(resource), phases) for resource in RESOURCES if resource in table}


def _floor(table: StrictTable, phases: tuple[str, ...]) -> MarginFloor:
    given = table.take_table("percent")
    for phase in given.rest():
        if phase not in phases:
            raise given.problem(phase, "is none of the phases", hint=nearest_hint(phase, phases))
    percent = {phase: given.take_number(phase, float, low=0.0, high=_WHOLE) for phase in phases if phase in given}
    source = table.take("source", str)
    if not source.strip():
        raise table.problem("source", "is empty", hint="say where the figures are from")
    return MarginFloor(percent, source)
