"""`bench report`: the reports of runs that are over, from their folders or from packs."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.errors import BenchError, ConfigurationError
from bench.history import HISTORY
from bench.pack import is_pack, unpacked
from bench.report import save_reports
from bench.run_folder import JudgedRun, load_judged_run


def report(options: argparse.Namespace) -> int:
    """Write them, and name the pages; the exit status. `runs/*` also names the history, which is passed over."""
    places = list(_places([run for run in options.runs if run.name != HISTORY], options.out))
    if not places:
        raise ConfigurationError("a history is no run", hint="give run folders, or packs")
    failed: list[BenchError] = []
    for run, out in places:
        try:
            with _loaded(run) as judged:
                *_, page = save_reports(judged, out)
            print(page)
        except BenchError as error:
            failed.append(error)
    for one in failed[:-1]:
        print(f"bench: {one.message}", file=sys.stderr)
    if failed:
        raise failed[-1]  # with its hint
    return 0


def _places(runs: Sequence[Path], out: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """Each run and the folder that its reports go to; None is its own."""
    names = [run.resolve().stem if run.is_file() else run.resolve().name for run in runs]
    for run, name in zip(runs, names, strict=True):
        if out is None and run.is_file() and is_pack(run):
            raise ConfigurationError(f"{run} is a pack, which takes no reports", hint="add --out DIR")
        if out is not None and names.count(name) > 1:
            message = f"two runs are called {name}"
            raise ConfigurationError(message, hint="write their reports one by one, each with an --out of its own")
        yield run, out / name if out is not None and len(runs) > 1 else out


@contextmanager
def _loaded(run: Path) -> Iterator[JudgedRun]:
    if run.is_file() and is_pack(run):
        with TemporaryDirectory(prefix="hil-") as scratch:
            named = Path(scratch) / run.stem  # the reports name the run folder
            named.mkdir()
            with unpacked(run, named) as folder:
                yield load_judged_run(folder)
        return
    yield load_judged_run(run)
