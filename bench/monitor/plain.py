"""A run in lines, for a pipe, a log or a dumb terminal: a tenth of the way at a time, and what happens between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bench.monitor.blocks import Look, rate, share_done, way
from bench.monitor.glyphs import duration, number, per_second
from bench.monitor.provisional import OPEN, in_unit, unit_of
from bench.verdict import FAIL

_PARTS: Final = 10


class PlainLines:
    """`of(look)` gives the lines that are new since the last look."""

    def __init__(self) -> None:
        self._part = 0
        self._what = ""
        self._logged = 0
        self._failed: set[str] = set()
        self._begun = False
        self._ended = False

    def of(self, look: Look) -> Iterator[str]:
        """Lines without their ends."""
        state = look.state
        if not self._begun and state.scenario:
            self._begun = True
            partial = f"; partial run: {look.basis.selection}" if look.basis.selection is not None else ""
            folder = f"; run folder {look.folder}" if look.folder else ""
            yield f"{state.scenario} on {state.target}: {number(state.due_rows)} rows{partial}{folder}"
        new = state.logged - self._logged
        self._logged = state.logged
        if new > len(state.log):
            yield f"({number(new - len(state.log))} lines of console and events are not shown)"
        for line in state.log[-new:] if new else ():
            yield f"{line.t:.1f} s: {'console: ' if line.kind == 'console' else ''}{line.text}"
        yield from self._progress(look)
        for one in look.verdicts:
            if one.outcome == FAIL and one.name not in self._failed and not state.is_over:
                self._failed.add(one.name)
                yield f"{state.t:.1f} s: FAIL {one.name}: {number(one.value)} {one.unit}, limit {one.limit}"

    def end(self, look: Look) -> Iterator[str]:
        """The last lines."""
        yield from self.of(look)
        if not self._ended and look.state.scenario:
            self._ended = True
            counts = {outcome: sum(one.outcome == outcome for one in look.verdicts) for outcome in _OUTCOMES}
            said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
            reason = f" ({look.state.reason})" if look.state.reason else ""
            yield f"{duration(look.now)}: {look.status}{reason}" + (f"; verdicts: {said}" if said else "")

    def _progress(self, look: Look) -> Iterator[str]:
        what, done, due = way(look)
        if what != self._what:
            self._what, self._part = what, 0
        part = int(share_done(look) * _PARTS)
        if part <= self._part:
            return
        self._part = part
        speed = rate(look)
        words = [f"{what} {number(done)} of {number(due)}"]
        words += [f"{number(round(speed, 1))} {what}/s"] if speed else []
        if speed and what == "rows" and look.state.mode != "score":
            words.append(per_second(speed * look.state.link.record_bytes))
        if speed and due > done:
            words.append(f"{duration((due - done) / speed)} left")
        p99 = look.state.row.percentile(99)
        if p99 is not None:
            words.append(f"p99 of a row {number(in_unit(look.state, p99))} {unit_of(look.state)}")
        yield f"{look.state.t:.1f} s: " + ", ".join(words)


_OUTCOMES: Final = (FAIL, "UNMEASURED", OPEN, "PASS")
