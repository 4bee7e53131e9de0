"""The process beside a bench that shows its runs: `python -m bench.monitor.beside`, told by lines of JSON on stdin.

{"folder": RUN} watch that run; {"notice": TEXT} say so at once; {"test": TEXT} which test it is. It ends when
stdin does, after the rest of the trace; so it never outlives the bench.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from bench.errors import RunFolderError
from bench.monitor.follow import Followed
from bench.monitor.live import FRAME_S
from bench.monitor.plain import PlainLines
from bench.monitor.terminal import Terminal, glyphs_for, has_screen, key_within, rendered
from bench.monitor.view import screen

_BEHIND_THE_LINK: Final = 10
"""Niceness: where the machine has no core left, the screen waits and not the link."""
_KEYS: Final = "Ctrl-C stops the run"


@dataclass
class Orders:
    """What was said on stdin so far."""

    folders: list[Path] = field(default_factory=list)
    """Not yet begun."""
    notice: str = ""
    test: str = ""
    is_over: bool = False
    _rest: bytes = b""

    def take(self, data: bytes) -> None:
        """Some bytes more; none at the end."""
        self.is_over = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            order = json.loads(line)
            self.notice = order.get("notice", self.notice)
            self.test = order.get("test", self.test)
            if "folder" in order:
                self.folders.append(Path(order["folder"]))


class Beside:
    """What is shown, and of which run."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._glyphs = glyphs_for(console)
        self._orders = Orders()
        self._followed: Followed | None = None
        self._lines = PlainLines()

    def on_terminal(self) -> None:
        """The whole screen, until stdin ends; then the last one without verdicts, which the bench goes on to print."""
        with Terminal(self._console) as terminal:
            while not terminal.is_lost:
                over = self._orders.is_over
                self._step(until_end=over)
                terminal.draw(self._screen)
                if over:
                    break
                self._listen(FRAME_S)
        if self._followed is not None and not self._orders.test:
            width, height = self._console.size.width, self._console.size.height
            look = self._followed.look(glyphs=self._glyphs, with_verdicts=False)
            lines = [line for line in screen(look, width, height - 1)[:-1] if line.plain.strip()]
            sys.stdout.write("".join(f"{rendered(self._console, line)}\n" for line in lines))

    def in_lines(self) -> None:
        """Plain lines, until stdin ends."""
        while True:
            over = self._orders.is_over
            self._step(until_end=over)
            self._tell()
            if over:
                return
            self._listen(FRAME_S)

    def _tell(self, *, ended: bool = False) -> None:
        if self._followed is not None:
            look = self._followed.look(with_verdicts=not self._followed.state.is_over)
            lines = self._lines.end(look) if ended or self._followed.state.is_over else self._lines.of(look)
            sys.stdout.write("".join(f"{line}\n" for line in lines))
            sys.stdout.flush()

    def _listen(self, seconds: float) -> None:
        """Wait for orders for so long; a frame is due at its end, whenever they came."""
        until = time.monotonic() + seconds
        while not self._orders.is_over and (left_s := until - time.monotonic()) > 0:
            data = key_within(left_s, sys.stdin.fileno())
            if data is not None:
                self._orders.take(data)
                self._begin()

    def _begin(self) -> None:
        """The newest run that was named."""
        while self._orders.folders:
            if self._followed is not None:
                self._step(until_end=True)
                if not has_screen(self._console):
                    self._tell(ended=True)
                self._followed.close()
            self._followed, self._lines = Followed(self._orders.folders.pop(0)), PlainLines()

    def _step(self, *, until_end: bool) -> None:
        if self._followed is None:
            return
        try:
            self._followed.step()
            while until_end and self._followed.behind and self._followed.state.entries:
                self._followed.step()
        except RunFolderError:
            if not self._followed.folder.exists():  # the payload never answered: the bench says so
                self._followed = None
            else:
                raise

    def _screen(self, width: int, height: int) -> list[Text]:
        notices = [self._orders.notice] if self._orders.notice else []
        if self._followed is None:
            first = Text(self._orders.test or "starting", style="bold")
            return [first, *(Text(notice) for notice in notices), *[Text()] * (height - 1 - len(notices))]
        look = self._followed.look(notices=notices, test=self._orders.test, keys=_KEYS, glyphs=self._glyphs)
        return screen(look, width, height)


def main() -> int:
    """Show runs until stdin ends."""
    os.nice(_BEHIND_THE_LINK)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it means the run, which the bench stops
    console = Console(highlight=False)
    beside = Beside(console)
    try:
        if has_screen(console):
            beside.on_terminal()
        else:
            beside.in_lines()
    except RunFolderError as error:
        print(error.message, file=sys.stderr)  # noqa: T201  # the bench repeats it
        return 2
    except BrokenPipeError:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
