"""Entries as lines of JSON and back."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Final

from bench.trace.entries import (
    ENTRIES,
    CatalogueListed,
    Entry,
    EpochTrained,
    EvaluationScored,
    FeatureInfo,
    LearnerInfo,
    ModelCreated,
    ModelDumped,
    ModelEpoch,
    ModelStatistics,
    OperationSum,
    RowResults,
    StatisticsReported,
)

_NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encode_number(value: float) -> float | str:
    """`value` as JSON can carry it."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def decode_number(value: object) -> float:
    """Back from `encode_number`; raises ValueError for anything else."""
    if isinstance(value, str) and value in _NON_FINITE:
        return _NON_FINITE[value]
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no number")  # noqa: TRY004 - what is wrong is the file
    return value


def _plain(value: object) -> object:
    """Nested dataclasses and non-finite numbers as JSON has them."""
    if isinstance(value, float):
        return encode_number(value)
    if isinstance(value, list):
        return [_plain(item) for item in value] if value and not isinstance(value[0], int | str) else value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}  # type: ignore[arg-type]
    return value


def entry_to_json(entry: Entry) -> str:
    """One line, without its newline."""
    values = {item.name: _plain(getattr(entry, item.name)) for item in fields(entry) if item.name != "t"}
    return json.dumps({"t": round(entry.t, 6), "kind": entry.kind, **values}, allow_nan=False, separators=(",", ":"))


def _numbers(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return _NON_FINITE.get(value, value)
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    return value


def entry_from_json(line: str) -> Entry | None:
    """The entry of a line; None for a kind that this version does not know. Raises ValueError for broken JSON."""
    raw = json.loads(line)
    name = raw.pop("kind", "")
    entry_type = ENTRIES.get(name)
    if entry_type is None:
        return None
    known = _kinds_of(name)
    values = {key: value for key, value in raw.items() if key in known}
    for key, value in values.items():
        _check_type(value, known[key], key)
        if type(value) is str and float in known[key].types:
            values[key] = decode_number(value)
    if issubclass(entry_type, RowResults) and len({len(raw[name]) for name in _ROW_LISTS}) > 1:
        raise ValueError("lists of one batch of rows differ in length")
    if entry_type is CatalogueListed:
        values["learners"] = [LearnerInfo(**_numbers(item)) for item in raw["learners"]]
        values["features"] = [FeatureInfo(**item) for item in raw["features"]]
    elif entry_type is StatisticsReported:
        values["models"] = [
            ModelStatistics(item["name"], item["updates"], _operation_sums(item["operations"]))
            for item in raw["models"]
        ]
        values["bank"] = _operation_sums(raw["bank"])
    elif entry_type is EpochTrained:
        values["models"] = [ModelEpoch(**_numbers(item)) for item in raw["models"]]
    elif entry_type in {ModelDumped, EvaluationScored, ModelCreated}:
        values = {
            key: _numbers(value) if key in {"state", "scores", "hyperparameters"} else value
            for key, value in values.items()
        }
    return entry_type(**values)


_JSON_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,),
    "float": (int, float, str),  # a string where it is not finite
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "None": (type(None),),
}
_ROW_LISTS: Final = ("status", "train", "predict", "feature", "dispatch", "predictions", "updated")


@dataclass(frozen=True)
class _Kind:
    """What JSON values a field takes."""

    annotation: str
    types: frozenset[type]
    item: str
    """Annotation of the elements of a list of plain values, else empty."""
    item_types: frozenset[type]


@cache
def _kinds_of(entry_kind: str) -> dict[str, _Kind]:
    return {item.name: _kind(str(item.type)) for item in fields(ENTRIES[entry_kind])}


def _kind(annotation: str) -> _Kind:
    alternatives = annotation.split("|") if "[" not in annotation else [annotation]
    allowed = (part.strip().split("[")[0] for part in alternatives)
    types = frozenset(kind for name in allowed for kind in _JSON_TYPES[name])
    item = annotation.removeprefix("list[").removesuffix("]") if annotation.startswith("list[") else ""
    plain = item in _JSON_TYPES
    return _Kind(annotation, types, item if plain else "", frozenset(_JSON_TYPES[item] if plain else ()))


def _check_type(value: object, kind: _Kind, key: str) -> None:
    """Raise ValueError unless a value of JSON, whose types are exact, can be a field's; lists are looked into."""
    if type(value) not in kind.types:
        raise ValueError(f"{key} is {value!r}, expected {kind.annotation}")
    if kind.item and isinstance(value, list) and not kind.item_types.issuperset(map(type, value)):
        wrong = next(element for element in value if type(element) not in kind.item_types)
        raise ValueError(f"{key} is {wrong!r}, expected {kind.item}")


def _operation_sums(raw: dict[str, dict[str, int]]) -> dict[str, OperationSum]:
    return {name: OperationSum(**sums) for name, sums in raw.items()}
