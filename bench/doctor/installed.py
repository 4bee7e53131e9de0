"""What this machine has of what the bench needs, which targets can run here, and what to do about the rest."""

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.doctor.finding import Finding
from bench.doctor.targets import examine_targets
from bench.station import STATION_FILE
from bench.transport.ports import holders, name_holders, port_names

DISTRIBUTION: Final = "hil-bench"
OLDEST_PYTHON: Final = (3, 11)
DEADLINE_S: Final = 2.0
"""For all programs together to say their version; the slowest takes 0.05 s."""
_LEAST_S: Final = 0.1
"""For one that may have answered while another hung."""


@dataclass(frozen=True)
class Tool:
    """A program that the bench starts. `command` asks for its version, or for what shows that it is complete."""

    name: str
    command: tuple[str, ...]
    package: str
    """Of Debian and Ubuntu."""
    purpose: str
    optional: bool = False
    complete: str = ""
    """Regular expression that the answer matches in a complete installation; empty: any answer will do."""


TOOLS: Final = (
    Tool("QEMU", ("qemu-system-arm", "--version"), "qemu-system-arm", "runs the emulated targets"),
    Tool("ARM compiler", ("arm-none-eabi-gcc", "--version"), "gcc-arm-none-eabi", "builds for ARM targets"),
    Tool(
        "ARM C library",
        ("arm-none-eabi-gcc", "-print-file-name=nosys.specs"),
        "libnewlib-arm-none-eabi",
        "is linked into firmware for ARM targets",
        complete="^/",
    ),
    Tool("make", ("make", "--version"), "make", "builds firmware"),
    Tool("C compiler", ("gcc", "--version"), "gcc libc6-dev", "builds the host target"),
    Tool("clang", ("clang", "--version"), "clang", "is used by the tests alone", optional=True),
)


def examine(
    *, tools: Sequence[Tool] = TOOLS, station: Path = Path(STATION_FILE), folder: Path | None = None
) -> tuple[Finding, ...]:
    """Look at everything; takes little more than DEADLINE_S. `folder` holds the targets, else the project's own."""
    found = {finding.name: finding for finding in examine_tools(tools)}
    return (
        _examine_python(),
        _examine_packages(),
        *found.values(),
        _examine_ports(port_names()),
        *examine_targets(found, station, folder),
    )


def _examine_python() -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    ok = sys.version_info >= OLDEST_PYTHON
    return Finding("Python", ok, found, "" if ok else "3.11 or newer is needed: PYTHON=/path/to/python3.11 tools/setup")


def _examine_packages(distribution: str = DISTRIBUTION) -> Finding:
    name = "Python packages"
    advice = "run: tools/setup"
    try:
        required = importlib.metadata.requires(distribution) or []
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, ok=False, found=f"{distribution} is not installed in {sys.prefix}", advice=advice)
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in required if "extra ==" not in line]
    versions = {package: _version_of(package) for package in names}
    missing = [package for package, version in versions.items() if version is None]
    if missing:
        return Finding(name, ok=False, found=f"not installed: {', '.join(missing)}", advice=advice)
    return Finding(name, ok=True, found=", ".join(f"{package} {version}" for package, version in versions.items()))


def _version_of(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def examine_tools(tools: Sequence[Tool] = TOOLS) -> list[Finding]:
    """Each of them, all asked at once."""
    answers = ask([tool.command for tool in tools])
    return [_judge_tool(tool, answers[tool.command]) for tool in tools]


def _judge_tool(tool: Tool, answer: str | None) -> Finding:
    path = shutil.which(tool.command[0])
    complete = answer is not None and re.search(tool.complete, answer) is not None
    if complete:
        return Finding(tool.name, ok=True, found=f"{answer} ({path})")
    if path is None:
        found = f"no {tool.command[0]} in PATH"
    elif answer is None:
        found = f"{path} gave no answer to {' '.join(tool.command[1:])}"
    else:
        found = "not found by " + tool.command[0]
    advice = f"it {tool.purpose}: sudo apt-get install {tool.package}, or run: tools/setup"
    return Finding(tool.name, tool.optional, found, advice)


def ask(commands: Sequence[tuple[str, ...]], *, deadline_s: float = DEADLINE_S) -> dict[tuple[str, ...], str | None]:
    """The first line that each command prints, all run at once; None for one that is absent, fails or hangs."""
    started = {command: _start(command) for command in dict.fromkeys(commands)}
    until = time.monotonic() + deadline_s
    return {command: _first_line(process, until) if process else None for command, process in started.items()}


def _start(command: tuple[str, ...]) -> subprocess.Popen[str] | None:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            errors="replace",
        )
    except OSError:
        return None


def _first_line(process: subprocess.Popen[str], until: float) -> str | None:
    with process:
        try:
            printed, _ = process.communicate(timeout=max(until - time.monotonic(), _LEAST_S))
        except subprocess.TimeoutExpired:
            process.kill()
            return None
    lines = printed.splitlines()
    return lines[0].strip() if lines and process.returncode == 0 else None


def _examine_ports(ports: Sequence[str]) -> Finding:
    closed = [port for port in ports if not os.access(port, os.R_OK | os.W_OK)]
    taken = [f"{port} is in use {name_holders(port)}" for port in ports if port not in closed and holders(port)]
    if closed:
        taken.append(f"no permission to open {', '.join(closed)}; why: bench doctor --port {closed[0]}")
    found = ", ".join(ports) or "none; only a board needs one"
    return Finding("serial ports", ok=True, found=found, advice="\n".join(taken))
