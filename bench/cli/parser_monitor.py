"""Options of `bench monitor`, and --monitor of `bench run`."""

import argparse
from pathlib import Path


def add_monitor(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench monitor`."""
    monitor = commands.add_parser(
        "monitor",
        help="watch a run that goes on, or look at one that is over",
        description="Show a run live, from any terminal: rows and rate, link, models, costs, memory, console, verdicts "
        "as they become decidable. q or Ctrl-C leaves the run alone. docs/monitor.md explains the screen.",
        epilog="exit status: 0 the run is over, or was left; 2 there is no such run, or its trace cannot be read",
    )
    monitor.add_argument(
        "run", metavar="RUN", type=Path, nargs="?", help="run folder; default: the newest under runs/, going on if any"
    )
    monitor.set_defaults(monitor=False)


def add_watch(run: argparse.ArgumentParser) -> None:
    """--monitor."""
    run.add_argument(
        "--monitor", action="store_true", help="show the run on the whole screen; plain lines without a terminal"
    )
