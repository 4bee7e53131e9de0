"""tools/setup says what is wrong when it cannot go on."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_an_old_python_is_refused_with_its_version_and_place(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text('#!/bin/sh\nif [ "$1" = --version ]; then echo Python 3.9.2; else exit 1; fi\n')
    old.chmod(0o755)
    run = subprocess.run(
        [ROOT / "tools/setup"], env=os.environ | {"PYTHON": str(old)}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert f"Python 3.9.2 at {old} is too old: 3.11 or newer is needed" in run.stderr
    assert "hint: install a newer Python and name it: PYTHON=" in run.stderr
