"""Options of `bench matrix`."""

import argparse
from pathlib import Path

from bench.cli.parser_history import add_history_option


def add_matrix(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench matrix`."""
    matrix = commands.add_parser(
        "matrix",
        help="which requirements are verified by which tests: CSV and HTML",
        description="Write matrix.csv and matrix.html: requirement, test, verdict, evidence, status.",
        epilog="exit status: 0 every requirement is verified; 1 one has failed, or is flaky; "
        "3 one is open, unmeasured, stale or unknown, or there is none; 2 a run or file cannot be read or written",
    )
    runs = "run folder, a folder of run folders, pack, id, baseline, SCENARIO@last, SCENARIO@BUILD, last"
    matrix.add_argument("runs", metavar="RUN", nargs="+", help=runs)
    matrix.add_argument("--requirements", type=Path, metavar="FILE", help="what must be shown: requirements.toml")
    matrix.add_argument("--out", type=Path, metavar="DIR", default=Path(), help="write here; default: this folder")
    add_history_option(matrix)
