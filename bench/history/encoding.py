"""RunFacts as documents that runs share, and the few bytes that are a run's own; and back.

Values are split: those that repeat are a document, the same for every run of a build, and those that vary are kept with
the run. `layout` says what each figure is called and which of the two it is in.
"""

import json
from collections.abc import Mapping
from typing import Any

from bench.facts import RunFacts
from bench.history.layout import Layout, pack_values, unpack_values
from bench.trace import decode_number, encode_number
from bench.verdict import FAIL, PASS, UNMEASURED, Verdict


def documents_of(facts: RunFacts) -> dict[str, bytes]:
    """The content of each shared document."""
    figures = facts.figures
    layout = {
        "names": [figure.name for figure in figures],
        "units": [figure.unit for figure in figures],
        "clocks": [figure.clock for figure in figures],
        "repeatable": [figure.repeatable for figure in figures],
        "required": [figure.required for figure in figures],
        "limits": [figure.limit for figure in figures],
        "reasons": [figure.limit_because for figure in figures],
        "requirements": [figure.requirements for figure in figures],
    }
    remarks = {
        "outcomes": [figure.outcome for figure in figures],
        "because": [figure.because for figure in figures],
        "intervals": {
            str(index): [encode_number(bound) for bound in figure.interval]
            for index, figure in enumerate(figures)
            if figure.interval is not None
        },
        "partial": next((figure.partial for figure in figures), ""),
    }
    subject = {
        "mode": facts.mode,
        "recording": facts.recording,
        "rows": facts.rows,
        "fingerprint": facts.fingerprint,
        "conditions": dict(facts.conditions),
        "requirements": list(facts.requirements),
    }
    return {
        "layout": _json(layout),
        "remarks": _json(remarks),
        "steady": pack_values([figure.value for figure in figures if figure.repeatable]),
        "subject": _json(subject),
        "firmware": _json({"sections": facts.sections, "symbols": facts.symbols}),
        "environment": _json({"versions": facts.versions, "command": facts.command}),
        "digests": _json({"models": facts.digests, "series": facts.series}),
    }


def outcome_counts(facts: RunFacts) -> dict[str, int]:
    """How many verdicts had which outcome, by column."""
    outcomes = [figure.outcome for figure in facts.figures]
    return {
        "passed": outcomes.count(PASS),
        "failed": outcomes.count(FAIL),
        "unmeasured": outcomes.count(UNMEASURED),
    }


def varying_values(facts: RunFacts) -> bytes:
    """Values of the figures that do not repeat."""
    return pack_values([figure.value for figure in facts.figures if not figure.repeatable])


def read_figures(layout: Layout, remarks: bytes, *, steady: bytes, varying: bytes) -> tuple[Verdict, ...]:
    """The verdicts, as they were added."""
    said = json.loads(remarks)
    values = {True: unpack_values(steady), False: unpack_values(varying)}
    figures = []
    for index, (repeats, place) in enumerate(layout.places()):
        interval = said["intervals"].get(str(index))
        figures.append(
            Verdict(
                name=layout.names[index],
                outcome=said["outcomes"][index],
                value=values[repeats][place],
                limit=layout.limits[index],
                unit=layout.units[index],
                clock=layout.clocks[index],
                required=layout.required[index],
                repeatable=repeats,
                because=said["because"][index],
                interval=(decode_number(interval[0]), decode_number(interval[1])) if interval else None,
                limit_because=layout.reasons[index],
                partial=said["partial"],
                requirements=tuple(layout.requirements[index]),
            )
        )
    return tuple(figures)


def facts_fields(documents: Mapping[str, bytes]) -> dict[str, Any]:
    """The fields of RunFacts that the documents hold, figures left out."""
    subject = json.loads(documents["subject"])
    firmware = json.loads(documents["firmware"])
    environment = json.loads(documents["environment"])
    digests = json.loads(documents["digests"])
    return {
        **{name: subject[name] for name in ("mode", "recording", "rows", "fingerprint", "conditions")},
        "requirements": tuple(subject["requirements"]),
        "sections": firmware["sections"],
        "symbols": firmware["symbols"],
        "versions": environment["versions"],
        "command": tuple(environment["command"]),
        "digests": digests["models"],
        "series": digests["series"],
    }


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), default=dict).encode(errors="replace")
