"""The command line. `bench --help` lists the commands, `bench COMMAND --help` what each takes.

Exit status: 0 every required verdict PASS; 1 a FAIL; 3 no FAIL but a required verdict UNMEASURED; 2 the bench could
not run, or its output not be written; 130 aborted.
"""

import sys
from collections.abc import Sequence

from bench.cli.interrupts import dropped_interrupts_return
from bench.cli.output import survivable_output
from bench.cli.parser import make_parser

STATUS_ERROR = 2
STATUS_ABORTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    if sys.stdout is None:  # closed from the start, so nobody wants to read it
        return _main(arguments)
    with dropped_interrupts_return(), survivable_output() as output:
        try:
            status = _main(arguments)
            output.flush()
        except SystemExit:  # the parser's, after its help
            output.flush()
            if not output.lost:
                raise
            status = STATUS_ERROR
        return STATUS_ERROR if output.lost else status


def _main(arguments: Sequence[str] | None) -> int:
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.exit(STATUS_ERROR, parser.format_help())
    from bench.cli import commands
    from bench.cli.error_file import keep_error
    from firmware_if.errors import HilError

    try:
        return commands.COMMANDS[options.command](options)
    except HilError as error:
        print(f"bench: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        keep_error(error)
        return STATUS_ERROR
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return STATUS_ABORTED
