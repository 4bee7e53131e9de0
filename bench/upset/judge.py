"""What came of one injection: a pure function of how the run ended, what was said, and the models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.campaign.fault import (
    BENIGN,
    COMPLETED,
    CORRECTED,
    CRASH,
    CRITICAL,
    HANG,
    LOCKUP,
    MASKED,
    NAN,
    NOT_READ,
    UNCORRECTED,
    UNDETECTED,
    Observed,
)
from bench.upset.accuracy import Scorer
from bench.upset.ending import Ending
from bench.upset.golden import GoldenRun
from bench.upset.heard import FAULT_WORD, Heard, hear
from bench.upset.ladder import Rung
from bench.upset.readout import arrays, digest_of

LIMIT = 2
"""Times the golden run's instructions, after which a run counts as hung."""
_LOCKUP_WORD = "Lockup"
"""How QEMU begins when it gives up on an M-profile core that can escalate no further."""


@dataclass(frozen=True)
class Judge:
    """What outcomes are measured by; `accuracy` is the golden run's, of each model."""

    run: GoldenRun
    scorer: Scorer
    accuracy: tuple[float, ...]
    benign_loss: float

    def is_over(self, said: bytes) -> bool:
        """Whether a core that goes to sleep after all of `said` is known never to wake by itself."""
        return FAULT_WORD.encode() in said or self.run.is_complete(said)

    def listen(self, rung: Rung, ending: Ending) -> Heard:
        """What the payload said since the window began; where it is what it always says, that is not decoded again."""
        if ending.said == self.run.said[len(rung.said) :]:
            return Heard(self.run.window.results, settled=True)
        return hear(self.run.window.connection, [rung.said, ending.said])

    def system(self, ending: Ending, heard: Heard) -> tuple[str, str]:
        """Outcome on the system axis, and the payload's or the emulator's words."""
        if ending.how == "died":
            return (LOCKUP if _LOCKUP_WORD in ending.words else CRASH), next(iter(ending.words.splitlines()), "")
        if ending.how == "overrun":  # whatever came of it afterwards: when the bench looks must not matter
            return HANG, f"more than {LIMIT} times the instructions of the golden run"
        if FAULT_WORD in heard.console:
            return CRASH, heard.console[heard.console.index(FAULT_WORD) :].splitlines()[0]
        if heard.restarted:
            return CRASH, "the payload restarted and lost its models"
        if heard.settled and heard.results == self.run.window.results:
            return COMPLETED, ""
        return HANG, f"asleep after {heard.results} of {self.run.window.results} results"

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

    def observe(self, ending: Ending, heard: Heard, states: Sequence[bytes] | None, *, time: int) -> Observed:
        """All of it, for a fault at instant `time`; `states` are None where the run was not completed."""
        system, detail = self.system(ending, heard)
        detection = detect(heard) if ending.how != "overrun" else UNDETECTED
        took = ending.time - time if ending.how == "asleep" else None  # else the host decided when to look
        if system != COMPLETED or states is None:
            digest = digest_of((), system, detection, detail, str(took))
            return Observed(system, NOT_READ, detection, digest, instructions=took, detail=detail)
        learner, loss = self.learner(states)
        digest = digest_of(states, system, learner, detection, str(took))
        return Observed(system, learner, detection, digest, accuracy_loss=loss, instructions=took, detail=detail)


def detect(heard: Heard) -> str:
    """Whether the payload has reported anything, by the names of its events."""
    if any("CORRECTED" in name and "UNCORRECTED" not in name for name, _ in heard.events):
        return CORRECTED
    return UNCORRECTED if heard.events or heard.refusals else UNDETECTED
