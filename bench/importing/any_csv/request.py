"""What the person who imports a table says about it, and what is still to be said."""

import math
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal

from bench.errors import ConfigurationError
from bench.strict import nearest_hint
from bench.telemetry import SampleFormat
from bench.telemetry.header import is_plain_name

RowPolicy = Literal["refuse", "drop", "keep"]
GapPolicy = Literal["refuse", "segment", "keep"]
DecimalMark = Literal["point", "comma"]
_MOST_COLUMNS: Final = 24
"""As many columns of a table are named in a hint; a hundred alike ones would hide the others."""


@dataclass(frozen=True)
class CsvRequest:
    """The options of `bench import csv`, as given; docs/recordings.md says what each means."""

    path: Path
    features: tuple[str, ...] = ()
    """Columns, or patterns of columns, in the order in which they are streamed."""
    units: tuple[str, ...] = ()
    unit: tuple[str, ...] = ()
    """NAME=UNIT; NAME may be a pattern."""
    ranges: tuple[str, ...] = ()
    """NAME=LOW:HIGH or NAME=observed; NAME may be a pattern."""
    label: str | None = None
    label_rule: str | None = None
    no_label: bool = False
    classes: tuple[str, ...] = ()
    """MEANING=VALUE, VALUE as it stands in the label column, or true and false of the label rule."""
    positive: str | None = None
    period_s: float | None = None
    time: str | None = None
    time_unit: str | None = None
    gaps: GapPolicy = "refuse"
    gap_s: float | None = None
    missing: RowPolicy = "refuse"
    outside: RowPolicy = "refuse"
    evaluation: Path | None = None
    hold_out: int = 0
    delimiter: str | None = None
    decimal: DecimalMark = "point"
    name: str | None = None
    title: str | None = None
    licence: str | None = None
    samples: SampleFormat = "npz"


@dataclass(frozen=True)
class Need:
    """Something that the table cannot say, and the option that says it."""

    what: str
    option: str


def check_needs(path: Path, needs: Sequence[Need]) -> None:
    """Raise one ConfigurationError that names everything still to be said."""
    if needs:
        message = f"{path} does not say: {'; '.join(need.what for need in needs)}"
        raise ConfigurationError(message, hint=f"add {' '.join(need.option for need in needs)}")


def check_options(request: CsvRequest) -> None:
    """Raise ConfigurationError for options that say nothing without another, or against it."""
    if request.time_unit is not None and request.time is None:
        raise ConfigurationError(
            "--time-unit stands without --time", hint="add --time COLUMN, or leave --time-unit out"
        )
    if request.no_label and (request.classes or request.positive is not None):
        given = "--class" if request.classes else "--positive"
        raise ConfigurationError(f"{given} stands beside --no-label", hint="leave one of them out")
    if request.name is not None and not is_plain_name(request.name):
        message = f"--name is {request.name!r}, expected letters, digits, '.', '_' and '-'"
        raise ConfigurationError(message, hint="give another --name")


def word(option: str, text: str) -> str:
    """An option and its value as they are typed into a shell."""
    return f"{option} {shlex.quote(text)}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names for a message: a, b and c; a long list is cut."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def choose_features(
    given: Sequence[str], header: Sequence[str], path: Path, *, others: Sequence[tuple[str, str]] = ()
) -> tuple[str, ...]:
    """The columns that `given` names.

    Raises ConfigurationError for all words that fit no column, the names of `others` (option, name) among them, and
    for a column that is named twice.
    """
    words = _feature_words(given, header)
    unknown = [("--features", text) for text in words if not _fitting(text, header)]
    _check_columns([*unknown, *others], header, path)
    chosen = [name for text in words for name in _fitting(text, header)]
    for name in chosen:
        if chosen.count(name) > 1:
            raise ConfigurationError(f"--features names {name!r} twice", hint="name each column once")
    return tuple(chosen)


def _feature_words(given: Sequence[str], header: Sequence[str]) -> list[str]:
    """A column whose name holds a comma is named by an option of its own."""
    items = ([item] if item in header else item.split(",") for item in given)
    return [text.strip() for item in items for text in item]


def _fitting(text: str, header: Sequence[str]) -> list[str]:
    return [text] if text in header else [name for name in header if fnmatchcase(name, text)]


def _check_columns(named: Sequence[tuple[str, str]], header: Sequence[str], path: Path) -> None:
    """Raise one ConfigurationError for every column of `named`, (option, name), that is not in the header."""
    missing = [(option, name) for option, name in named if name not in header]
    if not missing:
        return
    close = [match for _, name in missing for match in get_close_matches(name, header, n=1)]
    hints = [f"did you mean {listed([repr(name) for name in dict.fromkeys(close)])}?"] if close else []
    hints.append(f"columns: {listed([repr(name) if ',' in name else name for name in header], _MOST_COLUMNS)}")
    if any(option == "--features" for option, _ in missing) and any("," in name for name in header):
        hints.append("(one whose name holds a comma needs a --features of its own)")
    names = listed([f"{name!r} ({option})" for option, name in missing])
    plural = "s" if len(missing) > 1 else ""
    raise ConfigurationError(f"{path} has no column{plural} {names}", hint=" ".join(hints))


def by_feature(option: str, given: Sequence[str], features: Sequence[str]) -> dict[str, str]:
    """Text by feature from NAME=TEXT; a name stands before a pattern, and an earlier pattern before a later one."""
    found: dict[str, str] = {}
    parsed = [_split(option, item) for item in given]
    for exact in (True, False):
        for name, text in parsed:
            fits = [each for each in features if (each == name if exact else fnmatchcase(each, name))]
            if not fits and not exact and name not in features:
                raise ConfigurationError(f"{option}: {name!r} fits no feature", hint=nearest_hint(name, features))
            for each in fits:
                found.setdefault(each, text)
    return found


def _split(option: str, item: str) -> tuple[str, str]:
    name, equals, text = item.rpartition("=")
    if not equals or not name or not text:
        raise ConfigurationError(
            f"{option} is {item!r}, expected NAME=...", hint=f"see: bench import csv --help, {option}"
        )
    return name, text


def choose_units(request: CsvRequest, features: Sequence[str]) -> tuple[dict[str, str], list[Need]]:
    if request.units and len(request.units) != len(features):
        message = f"--units names {len(request.units)} units, --features {len(features)} columns"
        raise ConfigurationError(message, hint="give one for each column, in the same order; 1 for a plain number")
    units = dict(zip(features, request.units, strict=False)) | by_feature("--unit", request.unit, features)
    return units, _needs("unit", "--unit", "UNIT", [name for name in features if name not in units])


def choose_ranges(
    request: CsvRequest, features: Sequence[str], seen: Mapping[str, tuple[float, float]]
) -> tuple[dict[str, tuple[float, float]], list[Need]]:
    """(low, high) by feature; `seen` holds the smallest and the largest finite reading of each."""
    given = by_feature("--range", request.ranges, features)
    ranges = {name: seen[name] if text == "observed" else _range(name, text) for name, text in given.items()}
    return ranges, _needs("range", "--range", "LOW:HIGH", [name for name in features if name not in ranges])


def _range(name: str, text: str) -> tuple[float, float]:
    low_text, colon, high_text = text.partition(":")
    try:
        low, high = float(low_text), float(high_text)
    except ValueError:
        low = high = math.nan
    if not colon or not math.isfinite(high - low) or low > high:
        message = f"--range of {name} is {text!r}, expected LOW:HIGH or observed"
        raise ConfigurationError(
            message, hint=f"two finite numbers, the lower first: {word('--range', f'{name}=0:1.5')}"
        )
    return low, high


def _needs(what: str, option: str, placeholder: str, names: Sequence[str], most: int = 3) -> list[Need]:
    if not names:
        return []
    words = [word(option, f"{name}={placeholder}") for name in names]
    plural = "s" if len(names) > 1 else ""
    return [
        Need(
            f"the {what}{plural} of {listed(names)}",
            " ".join(words if len(names) <= most else [word(option, f"*={placeholder}")]),
        )
    ]
