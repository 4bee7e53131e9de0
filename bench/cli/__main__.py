"""`python -m bench.cli`: the command line by the interpreter that one has at hand."""

import sys

from bench.cli import main

sys.exit(main())
