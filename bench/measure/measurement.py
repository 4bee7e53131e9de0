"""What a measurement is, and what measuring needs beside the trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bench.initial_models import InitialModel
from bench.margins import MarginSpec
from bench.telemetry import Recording
from bench.trace import Entry, RunStarted

E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class Measurement:
    """One figure of a run; docs/measures.md lists them all.

    `value` None = unmeasured, and `because` says why. `clock` is the one that the figure depends on: instructions,
    cycles, host, or None for what is no time. `repeatable`: a second run under the same conditions gives the same
    value. `interval` holds the 95 % confidence limits of a proportion.
    """

    name: str
    value: float | None
    unit: str
    clock: str | None = None
    repeatable: bool = True
    because: str = ""
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class MarginBasis:
    """What margins are of: the scenario's wishes, and the target's memory."""

    spec: MarginSpec
    ram_bytes: int | None = None
    flash_bytes: int | None = None
    data_region_in_ram: bool = True
    unstored: tuple[str, ...] = ()
    """Sections of the ELF file that take memory and no place in the file."""


@dataclass(frozen=True, eq=False)
class RunContext:
    """The other files of the run folder, as far as measuring needs them.

    `sections` is the ELF section table, name -> bytes (".text" ...), None where the firmware has none of interest.
    `masks_interrupts`, `assumed_instructions_per_s` and `interrupt_frame_bytes` are facts of the target.
    """

    recording: Recording
    sections: Mapping[str, int] | None = None
    masks_interrupts: bool = False
    assumed_instructions_per_s: float | None = None
    interrupt_frame_bytes: int = 0
    initial: Mapping[str, InitialModel] = field(default_factory=dict)
    """Files of the models that did not start as their learner does, by model name."""
    twins: Path | None = None
    """Folder of twins that came with the run, where their code may be executed."""
    margins: MarginBasis | None = None
    """None = the scenario asks for no margins."""


def in_mode(trace: Sequence[Entry], mode: str) -> bool:
    """Whether the scenario's mode is `mode`, however far the run got."""
    return any(started.mode == mode for started in entries_of(trace, RunStarted))


def entries_of(trace: Sequence[Entry], kind: type[E]) -> list[E]:
    """The entries of one kind, in order."""
    return [entry for entry in trace if isinstance(entry, kind)]
