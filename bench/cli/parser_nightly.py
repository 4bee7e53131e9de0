"""`bench nightly` and its options."""

import argparse
from pathlib import Path

_EPILOG = """exit status, the first that applies:
  130  aborted (Ctrl-C once: end what runs, write the summary; twice: now)
  1  a required job is FAIL or FLAKY
  2  a required job is BENCH_ERROR, or the nightly itself could not do its work
  3  a required job is UNMEASURED or BLOCKED
  0  everything else: all is PASS, quarantined or not required"""


def add_nightly(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench nightly`."""
    nightly = commands.add_parser(
        "nightly",
        help="run many scenarios on many targets, and say what changed since the last night",
        description="Run the jobs of a matrix, each a scenario on a target, and write night.json, summary.md, "
        "index.html and junit.xml. docs/nightly.md explains the matrix and the outcomes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    nightly.add_argument("matrix", type=Path, metavar="MATRIX.toml", help="which scenarios on which targets")
    nightly.add_argument(
        "--out", type=Path, metavar="DIR", default=Path("nights"), help="folder of the nights; default: %(default)s"
    )
    nightly.add_argument(
        "--jobs", type=_count, metavar="N", help="emulated and native jobs at a time; default: the matrix's, else cores"
    )
    nightly.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only jobs whose name, scenario or target matches, and what they need; may be repeated",
    )
    nightly.add_argument("--dry-run", action="store_true", help="check everything, list the jobs, and start nothing")


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 1000:  # noqa: PLR2004 - as the matrix's own bound
        raise argparse.ArgumentTypeError(f"{text!r} is no number of jobs from 1 to 1000")
    return int(text)
