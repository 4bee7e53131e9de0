"""What the bench says where no window can be opened, and where others have the golden run in hand."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from bench.errors import BenchError, ConfigurationError
from bench.gdb import Stop
from bench.upset import ending, golden, hold, store, window
from bench.upset.accuracy import Scorer
from bench.upset.image import Image, Symbol
from bench.upset.places import PC
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


class Serving(StuckMachine):
    """Executes what it is held by, which speaks to the watchdog: QEMU interrupts it there, and never in the loop."""

    def __init__(self, *, stays: bool = True) -> None:
        super().__init__(stops=True)
        self._stays = stays
        self._left = 0
        self.interrupts = 0

    def interrupt(self) -> Stop:
        self.interrupts += 1
        self._left = 20
        return super().interrupt()

    def begin_step(self) -> None:
        self._left -= 1

    def read_register(self, number: int) -> int:
        is_lost = self.interrupts > 2 and not self._stays
        return 0x400 if number != PC or self._left or is_lost else END + 4

    def write_register(self, number: int, value: int) -> None:
        self.steps.append(f"r{number} = {value:#x}")


def hold_at(machine: Any, entry: int = END, *, image: Image = IMAGE) -> None:  # noqa: ANN401 - stands for a Machine
    watched = image is not IMAGE
    window._hold(machine, image, entry, [b"frame", b"frame"], watched=watched)  # noqa: SLF001 - of one that fails


def test_a_payload_whose_watchdog_nobody_can_serve_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="the firmware has no function watch that would serve its watchdog"):
        hold_at(StuckMachine(), image=WITH_ROWS)


def test_a_payload_that_serves_its_watchdog_is_found_by_steps() -> None:
    machine: Any = Serving()
    with hold.held_and_watched(machine, END, WITH_WATCH) as held:
        assert list(held) == list(range(END + 4, END + 18))
        hold.await_stand(machine, held)
    assert machine.interrupts == 1
    assert machine.steps[-3:] == ["r13 = 0x418", "r15 = 0x100", "write 0x100 000000000000000000000000000000000000"]


def test_a_payload_that_sleeps_is_not_held_and_no_step_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    machine: Any = StuckMachine()
    monkeypatch.setattr(hold, "_STAND_S", 0.0)
    with pytest.raises(BenchError, match="has not begun to train within 0 s"):
        hold.await_stand(machine, range(0x200, 0x202))
    assert machine.steps == ["interrupt", "step", "interrupt", "go"]


def hold_elsewhere(machine: Any) -> None:  # noqa: ANN401 - as above
    hold_at(machine, 0x200)


@pytest.mark.parametrize(
    ("work", "machine", "words"),
    [
        (hold_elsewhere, StuckMachine(), r"the payload has not begun to train within 0\.05 s"),
        (hold_at, Wandering(), "the held payload stands at 0x102 and not at 0x100"),
        (
            lambda machine: hold_at(machine, image=WITH_WATCH),
            Serving(stays=False),
            "the held payload stands at 0x400, far from 0x100",
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
