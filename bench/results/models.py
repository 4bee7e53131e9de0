"""models.json: a run's models at every segment end, for programs."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.measure.measurement import entries_of
from bench.replace import replace_content
from bench.trace import Entry, EpochTrained, ModelCreated, ModelDumped, encode_number


def models_json(trace: Sequence[Entry]) -> str:
    """Every model at every segment end, one line each; numbers have 17 significant digits.

    A segment that was aborted says so by `"complete": false`, and its end_row is the row where it stopped.
    """
    created = {model.name: model for model in entries_of(trace, ModelCreated)}
    segments: dict[int, dict[str, ModelDumped]] = {}
    for dump in entries_of(trace, ModelDumped):
        segments.setdefault(dump.end_row, {})[dump.name] = dump
    losses = epoch_losses(trace)
    parts = []
    for end_row, models in segments.items():
        lines = ",\n".join(
            f"{_text(name)}: {_model_text(dump, created.get(name), losses.get(name, ()))}"
            for name, dump in models.items()
        )
        complete = "" if all(dump.complete for dump in models.values()) else '"complete": false, '
        parts.append(f'{{"end_row": {end_row}, {complete}"models": {{\n{lines}\n}}}}')
    return '{"segments": [\n' + ",\n".join(parts) + "\n]}\n"


def epoch_losses(trace: Sequence[Entry]) -> dict[str, list[float]]:
    """Per model the loss of every epoch; empty outside batch mode."""
    losses: dict[str, list[float]] = {}
    for entry in entries_of(trace, EpochTrained):
        for model in entry.models:
            losses.setdefault(model.name, []).append(model.loss)
    return losses


def save_models(trace: Sequence[Entry], path: Path) -> None:
    """Write models.json as `path`; raises RunFolderError."""
    replace_content(path, models_json(trace).encode())


def number_text(value: float) -> str:
    """A JSON number with 17 significant digits, which read back as the same double."""
    if not math.isfinite(value):
        return json.dumps(encode_number(value))
    if isinstance(value, int):
        return str(value)
    text = format(value, ".17g")
    return "-0.0" if text == "-0" else text  # a reader would make the integer 0 of it, and lose the sign


def _model_text(dump: ModelDumped, created: ModelCreated | None, losses: Sequence[float]) -> str:
    state = {name: _array_text(array) for name, array in dump.state.items()}
    described = {
        "learner": _text(created.learner if created else None),
        "features": _text(created.features if created else None),
        "arithmetic": _text(created.arithmetic if created else None),
        "hyperparameters": _object_text(
            {name: number_text(value) for name, value in created.hyperparameters.items()} if created else {}
        ),
    }
    trained = {"updates": str(dump.updates)}
    if losses:
        trained["epochs"] = "[" + ", ".join(_object_text({"loss": number_text(loss)}) for loss in losses) + "]"
    return _object_text({**described, **trained, "state": _object_text(state)})


def _array_text(array: Sequence[float] | int) -> str:
    if isinstance(array, int):
        return str(array)
    return "[" + ", ".join(number_text(value) for value in array) + "]"


def _object_text(members: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {text}" for name, text in members.items()) + "}"


def _text(value: str | None) -> str:
    return json.dumps(value)
