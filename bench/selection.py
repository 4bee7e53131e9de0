"""A part of a scenario: some rows of its recording, some of its models; and which limits such a run can be held to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from bench.errors import ConfigurationError, RunFolderError
from bench.scenario import ModelSpec, Scenario
from bench.strict import nearest_hint, read_toml
from bench.telemetry import Recording

_MAX_ROWS: Final = 1 << 32
_OF_ALL_ROWS: Final = ("accuracy.", "run.rows")
"""Measures that say how well, or whether, all rows were learnt: bounds on them mean nothing for fewer."""
_COUNTS: Final = (
    "parity.compared.*",
    "parity.identical.*",
    "timing.*.count",
    "checkpoints.written",
    "checkpoints.power_cuts",
    "checkpoints.resumed",
)
"""Measures that count what a run consisted of."""


@dataclass(frozen=True)
class Part:
    """What is asked for. Rows count from 0 over the whole recording, `end_row` being the first that is left out."""

    first_row: int | None = None
    end_row: int | None = None
    models: tuple[str, ...] = ()
    """Shell patterns of model names; none = all models."""


@dataclass(frozen=True)
class Selection:
    """What a partial run was: less than its scenario."""

    first_row: int
    end_row: int
    of_rows: int
    models: tuple[str, ...]
    left_out: tuple[str, ...]
    """Models of the scenario that were not in the run."""
    lost: tuple[str, ...] = ()
    """Measures that nothing in the run could have, though the scenario as a whole has them."""

    def __str__(self) -> str:
        parts = []
        if self._is_cut:
            parts.append(f"rows {self.first_row}:{self.end_row} of {self.of_rows}")
        if self.left_out:
            parts.append(f"{len(self.models)} of {len(self.models) + len(self.left_out)} models")
        return ", ".join(parts)

    @property
    def _is_cut(self) -> bool:
        return self.end_row - self.first_row < self.of_rows

    def excuse(self, measure: str) -> str:
        """Why a limit cannot be applied to this measure of the run; empty if it can."""
        if self._is_cut and measure.startswith(_OF_ALL_ROWS):
            return f"the run had {self.end_row - self.first_row} of {self.of_rows} rows"
        if self.left_out and measure.startswith("margin."):
            return "models were left out that need their part of what there is"
        if any(fnmatchcase(measure, count) for count in _COUNTS):
            return "the run was not whole"
        if measure.startswith(self.lost):
            return "what it is measured on was left out"
        return ""

    def excuse_absent(self, pattern: str, names: Iterable[str]) -> str:
        """The same for a limit on measures that the run does not have; `names` are those that it has."""
        for model in self.left_out:
            if any(_names_only(part, model, self.models) for part in pattern.split(".")) or any(
                fnmatchcase(name, pattern) for name in _renamed(names, self.models, model)
            ):
                return f"model {model} was left out"
        return self.excuse(pattern)


def _names_only(part: str, model: str, kept: Sequence[str]) -> bool:
    """Whether a part of a pattern means `model`, and none that was kept."""
    return fnmatchcase(model, part) and not any(fnmatchcase(name, part) for name in kept)


def _renamed(names: Iterable[str], kept: Sequence[str], model: str) -> Iterator[str]:
    """What measures of the models in the run would be called for another model."""
    for name in names:
        parts = name.split(".")
        if any(part in kept for part in parts):
            yield ".".join(model if part in kept else part for part in parts)


def keep_models(scenario: Scenario, patterns: Sequence[str]) -> Scenario:
    """The scenario with the models that a pattern matches; raises ConfigurationError for a pattern without any."""
    names = [model.name for model in scenario.models]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            message = f"no model of scenario {scenario.name} matches {pattern!r}"
            raise ConfigurationError(message, hint=nearest_hint(pattern, names))
    if not patterns:
        return scenario
    return replace(scenario, models=tuple(model for model in scenario.models if _matches(model, patterns)))


def _matches(model: ModelSpec, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(model.name, pattern) for pattern in patterns)


def keep_rows(recording: Recording, part: Part) -> Recording:
    """The rows of a part; raises ConfigurationError where the recording does not have them."""
    first = part.first_row or 0
    end = recording.row_count if part.end_row is None else part.end_row
    if (first, end) == (0, recording.row_count):
        return recording
    if not 0 <= first < end <= recording.row_count:
        what = f"rows {first}:{end} are not within {recording.name}, which has the rows 0:{recording.row_count}"
        raise ConfigurationError(what, hint="give --rows A:B with 0 <= A < B; either may be left out")
    return recording.rows(first, end)


def describe_part(
    whole: tuple[Scenario, Recording], kept: tuple[Scenario, Recording], *, first_row: int
) -> Selection | None:
    """What of the `whole` was `kept`; None if that is everything."""
    scenario, recording = whole
    models = tuple(model.name for model in kept[0].models)
    left_out = tuple(model.name for model in scenario.models if model.name not in models)
    rows = kept[1].row_count
    if not left_out and rows == recording.row_count:
        return None
    had, has = (set(_measured_on_models(*pair)) for pair in (whole, kept))
    return Selection(first_row, first_row + rows, recording.row_count, models, left_out, tuple(sorted(had - has)))


def _measured_on_models(scenario: Scenario, recording: Recording) -> Iterator[str]:
    """Families of measures that need a model with something of its own."""
    if any(model.initial is not None for model in scenario.models):
        yield "parity.original"
    names = {model.name for model in scenario.models}
    if any(names & entry["models"].keys() for entry in (recording.reference_models or _NONE)["segments"]):
        yield "parity.reference"


_NONE: Final[dict[str, Any]] = {"segments": []}


def selection_text(selection: Selection) -> str:
    """The file of a run folder."""
    return (
        "# This run was a part of its scenario.\n"
        f"first_row = {selection.first_row}\n"
        f"end_row = {selection.end_row}\n"
        f"of_rows = {selection.of_rows}\n"
        f"models = {json.dumps(selection.models)}\n"
        f"left_out = {json.dumps(selection.left_out)}\n"
        f"lost = {json.dumps(selection.lost)}\n"
    )


def load_selection(path: Path) -> Selection:
    """Back from `selection_text`; raises RunFolderError."""
    root = read_toml(path, error=RunFolderError)
    selection = Selection(
        first_row=root.take_number("first_row", int, low=0, high=_MAX_ROWS),
        end_row=root.take_number("end_row", int, low=1, high=_MAX_ROWS),
        of_rows=root.take_number("of_rows", int, low=1, high=_MAX_ROWS),
        models=root.take_list("models", str),
        left_out=root.take_list("left_out", str),
        lost=root.take_list("lost", str),
    )
    root.finish()
    return selection
