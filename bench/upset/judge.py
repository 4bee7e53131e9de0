"""What came of one injection: a pure function of how the run ended, what was said, and the models."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.campaign.fault import (
    BENIGN,
    COMPLETED,
    CRASH,
    CRITICAL,
    HANG,
    LINK_LOST,
    LOCKUP,
    MASKED,
    NAN,
    NOT_READ,
    RECOVERED,
    SAFE_STOP,
    UNDETECTED,
    Observed,
)
from bench.upset.accuracy import Scorer
from bench.upset.detection import detect
from bench.upset.ending import Ending
from bench.upset.golden import GoldenRun
from bench.upset.heard import FAULT_WORD, Heard, Report
from bench.upset.live import Talk
from bench.upset.readout import arrays, digest_of
from bench.upset.resume import Rows, has_resumed
from bench.upset.stamps import Stamps
from firmware_if.messages import EventId, FailureCode

LIMIT = 2
"""Times the golden run's instructions, after which a run counts as hung."""
_LOCKUP_WORD = "Lockup"
"""How QEMU begins when it gives up on an M-profile core that can escalate no further."""
_STOPPED = EventId.TRAINING_STOPPED
_REFUSED = FailureCode.TRAINING_STOPPED
_FORGOTTEN = 0xFFFFFF
"""Bits of ROLLED_BACK's number that tell rows."""
_LONGEST = 100
"""Times the golden run, that a report may be late."""
READ = (COMPLETED, RECOVERED, SAFE_STOP)
"""Outcomes after which the models are read out."""


@dataclass(frozen=True)
class Judge:
    """What outcomes are measured by; `accuracy` is the golden run's, of each model."""

    run: GoldenRun
    scorer: Scorer
    accuracy: tuple[float, ...]
    benign_loss: float
    stamps: Stamps | None = None
    rows: Rows | None = None
    """Of stream mode."""
    reports: tuple[Report, ...] = ()
    """The golden run's."""

    @property
    def limit(self) -> int:
        """Instructions after which a run counts as hung."""
        return LIMIT * (self.run.instructions + self.run.watchdog)

    def is_over(self, said: bytes) -> bool:
        """Whether a core that goes to sleep after all of `said` is known never to wake by itself."""
        ends_at_fault = not self.run.watchdog and FAULT_WORD.encode() in said
        return ends_at_fault or self.run.is_complete(said)

    def is_owed(self, ending: Ending, heard: Heard) -> bool:
        """Whether only talking on can tell what came of it: the payload sleeps, and has not given all results."""
        if ending.how != "asleep" or (FAULT_WORD in heard.console and not heard.restarts):
            return False
        return heard.restarts > 0 or not heard.settled or heard.results != self.run.window.results

    def system(  # noqa: PLR0911 - a list of outcomes, the first that fits
        self, ending: Ending, heard: Heard, talk: Talk | None = None
    ) -> tuple[str, str]:
        """Outcome on the system axis, and the payload's or the emulator's words. `talk`: what came of talking on."""
        how, words = (
            (talk.how, talk.words) if talk is not None and ending.how == "asleep" else (ending.how, ending.words)
        )
        if how == "died":
            return (LOCKUP if _LOCKUP_WORD in words else CRASH), next(iter(words.splitlines()), "")
        if how == "overrun":  # whatever came of it afterwards: when the bench looks must not matter
            return HANG, words or self._too_many() + (", when it was talked to" if talk is not None else "")
        if FAULT_WORD in heard.console and not (heard.restarts and has_resumed(heard)):
            return CRASH, heard.console[heard.console.index(FAULT_WORD) :].splitlines()[0]
        if how == "silent":
            return LINK_LOST, f"no answer after {self._came(heard)}"
        if heard.restarts and not has_resumed(heard):
            return CRASH, "the payload restarted and lost its models"
        if _STOPPED in {report.event for report in heard.reports} or _REFUSED in {code for code, _ in heard.refusals}:
            return SAFE_STOP, f"stopped training after {self._came(heard)}"
        if heard.restarts and self.rows is not None and heard.rows_end == self.rows.end:
            return RECOVERED, f"{heard.rows_again} rows had to be sent again"
        if not heard.restarts and heard.settled and heard.results == self.run.window.results:
            return COMPLETED, ""
        return HANG, f"asleep, and answering, after {self._came(heard)}{_refusals(heard)}"

    def _too_many(self) -> str:
        waited = " and of its watchdog's wait" if self.run.watchdog else ""
        return f"more than {LIMIT} times the instructions of the golden run{waited}"

    def _came(self, heard: Heard) -> str:
        if heard.restarts and self.rows is not None:
            return f"row {heard.rows_end} of {self.rows.end}, {heard.restarts} times started anew"
        return f"{heard.results} of {self.run.window.results} results"

    def new_reports(self, heard: Heard) -> list[Report]:
        """Events that the golden run does not have."""
        usual = Counter((report.event, report.number) for report in self.reports)
        found = []
        for report in heard.reports:
            key = (report.event, report.number)
            if usual[key]:
                usual[key] -= 1
            else:
                found.append(report)
        return found

    def latency(self, reports: Sequence[Report], time: int) -> int | None:
        """Instructions from `time` to when the first of them was made; None: unknown, as of another start's clock."""
        if not reports or reports[0].start or self.stamps is None:
            return None
        took = self.stamps.instruction(reports[0].uptime_s) - time
        if took < -self.stamps.grain or took > _LONGEST * self.run.instructions:
            return None  # the upset hit the clock, or the stamp
        return max(0, took)

    def samples_lost(self, heard: Heard) -> int:
        """Training steps: rows that another start had to be sent again, and those that models went back by."""
        back = [report.number for report in self.new_reports(heard) if report.event == EventId.ROLLED_BACK]
        return heard.rows_again * len(self.run.models) + sum(number & _FORGOTTEN for number in back)

    def learner(self, states: Sequence[bytes]) -> tuple[str, float]:
        """Outcome on the learner axis, and how much balanced accuracy the worst model has lost."""
        if tuple(states) == self.run.states:
            return MASKED, 0.0
        models = self.run.models
        loss = max(
            before - (before if state == golden else self.scorer.score(model, state))
            for model, state, golden, before in zip(models, states, self.run.states, self.accuracy, strict=True)
        )
        found = (arrays(model, state) for model, state in zip(models, states, strict=True))
        if any(not np.isfinite(values).all() for model in found for values in model.values()):
            return NAN, loss
        return (BENIGN if loss <= self.benign_loss else CRITICAL), loss

    def observe(
        self, ending: Ending, heard: Heard, states: Sequence[bytes] | None, *, time: int, talk: Talk | None = None
    ) -> Observed:
        """All of it, for a fault at instant `time`; `states` are None where the models were not read."""
        system, detail = self.system(ending, heard, talk)
        reports = self.new_reports(heard)
        told = ending.how != "overrun" and (talk is None or talk.how != "overrun")
        detection = detect([one.event for one in reports], refused=bool(heard.refusals)) if told else UNDETECTED
        latency = self.latency(reports, time) if told else None
        took = ending.time - time if ending.how == "asleep" and talk is None else None
        if system not in READ or states is None:
            digest = digest_of((), system, detection, detail, str(took), str(latency))
            return Observed(system, NOT_READ, detection, digest, latency=latency, instructions=took, detail=detail)
        learner, loss = self.learner(states)
        lost = self.samples_lost(heard)
        digest = digest_of(states, system, learner, detection, str(took), str(latency), str(lost))
        return Observed(system, learner, detection, digest, latency, lost, loss, took, detail)


def _refusals(heard: Heard) -> str:
    names = {int(code): code.name for code in FailureCode}
    said = [f"{names.get(code, code)} ({number})" for code, number in heard.refusals]
    return f"; refused: {', '.join(dict.fromkeys(said))}" if said else ""
