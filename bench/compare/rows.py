"""Where in the stream an operation first cost another count: read from the traces of two runs that are still there."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from bench.errors import RunFolderError
from bench.facts import ROW_OPERATIONS, RunFacts, folder_of
from bench.run_folder import TRACE
from bench.trace import SamplesTrained, load_trace


def first_rows(before: RunFacts, after: RunFacts) -> Mapping[str, int]:
    """Operation -> first row whose cost, over all models, is another; empty where a folder is gone."""
    folders = folder_of(before), folder_of(after)
    try:
        old, new = (_costs(folder) if folder is not None else {} for folder in folders)
    except RunFolderError:
        return {}
    found = {}
    for operation in ROW_OPERATIONS:
        pairs = zip(old.get(operation, ()), new.get(operation, ()), strict=False)
        first = next((index for index, (one, other) in enumerate(pairs) if one != other), None)
        if first is not None:
            found[operation] = first
    return found


def _costs(folder: Path) -> dict[str, list[int]]:
    reports = [entry for entry in load_trace(folder / TRACE) if isinstance(entry, SamplesTrained)]
    return {name: list(chain.from_iterable(getattr(one, name) for one in reports)) for name in ROW_OPERATIONS}
