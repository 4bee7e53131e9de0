"""Options of `bench run`: a part of a scenario, how long it may take, and the limits that it suggests."""

import argparse


def add_part(run: argparse.ArgumentParser) -> None:
    """--rows, --models and --timeout."""
    run.add_argument(
        "--rows",
        type=_rows,
        default=(None, None),
        metavar="A:B",
        help="only the recording's rows A to B - 1, counted from 0; either may be left out",
    )
    run.add_argument(
        "--models",
        action="append",
        default=[],
        metavar="PATTERN",
        help="only models of such a name, for example 'arow*'; may be repeated",
    )
    run.add_argument(
        "--timeout",
        type=_seconds,
        metavar="S",
        help="how many seconds the run may take on the payload; one that is not done by then fails",
    )
    run.add_argument(
        "--lock-wait",
        type=_seconds,
        default=0.0,
        metavar="S",
        help="how many seconds to wait for a board that somebody else uses; default: none",
    )


def add_suggest_limits(parser: argparse.ArgumentParser) -> None:
    """--suggest-limits."""
    parser.add_argument(
        "--suggest-limits",
        action="store_true",
        help="write [[limits]] for what was measured and has none, with margins, to append to the scenario",
    )


def set_whole(parser: argparse.ArgumentParser) -> None:
    """For a command that runs all of something, however long it takes."""
    parser.set_defaults(rows=(None, None), models=[], timeout=None, lock_wait=0.0, suggest_limits=False, monitor=False)
    parser.set_defaults(link_faults=None)


def _rows(text: str) -> tuple[int | None, int | None]:
    first, colon, end = text.partition(":")
    if not colon or not (first + end).isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not A:B, A: or :B with whole numbers from 0 on")
    return int(first) if first else None, int(end) if end else None


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return seconds
