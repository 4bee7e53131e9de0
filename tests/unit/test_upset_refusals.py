"""What the bench says where no window can be opened, and where others have the golden run in hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from bench.errors import BenchError, ConfigurationError
from bench.upset import ending, golden, hold, store, window
from bench.upset.accuracy import Scorer
from bench.upset.image import Image, Symbol
from bench.upset.watchdog import measure_watchdog
from bench.upset.work import ROWS_ENTRY
from tests.unit.small_recording import make_recording
from tests.unit.stuck_machine import END, StuckMachine
from tests.unit.test_upset_judge import FACTS, make_run

IMAGE = Image({}, {}, thumb=True, sleeps=())
WITH_WATCH = Image({}, {"watch": Symbol("watch", 0x400, 4, ".text", "STT_FUNC")}, thumb=True, sleeps=())
WITH_ROWS = Image({}, {ROWS_ENTRY: Symbol(ROWS_ENTRY, END, 4, ".text", "STT_FUNC")}, thumb=True, sleeps=())


class Wandering(StuckMachine):
    """Stands where it is held, and then goes on all the same."""

    def __init__(self) -> None:
        super().__init__()
        self._place = END

    def read_register(self, number: int) -> int:
        assert number == 15
        self._place += 2
        return self._place - 2


def hold_at(machine: Any, entry: int = END, *, image: Image = IMAGE) -> None:  # noqa: ANN401 - stands for a Machine
    watched = image is not IMAGE
    window._hold(machine, image, entry, [b"frame", b"frame"], watched=watched)  # noqa: SLF001 - of one that fails


def test_a_payload_whose_watchdog_nobody_can_serve_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the firmware has no function watch that would serve its watchdog"):
        hold_at(StuckMachine(), image=WITH_ROWS)


def hold_elsewhere(machine: Any) -> None:  # noqa: ANN401 - as above
    hold_at(machine, 0x200)


@pytest.mark.parametrize(
    ("work", "machine", "words"),
    [
        (hold_elsewhere, StuckMachine(), r"the payload has not begun to train within 0\.05 s"),
        (hold_at, Wandering(), "the held payload stands at 0x102 and not at 0x100"),
        (
            lambda machine: hold_at(machine, image=WITH_WATCH),
            StuckMachine(),
            "the held payload stands at 0x100, far from 0x100",
        ),
        (hold_at, StuckMachine(takes=False), r"QEMU has not taken the requests within 0\.05 s"),
        (hold_at, StuckMachine(unread=3), r"QEMU has not read the requests within 0\.05 s"),
        (
            lambda machine: golden._run_once(machine, since=0),  # noqa: SLF001 - as above
            StuckMachine(),
            r"the golden run has not ended within 0\.05 s",
        ),
        (
            lambda machine: measure_watchdog(machine, WITH_ROWS, since=0),
            StuckMachine(idle=True),
            r"the watchdog has not started a payload anew that stood still for \d+ instructions",
        ),
    ],
)
def test_a_machine_that_gets_nowhere_is_an_error_of_the_bench(
    monkeypatch: pytest.MonkeyPatch, work: Callable[[Any], object], machine: StuckMachine, words: str
) -> None:
    monkeypatch.setattr(window, "_ARRIVE_S", 0.05)
    monkeypatch.setattr(hold, "_STAND_S", 0.05)
    monkeypatch.setattr(golden, "DEADLINE_S", 0.05)
    monkeypatch.setattr(ending, "DEADLINE_S", 0.05)
    with pytest.raises(BenchError, match=words):
        work(machine)


def test_a_golden_run_that_another_worker_never_finishes_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_LOCK_S", 0.05)
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    with (
        FileLock(folder / "key.lock"),
        pytest.raises(BenchError, match=r"another worker has been making the golden run for 0\.05 s"),
    ):
        store.fetch_golden("key", tmp_path, make_run, folder=folder)


def test_models_are_not_scored_without_labels() -> None:
    blind = replace(make_recording(), labels=None, evaluation=None)
    with pytest.raises(ConfigurationError, match="has no labels to score models by"):
        Scorer(FACTS, blind)
