"""What a run, or a test, says about requirements."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.facts import RunFacts
from bench.measure import COMPLETED
from bench.verdict import FAIL, PASS, UNMEASURED, Verdict, exit_status

_OUTCOMES = {0: PASS, 1: FAIL, 3: UNMEASURED}


@dataclass(frozen=True)
class Evidence:
    """One outcome of one test on one target. `requirement` empty: it shows none, and only tells which build was run."""

    requirement: str
    test: str
    """Name of a scenario, or the id of a test."""
    target: str
    """Empty for a test without one."""
    outcome: str
    """PASS, FAIL or UNMEASURED."""
    because: str
    when: str
    """ISO 8601."""
    build_id: str
    revision: str
    report: str
    """Run folders."""
    partial: str = ""
    """What part of its scenario the run was; empty = all of it."""

    @property
    def build(self) -> str:
        """What must be the same for two outcomes to be of the same thing; without a payload the project's revision."""
        return self.build_id or self.revision


def evidence_of(run: RunFacts, *, report: str) -> tuple[Evidence, ...]:
    """One for each requirement of the scenario and of its limits; one without requirement where there are none.

    `report` says where the run folder is.
    """
    return tuple(
        Evidence(
            requirement,
            run.scenario,
            run.target,
            outcome,
            because,
            run.started,
            run.build_id,
            run.revision,
            report,
            run.partial,
        )
        for requirement, outcome, because in list(_outcomes(run)) or [("", UNMEASURED, "")]
    )


def _outcomes(run: RunFacts) -> Iterator[tuple[str, str, str]]:
    whole = next((one.outcome for one in run.figures if one.name == COMPLETED and one.outcome), None) == PASS
    for requirement in run.requirements:
        judged = [one for one in run.figures if one.outcome is not None and one.required]
        yield requirement, _OUTCOMES[exit_status(run.figures)], _reason(judged)
    named: dict[str, list[Verdict]] = {}
    for one in run.figures:
        for requirement in one.requirements:
            named.setdefault(requirement, []).append(one)
    for requirement, verdicts in named.items():
        counted = [one for one in verdicts if one.required or one.outcome != UNMEASURED] or verdicts
        outcome = _worst([one.outcome or UNMEASURED for one in counted])
        if outcome == PASS and not whole:
            yield requirement, UNMEASURED, "the run did not get to its end"
        else:
            yield requirement, outcome, _reason(counted)


def _worst(outcomes: Sequence[str]) -> str:
    return next((outcome for outcome in (FAIL, UNMEASURED) if outcome in outcomes), PASS)


def _reason(verdicts: Sequence[Verdict]) -> str:
    """The figures of a few, or what did not pass."""
    bad = [one for one in verdicts if one.outcome != PASS]
    shown = bad or list(verdicts)
    said = "; ".join(_said(one) for one in shown[:3])
    return said + (f"; {len(shown) - 3} more" if len(shown) > 3 else "")  # noqa: PLR2004  # as above


def _said(verdict: Verdict) -> str:
    value = "-" if verdict.value is None else f"{verdict.value:.6g}"
    unit = f" {verdict.said_unit}" if verdict.said_unit else ""
    cause = f" ({verdict.because})" if verdict.outcome != PASS and verdict.because else ""
    return f"{verdict.outcome or 'not judged'} {verdict.name} {value}{unit}, limit {verdict.limit}{cause}"
