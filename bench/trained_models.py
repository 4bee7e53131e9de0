"""The models of a run as they were in the end, from its trace."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.learners import class_labels
from bench.onnx import LinearModel
from bench.onnx.linear import REAL_TYPES
from bench.telemetry import Recording
from bench.trace import CatalogueListed, Entry, ModelCreated, ModelDumped, PayloadConnected, RunStarted

WEIGHTS: Final = "w"
"""State array of a linear model: for each output one weight per feature."""
INTERCEPTS: Final = "b"
"""State array of a linear model that may be absent: one intercept per output."""
LOGISTIC: Final = frozenset({"logistic"})
"""Learners whose scores are logits."""
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")

_E = TypeVar("_E", bound=Entry)


class _NotLinearError(Exception):
    """A model cannot be had as a linear one; the text says why."""


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """One model of the bank after the last rows that it saw. `linear` None: `because` says why."""

    created: ModelCreated
    linear: LinearModel | None
    because: str = ""


def trained_models(trace: Sequence[Entry], recording: Recording) -> list[TrainedModel]:
    """Every model of the run, in order of handles."""
    dumps = {dump.name: dump for dump in _entries(trace, ModelDumped)}
    ties = {
        (learner.name, learner.arithmetic): learner.tie
        for listed in _entries(trace, CatalogueListed)
        for learner in listed.learners
    }
    created = {model.handle: model for model in _entries(trace, ModelCreated)}
    run = _run_name(trace)
    found = []
    for handle in sorted(created):
        model = created[handle]
        try:
            linear = _linear(model, dumps.get(model.name), ties, recording=recording, run=run)
        except _NotLinearError as error:
            found.append(TrainedModel(model, None, str(error)))
        else:
            found.append(TrainedModel(model, linear))
    return found


def _entries(trace: Sequence[Entry], kind: type[_E]) -> Iterator[_E]:
    return (entry for entry in trace if isinstance(entry, kind))


def _run_name(trace: Sequence[Entry]) -> str:
    """What was run where: scenario, recording, target, build of the firmware."""
    parts = [f"{run.scenario}, {run.recording}, {run.target}" for run in _entries(trace, RunStarted)]
    parts += [f"firmware {payload.build_id}" for payload in _entries(trace, PayloadConnected)]
    return ", ".join(dict.fromkeys(parts))


def _linear(
    created: ModelCreated,
    dump: ModelDumped | None,
    ties: Mapping[tuple[str, str], int],
    *,
    recording: Recording,
    run: str,
) -> LinearModel:
    if not _FILE_NAME.fullmatch(created.name):
        raise _NotLinearError(f"{created.name!r} cannot be the name of a file")
    if dump is None:
        raise _NotLinearError("no state came down")
    tie = ties.get((created.learner, created.arithmetic))
    if tie is None or created.arithmetic not in REAL_TYPES:
        raise _NotLinearError(f"the payload did not describe {created.learner} in {created.arithmetic} arithmetic")
    labels = class_labels(recording)
    outputs = _outputs(created, len(labels))
    weights, intercepts = _parameters(created, dump, outputs)
    return LinearModel(
        created.name,
        weights,
        intercepts,
        created.arithmetic,
        tie,
        labels,
        probability=created.learner in LOGISTIC,
        metadata=_metadata(created, dump, recording) | {"run": run},
    )


def _outputs(created: ModelCreated, classes: int) -> int:
    outputs = created.outputs
    if classes != (2 if outputs == 1 else outputs):
        raise _NotLinearError(f"it has {outputs} outputs for {classes} classes")
    return outputs


def _parameters(
    created: ModelCreated, dump: ModelDumped, outputs: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (K, d) and intercepts (K,). With a bias the last weight of each output belongs to a constant 1."""
    if WEIGHTS not in dump.state:
        raise _NotLinearError(f"its state has no weights: no array {WEIGHTS!r}")
    weights = _numbers(dump, WEIGHTS, outputs * created.dimension).reshape(outputs, created.dimension)
    intercepts = np.zeros(outputs)
    if INTERCEPTS in dump.state:
        intercepts = _numbers(dump, INTERCEPTS, outputs)
    elif created.bias:
        weights, intercepts = weights[:, :-1], weights[:, -1]
    return weights, intercepts


def _numbers(dump: ModelDumped, name: str, count: int) -> NDArray[np.float64]:
    values: Any = dump.state[name]
    values = values if isinstance(values, list) else [values]
    if len(values) != count:
        raise _NotLinearError(f"its array {name!r} has {len(values)} values, {count} were due")
    if not all(isinstance(value, int | float) for value in values):
        raise _NotLinearError(f"its array {name!r} holds what is no number")
    array = np.array(values, dtype=np.float64)
    if not np.isfinite(array).all():
        raise _NotLinearError(f"its array {name!r} holds {array[~np.isfinite(array)][0]}")
    return array


def _metadata(created: ModelCreated, dump: ModelDumped, recording: Recording) -> dict[str, str]:
    names = recording.channel_names
    known = all(0 <= channel < len(names) for channel in created.channels)
    return {
        "learner": created.learner,
        "hyperparameters": ", ".join(f"{name} = {value:.17g}" for name, value in created.hyperparameters.items()),
        "arithmetic": created.arithmetic,
        "features": created.features,
        "channels": ", ".join(names[c] if known else str(c) for c in created.channels),
        "row": str(dump.end_row),
        "updates": str(dump.updates),
    }
