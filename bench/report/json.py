"""verdicts.json and models.json: a run's result for programs.

Numbers that are not finite are the strings NaN, Infinity and -Infinity. A file is replaced as a whole or not at all.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from bench.errors import RunFolderError
from bench.measure.measurement import entries_of
from bench.trace import Entry, EpochTrained, ModelCreated, ModelDumped, encode_number
from bench.verdict import Verdict


def verdicts_json(verdicts: Sequence[Verdict]) -> str:
    """A list with one object per verdict, one line each; null where a verdict has no such value."""
    lines = ",\n".join(json.dumps(_verdict_object(verdict), allow_nan=False) for verdict in verdicts)
    return f"[\n{lines}\n]\n"


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


def save_verdicts(verdicts: Sequence[Verdict], path: Path) -> None:
    """Write verdicts.json as `path`; raises RunFolderError."""
    replace_content(path, verdicts_json(verdicts).encode())


def save_models(trace: Sequence[Entry], path: Path) -> None:
    """Write models.json as `path`; raises RunFolderError."""
    replace_content(path, models_json(trace).encode())


def replace_content(path: Path, content: bytes) -> None:
    """Write a file beside `path`, then put it in its place, so that a reader never sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise RunFolderError(f"cannot write {path}: {error}", hint="is the disk full, or the folder gone?") from error


def number_text(value: float) -> str:
    """A JSON number with 17 significant digits, which read back as the same double."""
    if not math.isfinite(value):
        return json.dumps(encode_number(value))
    if isinstance(value, int):
        return str(value)
    text = format(value, ".17g")
    return "-0.0" if text == "-0" else text  # a reader would make the integer 0 of it, and lose the sign


def _verdict_object(verdict: Verdict) -> dict[str, object]:
    values = {item.name: getattr(verdict, item.name) for item in fields(verdict)}
    return {name: encode_number(value) if isinstance(value, float) else value for name, value in values.items()}


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
