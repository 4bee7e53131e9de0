"""Going on with a payload that started anew by itself and resumed from a checkpoint of its own."""

from dataclasses import dataclass
from typing import Final

from bench.protection import Checkpoints
from bench.session.bank import Bank
from bench.session.decode import HOUSEKEEPING_STRUCTURE, housekeeping_values
from bench.session.dialogue import Dialogue
from bench.session.failures import Restarted, TargetFailure
from bench.session.stream import RowStream
from bench.trace import CheckpointsKept, HousekeepingReported, PayloadRestarted, PayloadResumed, ProtectionReported
from firmware_if import messages as wire
from firmware_if.messages import Hello

MOST_FRUITLESS: Final = 4
"""Restarts in a row between which no row was trained that had not been trained before."""
MOST_RESTARTS: Final = 1000
"""In one run."""
_REFUSAL_HINTS: Final = {
    "STORAGE": "leave out [checkpoints], choose a target that has storage (docs/protection.md), or have fewer models",
    "PROTECTION": "this payload has no watchdog: leave out watchdog = true",
    "UNKNOWN_SERVICE": "this payload keeps no checkpoints: leave out [checkpoints]",
}
_LOST: Final = "the payload restarted by itself and lost its models"


@dataclass(frozen=True)
class _Kept:
    """What a payload must still be after a restart."""

    checkpoints: Checkpoints
    models: int
    arena_used_bytes: int | None


class Healing:
    """The checkpoints of one run, and what restarts have made of it."""

    def __init__(self, dialogue: Dialogue, bank: Bank, stream: RowStream) -> None:
        self._dialogue = dialogue
        self._bank = bank
        self._stream = stream
        self._hello: Hello | None = None
        self._kept: _Kept | None = None
        self._due: _Kept | None = None
        self._restarts = 0
        self._fruitless = 0
        self._reached = -1
        self.power_is_cut = False
        """The bench has cut it, and the payload has not been heard of since."""

    @property
    def is_due(self) -> bool:
        """The payload has started anew, and it is not known yet what it holds."""
        return self._due is not None

    @property
    def keeps(self) -> bool:
        """The payload keeps checkpoints of the models of this run."""
        return self._kept is not None

    def keep(self, checkpoints: Checkpoints, *, start: int) -> None:
        """Have the payload write its first checkpoint; raises TargetFailure where it cannot."""
        _, refusal = self._dialogue.request(checkpoints.request())
        if refusal is not None:
            message = f"the payload refused to keep checkpoints: {refusal.text} ({refusal.number})"
            raise TargetFailure(message, hint=_REFUSAL_HINTS.get(refusal.code, ""))
        self._dialogue.recorder.record(CheckpointsKept(checkpoints.rows, checkpoints.watchdog))
        self.report(start)
        housekeeping = self._housekeeping(start)
        self._kept = _Kept(checkpoints, self._bank.size, housekeeping.get("arena_used_bytes"))

    def forget(self) -> None:
        """A restart follows after which the models are made again."""
        self._kept = None

    def note(self, failure: Restarted) -> None:
        """The payload has started anew. Raises the failure where that is the end of the run."""
        self._restarts += 1
        self._fruitless = self._fruitless + 1 if self._stream.reached <= self._reached else 0
        self._reached = self._stream.reached
        why = "its power was cut" if self.power_is_cut else failure.why
        self._dialogue.recorder.record(PayloadRestarted(planned=False, reason=why, power_cut=self.power_is_cut))
        self.power_is_cut = False
        if self._kept is None:
            raise failure
        if self._fruitless >= MOST_FRUITLESS or self._restarts > MOST_RESTARTS:
            raise TargetFailure(
                f"the payload restarted {self._restarts} times, and got no further than row {self._reached}",
                hint="see its console and events in the trace",
            )
        self._due = self._kept

    def check_build(self, hello: Hello) -> None:
        """Raise TargetFailure unless the same firmware answers as before."""
        before = self._hello or hello
        self._hello = hello
        if (hello.name, hello.build_id) != (before.name, before.build_id):
            was, now = (f"{one.name} with build {one.build_id.hex()}" for one in (before, hello))
            raise TargetFailure(f"after a restart another payload answers: {now}; it was {was}")

    def take_up(self, start: int) -> None:
        """Find out whether the payload holds the models of this run, and from which row on; raises TargetFailure."""
        kept = self._due
        if kept is None:
            return
        report, housekeeping = self.report(start), self._housekeeping(start)
        if not report.resumed:
            raise TargetFailure(
                f"{_LOST}: it found no checkpoint to resume from", hint="see its events in the trace, and its storage"
            )
        next_row = housekeeping.get("next_row")
        self._check(kept, report, housekeeping)
        if next_row is None or next_row != report.next_row or next_row > self._stream.sent:
            raise TargetFailure(
                f"the payload resumed at row {next_row} from a checkpoint before row {report.next_row}; "
                f"rows up to {self._stream.sent - 1} had been sent"
            )
        reached = self._stream.reached
        self._stream.restore(next_row)
        self._bank.start = start
        self._dialogue.recorder.record(
            PayloadResumed(start, next_row, max(0, reached - next_row), max(0, next_row - reached))
        )
        self._bank.read_statistics()
        self._due = None

    def _check(self, kept: _Kept, report: wire.ProtectionReport, housekeeping: dict[str, int | None]) -> None:
        asked = kept.checkpoints
        wanted = (asked.rows, int(asked.watchdog), kept.models, kept.arena_used_bytes)
        seen = (report.rows, report.watchdog, housekeeping.get("models"), housekeeping.get("arena_used_bytes"))
        if seen != wanted:
            what = "checkpoints every {} rows (watchdog {}), {} models in {} bytes"
            raise TargetFailure(
                f"the payload resumed with another bank: {what.format(*seen)}; this run has {what.format(*wanted)}",
                hint="its checkpoint is of another run",
            )

    def report(self, start: int) -> wire.ProtectionReport:
        """Have the payload say what its protections have done, into the trace."""
        answers = self._dialogue.demand(wire.RequestProtection())
        found = [answer for answer in answers if isinstance(answer, wire.ProtectionReport)]
        if len(found) != 1:
            raise TargetFailure(f"the payload broke the contract: {len(found)} reports of its protections")
        self._dialogue.recorder.record(ProtectionReported(start, {name: int(n) for name, n in vars(found[0]).items()}))
        return found[0]

    def _housekeeping(self, start: int) -> dict[str, int | None]:
        values: dict[str, int | None] = {}
        for answer in self._dialogue.demand(wire.RequestHousekeeping(1, HOUSEKEEPING_STRUCTURE)):
            if isinstance(answer, wire.Housekeeping):
                values = housekeeping_values(answer)
                self._dialogue.recorder.record(HousekeepingReported(start, values))
        return values
