"""`bench frames`: the packets of a link, decoded, a line each."""

import argparse
import sys
from pathlib import Path

from bench.cli.output import Output
from bench.frames import Choice, chosen, decode, line_text, open_link
from bench.pack import is_pack, unpacked

_BATCH = 256
"""Lines that are written together; each is written by itself on a terminal."""


def show_frames(options: argparse.Namespace) -> int:
    """Print what was asked for; the exit status."""
    if not options.link.is_dir() and is_pack(options.link):
        with unpacked(options.link) as folder:
            _show(folder, options)
    else:
        _show(options.link, options)
    return 0


def _show(path: Path, options: argparse.Namespace) -> None:
    choice = Choice(only=tuple(options.only), errors=options.errors, last=options.last)
    with open_link(path) as source:
        lines = chosen(decode(source.chunks, cut=source.is_capture), choice)
        together: list[str] = []
        is_empty = True
        for line in lines:
            is_empty = False
            together.append(line_text(line, in_hex=options.hex))
            if len(together) >= _BATCH:
                print("\n".join(together))
                together.clear()
                if isinstance(sys.stdout, Output) and sys.stdout.lost:
                    break  # nobody reads on: `| head`
        if together:
            print("\n".join(together))
        if is_empty:
            print(f"bench: {_nothing(options)}", file=sys.stderr)


def _nothing(options: argparse.Namespace) -> str:
    """What an empty answer means."""
    if options.only:
        return f"nothing on this link is called {' or '.join(options.only)}"
    return "nothing was lost or torn on this link" if options.errors else "nothing went over this link"
