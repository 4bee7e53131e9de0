"""Ctrl-C at a moment in which Python drops exceptions."""

import signal
import threading
import weakref
from contextlib import nullcontext

import pytest

from bench.cli.interrupts import dropped_interrupts_return, handled


class Thing:
    """Something to refer to weakly."""


def interrupt_where_it_is_dropped() -> None:
    thing = Thing()
    reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
    del thing
    assert reference() is None


def interrupt_and_wait() -> None:
    interrupt_where_it_is_dropped()
    threading.Event().wait(5.0)


@pytest.mark.parametrize("also_a_kill", [False, True])
def test_an_interrupt_that_python_drops_comes_again(capsys: pytest.CaptureFixture[str], *, also_a_kill: bool) -> None:
    heard: list[int] = []

    def interrupted(number: int, frame: object) -> None:
        del frame
        heard.append(number)
        raise KeyboardInterrupt

    killable = handled(interrupted) if also_a_kill else nullcontext()
    before = signal.signal(signal.SIGINT, interrupted)
    try:
        with dropped_interrupts_return(), killable, pytest.raises(KeyboardInterrupt):
            interrupt_and_wait()
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT, signal.SIGTERM if also_a_kill else signal.SIGINT]
    assert capsys.readouterr().err == ""


def test_other_dropped_exceptions_are_shown_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[type[BaseException]] = []
    monkeypatch.setattr("sys.unraisablehook", lambda what: shown.append(what.exc_type))

    def broken(_: object) -> None:
        raise ValueError

    with dropped_interrupts_return():
        thing = Thing()
        reference = weakref.ref(thing, broken)
        del thing
    assert reference() is None
    assert shown == [ValueError]
