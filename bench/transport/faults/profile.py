"""A profile of link faults: which kinds, how often, and why these figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.errors import ConfigurationError
from bench.strict import StrictTable, nearest_or, read_toml
from bench.transport.faults.fault import BREAKS, KINDS, MOST_BYTES, MOST_DATA, MOST_SECONDS, WAYS

PROFILES: Final = Path(__file__).parents[3] / "fixtures" / "link_faults"
_BOTH: Final = "both"
_LEAST_RATE: Final = 1e-12
"""Rarer than once in a terabyte is never."""
MOST_LIGHT_TIME_S: Final = 600.0


@dataclass(frozen=True)
class FaultRate:
    """How often one kind happens in these directions, and how much of it then. Figures that it has no use for are 0.

    per_bit: chance of each bit, in a burst of each bit of the bad state. per_byte: chance that it begins at a byte.
    mean_bytes: of a bad state. length and seconds: from and to, both included, uniformly.
    """

    kind: str
    ways: tuple[str, ...]
    because: str
    per_bit: float = 0.0
    per_byte: float = 0.0
    mean_bytes: float = 0.0
    length: tuple[int, int] = (0, 0)
    seconds: tuple[float, float] = (0.0, 0.0)

    def settings(self) -> dict[str, Any]:
        """For the trace: what is not 0."""
        figures = {
            "per_bit": self.per_bit,
            "per_byte": self.per_byte,
            "mean_bytes": self.mean_bytes,
            "bytes": list(self.length) if any(self.length) else None,
            "seconds": list(self.seconds) if any(self.seconds) else None,
        }
        return {"kind": self.kind, "ways": list(self.ways), **{key: value for key, value in figures.items() if value}}


@dataclass(frozen=True)
class LinkFaultProfile:
    """`light_time_s`: how long every byte is under way, in either direction."""

    name: str
    title: str
    rates: tuple[FaultRate, ...]
    light_time_s: float = 0.0


def profile_names(folder: Path = PROFILES) -> tuple[str, ...]:
    """Those that come with the bench."""
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def load_link_profile(name_or_path: str, *, beside: Path | None = None) -> LinkFaultProfile:
    """A profile that comes with the bench, or the file at a path from `beside`; raises ConfigurationError."""
    if name_or_path in profile_names():
        return _read(PROFILES / f"{name_or_path}.toml")
    if name_or_path.endswith(".toml"):
        return _read((beside or Path()) / name_or_path)
    message = f"no profile of link faults is named {name_or_path!r}"
    hint = nearest_or(name_or_path, profile_names(), "Or give a .toml file, or the folder of a run with link faults.")
    raise ConfigurationError(message, hint=hint)


def _read(path: Path) -> LinkFaultProfile:
    root = read_toml(path, error=ConfigurationError)
    profile = LinkFaultProfile(
        name=root.take("name", str),
        title=root.take("title", str, ""),
        rates=tuple(_rate(table) for table in root.take_tables("fault", optional=True)),
        light_time_s=root.take_number("light_time_s", float, 0.0, low=0.0, high=MOST_LIGHT_TIME_S),
    )
    root.take("because", str, "")  # of the light time
    root.finish()
    seen: set[tuple[str, str]] = set()
    for rate in profile.rates:
        for way in rate.ways:
            if (rate.kind, way) in seen:
                what = f"{rate.kind} {way} is there twice"
                raise root.problem("fault", what, hint="one [[fault]] for each kind and direction")
            seen.add((rate.kind, way))
    return profile


def _rate(table: StrictTable) -> FaultRate:
    kind = table.take("kind", str, choices=KINDS)
    way = table.take("way", str, _BOTH, choices=(_BOTH, *WAYS))
    bits, runs = kind in {"flip", "burst"}, kind in {"drop", "truncate", "duplicate", "insert"}
    rate = FaultRate(
        kind=kind,
        ways=WAYS if way == _BOTH else (way,),
        because=table.take("because", str),
        per_bit=table.take_number("per_bit", float, low=_LEAST_RATE, high=1.0) if bits else 0.0,
        per_byte=table.take_number("per_byte", float, low=_LEAST_RATE, high=1.0) if kind != "flip" else 0.0,
        mean_bytes=table.take_number("mean_bytes", float, low=1.0, high=MOST_DATA) if kind == "burst" else 0.0,
        length=_length(table, kind) if runs else (0, 0),
        seconds=_seconds(table) if kind == "stall" or kind in BREAKS - {"reset"} else (0.0, 0.0),
    )
    table.finish()
    return rate


def _length(table: StrictTable, kind: str) -> tuple[int, int]:
    most = MOST_DATA if kind == "insert" else MOST_BYTES
    given = table.take_list("bytes", int)
    if len(given) != 2 or not 1 <= given[0] <= given[1] <= most:  # noqa: PLR2004 - from, to
        raise table.problem("bytes", f"is {list(given)}, expected [from, to] in 1 to {most}", hint="bytes = [1, 16]")
    return given[0], given[1]


def _seconds(table: StrictTable) -> tuple[float, float]:
    given = table.take_list("seconds", float)
    if len(given) != 2 or not 0 < given[0] <= given[1] <= MOST_SECONDS:  # noqa: PLR2004 - from, to
        what = f"is {list(given)}, expected [from, to] above 0 and up to {MOST_SECONDS:g}"
        raise table.problem("seconds", what, hint="seconds = [0.1, 0.5]")
    return given[0], given[1]
