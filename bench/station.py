"""Where the boards of this desk are plugged in (`station.toml`). docs/stations.md lists every key."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bench.errors import ConfigurationError
from bench.strict import StrictTable, nearest_hint, read_toml
from bench.target import (
    ANY_BUILD,
    DEFAULT_BAUD,
    RECONNECT_S,
    TARGETS,
    SerialSpec,
    ShellCommand,
    Target,
    load_target,
    target_names,
)

STATION_FILE: Final = "station.toml"
RESET_S: Final = 30.0
FLASH_S: Final = 120.0
_BUILD_ID: Final = re.compile(r"[0-9a-f]{32}|any")  # octets16 of the Hello struct
_LONGEST_S: Final = 3600.0


@dataclass(frozen=True)
class StationPort:
    """Where one target is plugged in; the fields are the keys of its section. A `baud` of None is the target's own."""

    port: str
    baud: int | None = None
    build_id: str | None = None
    dtr: bool | None = None
    rts: bool | None = None
    reconnect_s: float = RECONNECT_S
    reset: ShellCommand | None = None
    flash: ShellCommand | None = None


@dataclass(frozen=True)
class Station:
    """The wiring of one bench: target names to ports, and to the files of targets that do not come with the bench."""

    ports: Mapping[str, StationPort]
    targets: Mapping[str, Path] = field(default_factory=dict)
    path: Path | None = field(default=None, compare=False)


NO_STATION: Final = Station({})


def load_station(path: Path, folder: Path = TARGETS) -> Station:
    """The station file at `path`; every section is named after a target of `folder`, or names a target's file."""
    root = read_toml(path, error=ConfigurationError)
    stations = root.take_table("station", optional=True)
    known = target_names(folder)
    ports, targets = {}, {}
    for name in stations.rest():
        table = stations.take_table(name)
        file = table.take("target", str, None)
        if file is not None:
            targets[name] = _own_target(table, name, path.parent / file)
        elif name not in known:
            hint = nearest_hint(name, known) + '; or add target = "FILE.toml" to describe a board of your own'
            raise stations.problem(name, "no target has this name", hint=hint)
        ports[name] = _read_port(table)
    root.finish()
    return Station(ports, targets, path)


def find_station(path: Path | None = None) -> Station:
    """The station file at `path`; without one, that of the working folder, or an empty station where it has none."""
    if path is not None:
        return load_station(path)
    return load_station(Path(STATION_FILE)) if Path(STATION_FILE).is_file() else NO_STATION


def load_placed(
    name: str,
    station: Station = NO_STATION,
    *,
    port: str | None = None,
    baud: int | None = None,
    build_id: str | None = None,
) -> Target:
    """The target of that name, or in the file at that path, as it is reached here."""
    target = load_target(station.targets.get(name, name))
    return place(target, station, port=port, baud=baud, build_id=build_id)


def place(
    target: Target,
    station: Station = NO_STATION,
    *,
    port: str | None = None,
    baud: int | None = None,
    build_id: str | None = None,
) -> Target:
    """`target` as it is reached here: through `port`, else where the station says, else the way of its TOML.

    `port`, `baud` and `build_id` come before what the station says. A port makes a serial target of any other. Raises
    ConfigurationError for a board whose port nobody names, or a build id that is none.
    """
    own = target.transport
    plugged = station.ports.get(target.name) if port is None else StationPort(port)
    if build_id is not None and not _BUILD_ID.fullmatch(build_id):
        message = f"{build_id!r} is no build id: expected 32 hexadecimal digits in lower case, or {ANY_BUILD!r}"
        raise ConfigurationError(message, hint="bench hello --port PORT says what a board runs")
    if plugged is None and not isinstance(own, SerialSpec):
        if baud is not None:
            message = f"{target.name} is started by the bench and has no line to run at {baud} baud"
            raise ConfigurationError(message, hint="leave out --baud, or give the --port of a board")
        return target
    if plugged is None or not plugged.port:
        message = f"{target.name} is a board, and nothing says which port it is on"
        hint = f'give --port, or write [station.{target.name}] port = "/dev/ttyUSB0" into {STATION_FILE}'
        raise ConfigurationError(message, hint=hint)
    own_baud = own.baud if isinstance(own, SerialSpec) else DEFAULT_BAUD
    line = SerialSpec(
        url=plugged.port,
        baud=baud or plugged.baud or own_baud,
        ready_s=own.ready_s,
        dtr=plugged.dtr,
        rts=plugged.rts,
        reconnect_s=plugged.reconnect_s,
        reset=plugged.reset,
        flash=plugged.flash,
        firmware=own.firmware,
    )
    return replace(target, transport=line, build_id=build_id or plugged.build_id)


def _own_target(table: StrictTable, name: str, file: Path) -> Path:
    if file.stem != name or not file.is_file():
        what = f"is {str(file)!r}, " + ("which is no file" if file.stem == name else f"expected a file {name}.toml")
        raise table.problem("target", what, hint="a path from the folder of the station file; docs/add-a-target.md")
    return file


def _read_port(table: StrictTable) -> StationPort:
    port = table.take("port", str)
    if not port:
        raise table.problem("port", "is empty", hint='name a device or URL, for example "/dev/ttyUSB0"')
    build_id = table.take("build_id", str, None)
    if build_id is not None and not _BUILD_ID.fullmatch(build_id):
        what = f'is {build_id!r}, expected 32 hexadecimal digits in lower case, or "{ANY_BUILD}"'
        raise table.problem("build_id", what, hint="copy it from what bench hello says")
    return StationPort(
        port=port,
        baud=table.take_number("baud", int, None, low=1),
        build_id=build_id,
        dtr=table.take("dtr", bool, None),
        rts=table.take("rts", bool, None),
        reconnect_s=table.take_number("reconnect_s", float, RECONNECT_S, low=0.0, high=_LONGEST_S),
        reset=_read_command(table, "reset", RESET_S),
        flash=_read_command(table, "flash", FLASH_S),
    )


def _read_command(table: StrictTable, name: str, usual_s: float) -> ShellCommand | None:
    """`<name>_command` and `<name>_timeout_s`."""
    line = table.take(f"{name}_command", str, None)
    timeout_s = table.take_number(f"{name}_timeout_s", float, None, low=0.1, high=_LONGEST_S)
    if line is None:
        if timeout_s is not None:
            what = f"stands without {name}_command"
            raise table.problem(f"{name}_timeout_s", what, hint=f"add {name}_command, or leave it out")
        return None
    if not line.strip():
        raise table.problem(f"{name}_command", "is empty", hint="write a line for the shell, or leave the key out")
    return ShellCommand(line, usual_s if timeout_s is None else timeout_s)
