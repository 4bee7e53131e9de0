"""Cut a training payload's power at random instructions, hundreds of times, and check what it makes of it.

`python -m tools.power_cuts --target qemu-mps2-an386 --cuts 300 --seed 1`; exits 1 at the first promise that is broken.

A life: the payload resumes, trains, and a debugger stops it at an instruction: a function drawn at random (six of ten
times one of those that write a checkpoint), passed so many times, and up to 99 single steps on. The process is killed
there. The next one finds the storage as the cut left it, in one of five with some of its bits turned over, and in RAM

* lost: zeros, as QEMU starts;
* kept: what stood there;
* decayed: what stood there, with one bit of 64 turned over;
* randomised: anything.

Another hand than the payload's reads the storage first: the payload must go on from the newest whole checkpoint, and
tell each slot that is not, lose no more rows than are between two checkpoints, and hold at that row, bit for bit, the
models of an undisturbed flight. The native process (`--target host`) is killed at moments that the host decides.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

if not __package__:  # started as a file: `bench` is found from the checkout
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.build import build_firmware
from bench.target import ProcessSpec, load_target, target_names
from bench.upset.image import read_image
from tools.powercuts.lives import EVERY, ROWS, BrokenPromiseError, Flight, Tally
from tools.powercuts.machine import HostMachine, QemuMachine
from tools.powercuts.storage import StorageFile

_SHOWN: Final = 12


def cut_power(name: str, *, cuts: int, seed: int, tally: Tally, rows: int = ROWS) -> None:
    """So many cuts on one target, in flights of so many rows, into `tally`. Raises BrokenPromiseError."""
    target = load_target(name)
    elf = build_firmware(target.port or "", board=target.board).elf
    image = read_image(elf)
    with tempfile.TemporaryDirectory(prefix="hil-") as folder:
        path = Path(folder) / "storage"
        native = isinstance(target.transport, ProcessSpec)
        machine = (
            HostMachine(target, elf, image, path)
            if native
            else QemuMachine(target, elf, image, path, folder=Path(folder))
        )
        flight = Flight(machine, StorageFile(path, target, image), image, seed=seed, rows=rows)
        try:
            flight.fly_undisturbed()
            draw = random.Random(seed)  # noqa: S311 - to be had again
            while tally.cuts < cuts:
                flight.fly(tally, draw, most_cuts=cuts)
        finally:
            machine.close()


def report(tally: Tally, seconds: float) -> str:
    """The figures, for people."""
    rams = ", ".join(f"{name} {count}" for name, count in sorted(tally.rams.items()))
    places = ", ".join(f"{name} {count}" for name, count in tally.places.most_common(_SHOWN) if name)
    lines = [
        f"{tally.cuts} cuts in {seconds:.0f} s, RAM {rams}",
        f"{tally.resumed} resumed, {tally.flights} flights came to their end, all models bit for bit",
        f"{tally.most_lost} rows lost at most, of {EVERY} between two checkpoints; {tally.torn} torn slots, all told",
        f"{tally.decayed} times the storage decayed: {tally.older} older checkpoints, {tally.nothing_left} times none",
    ]
    return "\n".join([*lines, f"cut in {len(tally.places)} functions: {places}"] if places else lines)


def main() -> int:
    """Cut and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=target_names(), default="qemu-mps2-an386", help="default: %(default)s")
    parser.add_argument("--cuts", type=int, default=300, metavar="N", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="default: %(default)s")
    options = parser.parse_args()
    tally, began = Tally(), time.monotonic()
    try:
        cut_power(options.target, cuts=options.cuts, seed=options.seed, tally=tally)
    except BrokenPromiseError as error:
        print(f"seed {options.seed}, cut {tally.cuts}: {error}")
        return 1
    finally:
        print(report(tally, time.monotonic() - began))
    return 0


if __name__ == "__main__":
    sys.exit(main())
