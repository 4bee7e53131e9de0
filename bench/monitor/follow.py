"""One run that is watched: its trace read as it grows, folded, and looked at."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.errors import RunFolderError
from bench.monitor.basis import Basis, load_basis
from bench.monitor.blocks import Look
from bench.monitor.fold import fold
from bench.monitor.glyphs import UNICODE, Glyphs
from bench.monitor.provisional import Judge, Shown, final
from bench.monitor.saved import SAVE_ENTRIES, load_fold, save_fold
from bench.monitor.state import RunState
from bench.monitor.tail import Tail
from bench.results.verdicts import load_verdicts
from bench.run_folder import VERDICTS

SAVE_S: Final = 5.0
"""Between two savings while a trace grows."""
JUDGE_S: Final = 15.0
"""How long the verdicts of a run that has just ended are waited for."""


class Followed:
    """`step` reads what is new; `look` says what is known. Raises RunFolderError for a trace that cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        saved = load_fold(folder)
        self.state: RunState = saved.state if saved is not None else RunState()
        self._tail = Tail(folder, offset=saved.offset if saved is not None else 0)
        self._saved_entries = self.state.entries
        self._save_at = 0.0
        self._basis: Basis | None = None
        self._judge: Judge | None = None
        self._written = True
        self._ended_at: float | None = None
        self._verdicts: tuple[Shown, ...] | None = None
        self.behind = True
        """There is more to be read than was."""

    @property
    def basis(self) -> Basis:
        if self._basis is None:
            self._basis = load_basis(self.folder)
        return self._basis

    @property
    def is_over(self) -> bool:
        """Nothing more will come, but perhaps verdicts."""
        return (self.state.is_over or not self._written) and not self.behind

    @property
    def share_read(self) -> float:
        return self._tail.offset / self._tail.size if self._tail.size else 0.0

    def step(self, *, blocks: int = 1) -> bool:
        """Read what is new, at most so many MiB; whether that was anything."""
        if not self._tail.open():
            return False
        before = self.state.entries
        written = self._tail.is_written()  # asked first: what is written after it is still read
        for entry in self._tail.read(blocks=blocks):
            fold(self.state, entry, self.basis)
        self.behind = self._tail.offset + self._tail.rest_bytes < self._tail.size
        was, self._written = self._written, written
        self._save_if_due()
        return self.state.entries != before or was != written

    def _save_if_due(self) -> None:
        now = time.monotonic()
        fresh = self.state.entries - self._saved_entries
        if (
            fresh >= SAVE_ENTRIES
            and (now >= self._save_at or self.is_over)
            and self.state.rows + self.state.scored_rows
        ):
            self._save_at = now + SAVE_S
            self._saved_entries = self.state.entries
            try:
                save_fold(self.folder, self.state, offset=self._tail.offset)
            except RunFolderError:
                self._save_at = float("inf")  # a folder of somebody else's, or a full disk: the run will say so

    def verdicts(self) -> tuple[Shown, ...]:
        """What verdicts.json says of a run that is over, else what can be said by now."""
        if self.state.is_over and self._verdicts is None and self._is_judged():
            try:
                self._verdicts = final(load_verdicts(self.folder / VERDICTS))
            except RunFolderError:
                self._verdicts = None
        if self._verdicts is not None:
            return self._verdicts
        if self._judge is None:
            self._judge = Judge(self.basis)
        return self._judge.judge(self.state)

    def _is_judged(self) -> bool:
        return (self.folder / VERDICTS).is_file()

    def awaits_verdicts(self) -> bool:
        """The run has just ended, and is being judged by whoever ran it."""
        if not self.state.is_over or self._is_judged():
            return False
        if self._ended_at is None:
            self._ended_at = time.monotonic()
        return time.monotonic() < self._ended_at + JUDGE_S and time.time() < self._tail.modified + JUDGE_S

    def look(
        self,
        *,
        notices: Sequence[str] = (),
        test: str = "",
        keys: str = "",
        glyphs: Glyphs = UNICODE,
        with_verdicts: bool = True,
    ) -> Look:
        """What is known now."""
        quiet_s = max(0.0, time.time() - self._tail.modified) if self._written and self._tail.modified else 0.0
        if self.behind and self._tail.size:
            notices = [*notices, f"reading the trace: {self.share_read:.0%}"]
        return Look(
            self.state,
            self.basis,
            self.state.t + (0.0 if self.state.is_over else quiet_s),
            self.verdicts() if with_verdicts else (),
            is_written=self._written,
            quiet_s=quiet_s,
            test=test,
            notices=notices,
            folder=self.folder.resolve().name,
            keys=keys,
            glyphs=glyphs,
        )

    def close(self) -> None:
        self._tail.close()
