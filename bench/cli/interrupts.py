"""Ctrl-C and a kill, heard wherever Python happens to be.

Python drops an exception that is raised in a destructor or in the callback of a weak reference (an import ends with
one), prints a traceback that means nothing to the user, and the wish to stop is lost with it. Here it is said again.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_SAY_AGAIN_S = 0.01
"""Long enough for the callback to have ended, where it would be dropped once more."""


@contextmanager
def dropped_interrupts_return() -> Iterator[None]:
    """Until the end, a KeyboardInterrupt that Python had to drop comes again a moment later."""
    before = sys.unraisablehook
    again: list[threading.Timer] = []

    def dropped(what: "UnraisableHookArgs") -> None:
        if not issubclass(what.exc_type, KeyboardInterrupt):
            before(what)
            return
        timer = threading.Timer(_SAY_AGAIN_S, _say_again)
        timer.daemon = True
        again.append(timer)
        timer.start()

    sys.unraisablehook = dropped
    try:
        yield
    finally:
        sys.unraisablehook = before
        for timer in again:
            timer.cancel()


def _say_again() -> None:
    """As a kill where a kill is handled: both end at once what Ctrl-C might only ask to stop."""
    handled = callable(signal.getsignal(signal.SIGTERM))
    os.kill(os.getpid(), signal.SIGTERM if handled else signal.SIGINT)


@contextmanager
def handled(handler: Callable[[int, FrameType | None], object]) -> Iterator[None]:
    """Have Ctrl-C and a kill handled."""
    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
