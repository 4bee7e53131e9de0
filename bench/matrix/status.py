"""What evidence is worth, and what follows for a requirement."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bench.matrix.evidence import Evidence
from bench.requirements import CLOSED_BY_HAND, Requirement, RequirementsFile
from bench.verdict import FAIL, PASS, UNMEASURED

STATUSES: Final[Mapping[str, str]] = {
    "failed": "a test does not pass",
    "flaky": "a test passed and failed with the same build",
    "unmeasured": "a test could not tell, or only a part of it was run",
    "stale": "a test passed with another build than the newest, or nobody knows with which",
    "open": "there is no evidence, or a method is not closed by hand",
    "unknown": "evidence names a requirement that the file does not have",
    "verified": "every test passed with the newest build, and every other method is closed",
}
"""Worst first."""
EXIT_VERIFIED: Final = 0
EXIT_FAILED: Final = 1
EXIT_OPEN: Final = 3


@dataclass(frozen=True)
class Line:
    """The latest outcome of a test on a target."""

    evidence: Evidence
    status: str
    """verified, failed, flaky, unmeasured or stale."""


@dataclass(frozen=True)
class Row:
    """A requirement with its evidence."""

    requirement: Requirement
    lines: tuple[Line, ...]
    status: str
    because: str = ""


def make_matrix(evidence: Sequence[Evidence], file: RequirementsFile | None = None) -> tuple[Row, ...]:
    """A row for each requirement of the file in its order, then for those that evidence alone names."""
    newest = _newest_builds(evidence)
    named = list(dict.fromkeys(one.requirement for one in evidence if one.requirement))
    unknown = file.unknown(named) if file is not None else {}
    listed = list(file.requirements) if file is not None else []
    listed += [Requirement(one) for one in sorted(named) if file is None or one in unknown]
    rows = []
    for requirement in listed:
        lines = tuple(_lines([one for one in evidence if one.requirement == requirement.id], newest))
        status, because = _status(requirement, lines)
        if requirement.id in unknown:
            status = "failed" if status == "failed" else "unknown"
            because = f"not in {file.path.name if file else ''}; {unknown[requirement.id]}"
        rows.append(Row(requirement, lines, status, because))
    return tuple(rows)


def matrix_exit_status(rows: Sequence[Row]) -> int:
    """0: all verified; 1: one has failed or is flaky; 3: another one is not verified, or there is none at all."""
    statuses = {row.status for row in rows}
    if statuses & {"failed", "flaky"}:
        return EXIT_FAILED
    return EXIT_VERIFIED if statuses == {"verified"} else EXIT_OPEN


def _newest_builds(evidence: Sequence[Evidence]) -> dict[str, str]:
    """The build that was run last, by target."""
    return {one.target: one.build for one in _ordered(evidence) if one.build}


def _ordered(evidence: Sequence[Evidence]) -> list[Evidence]:
    return sorted(evidence, key=lambda one: _moment(one.when))


def _moment(text: str) -> float:
    """Seconds; what tells no time is the oldest."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return float("-inf")


def _lines(evidence: Sequence[Evidence], newest: Mapping[str, str]) -> Iterator[Line]:
    tests: dict[tuple[str, str, str], list[Evidence]] = {}
    for one in _ordered(evidence):
        tests.setdefault((one.test, one.target, one.partial), []).append(one)
    for alike in tests.values():
        last = alike[-1]
        same = {one.outcome for one in alike if (one.build_id, one.revision) == (last.build_id, last.revision)}
        if last.outcome == FAIL:
            status = "failed"
        elif {PASS, FAIL} <= same:
            status = "flaky"
        elif last.outcome == UNMEASURED or last.partial:
            status = "unmeasured"
        else:
            status = "verified" if last.build and last.build == newest.get(last.target) else "stale"
        yield Line(last, status)


def _status(requirement: Requirement, lines: Sequence[Line]) -> tuple[str, str]:
    found = [line.status for line in lines if not (line.evidence.partial and line.status == "unmeasured")]
    partial = len(found) < len(lines)
    worst = next((status for status in STATUSES if status in found), None)
    if worst not in {None, "verified"}:
        return str(worst), STATUSES[str(worst)]
    if "test" in requirement.methods and worst is None:
        return ("unmeasured", "only a part of its scenario was run") if partial else ("open", "no evidence")
    by_hand = [method for method in requirement.methods if method in CLOSED_BY_HAND]
    if by_hand and requirement.closure is None:
        return "open", f"not closed by {' and '.join(by_hand)}"
    return "verified", ""
