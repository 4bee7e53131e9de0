"""Where the history is."""

import os
from pathlib import Path
from typing import Final

HISTORY: Final = "history.sqlite"
"""Name of the file in a folder of runs."""
RUNS: Final = Path("runs")
"""Folder of run folders, from the working folder."""
OFF: Final = "off"
"""In place of a path: nothing is recorded."""
VARIABLE: Final = "HIL_HISTORY"


def history_path(chosen: str | None = None, *, runs: Path = RUNS) -> Path | None:
    """What was chosen, else what the environment says, else the file in the folder `runs`; None = switched off."""
    text = chosen or os.environ.get(VARIABLE) or ""
    if text == OFF:
        return None
    return Path(text) if text else runs / HISTORY
