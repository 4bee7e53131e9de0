"""Millions of random and mutated inputs to the parsers of both sides, and to what reads checkpoints.

    python -m tools.fuzz native --runs 10000000     the portable C, with libFuzzer (clang), ASan and UBSan
    python -m tools.fuzz python --runs 1000000      the receiving side of the bench
    python -m tools.fuzz defects                    are defects that were put into the C found, and how soon
    python -m tools.fuzz agree                      what `native` gathered: do Python and C accept the same of it
    python -m tools.fuzz replay FILE...             an input that was found, once more

Exits 1 where something was found, and says how to see it again. docs/fuzzing.md says what is held to what.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

if not __package__:  # started as a file: `tools` is found from the checkout
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from firmware_if.messages import FrameType
from tests.c import wire_native
from tools.fuzz import native, python_side, seeds
from tools.fuzz.defects import DEFECTS, write_defect

SHARES = {"line": 0.2, "requests": 0.1, "checkpoint": 0.3, "wire": 0.4}
"""Of the executions, by target: an input of the first two is a whole life of a payload."""
DEFECT_RUNS = 2_000_000
"""Most executions that a defect may take to be found."""


def fuzz_native(arguments: argparse.Namespace) -> int:
    """Every target with its share of the executions; 1 where one of them found something."""
    targets = arguments.target or native.TARGETS
    programs = native.build(arguments.out, targets=targets)
    whole = sum(SHARES[target] for target in targets)
    print(
        f"{'target':<11} {'executions':>11} {'seconds':>8} {'rate':>11} {'edges reached':>15} {'memory':>8}", flush=True
    )
    results = []
    for target in targets:
        runs = round(arguments.runs * SHARES[target] / whole)
        results.append(native.fuzz(programs, target, runs=runs, seed=arguments.seed, folder=arguments.out))
        print(results[-1].line, flush=True)
        if results[-1].failed is not None:
            print(f"  {native.complaint(results[-1].said)}\n  again: python -m tools.fuzz replay {results[-1].failed}")
    print(f"{sum(result.executions for result in results):,} executions in {sum(r.seconds for r in results):.0f} s")
    return int(any(result.failed is not None for result in results))


def replay(arguments: argparse.Namespace) -> int:
    """Inputs to their targets, by the first word of their names, under gcc and its sanitizers."""
    targets = [path.name.split("-")[0] for path in arguments.files]
    for target, path in zip(targets, arguments.files, strict=True):
        if not path.is_file():
            raise seeds.FuzzError(f"{path}: no such file")
        if target not in native.TARGETS:
            raise seeds.FuzzError(f"{path}: its name does not begin with a target: {', '.join(native.TARGETS)}")
    programs = native.build(arguments.out, compiler="gcc", fuzzer=False)
    failed = 0
    for target, path in zip(targets, arguments.files, strict=True):
        print(f"{path}: ", end="", flush=True)
        if subprocess.run([programs / target, "replay", path], check=False).returncode != 0:
            print("failed", flush=True)
            failed += 1
    return int(failed > 0)


def find_defects(arguments: argparse.Namespace) -> int:
    """Each defect by its own target, from the seeds alone; 1 where one is not found."""
    missed = 0
    for name, defect in DEFECTS.items():
        folder = arguments.out / "defects" / name
        replaced = write_defect(name, arguments.out / "sources")
        programs = native.build(arguments.out, targets=[defect.target], replaced=replaced)
        found = native.fuzz(programs, defect.target, runs=DEFECT_RUNS, seed=arguments.seed, folder=folder)
        missed += found.failed is None
        outcome = native.complaint(found.said) if found.failed is not None else "NOT FOUND"
        print(f"{name:<31} {defect.target:<10} {found.executions:>9,} {found.seconds:>6.1f} s  {outcome}", flush=True)
    print(f"{len(DEFECTS) - missed} of {len(DEFECTS)} found")
    return int(missed > 0)


def _of_the_contract(found: list[str]) -> list[str]:
    """Without frames of unknown types: where such a type is a printable byte, the bench takes the frame for text."""
    types = {str(int(known)) for known in FrameType}
    return [line for line in found if not line.startswith("frame ") or line.split()[1] in types]


def find_disagreement(arguments: argparse.Namespace) -> int:
    """Every line that a run of `native` kept for its coverage, to both parsers; 1 where they find different things."""
    paths = sorted((arguments.out / "corpus" / "line").glob("*"))
    telecommands = 0
    program = wire_native.build(arguments.out, "gcc")
    with wire_native.Driver(program) as driver:
        for path in paths:
            data = path.read_bytes()[1:]
            python, c = map(_of_the_contract, (wire_native.transcript([data]), driver.transcript([data])))
            telecommands += sum(found.startswith("telecommand") for found in c)
            if not wire_native.agree(python, c):
                print(f"{path}\npython: {python}\nc:      {c}", file=sys.stderr)
                return 1
    print(f"{len(paths):,} lines with {telecommands:,} telecommands: both accept the same")
    return 0


def _tell(done: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done:,} inputs", end="", file=sys.stderr, flush=True)


def fuzz_python(arguments: argparse.Namespace) -> int:
    """So many inputs to the bench's receiving side; 1 at the first that breaks a law."""
    started = time.monotonic()
    try:
        tally = python_side.fuzz(arguments.runs, seed=arguments.seed, first=arguments.first, tell=_tell)
    except python_side.BrokenLawError as error:
        print(error, file=sys.stderr)
        return 1
    seconds = time.monotonic() - started
    print(f"{arguments.runs:,} inputs in {seconds:.0f} s, {arguments.runs / seconds:,.0f}/s: {tally.line}")
    return 0


def parse(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, runs in (
        ("native", fuzz_native, 10_000_000),
        ("python", fuzz_python, 1_000_000),
        ("defects", find_defects, None),
        ("agree", find_disagreement, None),
        ("replay", replay, None),
    ):
        command = commands.add_parser(name, description=run.__doc__)
        command.set_defaults(run=run)
        command.add_argument("--out", type=lambda p: Path(p).resolve(), default="runs/fuzz", help="folder (runs/fuzz)")
        command.add_argument("--seed", type=int, default=1, help="of the random numbers (1)")
        if runs:
            command.add_argument("--runs", type=int, default=runs, help=f"inputs, of all targets together ({runs:,})")
        if name == "native":
            command.add_argument("--target", action="append", choices=native.TARGETS, help="only this; may be repeated")
        if name == "python":
            command.add_argument("--first", type=int, default=0, help="number of the first input (0)")
        if name == "replay":
            command.add_argument("files", nargs="+", type=Path, metavar="FILE")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    arguments = parse(words)
    try:
        status: int = arguments.run(arguments)
    except seeds.FuzzError as error:
        print(error, file=sys.stderr)
        return 2
    return status


if __name__ == "__main__":
    sys.exit(main())
