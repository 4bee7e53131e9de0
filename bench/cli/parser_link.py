"""Options of the commands that read what a run left: `bench judge`, `pack` and `frames`."""

import argparse
from pathlib import Path

from bench.cli.parser_history import add_history_option
from bench.cli.parser_part import add_suggest_limits


def add_frames(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench frames`."""
    frames = commands.add_parser(
        "frames",
        help="decode what went over a link: every frame and packet, the console, what was corrupt",
        description="A line for each frame, console text and corrupt run: seconds since the run began, -> to the "
        "payload or <- from it, bytes on the wire, and what they say.",
    )
    frames.add_argument("link", type=Path, metavar="RUN|FILE", help="run folder, pack, link.bin, or any capture")
    frames.add_argument("--last", type=_count, metavar="N", help="the last N lines only")
    frames.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="PATTERN",
        help="messages or frames of such a name, for example '*Report'; also console, corrupt, note; may be repeated",
    )
    frames.add_argument("--errors", action="store_true", help="what went wrong only")
    frames.add_argument("--hex", action="store_true", help="the bytes of every packet as well")


def add_judge(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench judge`."""
    judge = commands.add_parser("judge", help="judge a run again, here or on another machine")
    judge.add_argument("run", type=Path, metavar="RUN|PACK", help="folder of a run, or what `bench pack` made of it")
    judge.add_argument("--trust-twins", action="store_true", help="run the Python that the run brought, twins/*.py")
    add_suggest_limits(judge)
    judge.add_argument("--out", metavar="DIR", type=Path, help="unpack a pack here, and keep it with its verdicts")
    add_history_option(judge)


def add_pack(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench pack`."""
    pack = commands.add_parser(
        "pack",
        help="put a run into one file, to send to somebody",
        description="Put a run folder into one ZIP file that `bench judge` and `bench frames` read. Absolute paths in "
        "its texts are shortened, so that nobody's folders are sent along.",
    )
    pack.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    pack.add_argument("--out", metavar="FILE", type=Path, help="default: the folder's name and .zip, here")
    pack.add_argument("--without-twins", action="store_true", help="leave the scenario's own Python out")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return number
