"""A whole night: planned, carried out, compared with the one before, and written up."""

import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.nightly.carry_out import CarryOut, Surroundings, Watcher
from bench.nightly.change import Change, find_changes, with_since
from bench.nightly.grown import find_grown
from bench.nightly.junit import night_junit
from bench.nightly.matrix import Matrix
from bench.nightly.page import night_page
from bench.nightly.plan import NightJob, build_all
from bench.nightly.record import JobRecord, NightRecord
from bench.nightly.store import NightStore, earlier_nights, new_night_folder, only_night
from bench.nightly.summary import summary_markdown
from bench.replace import replace_content


@dataclass(frozen=True)
class FinishedNight:
    folder: Path
    record: NightRecord
    changes: tuple[Change, ...]
    first: bool
    """There was no night of this matrix before it."""


def carry_out_night(
    matrix: Matrix,
    chosen: Sequence[NightJob],
    *,
    out: Path,
    around: Surroundings,
    watcher: Watcher,
    only: Sequence[str] = (),
) -> FinishedNight:
    """Carry out the chosen jobs of the matrix in a new folder under `out`. Raises BenchError.

    Whatever ends it early, night.json and attempts.jsonl hold what had been done by then.
    """
    with only_night(out) as died:
        started = around.now()
        folder = new_night_folder(out, matrix.name, started=started)
        names = {job.name for job in chosen}
        jobs = tuple(
            JobRecord(cell.name, cell.settings.required, reason="" if cell.name in names else "not chosen")
            for cell in matrix.cells
        )
        night = NightRecord(
            name=folder.name,
            matrix=matrix.name,
            title=matrix.title,
            started=started.isoformat(timespec="seconds"),
            jobs=jobs,
            only=tuple(only),
            pid=os.getpid(),
            host=socket.gethostname(),
            notes=(f"a nightly died here before it was done: {died}",) if died else (),
        )
        store = NightStore(folder)
        store.save(night)
        work = CarryOut(matrix, chosen, night, store, around, watcher, unbuilt=build_all(chosen))
        night = work.run()
        return _write_up(night, store)


def _write_up(night: NightRecord, store: NightStore) -> FinishedNight:
    earlier, problems = earlier_nights(store.folder, night.matrix)
    night = with_since(replace(night, notes=(*night.notes, *problems)), earlier)
    store.save(night)
    changes = (*find_changes(night, earlier), *find_grown(night, store.folder, earlier))
    first = not earlier
    write_pages(night, changes, first=first, folder=store.folder)
    return FinishedNight(store.folder, night, changes, first)


def write_pages(night: NightRecord, changes: Sequence[Change], *, first: bool, folder: Path) -> None:
    """summary.md, index.html and junit.xml; raises RunFolderError when one cannot be written."""
    texts = {
        "junit.xml": night_junit(night),
        "summary.md": summary_markdown(night, changes, first=first).encode(),
        "index.html": night_page(night, changes, first=first, folder=folder).encode(),
    }
    for name, content in texts.items():
        replace_content(folder / name, content)
