"""monitor.json: a fold of the first bytes of a trace, so that whoever looks later need not read them again.

It is a copy of what the trace says: no verdict depends on it, and one that does not fit its trace is passed over.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import RunFolderError
from bench.monitor.basis import Basis, basis_of
from bench.monitor.codec import decode, encode
from bench.monitor.fold import fold
from bench.monitor.state import MAX_MODELS, RunState
from bench.replace import replace_content
from bench.run_folder import TRACE, JudgedRun
from bench.trace import Entry

SAVED: Final = "monitor.json"
SAVE_ENTRIES: Final = 2000
"""Fewer are read again in less time than it takes to notice."""
_FORMAT: Final = 1
"""Grows when the fold, or what is kept of it, changes."""
_MAX_BYTES: Final = 64 << 20
_FIRST_BYTES: Final = 1 << 16
_LAST_BYTES: Final = 1 << 12


@dataclass
class SavedFold:
    """`state` after the first `offset` bytes of the trace, which end with a line."""

    format: int
    offset: int
    first: str
    """SHA-256 of how the trace begins."""
    last: str
    """SHA-256 of the bytes before `offset`."""
    state: RunState


def save_fold(folder: Path, state: RunState, *, offset: int) -> None:
    """Write monitor.json; raises RunFolderError where the folder cannot be written."""
    try:
        first, last = _signs(folder / TRACE, offset)
    except OSError as error:
        raise RunFolderError(f"cannot read {folder / TRACE}: {error.strerror}", hint="is it still there?") from error
    saved = SavedFold(_FORMAT, offset, first, last, state)
    content = json.dumps(encode(saved), allow_nan=False, separators=(",", ":"))
    replace_content(folder / SAVED, content.encode() + b"\n")


def load_fold(folder: Path) -> SavedFold | None:
    """Back from `save_fold`; None where there is none, or none that fits the trace and this version."""
    path = folder / SAVED
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        raw = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(raw, dict) or raw.get("format") != _FORMAT:
            return None
        saved: SavedFold = decode(SavedFold, raw)
        fits = 0 < saved.offset <= (folder / TRACE).stat().st_size
        return (
            saved
            if fits and _is_sound(saved) and (saved.first, saved.last) == _signs(folder / TRACE, saved.offset)
            else None
        )
    except (OSError, ValueError, TypeError, RecursionError):
        return None


def _is_sound(saved: SavedFold) -> bool:
    """Whether lists that belong together are alike in length."""
    state = saved.state
    places = sorted(state.places.values())
    answers = (state.answers, state.scored)
    return (
        len(state.models) <= MAX_MODELS
        and places == list(range(len(state.models)))
        and set(state.steps) == set(RunState().steps)
        and all(len(table) == len(one.rows) for one in answers for table in (one.hits, one.predicted))
        and all(len(row) == len(state.models) for one in answers for row in (*one.hits, *one.predicted))
    )


def _signs(trace: Path, offset: int) -> tuple[str, str]:
    """How a trace begins, and what stands before `offset`: hashes."""
    with trace.open("rb") as file:
        first = file.read(min(_FIRST_BYTES, offset))
        file.seek(max(0, offset - _LAST_BYTES))
        last = file.read(min(_LAST_BYTES, offset))
    return hashlib.sha256(first.partition(b"\n")[0]).hexdigest(), hashlib.sha256(last).hexdigest()


def keep_fold(run: JudgedRun) -> None:
    """Spare whoever looks at a long run later the reading of it all. Nothing is kept where it cannot be written."""
    with contextlib.suppress(OSError, RunFolderError):
        size = (run.folder / TRACE).stat().st_size
        if len(run.trace) < SAVE_ENTRIES or not _ends_with_a_line(run.folder / TRACE):
            return
        saved = load_fold(run.folder)
        if saved is None or saved.offset < size:
            save_fold(run.folder, fold_whole(run.trace, basis_of(run.files)), offset=size)


def _ends_with_a_line(trace: Path) -> bool:
    with trace.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def fold_whole(trace: Sequence[Entry], basis: Basis) -> RunState:
    """The state after all entries."""
    state = RunState()
    for entry in trace:
        fold(state, entry, basis)
    return state
