"""Give both sides of the wire the same random input for as long as wanted, and stop where they differ.

`python -m tools.fuzz_frames --seconds 600 --seed 7`; exits 1 with the input at a difference or a sanitizer's complaint.
The bounded form of this is tests/c/test_wire_agreement.py.
"""

from __future__ import annotations

import argparse
import itertools
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
if not __package__:  # started as a file: `tests` is found from the checkout
    sys.path.insert(0, str(CHECKOUT))

from tests.c.wire_native import (  # noqa: E402 - needs the path above
    COMPILERS,
    MESSAGES,
    Driver,
    agree,
    build,
    describe_telecommand,
    fitting_fields,
    lines,
    random_packet,
    rewrite,
    transcript,
)

_ROUND = 500
_HOSTILE_INPUTS = 100_000


class DisagreementError(Exception):
    """Both sides saw the same bytes and found different things."""


def check_round(driver: Driver, seed: int) -> int:
    """One round of lines, packets and fields; the number of inputs. Raises DisagreementError."""
    draw = random.Random(seed)  # noqa: S311 - test input, not a secret
    for pieces in itertools.islice(lines(seed), _ROUND):
        _compare(transcript(pieces), driver.transcript(pieces), of=f"line {[piece.hex() for piece in pieces]}")
    for _ in range(_ROUND):
        packet = random_packet(draw)
        _compare([describe_telecommand(packet)], driver.ask("T", packet), of=f"packet {packet.hex()}")
        key = draw.choice(list(MESSAGES))
        data = draw.choice((fitting_fields(draw, key), draw.randbytes(draw.randrange(120))))
        _compare([rewrite(key, data)], driver.ask("U", bytes(key) + data), of=f"fields of {key} {data.hex()}")
    return 3 * _ROUND


def _compare(python: list[str], c: list[str], *, of: str) -> None:
    if not agree(python, c):
        raise DisagreementError(f"{of}\npython: {python}\nc:      {c}")


def fuzz(program: Path, seconds: float, *, seed: int) -> None:
    """Rounds on one build of the driver, then hostile input to its link."""
    end = time.monotonic() + seconds
    inputs = 0
    with Driver(program) as driver:
        for number in itertools.count(seed):
            try:
                inputs += check_round(driver, number)
            except (DisagreementError, AssertionError) as error:
                raise DisagreementError(f"{program.name}, seed {number}: {error}") from error
            if time.monotonic() >= end:
                break
    ran = subprocess.run(
        [program, "hostile", str(seed), str(_HOSTILE_INPUTS)], capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        raise DisagreementError(f"{program.name}, hostile seed {seed}: {ran.stdout}{ran.stderr}")
    print(f"{program.name}: seeds {seed} to {number}, {inputs} inputs agree; link: {ran.stdout.strip()}")


def main() -> int:
    """Fuzz with each compiler for half the time; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="time to spend (60)")
    parser.add_argument("--seed", type=int, default=1, help="first seed (1)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            for compiler in COMPILERS:
                program = build(Path(folder), compiler)
                fuzz(program, arguments.seconds / len(COMPILERS), seed=arguments.seed)
        except DisagreementError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
