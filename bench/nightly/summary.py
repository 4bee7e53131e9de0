"""summary.md: a night for people, as a page of a CI service shows it."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from bench.nightly.change import KINDS, Change
from bench.nightly.outcome import Outcome
from bench.nightly.record import ABORTED, JobRecord, NightRecord
from bench.printed import printable

LONGEST: Final = 900_000
"""Bytes; GitHub takes no step summary above 1 MiB."""
_CELL: Final = 400
_TOLD: Final = 200
"""Changes that are listed."""
_ORDER: Final = (
    Outcome.FAIL,
    Outcome.FLAKY,
    Outcome.BENCH_ERROR,
    Outcome.BLOCKED,
    Outcome.UNMEASURED,
    Outcome.PASS,
)
_STATUS: Final = {
    0: "green",
    1: "a target failed, or a job is flaky",
    2: "the bench could not do its work",
    3: "something required is unmeasured or blocked",
    130: "aborted",
}


def headline(night: NightRecord) -> str:
    """Counts of outcomes, and what the night amounts to."""
    counted = [job for job in night.jobs if not job.quarantine]
    counts = [f"{n} {outcome}" for outcome in _ORDER if (n := sum(job.outcome is outcome for job in counted))]
    excused = len(night.jobs) - len(counted)
    counts += [f"{excused} quarantined"] if excused else []
    missing = sum(job.outcome is None for job in night.jobs)
    counts += [f"{missing} not run"] if missing else []
    status = _STATUS.get(night.exit_status or 0, "") if night.exit_status is not None else "still running"
    return f"{', '.join(counts) or 'no jobs'}: {status}"


def in_order(jobs: Sequence[JobRecord]) -> list[JobRecord]:
    """What needs a look first."""
    return sorted(
        jobs,
        key=lambda job: (bool(job.quarantine), _ORDER.index(job.outcome) if job.outcome is not None else len(_ORDER)),
    )


def summary_markdown(night: NightRecord, changes: Sequence[Change], *, first: bool) -> str:
    """The page. Texts of payloads and files are escaped; it stays below what a step summary may be."""
    lines = [
        f"# {_md(night.title or night.matrix)}: {_md(headline(night))}",
        "",
        f"Night {_md(night.name)}, exit status {night.exit_status}, {_md(night.started)} to {_md(night.ended or 'now')}"
        + (", **aborted**" if night.outcome == ABORTED else "")
        + (f", only {_md(' '.join(night.only))}" if night.only else ""),
        "",
        *_noted(night),
        *_changed(changes, first=first),
        *_jobs(night),
        *_quarantined(night),
    ]
    text = "\n".join(lines) + "\n"
    if len(text.encode()) > LONGEST:
        text = text.encode()[:LONGEST].decode(errors="ignore") + "\n\n(cut: night.json has all of it)\n"
    return text


def _noted(night: NightRecord) -> Iterator[str]:
    for note in night.notes:
        yield f"> {_md(note)}"
        yield ""
    for job in night.jobs:
        if job.loud:
            text = "one build, counted in instructions: it repeats by construction, and did not"
            yield f"> **NOT REPEATABLE** {_md(job.job)}: {text}. {_md(job.reason)}"
            yield ""


def _changed(changes: Sequence[Change], *, first: bool) -> Iterator[str]:
    yield "## Since the last night"
    yield ""
    if first:
        yield "This is the first night: there is none to compare with."
    elif not changes:
        yield "Nothing changed."
    for kind in KINDS:
        for change in [change for change in changes[:_TOLD] if change.kind == kind]:
            yield f"- **{kind}** {_md(change.about)}" + (f": {_md(change.text)}" if change.text else "")
    if len(changes) > _TOLD:
        yield f"- and {len(changes) - _TOLD} more"
    yield ""


def _jobs(night: NightRecord) -> Iterator[str]:
    yield "## Jobs"
    yield ""
    yield "| outcome | job | attempts | s | why |"
    yield "|---|---|---|---|---|"
    for job in in_order(night.jobs):
        outcome = f"{job.outcome or 'not run'}{' (quarantined)' if job.quarantine else ''}"
        outcome += "" if job.required else " (not required)"
        attempts = ", ".join(str(attempt.outcome) for attempt in job.attempts) if len(job.attempts) != 1 else "1"
        seconds = sum(attempt.duration_s for attempt in job.attempts)
        yield f"| {outcome} | {_md(job.job)} | {attempts or '-'} | {seconds:.1f} | {_md(job.reason)} |"
    yield ""


def _quarantined(night: NightRecord) -> Iterator[str]:
    if not night.quarantine:
        return
    yield "## Quarantine"
    yield ""
    said = {"expired": "**EXPIRED, counts again**", "unused": "**UNUSED, remove it**"}
    for entry in night.quarantine:
        link = f", {_md(entry.link)}" if entry.link else ""
        yield f"- {said.get(entry.state, entry.state)}: {_md(entry.key)} until {entry.until}: {_md(entry.reason)}{link}"
    yield ""


def _md(text: str) -> str:
    """`text` as text: on one line, of bounded length, without marks of Markdown or HTML."""
    line = " ".join(printable(text).split())
    line = line if len(line) <= _CELL else line[: _CELL - 3] + "..."
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|#~])|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", lambda m: "\\" + m[0], line)
