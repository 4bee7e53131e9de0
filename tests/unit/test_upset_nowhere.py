"""A core that executes zeros where the machine has nothing: told by the map of the machine and one step."""

import re

import pytest

from bench.errors import BenchError
from bench.upset import ending
from bench.upset.ending import Runner
from bench.upset.nowhere import Nowhere, empty_ranges
from bench.upset.places import PC
from tests.unit.stuck_machine import StuckMachine

TREE = """FlatView #0
 AS "I/O", root: io
 Root memory region: io
  0000000000000000-000000000000ffff (prio 0, i/o): io

FlatView #1
 AS "memory", root: system
 AS "bitband-source", root: system
 Root memory region: system
  0000000000000000-00000000003fffff (prio 0, ram): mps.ssram1
  0000000000800000-0000000000ffffff (prio -1000, i/o): RESERVED 1
  0000000040000000-0000000040000fff (prio 0, i/o): cmsdk-apb-timer
  00000000fffc0000-00000000ffffffff (prio 0, ram): zynq.ocm_ram

FlatView #2
 AS "cpu-memory-0", root: armv7m-container
 Root memory region: armv7m-container
  0000000000000000-00000000ffffffff (prio 0, ram): everything
"""
EMPTY = (range(0x400000, 0x40000000), range(0x40001000, 0xFFFC0000))


class Astray(StuckMachine):
    """Executes something of `width` bytes at `place`."""

    def __init__(self, place: int, *, width: int = 2, stops: bool = False) -> None:
        super().__init__(stops=stops)
        self.place = place
        self._width = width

    def read_register(self, number: int) -> int:
        assert number == PC
        return self.place

    def step(self) -> None:  # type: ignore[override] # nobody looks
        self.steps.append("step")
        self.place += self._width

    def wait_stop(self, timeout_s: float, *, also: object = ()) -> object:  # type: ignore[override] # as above
        del timeout_s, also
        return 5 if self._stops else None


def nowhere(machine: StuckMachine, *, watched: bool = False) -> Nowhere:
    return Nowhere(machine, EMPTY, watched=watched)  # type: ignore[arg-type] # stands for a Machine


def test_empty_is_what_the_system_bus_has_neither_memory_nor_device_for() -> None:
    assert empty_ranges(TREE) == EMPTY
    assert empty_ranges("") == ()
    assert empty_ranges(re.sub(r"0000000ff.*\n|00000000ff.*\n", "", TREE))[-1].stop == 1 << 32


@pytest.mark.parametrize(
    ("place", "width", "instructions", "holds"),
    [
        (0x400000, 2, 1000, True),
        (0x400000, 4, 1000, True),
        (0x3FFFFE, 2, 1000, False),
        (0x40000000, 2, 1000, False),
        (0x400000, 6, 1000, False),
        (0x400000, -0x400000, 1000, False),
        (0x40000000 - 2002, 2, 1000, True),
        (0x40000000 - 2000, 2, 1000, False),
    ],
)
def test_a_core_is_nowhere_where_zeros_follow_for_long_enough(
    place: int, width: int, instructions: int, *, holds: bool
) -> None:
    assert nowhere(Astray(place, width=width)).holds(instructions) == holds


def test_where_a_watchdog_waits_the_clock_is_brought_on_to_it_some_times() -> None:
    machine = Astray(0x400000, stops=True)
    found = nowhere(machine, watched=True)
    assert [found.holds(1000) for _ in range(4)] == [False, False, False, True]
    assert machine.steps[:4] == ["step", "set 0x400002 2", "go", "clear 0x400002 2"]
    found.begin()
    assert not found.holds(1000)
    with pytest.raises(BenchError, match="a breakpoint where the core stands has not stopped it within 10 s"):
        nowhere(Astray(0x400000), watched=True).holds(1000)


def test_such_a_run_is_over_at_once() -> None:
    machine = Astray(0x400000)
    machine.processor_s = iter(range(100)).__next__  # type: ignore[method-assign] # time passes
    runner = Runner(machine, 0x100, since=0, sleep_bytes=2, nowhere=nowhere(machine))  # type: ignore[arg-type]
    assert runner.run(0, 10**6, is_over=lambda _: False).how == "overrun"


class Dying(StuckMachine):
    """Goes on by a million instructions at a time, and is gone after so many."""

    def __init__(self, million: int) -> None:
        super().__init__()
        self._million = million

    def reading(self) -> int:
        self.count += 1_000_000
        if self.count > self._million * 1_000_000:
            raise EOFError
        return self.count


@pytest.mark.parametrize(
    ("million", "death"), [(3, "before"), (9, "before"), (10, "about"), (20, "about"), (21, "beyond"), (30, "beyond")]
)
def test_a_death_is_before_the_limit_where_it_is_far_from_it(million: int, death: ending.Death) -> None:
    machine = Dying(million)
    runner = Runner(machine, 0x100, since=0, sleep_bytes=2)  # type: ignore[arg-type]
    assert runner.look_until_death(20_000_000) == death


def test_an_emulator_that_does_not_die_again_is_an_error_of_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "DEADLINE_S", 0.05)
    runner = Runner(StuckMachine(), 0x100, since=0, sleep_bytes=2)  # type: ignore[arg-type]
    with pytest.raises(BenchError, match=r"an emulator that has died does not die again within 0\.05 s"):
        runner.look_until_death(1 << 60)
