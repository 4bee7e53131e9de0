"""Which run is meant where none is named."""

from __future__ import annotations

from pathlib import Path

from bench.errors import RunFolderError
from bench.run_folder import TRACE, is_written


def newest_run(root: Path) -> Path:
    """The newest run under `root`, of those that go on if any does; raises RunFolderError where there is none."""
    found = []
    for trace in root.glob(f"*/{TRACE}"):
        try:
            with trace.open("rb") as file:
                found.append((is_written(file), trace.stat().st_mtime, trace.parent))
        except OSError:
            continue
    if not found:
        hint = "give the folder of a run: bench monitor RUN"
        raise RunFolderError(f"there is no run under {root}", hint=hint)
    return max(found)[2]
