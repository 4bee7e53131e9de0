"""junit.xml: a test suite per run, a test case per verdict, so that a CI service is as red as the exit status says.

The elements and their order are those that Jenkins' xUnit plugin describes (junit-10.xsd), which GitLab, GitHub
actions and others read too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from bench.report.figures import quantity
from bench.report.summary import Summary, summarise
from bench.run_folder import JudgedRun
from bench.trace import encode_number
from bench.verdict import PASS, UNMEASURED, Verdict

_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 does not allow, not even escaped (section 2.2)."""
_MOST_CHARACTERS: Final = 2000


def junit_xml(run: JudgedRun) -> str:
    """The file's text."""
    summary = summarise(run)
    judged = [verdict for verdict in run.verdicts if verdict.outcome is not None]
    cases = [_case(verdict, summary, name) for verdict, name in zip(judged, _names(judged), strict=True)]
    kinds = [_kind(verdict) for verdict in judged]
    counts = {
        "tests": str(len(judged)),
        "failures": str(kinds.count("failure")),
        "errors": str(kinds.count("error")),
        "skipped": str(kinds.count("skipped")),
        "time": f"{summary.seconds:.3f}",
    }
    suite_name = f"{summary.started.scenario} on {summary.started.target}"
    suite = {"name": suite_name, **counts, "timestamp": _timestamp(summary.started.started)}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites{_attributes({'name': 'hil-bench', **counts})}>",
        f"<testsuite{_attributes({key: value for key, value in suite.items() if value})}>",
        "<properties>",
        *(f"<property{_attributes({'name': name, 'value': value})}/>" for name, value in _properties(run, summary)),
        "</properties>",
        *cases,
        f"<system-out>{_text(_said(summary))}</system-out>",
        "</testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _kind(verdict: Verdict) -> str | None:
    """The element that says that a case did not pass: what does not decide the exit status is skipped."""
    if verdict.outcome == PASS:
        return None
    if not verdict.required:
        return "skipped"
    return "error" if verdict.outcome == UNMEASURED else "failure"


def _case(verdict: Verdict, summary: Summary, name: str) -> str:
    started = summary.started
    case = _attributes({"classname": f"{started.scenario}.{started.target}", "name": name, "time": "0"})
    kind = _kind(verdict)
    content = "".join(
        f"<property{_attributes({'name': 'requirement', 'value': name})}/>" for name in verdict.requirements
    )
    content = f"<properties>{content}</properties>" if content else ""
    if kind is not None:
        message = _message(verdict)
        attributes = {"message": message} if kind == "skipped" else {"message": message, "type": str(verdict.outcome)}
        content += f"<{kind}{_attributes(attributes)}/>"
    return f"<testcase{case}>{content}</testcase>" if content else f"<testcase{case}/>"


def _message(verdict: Verdict) -> str:
    required = "" if verdict.required else ", not required"
    limit = f", limit {verdict.limit}" if verdict.limit else ""
    figure = quantity(verdict.value, verdict.said_unit) if verdict.value is not None else "no figure"
    reason = f"; {verdict.because}" if verdict.because else ""
    return f"{verdict.outcome}{required}: {figure}{limit}{reason}"


def _names(judged: Sequence[Verdict]) -> Iterator[str]:
    """The measure; where several limits are on it, each with its own, and a number if even these are alike."""
    names = [verdict.name for verdict in judged]
    seen: dict[str, int] = {}
    for verdict in judged:
        name = verdict.name if names.count(verdict.name) == 1 else f"{verdict.name} {verdict.limit or ''}".strip()
        seen[name] = seen.get(name, 0) + 1
        yield name if seen[name] == 1 else f"{name} ({seen[name]})"


def _properties(run: JudgedRun, summary: Summary) -> Iterator[tuple[str, str]]:
    """The environment, how it ended, and every measured value by its name."""
    for name, value in summary.environment.items():
        yield name, value
    yield "ended", summary.ended
    yield "exit status", str(summary.status)
    if summary.partial:
        yield "partial run", summary.partial
    for name in summary.requirements:
        yield "requirement", name
    for name, measured in _measured(run.verdicts).items():
        yield f"measure.{name}", measured


def _measured(verdicts: Sequence[Verdict]) -> Mapping[str, str]:
    """Each measure once, however many limits are on it; numbers as they are, with their units behind them."""
    return {
        verdict.name: f"{encode_number(verdict.value)} {'' if verdict.unit == '1' else verdict.unit}".strip()
        for verdict in verdicts
        if verdict.value is not None
    }


def _said(summary: Summary) -> str:
    counts = ", ".join(f"{number} {outcome}" for outcome, number in summary.counts.items())
    why = f" ({summary.reason})" if summary.reason else ""
    partial = f"; partial run, {summary.partial}" if summary.partial else ""
    return f"{summary.title}: {summary.outcome}, {summary.ended}{why}; {counts}{partial}; all of it: report.html"


def _timestamp(started: str) -> str:
    """In UTC and without a zone, as the schema wants it; empty where the run does not tell."""
    try:
        return datetime.fromisoformat(started).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError):
        return ""


def _attributes(values: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(_allowed(value))}" for name, value in values.items())


def _text(text: str) -> str:
    return escape(_allowed(text))


def _allowed(text: str) -> str:
    return _NOT_XML.sub("", text[:_MOST_CHARACTERS])
