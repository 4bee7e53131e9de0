"""Power cuts at random instructions of a whole payload: the bounded form of tools/power_cuts.py, what it would find."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.target import load_target
from bench.transport import make_process
from bench.upset.image import read_image
from tests.system.emulated import build
from tools.power_cuts import cut_power, report
from tools.powercuts.lives import EVERY, BrokenPromiseError, Flight, Tally
from tools.powercuts.machine import HostMachine
from tools.powercuts.storage import StorageFile

ROWS = 12 * EVERY


@pytest.mark.parametrize(("name", "cuts"), [("host", 40), ("qemu-mps2-an386", 12), ("qemu-zynq-a9", 3)])
def test_nothing_that_was_committed_is_lost_and_nothing_torn_is_taken(name: str, cuts: int) -> None:
    seed = random.SystemRandom().randrange(10_000)
    tally = Tally()
    try:
        cut_power(name, cuts=cuts, seed=seed, tally=tally, rows=ROWS)
    finally:
        print(f"seed {seed}:", report(tally, 0.0))
    assert tally.cuts == cuts
    assert tally.resumed + tally.nothing_left == cuts
    assert tally.resumed > tally.nothing_left
    assert tally.most_lost <= EVERY


class TamperedMachine(HostMachine):
    """Something is done to the storage after each cut, or before each start."""

    after_cut: Callable[[], object] = staticmethod(lambda: None)
    before_start: Callable[[], object] = staticmethod(lambda: None)

    def cut(self, *, keep: bool) -> str:
        place = super().cut(keep=keep)
        self.after_cut()
        return place

    def start(self, *, ram: str, draw: random.Random) -> None:
        self.before_start()
        super().start(ram=ram, draw=draw)


@pytest.fixture
def storage(tmp_path: Path) -> StorageFile:
    target = load_target("host")
    return StorageFile(tmp_path / "storage", target, read_image(build(target)))


def fly(storage: StorageFile, tamper: Callable[[TamperedMachine, Flight], None]) -> None:
    target = load_target("host")
    elf = build(target)
    image = read_image(elf)
    machine = TamperedMachine(target, elf, image, storage.path)
    flight = Flight(machine, storage, image, seed=1)
    try:
        flight.fly_undisturbed()
        tamper(machine, flight)
        for seed in range(20):
            flight.fly(Tally(), random.Random(seed), most_cuts=5)
    finally:
        machine.close()


def test_storage_without_a_checkpoint_is_found(storage: StorageFile) -> None:
    def tamper(machine: TamperedMachine, _: Flight) -> None:
        machine.after_cut = storage.make_new

    with pytest.raises(BrokenPromiseError, match="the cut has left no whole checkpoint"):
        fly(storage, tamper)


def test_a_payload_that_says_something_else_than_its_storage_is_found(storage: StorageFile) -> None:
    def tamper(machine: TamperedMachine, _: Flight) -> None:
        machine.before_start = storage.make_new

    with pytest.raises(BrokenPromiseError, match=r"the storage holds .*; the payload says \[\]"):
        fly(storage, tamper)


def test_rows_that_are_lost_are_found(storage: StorageFile) -> None:
    """Storage that goes back to what it was at the first cut."""
    old: list[bytes] = []

    def go_back() -> None:
        old.append(storage.path.read_bytes())
        storage.path.write_bytes(old[0])

    def tamper(machine: TamperedMachine, _: Flight) -> None:
        machine.after_cut = go_back

    with pytest.raises(BrokenPromiseError, match=r"row \d+ was reached, and \d+ comes next"):
        fly(storage, tamper)


def test_models_that_differ_are_found(storage: StorageFile) -> None:
    def tamper(_: TamperedMachine, flight: Flight) -> None:
        flight.seed += 1  # other rows than those of the undisturbed flight

    with pytest.raises(BrokenPromiseError, match="the models differ from those of an undisturbed flight at row"):
        fly(storage, tamper)


def test_a_refused_request_is_found(storage: StorageFile) -> None:
    def tamper(machine: TamperedMachine, _: Flight) -> None:
        machine.line = make_process(build(load_target("host")))

    with pytest.raises(BrokenPromiseError, match="the payload refused ProtectBank"):
        fly(storage, tamper)
