"""Machines that do what no real one can be made to: what the bench says when it cannot tell what comes of a payload."""

from collections.abc import Callable
from typing import Any

import pytest

from bench.errors import BenchError
from bench.target import load_target
from bench.upset import ending, live, stamps
from bench.upset.ending import Runner, last_words, start_instructions
from bench.upset.heard import Listener
from bench.upset.image import Image, Symbol
from bench.upset.live import LiveLink
from bench.upset.progress import find_counters
from bench.upset.stamps import Stamps, find_stamps, instruction_s
from firmware_if.connection import Connection
from tests.unit.stuck_machine import END, StuckMachine
from tests.unit.test_upset_judge import make_run


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ending, live, stamps):
        monkeypatch.setattr(module, "DEADLINE_S", 0.05)


def run(machine: Any, *, limit: int = 10**9) -> ending.Ending:  # noqa: ANN401 - stands for a Machine
    runner = Runner(machine, END, since=0, sleep_bytes=2, boot=5000)
    return runner.run(0, limit, is_over=lambda _: False)


def talk(machine: Any, *, limit: int = 10**9) -> live.Talk:  # noqa: ANN401 - stands for a Machine
    connection = Connection(lambda: 1)
    connection.open(0.0)
    return LiveLink(machine, Listener(connection), limit=limit).talk(lambda _: False)


@pytest.mark.parametrize(
    ("work", "machine", "words"),
    [
        (run, StuckMachine(), "a run has not ended within 0.05 s"),
        (run, StuckMachine(stops=True), "a step has not ended within 0.05 s, and the emulator is not idle"),
        (
            lambda machine: last_words(machine, bytearray()),
            StuckMachine(),
            "has hung up on its debugger, and lives on 0.05 s",
        ),
        (start_instructions, StuckMachine(), "the payload has not gone to sleep within 0.05 s of its start"),
        (talk, StuckMachine(), "the payload has not fallen asleep again within 0.05 s of a byte"),
    ],
)
def test_what_takes_too_long_is_an_error_of_the_bench(
    work: Callable[[Any], object], machine: StuckMachine, words: str
) -> None:
    with pytest.raises(BenchError, match=words):
        work(machine)


def test_where_stamps_are_looked_for_the_run_must_end() -> None:
    image = Image({}, {"uptime_us": Symbol("uptime_us", 4, 4, ".text", "STT_FUNC")}, thumb=True, sleeps=())
    with pytest.raises(BenchError, match=r"the golden run has not been run again within 0\.05 s"):
        find_stamps(StuckMachine(), image, load_target("qemu-mps2-an386"), make_run())  # type: ignore[arg-type]


def test_stamps_are_told_only_of_an_emulator_with_a_known_pace() -> None:
    assert instruction_s(load_target("qemu-mps2-an386")) == 128e-9
    assert instruction_s(load_target("qemu-zynq-a9")) == 64e-9
    assert instruction_s(load_target("host")) is None
    image = Image({}, {}, thumb=True, sleeps=())
    assert find_stamps(StuckMachine(), image, load_target("qemu-mps2-an386"), make_run()) is None  # type: ignore[arg-type]
    assert Stamps(1.0, 128e-9).instruction(1.0 + 1e-3) == 7812
    assert Stamps(1.0, 128e-9).grain == 119


class Reset(StuckMachine):
    """Is reset while it runs."""

    def processor_s(self) -> float:
        self.resets = 1
        return 0.0


def test_a_reset_within_the_limit_is_given_the_time_that_a_start_takes() -> None:
    assert run(StuckMachine(idle=True), limit=500).how == "overrun"
    assert run(Reset(idle=True), limit=500).how == "asleep"


def test_talking_ends_where_the_core_can_do_no_more() -> None:
    assert talk(StuckMachine(idle=True)).how == "silent"
    assert talk(StuckMachine(idle=True, unread=1)).how == "silent"
    assert talk(StuckMachine(idle=True), limit=-(10**9)).how == "overrun"
    died = talk(StuckMachine(words="qemu: fatal: Lockup"))
    assert (died.how, died.words) == ("died", "qemu: fatal: Lockup")


@pytest.mark.parametrize("bound", ["MOST_BYTES", "MOST_EXCHANGES"])
def test_talking_has_an_end_where_answers_have_none(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(live, bound, 0)
    found = talk(StuckMachine(idle=True))
    assert (found.how, found.words) == ("overrun", "it answers, and there is no end of answers")


def test_a_stub_that_hangs_up_is_an_emulator_that_died() -> None:
    machine = StuckMachine(idle=True, words="qemu: hardware error")
    machine.go = lambda: (_ for _ in ()).throw(EOFError)  # type: ignore[method-assign]
    died = talk(machine)
    assert (died.how, died.words) == ("died", "qemu: hardware error")


def test_rows_are_counted_by_the_words_that_go_from_the_first_to_the_last() -> None:
    before = b"".join(word.to_bytes(4, "little") for word in (7, 20, 20, 20))
    after = b"".join(word.to_bytes(4, "little") for word in (77, 77, 20, 77))
    assert find_counters(before, after, first=20, end=77) == [4, 12]
    assert find_counters(before, after[:-1], first=20, end=77) == [4]
    assert find_counters(b"", after, first=20, end=77) == []
