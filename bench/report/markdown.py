"""summary.md: what a CI service shows of a run on its page."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final

from bench.printed import printable
from bench.report.figures import margin_text, quantity
from bench.report.margins import margin_of
from bench.report.summary import Summary, reasons_of, sorted_verdicts, summarise
from bench.run_folder import JudgedRun
from bench.verdict import FAIL, PASS, UNMEASURED, Verdict

MOST_ROWS: Final = 100
"""Of each table: a step summary of GitHub's holds 1 MiB."""
_MOST_CHARACTERS: Final = 300
_NAMED: Final = 4
"""Of measures that share a row."""
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~&@:])")
_SIGNS: Final = {"PASS": "\N{WHITE HEAVY CHECK MARK}", "FAIL": "\N{CROSS MARK}", "UNMEASURED": "\N{WARNING SIGN}"}
_KEY_FIGURES: Final = (
    "run.rows",
    "timing.train.p99",
    "timing.train.max",
    "time.row_s.max",
    "margin.*",
    "memory.stack_peak_bytes",
    "memory.arena_used_bytes",
    "memory.data_used_bytes",
    "memory.ram_static_bytes",
    "accuracy.evaluation.*.balanced_accuracy",
    "parity.plain",
    "parity.reference",
    "parity.original",
    "parity.onnx",
    "link.goodput_bytes_per_s",
    "link.retransmissions",
    "link.errors",
)
"""What a reader asks first; the margin stands beside what has a limit."""


def summary_markdown(run: JudgedRun) -> str:
    """The file's text."""
    summary = summarise(run)
    bad = [verdict for verdict in sorted_verdicts(run.verdicts) if verdict.outcome != PASS]
    return "\n".join([*_headline(summary), *_verdicts(bad), *_figures(run.verdicts), *_environment(summary)]) + "\n"


def _headline(summary: Summary) -> Iterator[str]:
    started = summary.started
    yield f"## {_SIGNS[summary.outcome]} {summary.outcome}: {plain(started.scenario)} on {plain(started.target)}"
    yield ""
    if summary.ended != "completed":
        yield f"**The run did not complete: {plain(summary.ended)}.** {plain(summary.reason)}"
        yield ""
    if summary.partial:
        yield f"**Partial run: {plain(summary.partial)}.** Limits that only the whole can be held to are not applied."
        yield ""
    counts = ", ".join(f"{number} {outcome}" for outcome, number in summary.counts.items())
    yield f"{plain(summary.title)}. {counts}; exit status {summary.status}. {summary.rows:,} rows."
    yield ""
    if summary.link_faults:
        yield f"Link faults: {plain(summary.link_faults)}"
        yield ""
    if summary.requirements:
        shown = "shown" if summary.outcome == PASS else "not shown"
        yield f"Requirements of the scenario, {shown}: {plain(', '.join(summary.requirements))}"
        yield ""
    yield "Everything else: [report.html](report.html)"
    yield ""


def _verdicts(bad: Sequence[Verdict]) -> Iterator[str]:
    if not bad:
        return
    yield "| verdict | measure | value | limit | margin | why |"
    yield "|---|---|--:|--:|--:|---|"
    reasons = reasons_of(bad)
    for verdict in [one for one in bad if one.outcome == FAIL or one.cause not in reasons][:MOST_ROWS]:
        outcome = f"{_SIGNS[str(verdict.outcome)]} {verdict.outcome}" + ("" if verdict.required else ", not required")
        cells = (outcome, plain(verdict.name), *_numbers(verdict), plain(verdict.because))
        yield f"| {' | '.join(cells)} |"
    for cause, alike in reasons.items():
        names = ", ".join(one.name for one in alike[:_NAMED]) + (" ..." if len(alike) > _NAMED else "")
        said = plain(f"{len(alike)} measures: {names}")
        yield f"| {_SIGNS[UNMEASURED]} {UNMEASURED} | {said} | | | | {plain(cause)} |"
    if len(bad) > MOST_ROWS:
        yield f"\n{len(bad) - MOST_ROWS} more did not pass; verdicts.json has all."
    yield ""


def _figures(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Key figures, and what passed with the least room."""
    found = [one for pattern in _KEY_FIGURES for one in verdicts if fnmatchcase(one.name, pattern)]
    measured = [verdict for verdict in found if verdict.value is not None]
    if not measured:
        return
    yield "| figure | value | limit | margin |"
    yield "|---|--:|--:|--:|"
    for verdict in measured[:MOST_ROWS]:
        yield f"| {' | '.join((plain(verdict.name), *_numbers(verdict)))} |"
    if len(measured) > MOST_ROWS:
        yield f"\n{len(measured) - MOST_ROWS} more are in verdicts.json."
    yield ""


def _numbers(verdict: Verdict) -> tuple[str, str, str]:
    return (
        plain(quantity(verdict.value, verdict.said_unit)),
        plain(verdict.limit or "\N{EN DASH}"),
        plain(margin_text(margin_of(verdict))),
    )


def _environment(summary: Summary) -> Iterator[str]:
    yield "<details><summary>Environment</summary>"
    yield ""
    yield "| | |"
    yield "|---|---|"
    for name, value in summary.environment.items():
        yield f"| {plain(name)} | {plain(value)} |"
    yield ""
    yield "</details>"


def plain(text: str) -> str:
    """On one line, with nothing in it that Markdown, or the HTML in it, would take for more than text."""
    text = printable(text[:_MOST_CHARACTERS]).replace("\n", " ").replace("\r", " ").replace("\t", " ")
    return _SPECIAL.sub(r"\\\1", text).replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")
