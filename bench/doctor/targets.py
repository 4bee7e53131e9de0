"""Which targets can run here."""

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from bench.doctor.finding import Finding
from bench.errors import ConfigurationError, TransportError
from bench.station import NO_STATION, Station, load_station, place
from bench.target import PORTS, TARGETS, QemuTransportSpec, SerialSpec, Target, load_target, target_names
from bench.transport.usb import find_device


def examine_targets(tools: Mapping[str, Finding], station_file: Path, folder: Path | None) -> Iterator[Finding]:
    """One finding per target, those of the station file included. `folder` holds them, else the project's own."""
    folder = folder or TARGETS
    station = NO_STATION
    if station_file.exists():
        try:
            station = load_station(station_file, folder)
        except ConfigurationError as error:
            yield Finding("station file", ok=False, found=error.message, advice=error.hint)
    for name in known_targets(station, folder):
        try:
            target = load_target(station.targets.get(name, name), folder)
        except ConfigurationError as error:
            yield Finding(f"target {name}", ok=False, found=error.message, advice=error.hint)
            continue
        finding = examine_target(target, tools, station)
        yield replace(finding, found=f"{finding.found}: {target.title}") if finding.ok else finding


def known_targets(station: Station, folder: Path = TARGETS) -> tuple[str, ...]:
    """Names that `--target` takes here."""
    return tuple(sorted({*target_names(folder), *station.targets}))


def examine_target(target: Target, tools: Mapping[str, Finding], station: Station) -> Finding:
    """Whether it can run here. `tools` are findings by name."""
    name = f"target {target.name}"
    try:
        placed = place(target, station)
    except ConfigurationError as error:
        return Finding(name, ok=True, found="needs a port", advice=error.hint)
    missing = _missing(placed, tools)
    if missing:
        found = f"cannot run without {', '.join(missing)}"
        return Finding(name, ok=False, found=found, advice="see above, or run: tools/setup")
    if isinstance(placed.transport, SerialSpec):
        return _examine_line(name, placed.transport)
    return Finding(name, ok=True, found="can run")


def _missing(target: Target, tools: Mapping[str, Finding]) -> list[str]:
    needed = _build_tools(target.port)
    absent = []
    if isinstance(target.transport, QemuTransportSpec):
        needed.append("QEMU")
        absent = [target.transport.binary] if shutil.which(target.transport.binary) is None else []
    return list(dict.fromkeys([*(tool for tool in needed if tool in tools and not tools[tool].ok), *absent]))


def _examine_line(name: str, line: SerialSpec) -> Finding:
    advice = f"see: bench doctor --port {line.url}"
    try:
        path = find_device(line.url or "")
    except (TransportError, ConfigurationError) as error:
        return Finding(name, ok=False, found=error.message, advice=advice)
    if "://" not in path and not os.access(path, os.R_OK | os.W_OK):
        what = "no permission to open" if Path(path).exists() else "there is no"
        return Finding(name, ok=False, found=f"{what} {path}", advice=advice)
    return Finding(name, ok=True, found=f"on {line.url} at {line.baud} baud, not tried")


def _build_tools(port: str | None) -> list[str]:
    """Names of the tools that build the firmware of a port; none for a board with firmware of its own."""
    if port is None:
        return []
    recipe = PORTS / port / "port.mk"
    cross = recipe.is_file() and "arm-none-eabi-" in recipe.read_text(encoding="utf-8")
    return ["make", "ARM compiler", "ARM C library"] if cross else ["make", "C compiler"]
