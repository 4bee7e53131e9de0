"""From what a process left to what the attempt was."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.errors import RunFolderError
from bench.nightly.outcome import Outcome
from bench.printed import printable
from bench.results.verdicts import load_verdicts
from bench.run_folder import TRACE, VERDICTS
from bench.trace import PayloadConnected, load_trace
from bench.transport.child import name_of_exit
from bench.verdict import EXIT_FAIL, EXIT_PASS, EXIT_UNMEASURED, FAIL, PASS, Verdict, exit_status

NO_BOARD: Final = frozenset({"BoardBusy", "PortAbsent", "ProgramAbsent"})
"""Errors that say that there was nothing to try: the job is blocked."""
GIVES_UP_BOARD: Final = NO_BOARD | {"ConnectError", "CommandError", "TransportError"}
"""Errors after which a board on a port is not tried again in this night."""
_STATUS_ERROR: Final = 2
_STATUS_ABORTED: Final = 130
_BY_STATUS: Final = {
    EXIT_PASS: Outcome.PASS,
    EXIT_FAIL: Outcome.FAIL,
    EXIT_UNMEASURED: Outcome.UNMEASURED,
}
_REASONS: Final = 3


@dataclass(frozen=True)
class RunLeft:
    """What is in the run folder of an attempt; empty without one."""

    verdicts: tuple[Verdict, ...] = ()
    build_id: str = ""
    clock: str = ""
    problem: str = ""
    """Why something could not be read."""

    @property
    def bad(self) -> dict[str, str]:
        """Required verdicts that did not pass, and why."""
        return {
            verdict.name: _sentence(verdict)
            for verdict in self.verdicts
            if verdict.required and verdict.outcome not in (None, PASS)
        }

    @property
    def repeatable(self) -> dict[str, float]:
        """Figures that must not vary."""
        return {
            verdict.name: verdict.value
            for verdict in self.verdicts
            if verdict.repeatable and verdict.value is not None and math.isfinite(verdict.value)
        }


@dataclass(frozen=True)
class Ending:
    """How the process ended. `error` has kind, message and hint, if it said them."""

    status: int
    overdue_s: float | None = None
    """The deadline at which it was ended; None = it ended by itself."""
    error: Mapping[str, str] = field(default_factory=dict)
    last_words: str = ""


@dataclass(frozen=True)
class Found:
    outcome: Outcome
    reason: str = ""
    hint: str = ""
    kind: str = ""


def read_run(folder: Path) -> RunLeft:
    """What an attempt left in its run folder; never raises, as a night goes on whatever is in there."""
    if not (folder / VERDICTS).is_file():
        return RunLeft()
    try:
        verdicts = load_verdicts(folder / VERDICTS)
        connected = next((entry for entry in load_trace(folder / TRACE) if isinstance(entry, PayloadConnected)), None)
    except RunFolderError as error:
        return RunLeft(problem=error.message)
    return RunLeft(verdicts, connected.build_id if connected else "", connected.clock if connected else "")


def judge_ending(ending: Ending, left: RunLeft) -> Found:
    """The outcome of an attempt and its reason. A failure that was judged stays one, whatever came after it."""
    error = ending.error
    kind, hint = error.get("kind", ""), error.get("hint", "")
    judged = exit_status(left.verdicts) if left.verdicts else None
    if ending.overdue_s is not None:
        reason = f"still running after {ending.overdue_s:g} s, and was ended"
        return Found(Outcome.BENCH_ERROR, reason, "give it longer (deadline_s), or less to do; its log may say more")
    if ending.status == _STATUS_ABORTED:
        return Found(Outcome.BENCH_ERROR, "it was stopped from elsewhere")
    if judged == EXIT_FAIL and ending.status in (EXIT_FAIL, _STATUS_ERROR):
        also = f"; and then: {error['message']}" if error else ""
        return Found(Outcome.FAIL, _reasons(left) + also)
    if ending.status == _STATUS_ERROR and error:
        outcome = Outcome.BLOCKED if kind in NO_BOARD else Outcome.BENCH_ERROR
        return Found(outcome, printable(error["message"]), printable(hint), kind)
    if ending.status == judged:
        return Found(_BY_STATUS[ending.status], "" if judged == EXIT_PASS else _reasons(left))
    said = left.problem or printable(ending.last_words) or "it printed nothing"
    reason = f"it ended with {name_of_exit(ending.status)} and without verdicts that say so: {said}"
    return Found(Outcome.BENCH_ERROR, reason, "its log may say more")


def _reasons(left: RunLeft) -> str:
    texts = [f"{name}: {text}" for name, text in left.bad.items()]
    more = f"; and {len(texts) - _REASONS} more" if len(texts) > _REASONS else ""
    return "; ".join(texts[:_REASONS]) + more


def _sentence(verdict: Verdict) -> str:
    value = "no figure" if verdict.value is None else f"{verdict.value:.10g} {verdict.said_unit}".strip()
    limit = f", limit {verdict.limit}" if verdict.limit else ""
    cause = f" ({verdict.cause})" if verdict.cause else ""
    unmeasured = "" if verdict.outcome == FAIL else f"{verdict.outcome}, "
    return printable(f"{unmeasured}{value}{limit}{cause}")
