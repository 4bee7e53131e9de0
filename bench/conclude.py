"""What happens to a run once it has been judged, whoever asked for it."""

from dataclasses import dataclass
from pathlib import Path

from bench.facts import RunFacts, facts_of
from bench.history import open_history
from bench.monitor.saved import keep_fold
from bench.report import save_reports
from bench.run_folder import JudgedRun


@dataclass(frozen=True)
class Concluded:
    """What came of it."""

    facts: RunFacts
    page: Path | None
    """report.html; None where no reports were wanted."""


def conclude(run: JudgedRun, *, history: Path | None, reports: bool = True) -> Concluded:
    """Have the run enter the history, if there is to be one; write its reports, and what `bench monitor` begins with.

    Raises HistoryError or RunFolderError; the run folder and its verdicts are written by then, and neither of the two
    keeps the other from being tried.
    """
    facts = facts_of(run)
    written: tuple[Path, ...] = ()
    try:
        if history is not None:
            with open_history(history) as file:
                file.add(facts)
    finally:
        if reports:
            keep_fold(run)
            written = save_reports(run)
    return Concluded(facts, written[-1] if written else None)
