"""Options of what reads or writes the history of runs."""

import argparse

LAST_RUNS = 20
_CHOICE = """a run is one of:
  the path of a run folder or of a pack
  an id that `bench history` lists, or its beginning
  SCENARIO@last, SCENARIO@BUILD (all runs of that build), or last
  the name of a baseline (all its runs)"""


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


def add_compare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench compare`."""
    compare = commands.add_parser(
        "compare",
        help="what is other in run B than in run A, to the last instruction",
        description="Compare runs of the same scenarios and targets. What must not vary is compared exactly, what "
        "varies by a test, which needs several runs on each side (docs/history.md).",
        epilog=f"{_CHOICE}\n\nexit status:\n  0  the same, or better\n  1  worse, or other where it must not be\n"
        "  2  it could not be compared\n  3  neither, but what varies had not enough repeats",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    compare.add_argument("before", metavar="A", help="a run, or several with commas")
    compare.add_argument("after", metavar="B", help="likewise")
    compare.add_argument(
        "--measure",
        metavar="PATTERN",
        action="append",
        default=[],
        help="test these figures that vary; may be repeated; default: key figures",
    )
    form = compare.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print it as JSON")
    form.add_argument("--markdown", action="store_true", help="print it as Markdown")
    add_history_option(compare)


def add_baseline(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench baseline`."""
    baseline = commands.add_parser("baseline", help="name runs to compare later ones with")
    actions = baseline.add_subparsers(dest="action", required=True, metavar="ACTION")
    chosen = actions.add_parser(
        "set",
        help="make runs the baseline of their scenarios and targets",
        description="Make runs the baseline of their scenarios and targets; what it has of other ones stays.",
        epilog=_CHOICE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    chosen.add_argument("name", metavar="NAME")
    chosen.add_argument("runs", metavar="RUN", nargs="+", help="several of a scenario and target are repeats")
    shown = actions.add_parser("show", help="list the runs of a baseline, or of all")
    shown.add_argument("name", metavar="NAME", nargs="?")
    removed = actions.add_parser("remove", help="forget a baseline; its runs stay in the history")
    removed.add_argument("name", metavar="NAME")
    for action in (chosen, shown, removed):
        add_history_option(action)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
