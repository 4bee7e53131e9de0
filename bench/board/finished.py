"""A run that is over, and can be judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.run_folder import JudgedRun, RunFiles, judge_run
from bench.trace import Entry


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """What a run left: its folder and, still in memory, what is in it."""

    folder: Path
    files: RunFiles
    outcome: str
    """completed, aborted or target_failed."""
    trace: Sequence[Entry]
    started: float
    """On the clock of the board, as the times of its link's tail."""

    def judge(self) -> JudgedRun:
        """Measure and judge, and write the results into the folder."""
        return JudgedRun(self.folder, self.files, self.trace, judge_run(self.folder, self.files, trace=self.trace))
