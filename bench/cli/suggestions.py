"""--suggest-limits: limits for what a run measured, as text to append to its scenario."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.errors import ConfigurationError, RunFolderError
from bench.measure import COMPLETED
from bench.run_folder import RunFiles
from bench.selection import Selection
from bench.suggest import suggest_limits, suggestions_text
from bench.verdict import PASS, Verdict

SUGGESTED = "suggested-limits.toml"


def check_whole(selection: Selection | None) -> None:
    """Raise ConfigurationError for a part of a scenario: what it measured says little of the whole."""
    if selection is not None:
        raise ConfigurationError(
            f"--suggest-limits needs a whole run; this one is partial ({selection})",
            hint="leave --rows and --models out",
        )


def show_suggestions(
    verdicts: Sequence[Verdict], files: RunFiles, *, folder: Path, keeps: bool, console: Console
) -> None:
    """Write them into the run folder, and say how to use them; where it does not `keep` anything, print them."""
    completed = next((verdict for verdict in verdicts if verdict.name == COMPLETED), None)
    if completed is None or completed.outcome != PASS:
        console.print("no limits suggested: the run did not complete", style="yellow")
        return
    target = files.target.name
    suggestions = suggest_limits(verdicts, targets=(target,))
    if not suggestions.limits and not suggestions.left:
        console.print("no limits suggested: all that one would look for have some", markup=False)
        return
    text = suggestions_text(suggestions, of=f"a run of {files.scenario.name} on {target}")
    if not keeps:
        console.print(text, markup=False, soft_wrap=True)
        return
    path = folder / SUGGESTED
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"cannot write {path}: {error.strerror}", hint="is the disk full?") from error
    left = f", {len(suggestions.left)} not (it says why)" if suggestions.left else ""
    console.print(f"{len(suggestions.limits)} limits suggested{left}: {path}", markup=False, soft_wrap=True)
    console.print(f"to have them: cat {shlex.quote(str(path))} >> SCENARIO.toml", markup=False, soft_wrap=True)
