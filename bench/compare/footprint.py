"""Sections and symbols that grew, shrank, came or went."""

from collections.abc import Mapping

from bench.compare.comparison import SizeChange
from bench.facts import RunFacts


def section_changes(before: RunFacts, after: RunFacts) -> tuple[SizeChange, ...]:
    """Sections of another size, in the order of the newer image."""
    return _changes(before.sections, after.sections) if before.sections and after.sections else ()


def symbol_changes(before: RunFacts, after: RunFacts) -> tuple[SizeChange, ...]:
    """`SECTION NAME` of another size, largest change first."""
    if not before.symbols or not after.symbols:
        return ()
    return tuple(sorted(_changes(_flat(before), _flat(after)), key=lambda change: (-abs(change.grown), change.name)))


def _flat(facts: RunFacts) -> dict[str, int]:
    return {f"{section} {name}": size for section, members in facts.symbols.items() for name, size in members.items()}


def _changes(old: Mapping[str, int], new: Mapping[str, int]) -> tuple[SizeChange, ...]:
    names = dict.fromkeys([*new, *old])
    pairs = (SizeChange(name, old.get(name, 0), new.get(name, 0)) for name in names)
    return tuple(pair for pair in pairs if pair.grown)
