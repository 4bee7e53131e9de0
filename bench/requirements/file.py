"""requirements.toml: what must be shown, and how. Verification methods are those of ECSS-E-ST-10-02C."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from bench.errors import ConfigurationError
from bench.requirements.identifiers import ID_RULE, is_identifier
from bench.strict import StrictTable, nearest_hint, read_toml

METHODS: Final = ("test", "analysis", "review of design", "inspection")
"""ECSS-E-ST-10-02C, clause 5.2.2."""
CLOSED_BY_HAND: Final = tuple(method for method in METHODS if method != "test")
_CHECK: Final = 0.5


@dataclass(frozen=True)
class Closure:
    """Somebody looked at evidence that no run gives, and says that it shows the requirement."""

    evidence: str
    """A document, with issue and section."""
    by: str
    on: date


@dataclass(frozen=True)
class Requirement:
    id: str
    text: str = ""
    methods: tuple[str, ...] = ("test",)
    level: str = ""
    """Of the product tree: system, element, subsystem, equipment, software ..."""
    stage: str = ""
    """qualification, acceptance, pre-launch, in-orbit, post-landing, or a review."""
    source: str = ""
    """Document that it is from."""
    parent: tuple[str, ...] = ()
    """Requirements that it was derived from; they need not be in the file."""
    procedure: str = ""
    """Where the test is specified, if anywhere beside the test itself."""
    closure: Closure | None = None
    """For the methods that are no test."""


@dataclass(frozen=True)
class RequirementsFile:
    path: Path
    title: str
    requirements: tuple[Requirement, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.requirements)

    def unknown(self, ids: Iterable[str]) -> dict[str, str]:
        """Those that the file does not have, each with a hint."""
        return {one: nearest_hint(one, self.ids) for one in dict.fromkeys(ids) if one not in self.ids}


def load_requirements(path: Path) -> RequirementsFile:
    """Read the file; raises ConfigurationError."""
    root = read_toml(path, error=ConfigurationError)
    title = root.take("title", str, "")
    tables = root.take_tables("requirement")
    found = tuple(map(_requirement, tables))
    root.finish()
    seen: set[str] = set()
    for one, table in zip(found, tables, strict=True):
        if one.id in seen:
            raise table.problem("id", f"a second requirement is {one.id!r}", hint="give every requirement its own")
        seen.add(one.id)
    return RequirementsFile(path, title, found)


def _requirement(table: StrictTable) -> Requirement:
    given = table.take("id", str)
    if not is_identifier(given):
        raise table.problem("id", f"is {given!r}, expected {ID_RULE}", hint="write it as PL-TIM-010")
    text = table.take("text", str)
    if not text.strip():
        raise table.problem("text", "is empty", hint="say what must hold")
    methods = _methods(table)
    return Requirement(
        id=given,
        text=text,
        methods=methods,
        level=table.take("level", str, ""),
        stage=table.take("stage", str, ""),
        source=table.take("source", str, ""),
        parent=table.take_list("parent", str, ()),
        procedure=table.take("procedure", str, ""),
        closure=_closure(table, methods),
    )


def _methods(table: StrictTable) -> tuple[str, ...]:
    methods = table.take_list("methods", str, ("test",))
    if not methods:
        raise table.problem("methods", "is empty", hint=f"choose among: {', '.join(METHODS)}")
    for index, method in enumerate(methods):
        if method not in METHODS:
            close = difflib.get_close_matches(method.lower(), METHODS, n=1, cutoff=_CHECK)
            hint = f"did you mean {close[0]!r}?" if close else f"choose among: {', '.join(METHODS)}"
            raise table.problem(f"methods[{index}]", f"is {method!r}, which is no verification method", hint=hint)
    return methods


def _closure(table: StrictTable, methods: tuple[str, ...]) -> Closure | None:
    if "closed" not in table:
        table.take("closed", str, None)  # known, so that a misspelt key finds the nearest
        return None
    if not set(methods) & set(CLOSED_BY_HAND):
        hint = f"leave it out, or name another method: {', '.join(CLOSED_BY_HAND)}"
        raise table.problem("closed", "stands where the only method is test, which runs close", hint=hint)
    closed = table.take_table("closed")
    evidence, by = closed.take("evidence", str), closed.take("by", str)
    for key, value in (("evidence", evidence), ("by", by)):
        if not value.strip():
            raise closed.problem(key, "is empty", hint="name the document and who has looked at it")
    on = closed.take("on", date)
    return Closure(evidence, by, on)
