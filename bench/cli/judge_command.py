"""`bench judge`: the verdicts of a run once more, from its folder or from a pack that somebody sent."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from bench.cli.show import make_console, show_selection, show_verdicts
from bench.cli.suggestions import check_whole, show_suggestions
from bench.conclude import conclude
from bench.errors import ConfigurationError
from bench.history import history_path
from bench.pack import is_pack, unpacked
from bench.printed import printable
from bench.report import REPORTS, save_reports
from bench.run_folder import TRACE, JudgedRun, RunFiles, claim_folder, has_twins, judge_run, load_run_files
from bench.target import SerialSpec
from bench.trace import Entry, RunStarted, load_trace
from bench.verdict import exit_status


def judge(options: argparse.Namespace) -> int:
    """Judge, and show what was judged; the exit status."""
    with _folder(options.run, options.out) as folder:
        files = load_run_files(folder, trust_twins=options.trust_twins)
        if options.suggest_limits:
            check_whole(files.selection)
        trace = list(load_trace(folder / TRACE))
        console = make_console()
        for line in _headline(files, trace):
            console.print(printable(line), markup=False, soft_wrap=True)
        show_selection(files.selection, console=console)
        verdicts = judge_run(folder, files, trace=trace)
        show_verdicts(verdicts, console=console)
        if any((folder / name).exists() for name in REPORTS):  # they would go on showing the verdicts from before
            save_reports(JudgedRun(folder, files, trace, verdicts))
        if options.suggest_limits:
            keeps = folder in (options.run, options.out)
            show_suggestions(verdicts, files, folder=folder, keeps=keeps, console=console)
        if has_twins(folder) and not options.trust_twins:
            where = folder / "twins" if folder == options.run or options.out else "the pack"
            print(f"{where} holds Python that was not run: read it, then add --trust-twins")
        if folder == options.run:  # a pack is somebody else's run
            judged = JudgedRun(folder, files, trace, verdicts)
            conclude(judged, history=history_path(options.history), reports=False)
        return exit_status(verdicts)


@contextmanager
def _folder(run: Path, out: Path | None) -> Iterator[Path]:
    """The run folder: `run` itself, or what is in a pack, unpacked into `out` or for as long as this lasts."""
    if not run.is_dir() and is_pack(run):
        with unpacked(run, claim_folder(out) if out else None) as folder:
            yield folder
        return
    if out:
        raise ConfigurationError(f"--out is for a pack; {run} is none", hint="a run folder is judged where it is")
    yield run


def _headline(files: RunFiles, trace: Sequence[Entry]) -> Iterator[str]:
    """What was run, where and when."""
    yield files.scenario.title
    started = trace[0] if trace else None
    if not isinstance(started, RunStarted):
        return
    where = files.target.title
    if isinstance(files.target.transport, SerialSpec) and started.command:
        where = f"the board at {started.command[0]} (as {files.target.name})"
    yield f"{started.rows} rows of {started.recording} on {where}"
    yield f"scenario {started.scenario}, target {started.target}, {_when(started)}"


def _when(started: RunStarted) -> str:
    try:
        return f"run on {datetime.fromisoformat(started.started):%Y-%m-%d at %H:%M:%S %z}".rstrip()
    except ValueError:
        return "run at a time that it does not tell"
