"""What a payload computer is (`firmware_if/targets/*.toml`). docs/add-a-target.md lists every key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.errors import ConfigurationError
from bench.strict import StrictTable, nearest_hint, read_toml

TARGETS: Final = Path(__file__).parents[1] / "firmware_if" / "targets"
PORTS: Final = Path(__file__).parents[1] / "firmware_if" / "firmware" / "ports"

CLOCKS: Final = ("instructions", "cycles", "host")
COUNTERS: Final = ("icount",)
"""`icount`: QEMU's own count of the guest's instructions, which its option -icount makes."""
CAPABILITIES: Final[Mapping[str, str]] = {
    "stream": "every sample trains on arrival",
    "batch": "a data set is loaded into its own memory and trained on in epochs",
    "protection": "models guard their memory, and the bank keeps checkpoints",
}
DEFAULT_BAUD: Final = 115200
RECONNECT_S: Final = 10.0
ANY_BUILD: Final = "any"
STORAGE_PLACE: Final = "{storage}"
MOST_STORAGE_BYTES: Final = 1 << 30
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,15}")  # it travels as text15 of the Hello struct


@dataclass(frozen=True)
class StorageSpec:
    """What makes a payload that the bench starts keep its checkpoints in a file, which outlives a power cut.

    `arguments` hold `{storage}` where the file's path goes; the file has `bytes` zeros at first.
    """

    arguments: tuple[str, ...]
    bytes: int


@dataclass(frozen=True)
class QemuTransportSpec:
    """An emulated machine that the bench starts and ends. `arguments` stand beside machine, kernel and serial port."""

    machine: str
    binary: str
    arguments: tuple[str, ...]
    ready_s: float
    """Longest time from its start to the payload's first answer."""
    firmware: Path | None = None
    """An ELF of the user's own; None = the one that the bench builds for the target's port."""
    storage: StorageSpec | None = None


@dataclass(frozen=True)
class ProcessSpec:
    """A native process that the bench starts and ends. `firmware` and `storage` are as for an emulated machine."""

    arguments: tuple[str, ...]
    ready_s: float
    firmware: Path | None = None
    storage: StorageSpec | None = None


@dataclass(frozen=True)
class ShellCommand:
    """A line for /bin/sh, and how long it may take."""

    line: str
    timeout_s: float


@dataclass(frozen=True)
class SerialSpec:
    """A board that is there already. `url` is a device or any pyserial URL; None until the target is placed."""

    url: str | None
    baud: int
    ready_s: float
    dtr: bool | None = None
    """Level of that modem line while the port is open; None = as the driver sets it, which resets many boards."""
    rts: bool | None = None
    reconnect_s: float = RECONNECT_S
    """How long a cut line may take to come back; 0 = a cut ends the run."""
    reset: ShellCommand | None = None
    """Starts the board anew."""
    flash: ShellCommand | None = None
    """Writes firmware into the board."""
    firmware: Path | None = None
    """An ELF of the user's own that is, or is to be, on the board; None = the one that the bench builds, if it does."""


TransportSpec = QemuTransportSpec | ProcessSpec | SerialSpec


@dataclass(frozen=True)
class TargetClock:
    """What the payload's meter counts; `because` is the reason of the assumed rate."""

    kind: str
    """instructions, cycles or host."""
    counted: str
    """In words, for reports."""
    assumed_instructions_per_s: float | None = None
    because: str = ""


@dataclass(frozen=True)
class TargetMemory:
    """Bytes there are; None where the target has none, or no fixed amount, of that kind."""

    ram_bytes: int | None
    flash_bytes: int | None
    arena_bytes: int
    """For models; part of the RAM."""
    stack_bytes: int | None
    handler_stack_bytes: int | None
    interrupt_frame_bytes: int
    """What an interrupt pushes onto main's stack, before its handler goes on with its own."""
    data_region_in_ram: bool = True
    """The data region lies in the memory that `ram_bytes` counts."""


@dataclass(frozen=True)
class FlashPlace:
    """Emulated flash with checkpoints: its content is memory to a debugger; after a command it is busy for a while."""

    address: int
    bytes: int
    """All that the port uses: two slots of the same size."""


@dataclass(frozen=True)
class Target:
    name: str
    title: str
    port: str | None
    """Folder of firmware_if/firmware/ports that its firmware is built from; None = firmware of its own."""
    board: str | None
    """Which of the boards of that port (its folder boards/); None = the port knows only one."""
    clock: TargetClock
    memory: TargetMemory
    transport: TransportSpec
    capabilities: frozenset[str]
    """Names of CAPABILITIES."""
    masks_interrupts: bool
    """The meter holds interrupts off between its stamps, so that counts repeat."""
    counter: str | None = None
    """What upset campaigns tell the time by, one of COUNTERS; None = the target cannot have them."""
    flash: FlashPlace | None = None
    """Where upset campaigns find the checkpoints; None = in memory, or nowhere."""
    path: Path | None = field(default=None, compare=False)
    build_id: str | None = None
    """Of the firmware that is expected to answer, from the station file; None = the one that the bench builds, if it
    builds one; ANY_BUILD = any."""

    @property
    def has_protection(self) -> bool:
        """Whether its firmware has guards, checkpoints and watchdog, and is built so where the bench builds it."""
        return "protection" in self.capabilities


def target_names(folder: Path = TARGETS) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def load_target(name_or_path: str | Path, folder: Path = TARGETS) -> Target:
    """The target of that name in `folder`, or the one that the TOML file at a path describes."""
    text = str(name_or_path)
    if text in target_names(folder):
        return _read_target(folder / f"{text}.toml")
    if text.endswith(".toml"):
        return _read_target(Path(text))
    message = f"no target is named {text!r}"
    raise ConfigurationError(message, hint=nearest_hint(text, target_names(folder)))


def _read_target(path: Path) -> Target:
    root = read_toml(path, error=ConfigurationError)
    name = root.take("name", str)
    if name != path.stem or not _NAME.fullmatch(name):
        what = f"is {name!r}, expected the file's name, up to 15 letters, digits, '_' and '-'"
        raise root.problem("name", what, hint=f"name the target {path.stem!r}, or rename the file")
    port = root.take("port", str, None, choices=_port_names())
    upsets = root.take_table("upsets", optional=True)
    target = Target(
        name=name,
        title=root.take("title", str),
        port=port,
        board=_read_board(root, port),
        clock=_read_clock(root),
        memory=_read_memory(root.take_table("memory")),
        transport=_read_transport(root.take_table("transport")),
        capabilities=_read_capabilities(root),
        masks_interrupts=root.take("masks_interrupts", bool),
        counter=upsets.take("counter", str, choices=COUNTERS) if "upsets" in root else None,
        flash=_read_flash(upsets),
        path=path,
    )
    root.finish()
    _check_counter(root, target)
    _check_firmware(root, target)
    return target


def own_firmware(target: Target) -> Path | None:
    """The ELF that the target's file names; None = the bench builds one, or knows nothing of what is on the board."""
    return target.transport.firmware


def contradictions(target: Target, *, clock: str, arena_bytes: int) -> tuple[str, ...]:
    """Where the payload says something else of itself than the target's file: what is judged goes by the payload."""
    found = []
    if clock != target.clock.kind:
        found.append(f"the payload counts {clock}, the file of {target.name} says {target.clock.kind}")
    declared = target.memory.arena_bytes
    if arena_bytes != declared:
        found.append(f"the payload's arena has {arena_bytes:,} bytes, the file of {target.name} says {declared:,}")
    return tuple(found)


def _check_firmware(root: StrictTable, target: Target) -> None:
    """What the bench starts is built for a port, or named; not both."""
    own = own_firmware(target)
    if target.port is None and own is None and not isinstance(target.transport, SerialSpec):
        hint = f"name a folder of firmware_if/firmware/ports ({', '.join(_port_names())}), or transport.firmware"
        raise root.problem("port", "missing, and without it the bench cannot build what it is to start", hint=hint)
    if target.port is not None and own is not None:
        hint = "leave out port, or transport.firmware"
        raise root.problem("port", "stands beside transport.firmware, which is built elsewhere", hint=hint)


def _check_counter(root: StrictTable, target: Target) -> None:
    """QEMU counts instructions only where it is told to."""
    spec = target.transport
    if target.counter is not None and not (isinstance(spec, QemuTransportSpec) and "-icount" in spec.arguments):
        what = f"{target.counter!r} is counted by QEMU with -icount alone"
        raise root.problem("upsets.counter", what, hint="add -icount to transport.arguments, or leave the table out")


def _read_board(root: StrictTable, port: str | None) -> str | None:
    """Required where the port has boards, refused where it has none."""
    boards = board_names(port) if port is not None else ()
    if boards:
        return root.take("board", str, choices=boards)
    if "board" in root:
        what = f"given for port {port}, which has no boards" if port else "given without a port"
        raise root.problem("board", what, hint="leave the key out")
    return None


def board_names(port: str, folder: Path = PORTS) -> tuple[str, ...]:
    """The boards that a port is built for, from its folder boards/; none where it is built in one way only."""
    return tuple(sorted(path.stem for path in (folder / port / "boards").glob("*.mk")))


def _port_names() -> tuple[str, ...]:
    return tuple(sorted(folder.name for folder in PORTS.iterdir() if folder.is_dir()))


def _read_capabilities(root: StrictTable) -> frozenset[str]:
    named = root.take_list("capabilities", str)
    for index, name in enumerate(named):
        if name not in CAPABILITIES:
            what = f"is {name!r}, which is no capability"
            raise root.problem(f"capabilities[{index}]", what, hint=nearest_hint(name, CAPABILITIES))
    return frozenset(named)


def _read_clock(root: StrictTable) -> TargetClock:
    kind = root.take("clock", str, choices=CLOCKS)
    facts = root.take_table("clock_facts")
    clock = TargetClock(
        kind=kind,
        counted=facts.take("counted", str),
        assumed_instructions_per_s=facts.take_number("assumed_instructions_per_s", float, None, low=1.0),
        because=facts.take("because", str, ""),
    )
    if clock.assumed_instructions_per_s is not None and kind != "instructions":
        what = f"given for a clock that counts {kind}"
        raise facts.problem("assumed_instructions_per_s", what, hint="only a count of instructions needs a rate")
    return clock


def _read_flash(table: StrictTable) -> FlashPlace | None:
    if "flash" not in table:
        return None
    flash = table.take_table("flash")
    place = FlashPlace(
        flash.take_number("address", int, low=0, high=2**32 - 1), flash.take_number("bytes", int, low=64, high=2**28)
    )
    flash.finish()
    return place


def _read_memory(table: StrictTable) -> TargetMemory:
    return TargetMemory(
        ram_bytes=table.take_number("ram_bytes", int, None, low=1),
        flash_bytes=table.take_number("flash_bytes", int, None, low=1),
        arena_bytes=table.take_number("arena_bytes", int, low=1),
        stack_bytes=table.take_number("stack_bytes", int, None, low=1),
        handler_stack_bytes=table.take_number("handler_stack_bytes", int, None, low=1),
        interrupt_frame_bytes=table.take_number("interrupt_frame_bytes", int, 0, low=0),
        data_region_in_ram=table.take("data_region_in_ram", bool, default=True),
    )


def _read_transport(table: StrictTable) -> TransportSpec:
    kind = table.take("kind", str, choices=("qemu", "process", "serial"))
    ready_s = table.take_number("ready_s", float, low=0.01, high=600.0)
    named = table.take("firmware", str, None)
    firmware = (table.path.parent / named).absolute() if named is not None else None
    if kind == "serial":
        return SerialSpec(None, table.take_number("baud", int, DEFAULT_BAUD, low=1), ready_s, firmware=firmware)
    if kind == "process":
        return ProcessSpec(table.take_list("arguments", str, ()), ready_s, firmware, _read_storage(table))
    return QemuTransportSpec(
        machine=table.take("machine", str),
        binary=table.take("binary", str),
        arguments=table.take_list("arguments", str, ()),
        ready_s=ready_s,
        firmware=firmware,
        storage=_read_storage(table),
    )


def _read_storage(table: StrictTable) -> StorageSpec | None:
    arguments = table.take_list("storage", str, ())
    if not arguments:
        return None
    if not any(STORAGE_PLACE in argument for argument in arguments):
        raise table.problem("storage", f"has no {STORAGE_PLACE}", hint="write it where the file's path goes")
    return StorageSpec(arguments, table.take_number("storage_bytes", int, 0, low=0, high=MOST_STORAGE_BYTES))
