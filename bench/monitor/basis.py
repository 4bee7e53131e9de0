"""What the fold and the screen need of a run folder beside its trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.learners import class_labels
from bench.measure.classes import CLASS_DIGITS
from bench.measure.memory import RAM_SECTIONS, SECTIONS
from bench.run_folder import RunFiles, load_run_files
from bench.scenario import Limit, Scenario, limits_for
from bench.selection import Selection
from bench.telemetry import Recording

_UNKNOWN = 0
"""Stands for the class of a row without a label."""


@dataclass(frozen=True, eq=False)
class Rows:
    """The labels of a recording as characters of predictions, one byte per row."""

    classes: tuple[int, ...]
    codes: NDArray[np.uint8]
    evaluation: NDArray[np.uint8]
    positive: int | None
    """Place of the positive class."""
    record_bytes: int = 0


@dataclass(frozen=True, eq=False)
class Basis:
    """`read_rows` is called when a row's label is first asked for: a recording may be large."""

    title: str = ""
    limits: tuple[Limit, ...] = ()
    selection: Selection | None = None
    epochs: int = 0
    segments: int = 0
    sections: dict[str, int] = field(default_factory=dict)
    """Of the firmware, in bytes, without their dots; none where there is no section table."""
    ram_bytes: int | None = None
    masks_interrupts: bool = False
    assumed_instructions_per_s: float | None = None
    read_rows: Callable[[], Rows] = lambda: rows_of(None)
    note: str = ""
    """Why there is less than there could be."""

    @cached_property
    def rows(self) -> Rows:
        return self.read_rows()

    @property
    def static_ram_bytes(self) -> int | None:
        return sum(self.sections.get(name, 0) for name in RAM_SECTIONS) if self.sections else None


def load_basis(folder: Path) -> Basis:
    """Of a run folder; where a part of it cannot be read, what there is without any, and a note."""
    try:
        files = load_run_files(folder)
    except BenchError as error:
        return Basis(note=f"labels, limits and sizes are not known: {error.message}")
    return basis_of(files)


def basis_of(files: RunFiles) -> Basis:
    """Of a run folder that has been read."""
    return make_basis(
        files.scenario,
        files.recording,
        target_name=files.target.name,
        sections=files.firmware.sections if files.firmware is not None else {},
        selection=files.selection,
        ram_bytes=files.target.memory.ram_bytes,
        masks_interrupts=files.target.masks_interrupts,
        assumed_instructions_per_s=files.target.clock.assumed_instructions_per_s,
    )


def make_basis(
    scenario: Scenario,
    recording: Recording,
    *,
    target_name: str,
    sections: dict[str, int] | None = None,
    selection: Selection | None = None,
    ram_bytes: int | None = None,
    masks_interrupts: bool = False,
    assumed_instructions_per_s: float | None = None,
) -> Basis:
    """Of what a run is made of."""
    named = {name: size for name in SECTIONS if (size := (sections or {}).get(f".{name}")) is not None}
    return Basis(
        title=scenario.title,
        limits=limits_for(scenario, target_name),
        selection=selection,
        epochs=scenario.epochs,
        segments=len(recording.segments),
        sections=named,
        ram_bytes=ram_bytes,
        masks_interrupts=masks_interrupts,
        assumed_instructions_per_s=assumed_instructions_per_s,
        read_rows=lambda: rows_of(recording),
    )


def rows_of(recording: Recording | None) -> Rows:
    """The classes of a recording's rows; of no recording, none."""
    nothing = np.empty(0, np.uint8)
    if recording is None:
        return Rows((), nothing, nothing, None)
    classes = tuple(class_labels(recording))
    record_bytes = 6 + 4 * int(recording.values.shape[1])  # time, label, values, as a Samples packet has them
    if recording.labels is None:
        return Rows(classes, nothing, nothing, None, record_bytes)
    evaluation = recording.evaluation.labels if recording.evaluation is not None else np.empty(0, np.int16)
    positive = recording.positive_label
    place = classes.index(positive) if positive in classes and len(classes) == 2 else None  # noqa: PLR2004  # classes
    return Rows(classes, _codes(recording.labels, classes), _codes(evaluation, classes), place, record_bytes)


def _codes(labels: NDArray[np.int16], classes: tuple[int, ...]) -> NDArray[np.uint8]:
    codes = np.full(len(labels), _UNKNOWN, np.uint8)
    for label, digit in zip(classes, CLASS_DIGITS, strict=False):
        codes[labels == label] = ord(digit)
    return codes
