"""Folders of injectors whose process was killed are removed by the next one."""

import os
import subprocess
import sys
from pathlib import Path

from bench.upset.injector import sweep


def test_only_folders_of_processes_that_are_gone_are_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    names = [f"hil-upset-{ended.pid}-abc", f"hil-upset-{os.getpid()}-abc", "hil-upset-abc", "else"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "ladder.qcow2").touch()
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])
