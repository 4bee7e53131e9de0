"""The error that a command ended with, for a program that started it and named a file for it."""

import contextlib
import json
import os
from pathlib import Path

from firmware_if.errors import HilError

VARIABLE = "HIL_ERROR_FILE"


def keep_error(error: HilError) -> None:
    """Write kind (class of the error), message and hint into the file that HIL_ERROR_FILE names, if it does."""
    named = os.environ.get(VARIABLE, "")
    if named:
        content = {"kind": type(error).__name__, "message": error.message, "hint": error.hint}
        with contextlib.suppress(OSError):  # the exit status still says that there was one
            Path(named).write_text(json.dumps(content) + "\n", encoding="utf-8")
