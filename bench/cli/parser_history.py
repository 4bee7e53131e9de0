"""Options of what reads or writes the history of runs."""

import argparse

LAST_RUNS = 20


def add_history_option(command: argparse.ArgumentParser) -> None:
    """--history."""
    command.add_argument(
        "--history",
        metavar="FILE",
        help="history of runs; default: HIL_HISTORY, else runs/history.sqlite; `off`: none",
    )


def add_history(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench history`."""
    history = commands.add_parser(
        "history",
        help="the last runs of a scenario, and how its figures went",
        description="List the last runs, and for one scenario the trend of its figures on each target.",
    )
    history.add_argument("scenario", nargs="?", metavar="SCENARIO", help="name of a scenario; default: all, no trends")
    history.add_argument("--target", metavar="NAME", help="only runs on this target")
    history.add_argument(
        "--measure",
        metavar="PATTERN",
        action="append",
        default=[],
        help="trend of these measures, such as 'timing.model.*.train.mean'; may be repeated; default: key figures",
    )
    history.add_argument(
        "--last", metavar="N", type=_count, default=LAST_RUNS, help="how many runs; default: %(default)s"
    )
    history.add_argument("--json", action="store_true", help="print it as JSON")
    add_history_option(history)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
