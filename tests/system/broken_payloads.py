"""Payloads with one seeded defect each: the native one, of which a few words of one source are others."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.system.command_line import ROOT

SOURCES = ROOT / "firmware_if"


@dataclass(frozen=True)
class Defect:
    """`old` stands in `file` exactly once; with `new` in its place the check of this name must fail."""

    name: str
    file: str
    old: str
    new: str
    caught_by: str
    lossy: bool = False
    """What exceeds the receive queue is lost, as on a UART without flow control."""


class Workshop:
    """A copy of the payload's sources, built once and then again for each defect."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("c", "learners", "features", "firmware"):
            shutil.copytree(SOURCES / name, folder / name, ignore=shutil.ignore_patterns("build", "__pycache__"))
        self._made: dict[str, Path] = {}
        self.sound = self._make("sound")

    def build(self, defect: Defect) -> Path:
        """The payload with that defect."""
        if defect.name not in self._made:
            source = self._folder / defect.file
            sound = source.read_text()
            found = sound.count(defect.old)
            assert found == 1, f"{defect.name}: {defect.file} holds {defect.old!r} {found} times"
            source.write_text(sound.replace(defect.old, defect.new))
            try:
                self._made[defect.name] = self._make(defect.name)
            finally:
                source.write_text(sound)
        return self._made[defect.name]

    def _make(self, name: str) -> Path:
        plain = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
        command = ["make", "-s", "-j2", "-C", str(self._folder / "firmware"), "PORT=host"]
        made = subprocess.run(command, capture_output=True, text=True, check=False, env=plain)
        assert made.returncode == 0, f"{name}: {made.stderr}"
        return Path(shutil.copy(self._folder / "firmware/build/host/payload.elf", self._folder / f"{name}.elf"))
