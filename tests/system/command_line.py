"""The bench as its users have it: a process of its own, watched for what it leaves behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from bench.telemetry import Recording, load_recording, save_recording

ROOT = Path(__file__).parents[2]
BENCH = Path(sys.executable).with_name("bench")
DEADLINE_S = 60.0
"""For runs that take seconds; only a broken bench waits this long."""
_MARK = "HIL_TEST_RUN"
"""In the environment of the bench and of everything that it starts."""

SCENARIO = """
name = "{name}"
title = "made for a test"
target = "host"
speed = {speed}
restart_between_segments = {restart}
evaluate = false

[[models]]
learner = "arow"
arithmetic = "flight"
each = {{ arow_3D = "orbitai-3d", arow_5D = "orbitai-5d" }}

[[models]]
learner = "rda"
arithmetic = "flight"
each = {{ rda_2D = "orbitai-2d" }}

[[limits]]
measure = "parity.plain*"
equal = 0
because = "the plain reference does the same operations in the same order"
"""


def write_scenario(path: Path, *, speed: float | str = "link", restart: bool = False, more: str = "") -> Path:
    """Write a scenario with three models and parity as its limit."""
    pace = f'"{speed}"' if isinstance(speed, str) else repr(speed)
    path.write_text(SCENARIO.format(name=path.stem, speed=pace, restart=str(restart).lower()) + more)
    return path


def sun_sensor() -> Recording:
    return load_recording(ROOT / "fixtures" / "telemetry" / "sun-sensor")


def save_rows(folder: Path, first_row: int, end_row: int) -> Path:
    """Save some rows of the demonstration's recording, without its evaluation rows."""
    return save_recording(replace(sun_sensor().rows(first_row, end_row), evaluation=None), folder)


def write_target(folder: Path, name: str, *, like: str, replaced: Mapping[str, str]) -> Path:
    """Write a target file like that of `like`, with a few of its lines replaced."""
    text = (ROOT / "firmware_if" / "targets" / f"{like}.toml").read_text()
    for old, new in {f'name = "{like}"': f'name = "{name}"', **replaced}.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{name}.toml"
    path.write_text(text)
    return path


def path_without(folder: Path, program: str) -> str:
    """Make a PATH on which everything is found except one program."""
    folder.mkdir()
    for place in os.environ["PATH"].split(os.pathsep):
        for entry in Path(place).iterdir() if Path(place).is_dir() else ():
            if entry.name != program and not (folder / entry.name).is_symlink():
                (folder / entry.name).symlink_to(entry)
    assert shutil.which(program)
    assert not shutil.which(program, path=str(folder))
    return str(folder)


def wait_until(is_so: Callable[[], bool], what: str, *, within_s: float = DEADLINE_S) -> None:
    """Look every few milliseconds; fails when the deadline passes."""
    end = time.monotonic() + within_s
    while not is_so():
        if time.monotonic() > end:
            pytest.fail(f"{within_s:g} s passed: {what}")
        time.sleep(0.005)


def read_trace(folder: Path) -> list[dict[str, Any]]:
    """Read the whole lines of a trace, also of one that grows."""
    path = folder / "trace.jsonl"
    lines = path.read_text().split("\n")[:-1] if path.is_file() else []
    return [json.loads(line) for line in lines]


def read_verdicts(folder: Path) -> dict[str, dict[str, Any]]:
    return {verdict["name"]: verdict for verdict in json.loads((folder / "verdicts.json").read_text())}


def read_models(folder: Path) -> list[dict[str, Any]]:
    segments: list[dict[str, Any]] = json.loads((folder / "models.json").read_text())["segments"]
    return segments


@dataclass(frozen=True)
class Ended:
    status: int
    out: str
    err: str


HEARS_HANGUPS = ("env", "--default-signal=HUP")
"""In front of a command: under nohup the suite, and so what it starts, would ignore them."""


class Command(AbstractContextManager["Command"]):
    """`bench` with `words`, in a folder of its own; when it ends, nothing that it started may be left."""

    def __init__(
        self,
        folder: Path,
        *words: str | Path,
        environment: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
    ) -> None:
        """`before` are words in front of the command, such as a shell that sets limits."""
        self._folder = folder
        self._words = [*HEARS_HANGUPS, *before, str(BENCH), *map(str, words)]
        self._mark = f"{_MARK}={uuid.uuid4().hex}"
        name, _, value = self._mark.partition("=")
        self._environment = {**os.environ, "COLUMNS": "200", **(environment or {}), name: value}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._out = (self._folder / f".{self._mark}.out").open("w+")
        self._err = (self._folder / f".{self._mark}.err").open("w+")
        self._process = subprocess.Popen(
            self._words,
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            text=True,
        )
        return self

    @property
    def process(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process

    def printed(self) -> str:
        """Everything on stdout so far."""
        return Path(self._out.name).read_text()

    def children(self, name: str) -> list[int]:
        """Processes that it started and whose program has this name."""
        return [pid for pid in self._family() if _program(pid) == name]

    def _family(self) -> list[int]:
        mark = self._mark.encode()
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [pid for pid in pids if mark in _environment(pid)]

    def end(self) -> Ended:
        """Wait for its end; fails for a traceback, and for a process that it leaves behind."""
        status = self.process.wait(DEADLINE_S)
        wait_until(lambda: not self._family(), f"processes that outlive the bench: {self._words}", within_s=5.0)
        ended = Ended(status, Path(self._out.name).read_text(), Path(self._err.name).read_text())
        assert "Traceback" not in ended.err + ended.out, ended.err
        return ended

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._out.close()
        self._err.close()


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""  # it ended meanwhile, or is not ours


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").readlink().name
    except OSError:
        return ""


def run_bench(
    folder: Path,
    *words: str | Path,
    environment: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> Ended:
    """Run `bench` to its end."""
    with Command(folder, *words, environment=environment, before=before) as command:
        return command.end()


def check_error(ended: Ended, message: str, *, hint: str) -> None:
    """Exit status 2, one line that says what happened and one that says what to do."""
    lines = ended.err.splitlines()
    assert ended.status == 2, ended
    assert len(lines) == 2, ended.err
    assert lines[0].startswith("bench: "), ended.err
    assert message in lines[0], ended.err
    assert lines[1].startswith("hint: "), ended.err
    assert hint in lines[1], ended.err
