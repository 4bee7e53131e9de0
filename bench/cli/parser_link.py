"""Options of the commands that show and hand on what a run left: `bench frames`."""

import argparse
from pathlib import Path


def add_frames(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench frames`."""
    frames = commands.add_parser(
        "frames",
        help="decode what went over a link: every frame and packet, the console, what was corrupt",
        description="A line for each frame, console text and corrupt run: seconds since the run began, -> to the "
        "payload or <- from it, bytes on the wire, and what they say.",
    )
    frames.add_argument("link", type=Path, metavar="RUN|FILE", help="run folder, link.bin, or any capture of the line")
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


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1 on")
    return number
