"""A strict reader of TOML tables: every key is known, present where it must be, and of the declared type.

Every error names the file, the dotted key, the value seen and what was expected. A key that nobody took is an
error when `finish` is called, with the nearest known key as the hint.
"""

import datetime as dt
import difflib
import math
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar, overload

from bench.errors import BenchError

T = TypeVar("T")
D = TypeVar("D")
N = TypeVar("N", int, float)
INFINITY: Final = float("inf")


class _Required:
    """The default of a key that has none."""


REQUIRED: Final = _Required()

_TOML_NAMES: Final[Mapping[type, str]] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    float: "a finite number",
    dict: "a table",
    list: "an array",
    dt.date: "a date without quotes, such as 2026-12-01",
}


def nearest_hint(word: str, known: Iterable[str]) -> str:
    """'did you mean ...?' with the closest known word, or the list of known words when none is close."""
    names = sorted(set(known))
    close = difflib.get_close_matches(word, names, n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"known: {', '.join(names)}" if names else "nothing is known here"


def nearest_or(word: str, known: Iterable[str], otherwise: str) -> str:
    """nearest_hint, and another way as a sentence of its own."""
    hint = nearest_hint(word, known)
    return f"{hint}{'' if hint.endswith('?') else '.'} {otherwise}"


def nearest_path(path: Path) -> str:
    """'did you mean ...?' with what lies beside `path` under nearly its name; empty where nothing does."""
    try:
        beside = [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return ""
    close = difflib.get_close_matches(path.name, beside, n=1)
    return f"did you mean {path.parent / close[0]}?" if close else ""


def read_toml(path: Path, *, error: type[BenchError]) -> "StrictTable":
    """The root table of the TOML file at `path`; raises `error` if it is unreadable or not TOML."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        message = f"{path}: no such file"
        raise error(message, hint=nearest_path(path) or "check the path") from cause
    except OSError as cause:
        message = f"{path}: cannot be read: {cause.strerror}"
        raise error(message, hint="check the path and its permissions") from cause
    except UnicodeDecodeError as cause:
        message = f"{path}: not UTF-8 text (byte {cause.start})"
        raise error(message, hint="save the file as UTF-8") from cause
    except tomllib.TOMLDecodeError as cause:
        message = f"{path}: not valid TOML: {cause}"
        raise error(message, hint="correct the line that the message names") from cause
    return StrictTable(values, path, error=error)


def _range_text(low: float, high: float) -> str:
    """What a number must be, as a person says it, and TOML writes it."""
    if high == INFINITY:
        return "a value greater than 0" if low == math.ulp(0.0) else f"a value of at least {_number_text(low)}"
    if low == -INFINITY:
        return f"a value of at most {_number_text(high)}"
    if low == math.ulp(0.0):
        return f"a value greater than 0 and of at most {_number_text(high)}"
    return f"a value in [{_number_text(low)}, {_number_text(high)}]"


def _number_text(number: float) -> str:
    return f"{number:_}" if isinstance(number, int) else f"{number:g}"


@dataclass
class StrictTable:
    """One TOML table being read. Take every known key, then call `finish` on the root table."""

    values: Mapping[str, object]
    path: Path
    error: type[BenchError] = field(kw_only=True)
    at: str = field(default="", kw_only=True)
    _known: set[str] = field(default_factory=set, init=False, repr=False)
    _children: list["StrictTable"] = field(default_factory=list, init=False, repr=False)

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def dotted(self, key: str) -> str:
        return f"{self.at}.{key}" if self.at else key

    def problem(self, key: str, what: str, *, hint: str = "") -> BenchError:
        """The error to raise for `key`: `<file>: <dotted key>: <what>`."""
        return self.error(f"{self.path}: {self.dotted(key)}: {what}", hint=hint)

    @overload
    def take(self, key: str, kind: type[T], *, choices: Collection[T] = ()) -> T: ...
    @overload
    def take(self, key: str, kind: type[T], default: D, *, choices: Collection[T] = ()) -> T | D: ...
    def take(self, key: str, kind: type[T], default: object = REQUIRED, *, choices: Collection[T] = ()) -> object:
        """The value of `key`. `kind` is str, bool, int or float (an integer is accepted where a float is due)."""
        self._known.add(key)
        if key not in self.values:
            return self._missing(key, default)
        value = self._typed(key, self.values[key], kind)
        if choices and value not in choices:
            expected = ", ".join(repr(choice) for choice in choices)
            raise self.problem(key, f"is {value!r}, expected one of {expected}", hint=self._choice_hint(value, choices))
        return value

    @overload
    def take_number(self, key: str, kind: type[N], *, low: float = -INFINITY, high: float = INFINITY) -> N: ...
    @overload
    def take_number(
        self, key: str, kind: type[N], default: D, *, low: float = -INFINITY, high: float = INFINITY
    ) -> N | D: ...
    def take_number(
        self, key: str, kind: type[N], default: object = REQUIRED, *, low: float = -INFINITY, high: float = INFINITY
    ) -> object:
        """As `take`, for an int or float that must lie in [low, high]."""
        value = self.take(key, kind, default)
        if key in self.values and not low <= self._typed(key, value, kind) <= high:
            expected = _range_text(low, high)
            raise self.problem(key, f"is {value!r}, expected {expected}", hint=f"give {self.dotted(key)} {expected}")
        return value

    @overload
    def take_list(self, key: str, kind: type[T]) -> tuple[T, ...]: ...
    @overload
    def take_list(self, key: str, kind: type[T], default: D) -> tuple[T, ...] | D: ...
    def take_list(self, key: str, kind: type[T], default: object = REQUIRED) -> object:
        """An array whose items are all of `kind`, as a tuple."""
        self._known.add(key)
        if key not in self.values:
            return self._missing(key, default)
        items = self._typed(key, self.values[key], list)
        return tuple(self._typed(f"{key}[{index}]", item, kind) for index, item in enumerate(items))

    def take_table(self, key: str, *, optional: bool = False) -> "StrictTable":
        """The table at `key`; an absent optional table is an empty one."""
        self._known.add(key)
        if key not in self.values:
            self._missing(key, {} if optional else REQUIRED)
            return self._child({}, key)
        return self._child(self._typed(key, self.values[key], dict), key)

    def take_tables(self, key: str, *, optional: bool = False) -> tuple["StrictTable", ...]:
        """The array of tables `[[key]]`; `optional` allows none."""
        self._known.add(key)
        if key not in self.values:
            self._missing(key, [] if optional else REQUIRED)
            return ()
        items = self._typed(key, self.values[key], list)
        return tuple(
            self._child(self._typed(f"{key}[{index}]", item, dict), f"{key}[{index}]")
            for index, item in enumerate(items)
        )

    def rest(self) -> tuple[str, ...]:
        """The keys not taken yet, for tables whose keys are free (names, labels); they stay to be taken."""
        return tuple(key for key in self.values if key not in self._known)

    def check_near(self, key: str) -> None:
        """Raise on an unknown key that is nearly `key`, where the lack of `key` is about to be told.

        Those that are taken later are none of them: call it where nothing that is still to be taken is near.
        """
        for near in difflib.get_close_matches(key, self.rest(), n=1):
            raise self.problem(near, "unknown key", hint=f"did you mean {key!r}?")

    def finish(self) -> None:
        """Raise on the first key of this table or of a table taken from it that nobody took."""
        for key in self.rest():
            raise self.problem(key, "unknown key", hint=nearest_hint(key, self._known))
        for child in self._children:
            child.finish()

    def _child(self, values: Mapping[str, object], key: str) -> "StrictTable":
        child = StrictTable(values, self.path, error=self.error, at=self.dotted(key))
        self._children.append(child)
        return child

    def _missing(self, key: str, default: object) -> object:
        if not isinstance(default, _Required):
            return default
        close = difflib.get_close_matches(key, self.rest(), n=1)
        hint = f"did you write {close[0]!r} for {key!r}?" if close else f"add {self.dotted(key)}"
        raise self.problem(key, "missing", hint=hint)

    def _typed(self, key: str, value: object, kind: type[T]) -> T:
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        wrong_bool = isinstance(value, bool) and kind is not bool
        unfit_float = isinstance(value, float) and not -INFINITY < value < INFINITY
        if wrong_bool or unfit_float or not isinstance(value, kind):
            expected = _TOML_NAMES.get(kind, kind.__name__)
            raise self.problem(key, f"is {value!r}, expected {expected}", hint=f"give {self.dotted(key)} {expected}")
        return value

    @staticmethod
    def _choice_hint(value: object, choices: Collection[object]) -> str:
        return nearest_hint(str(value), (str(choice) for choice in choices))
