"""Options of `bench report`."""

import argparse
from pathlib import Path


def add_report(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench report`."""
    report = commands.add_parser(
        "report",
        help="write the reports of runs again: HTML, JSON, JUnit, Markdown",
        description="Write report.html, report.json, junit.xml and summary.md of runs that are over, with the verdicts "
        "that they have. `bench run` has done so already.",
        epilog="exit status: 0 they are written, whatever the verdicts are; 2 a run cannot be read, or a file written",
    )
    report.add_argument(
        "runs", type=Path, metavar="RUN|PACK", nargs="+", help="folder of a run, or what `bench pack` made of it"
    )
    report.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="write them here, of several runs each into a folder with its name; a pack needs it",
    )
