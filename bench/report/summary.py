"""What a run was and how it ended: the part that every report begins with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bench.measure.link import link_faults_text
from bench.measure.run import reported_rows
from bench.run_folder import JudgedRun
from bench.target import SerialSpec
from bench.trace import Entry, PayloadConnected, RunEnded, RunStarted, TargetFailed
from bench.verdict import FAIL, PASS, UNMEASURED, Verdict, exit_status

OUTCOMES: Final = (FAIL, UNMEASURED, PASS)
"""In the order in which a reader wants them."""
KILLED: Final = "killed"
"""How a run ended that did not write its end."""
FOLD: Final = 4
"""Verdicts alike in what matters, from which on they are told together."""
_ABORTED_STATUS: Final = 130
_WORDS: Final = {0: PASS, 1: FAIL, 3: UNMEASURED}


@dataclass(frozen=True)
class Summary:
    """Of one run."""

    started: RunStarted
    title: str
    place: str
    """What the payload computer is, or where the board is."""
    ended: str
    """completed, aborted, target_failed or killed."""
    reason: str
    rows: int
    """Whose results came back."""
    seconds: float
    """From the first entry of the trace to the last, host clock."""
    partial: str
    requirements: tuple[str, ...]
    """Of the scenario: shown where every required verdict is PASS."""
    outcome: str
    """PASS, FAIL or UNMEASURED, by the required verdicts."""
    status: int
    """Exit status of `bench run`."""
    counts: Mapping[str, int]
    environment: Mapping[str, str]
    clock: str
    """What the payload counts; empty where it never connected."""
    link_faults: str
    """Which were put into the link, and how many; empty where none were to be."""


def summarise(run: JudgedRun) -> Summary:
    """The summary of a run, whatever became of it."""
    ended = next((entry for entry in reversed(run.trace) if isinstance(entry, RunEnded)), None)
    how = ended.outcome if ended is not None else KILLED
    status = exit_status(run.verdicts)
    connected = [entry for entry in run.trace if isinstance(entry, PayloadConnected)]
    return Summary(
        started=run.started,
        title=run.files.scenario.title,
        place=_place(run),
        ended=how,
        reason=_reason(run.trace, ended),
        rows=ended.rows if ended is not None else len(reported_rows(run.trace)),
        seconds=time_of(run.trace[-1]),
        partial=next((verdict.partial for verdict in run.verdicts if verdict.partial), ""),
        requirements=run.files.scenario.requirements,
        outcome=_WORDS.get(status, FAIL),
        status=_ABORTED_STATUS if how == "aborted" else status,
        counts={outcome: sum(verdict.outcome == outcome for verdict in run.verdicts) for outcome in OUTCOMES},
        environment=dict(_environment(run, connected)),
        clock=connected[-1].clock if connected else "",
        link_faults=link_faults_text(run.trace),
    )


def time_of(entry: Entry) -> float:
    """As the trace's file has it, so that reports of a run in memory and of its folder are the same."""
    return round(entry.t, 6)


def _reason(trace: Sequence[Entry], ended: RunEnded | None) -> str:
    failed = next((entry for entry in trace if isinstance(entry, TargetFailed)), None)
    if failed is not None:
        return "; ".join(part for part in (failed.reason, failed.hint) if part)
    return ended.reason if ended is not None else "its trace has no end: the bench was killed, or is still at it"


def _place(run: JudgedRun) -> str:
    """A board on a port is no emulator, whatever its target file describes."""
    target = run.files.target
    if isinstance(target.transport, SerialSpec) and run.started.command:
        return f"the board at {run.started.command[0]} (as {target.name})"
    return target.title


def _environment(run: JudgedRun, connected: Sequence[PayloadConnected]) -> Iterator[tuple[str, str]]:
    started, files = run.started, run.files
    yield "run folder", run.folder.resolve().name
    yield "started", started.started or "not recorded"
    yield "scenario", started.scenario
    yield "mode", started.mode
    yield "target", started.target
    yield "target is", files.target.title
    yield "clock", files.target.clock.counted
    assumed = files.target.clock.assumed_instructions_per_s
    if assumed:
        yield "assumed instruction rate", f"{assumed:g} per second ({files.target.clock.because})"
    yield "recording", f"{started.recording}: {files.recording.title}"
    yield "recording licence", files.recording.licence
    if connected:
        first = connected[0]
        yield "build id", first.build_id
        yield "contract fingerprint", first.fingerprint
        yield "payload clock", f"{first.clock}" + (f" at {first.clock_rate_hz:,} Hz" if first.clock_rate_hz else "")
    yield "git revision", started.revision or "not in a git checkout"
    for name, version in started.versions.items():
        yield f"version of {name}", version
    yield "started with", " ".join(started.command) or "a board on a port"


def sorted_verdicts(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Those that were judged: failed, unmeasured, passed, and in each the required ones first."""
    judged = [verdict for verdict in verdicts if verdict.outcome in OUTCOMES]
    return sorted(judged, key=lambda verdict: (OUTCOMES.index(str(verdict.outcome)), not verdict.required))


def reasons_of(judged: Sequence[Verdict]) -> Mapping[str, list[Verdict]]:
    """What is unmeasured for one reason, where there are several."""
    reasons: dict[str, list[Verdict]] = {}
    for one in judged:
        if one.outcome == UNMEASURED:
            reasons.setdefault(one.cause, []).append(one)
    return {cause: alike for cause, alike in reasons.items() if len(alike) >= FOLD}
