"""The top of the page: what came out, of what, when and where."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from bench.report.markup import Html, join, tag
from bench.report.summary import KILLED, Summary
from bench.verdict import PASS

SIGNS: Final = {"PASS": "\N{CHECK MARK}", "FAIL": "\N{MULTIPLICATION X}", "UNMEASURED": "?"}
"""Beside the word, so that colour is not the only difference."""
_ENDS: Final = {
    "aborted": "The run was aborted",
    "target_failed": "The target failed",
    KILLED: "The run was cut off",
}


def headline(summary: Summary) -> Html:
    """Outcome, counts and the loud notes."""
    started = summary.started
    where = f"{summary.rows:,} of {started.rows:,} rows of {started.recording} on {summary.place}"
    when = f"{_when(started.started)}, {summary.seconds:,.1f} s on the host's clock, {started.mode} mode"
    return tag(
        "header",
        tag("p", badge(summary.outcome), f" {started.scenario} on {started.target}", class_="kind"),
        tag("h1", summary.title),
        tag("p", where),
        tag("p", when),
        *([tag("p", f"Link faults: {summary.link_faults}")] if summary.link_faults else []),
        *_requirements(summary),
        join(_notes(summary)),
        tag("dl", *_counts(summary), class_="tiles"),
        class_=f"top {summary.outcome.lower()}",
    )


def _requirements(summary: Summary) -> Iterator[Html]:
    """Those of the scenario; those of a limit stand beside its verdict."""
    if summary.requirements:
        shown = "shown, as every required verdict is PASS" if summary.outcome == PASS else "not shown"
        part = " by a part of it" if summary.partial and summary.outcome == PASS else ""
        yield tag("p", f"Requirements of the scenario: {', '.join(summary.requirements)} ({shown}{part})")


def badge(outcome: str) -> Html:
    """An outcome as a coloured word."""
    sign = tag("span", SIGNS.get(outcome, ""), aria_hidden="true")
    return tag("span", sign, f" {outcome}", class_=f"badge {outcome.lower()}")


def _notes(summary: Summary) -> Iterator[Html]:
    if summary.ended != "completed":
        what = _ENDS.get(summary.ended, f"The run ended as {summary.ended}")
        why = f": {summary.reason}" if summary.reason else "."
        yield tag("p", tag("strong", what), why, class_="note bad")
    if summary.partial:
        text = f": {summary.partial}. Limits that only the whole can be held to are not applied."
        yield tag("p", tag("strong", "Partial run"), text, class_="note")


def _counts(summary: Summary) -> Iterator[Html]:
    for outcome, number in summary.counts.items():
        yield tag("div", tag("dt", outcome), tag("dd", f"{number:,}"), class_=outcome.lower() if number else "none")
    yield tag("div", tag("dt", "exit status"), tag("dd", str(summary.status)))
    yield tag("div", tag("dt", "rows"), tag("dd", f"{summary.rows:,}"))


def _when(started: str) -> str:
    try:
        return f"{datetime.fromisoformat(started):%Y-%m-%d %H:%M:%S %z}".rstrip()
    except ValueError:
        return "At a time that it does not tell"
