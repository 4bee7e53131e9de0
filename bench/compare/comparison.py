"""What a comparison found."""

from dataclasses import dataclass
from typing import Final

WORSE: Final = "worse"
BETTER: Final = "better"
CHANGED: Final = "changed"
"""Another value where none is better than the other, or nobody has said which."""
NOT_REPEATABLE: Final = "not repeatable"
"""Another value though the same build did the same."""

STATUS_SAME: Final = 0
STATUS_DIFFERENT: Final = 1
STATUS_UNMEASURED: Final = 3


@dataclass(frozen=True)
class Finding:
    """One difference. `kind` is verdict, model, operation, figure or varying."""

    kind: str
    what: str
    """Name of the measure, or of the model and where in the run."""
    change: str
    """worse, better, changed or not repeatable."""
    text: str
    before: float | None = None
    after: float | None = None
    unit: str = ""
    p: float | None = None
    """Of the test, for a figure that varies."""

    @property
    def must_not(self) -> bool:
        """Whether it is what a comparison is to catch: what is worse, and what had to stay the same."""
        return self.change in (WORSE, NOT_REPEATABLE) or self.kind == "model"


@dataclass(frozen=True)
class SizeChange:
    """A section or symbol whose size is another; 0 where it is not there."""

    name: str
    before: int
    after: int

    @property
    def grown(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class Side:
    """The runs of one side."""

    runs: tuple[str, ...]
    """Their ids."""
    builds: tuple[str, ...]
    started: str
    """Of the newest."""


@dataclass(frozen=True)
class Comparison:
    """Runs of one scenario on one target, before and after."""

    scenario: str
    target: str
    before: Side
    after: Side
    notes: tuple[str, ...]
    """What was not alike from the start."""
    findings: tuple[Finding, ...]
    tested: tuple[str, ...]
    """Figures that vary and were tested."""
    untested: tuple[str, ...]
    """Those that could not be, or were not to be, each with the reason."""
    compared: int
    """Figures that must not vary and were compared."""
    is_of_other_work: bool = False
    """Another recording, or another part of it: nothing is better or worse."""
    following: int = 0
    """Of them, those that differ because an operation does which is told itself."""
    sections: tuple[SizeChange, ...] = ()
    symbols: tuple[SizeChange, ...] = ()

    @property
    def same_build(self) -> bool:
        return len({*self.before.builds, *self.after.builds}) == 1 and bool(self.before.builds[0])

    @property
    def status(self) -> int:
        """3: of other work; 1: worse, or other where it must not be; 3: what was to be tested could not be; else 0."""
        if self.is_of_other_work:
            return STATUS_UNMEASURED
        if any(finding.must_not for finding in self.findings):
            return STATUS_DIFFERENT
        return STATUS_UNMEASURED if self.untested or not self.compared else STATUS_SAME
