"""`bench monitor`: a run on the screen, from any terminal."""

import argparse
import signal
import sys

from rich.console import Console

from bench.cli.interrupts import handled
from bench.cli.output import Output
from bench.history import RUNS
from bench.monitor.find import newest_run
from bench.monitor.live import attach


def monitor(options: argparse.Namespace) -> int:
    """Show it; the exit status."""
    folder = options.run if options.run is not None else newest_run(RUNS)
    with handled(signal.default_int_handler):  # a kill leaves like Ctrl-C, with the terminal as it was
        attach(folder, Console(highlight=False))
    if isinstance(sys.stdout, Output) and sys.stdout.lost:
        return 2
    return 0
