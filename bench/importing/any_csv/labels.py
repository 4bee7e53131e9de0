"""Which class each row belongs to: by a column that says so, or by a rule on a column."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import ConfigurationError
from bench.importing.any_csv.request import CsvRequest, Need, listed, word
from bench.importing.any_csv.source import Converter, Texts, number_converter

Compare = Callable[[Any, Any], Any]
_OPERATORS: Final[Mapping[str, Compare]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
}
_RULE: Final = re.compile(r"(.+?)\s*(<=|>=|==|!=|<|>)\s*(.+)")
_TRUTH: Final = ("false", "true")
_INT16: Final = np.iinfo(np.int16)
_MOST_VALUES: Final = 6
"""More different values than this are hardly classes; the message then names a few."""


@dataclass(frozen=True)
class LabelSource:
    """The column that decides, and what makes codes of its cells: indices into `values`, -1 where it is missing."""

    column: str
    codes: Converter
    texts: Texts | None

    @property
    def values(self) -> tuple[str, ...]:
        """Every value that occurred so far, or false and true."""
        return _TRUTH if self.texts is None else self.texts.values


@dataclass(frozen=True)
class Labelling:
    """The label of each value of a LabelSource, and what the labels mean."""

    label_of: Mapping[str, int]
    meanings: Mapping[int, str]
    positive: int

    def labels(self, codes: NDArray[np.int32], values: Sequence[str]) -> NDArray[np.int16]:
        """Labels of rows by their codes, none of which is -1."""
        return np.array([self.label_of[value] for value in values], np.int16)[codes]


def label_source(request: CsvRequest) -> LabelSource | None:
    """What decides the labels; None where nothing does, or nothing was said."""
    if request.label is not None:
        texts = Texts()
        return LabelSource(request.label, texts, texts)
    if request.label_rule is None:
        return None
    match = _RULE.fullmatch(request.label_rule.strip())
    if match is None:
        message = f"--label-rule is {request.label_rule!r}, expected COLUMN, one of {' '.join(_OPERATORS)}, and a value"
        raise ConfigurationError(message, hint="for example: --label-rule 'pd6 > 1.0472'")
    column, mark, value = match.groups()
    return LabelSource(column, _rule(mark, value, number_converter(request.decimal)), None)


def _rule(mark: str, value: str, numbers: Converter) -> Converter:
    """Cells and value are compared as the decimal numbers that the table holds; texts only for being equal."""
    compare = _OPERATORS[mark]
    bound = _as_number(value)
    if bound is None:
        if mark not in {"==", "!="}:
            message = f"--label-rule compares with {value!r}, which is no number"
            raise ConfigurationError(message, hint="texts can be compared with == and != alone")

        def by_text(cells: Sequence[str]) -> NDArray[np.int32]:
            texts = Texts()
            codes = texts(cells)
            truth = np.array([int(compare(text, value)) for text in texts.values] or [0], np.int32)
            return np.where(codes < 0, np.int32(-1), truth[codes])

        return by_text

    def by_number(cells: Sequence[str]) -> NDArray[np.int32]:
        found = numbers(cells)
        return np.where(np.isnan(found), np.int32(-1), compare(found, bound).astype(np.int32))

    return by_number


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def choose_labelling(
    request: CsvRequest, values: Sequence[str], counts: Mapping[str, int]
) -> tuple[Labelling | None, list[Need]]:
    """Meanings by label; whole numbers keep theirs, other values are numbered from 0 in the order of --class."""
    classes: dict[str, str] = {}
    for item in request.classes:
        value, meaning = _class(item)
        value = _value(value, (*values, *classes))
        if value in classes:
            message = f"--class gives two meanings to {value}: {classes[value]!r} and {meaning!r}"
            raise ConfigurationError(message, hint="give each value one --class")
        classes[value] = meaning
    needs = _needs(request, classes, values, counts=counts)
    if needs:
        return None, needs
    whole = all(re.fullmatch(r"0|-?[1-9]\d*", value) and _INT16.min <= int(value) <= _INT16.max for value in classes)
    label_of = {value: int(value) if whole else index for index, value in enumerate(classes)}
    positive = _value(request.positive or "", classes)
    if positive not in classes:
        message = f"--positive is {request.positive!r}, which is the value of no --class"
        raise ConfigurationError(message, hint=f"one of: {', '.join(classes)}")
    return Labelling(label_of, {label_of[value]: text for value, text in classes.items()}, label_of[positive]), []


def _class(item: str) -> tuple[str, str]:
    meaning, equals, value = item.rpartition("=")
    if not equals or not meaning.strip() or not value.strip():
        message = f"--class is {item!r}, expected MEANING=VALUE"
        raise ConfigurationError(message, hint="for example: --class nominal=0 --class anomaly=1")
    return value.strip(), meaning.strip()


def _value(given: str, values: Sequence[str] | Mapping[str, str]) -> str:
    """The value that `given` means: the same text, or else the same number."""
    number = _as_number(given)
    if given not in values and number is not None:
        return next((value for value in values if _as_number(value) == number), given)
    return given


def _needs(
    request: CsvRequest, classes: Mapping[str, str], values: Sequence[str], *, counts: Mapping[str, int]
) -> list[Need]:
    unknown = [value for value in values if value not in classes]
    needs = []
    if unknown:
        seen = listed([f"{value} ({counts[value]} rows)" for value in unknown], _MOST_VALUES)
        options = " ".join(word("--class", f"MEANING={value}") for value in unknown[:_MOST_VALUES])
        needs.append(Need(f"the meaning of label {seen}", options))
    elif len(classes) < 2:  # noqa: PLR2004  # a classifier needs two classes to tell apart
        needs.append(Need("the meaning of the other class, which does not occur", "--class MEANING=VALUE"))
    if request.positive is None:
        needs.append(Need("which class is the positive one", "--positive VALUE"))
    return needs


def count_values(codes: Sequence[NDArray[np.int32]], values: Sequence[str], path: Path) -> dict[str, int]:
    """How many rows have each value; raises where not one row has any."""
    counts = sum(np.bincount(part[part >= 0], minlength=len(values)) for part in codes)
    if not values:
        raise ConfigurationError(f"{path}: every cell of the label column is missing", hint="choose another --label")
    return dict(zip(values, np.asarray(counts).tolist(), strict=True))
