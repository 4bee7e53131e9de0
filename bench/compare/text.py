"""A comparison in words: for a terminal, for Markdown, for programs."""

import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

from bench.compare.comparison import Comparison, Finding, SizeChange
from bench.printed import printable
from bench.trace import encode_number

_MOST: Final = 20
"""Findings of a kind, and symbols, that are named; the rest is counted or summed."""
_SYMBOLS: Final = 10


def comparison_text(comparison: Comparison) -> str:
    """Lines for a terminal."""
    return "".join(f"{printable(line)}\n" for line in _lines(comparison))


def _lines(comparison: Comparison) -> Iterator[str]:
    yield f"{comparison.scenario} on {comparison.target}"
    yield f"before: {_side_text(comparison.before.runs, comparison.before.builds)}"
    yield f"after:  {_side_text(comparison.after.runs, comparison.after.builds)}"
    if set(comparison.before.runs) & set(comparison.after.runs):
        yield "note: a run stands on both sides"
    yield from (f"note: {note}" for note in comparison.notes)
    for kind in ("verdict", "model", "operation", "figure", "varying"):
        found = [finding for finding in comparison.findings if finding.kind == kind]
        yield from map(sentence, found[:_MOST])
        if len(found) > _MOST:
            yield f"and {len(found) - _MOST} more of this kind"
    yield from _size_lines(comparison)
    told = sum(finding.kind == "figure" for finding in comparison.findings)
    because = f", {comparison.following} of them because of the operations above" if comparison.following else ""
    different = told + comparison.following
    yield f"{comparison.compared} figures that must not vary were compared: {different} differ{because}"
    if comparison.tested:
        moved = sum(finding.kind == "varying" for finding in comparison.findings)
        yield f"{len(comparison.tested)} figures that vary were tested: {moved} moved"
    elif not comparison.untested:
        yield "figures that vary were not tested: that needs several runs of each"
    yield from (f"UNMEASURED {line}" for line in comparison.untested)


def sentence(finding: Finding) -> str:
    """`worse: train of arow_3D: 340,000 -> 340,001 instructions, ...`."""
    return f"{finding.change}: {finding.what}: {finding.text}"


def _side_text(runs: Sequence[str], builds: Sequence[str]) -> str:
    named = ", ".join(build[:8] or "none" for build in builds)
    return f"{len(runs)} run{'' if len(runs) == 1 else 's'} ({', '.join(run[:8] for run in runs[-4:])}), build {named}"


def _size_lines(comparison: Comparison) -> Iterator[str]:
    for section in comparison.sections:
        yield f"section {size_text(section)}"
    shown, rest = comparison.symbols[:_SYMBOLS], comparison.symbols[_SYMBOLS:]
    for symbol in shown:
        yield f"  symbol {size_text(symbol)}"
    if rest:
        yield f"  and {len(rest)} more symbols, {sum(symbol.grown for symbol in rest):+,} bytes together"


def size_text(change: SizeChange) -> str:
    if not change.before or not change.after:
        came = "came" if change.after else "went"
        return f"{change.name}: {came}, {change.grown:+,} bytes"
    return f"{change.name}: {change.before:,} -> {change.after:,} bytes, {change.grown:+,}"


def comparison_markdown(comparison: Comparison) -> str:
    """A list for a CI page; what is in it may come from a stranger."""
    head, *rest = _lines(comparison)
    items = "".join(f"- {_escaped(line.strip())}\n" for line in rest)
    return f"### {_escaped(head)}\n\n{items}"


def _escaped(text: str) -> str:
    plain = html.escape(printable(text).replace("\n", " "), quote=False)
    return "".join(f"\\{letter}" if letter in "\\`*_[]|#" else letter for letter in plain)


def comparison_json(comparisons: Sequence[Comparison]) -> str:
    """For programs: everything, numbers that are not finite as the strings NaN, Infinity and -Infinity."""
    documents = [asdict(comparison) | {"status": comparison.status} for comparison in comparisons]
    return json.dumps({"version": 1, "comparisons": _plain(documents)}, indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever JSON has
    if isinstance(value, float):
        return encode_number(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
