"""`bench pack`: a run as one file to send."""

import argparse
import shlex

from bench.pack import pack_run
from bench.run_folder import has_twins


def pack(options: argparse.Namespace) -> int:
    """Write the file, and say what to do with it; the exit status."""
    file = pack_run(options.run, options.out, with_twins=not options.without_twins)
    print(f"{file}: {file.stat().st_size:,} bytes")
    if has_twins(options.run):
        print(f"twins (Python of the scenario) are {'left out' if options.without_twins else 'in it'}")
    name = shlex.quote(str(file))
    print(f"to read it: bench judge {name}, bench frames {name}")
    return 0
