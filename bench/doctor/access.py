"""Whether a port is there, and whether it may be opened."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.doctor.finding import FAIL, Finding
from bench.doctor.machine import Machine
from bench.transport.usb import UsbPort, usb_ports

BRLTTY_TAKES: Final = frozenset({("1a86", "7523"), ("10c4", "ea60"), ("0403", "6001")})
"""CH340, CP210x and FT232, as braille displays have them too: brltty 6.4 takes all of them from their drivers."""
_NOT_SERIAL: Final = {"platform", "serial-base"}
"""Subsystems of UARTs that a PC's firmware lists whether they are wired or not."""
_GROUP_MAY: Final = stat.S_IRGRP | stat.S_IWGRP


def examine_presence(path: Path, machine: Machine) -> Iterator[Finding]:
    """The device; or, where there is none, what there is instead and why it may have gone."""
    name = machine.tty_name(path)
    if not path.exists():
        ports = "\n".join(list_ports(machine)) or "this machine has no serial port that is plugged in"
        yield Finding("port", ok=False, found=f"there is no {path}", advice=_why_absent(machine) + ports)
        return
    if not path.is_char_device():
        advice = "\n".join(list_ports(machine))
        yield Finding("port", ok=False, found=f"{path} is no device", advice=advice, otherwise=FAIL)
        return
    port = usb_port(name, machine)
    device = path.resolve() if name.isdigit() else name  # ptys have numbers for names
    found = str(path) if path.name == name else f"{path} = {device}"
    yield Finding("port", ok=True, found=f"{found}{_described(port)}", advice=_better_name(path, name, machine))


def usb_port(name: str, machine: Machine) -> UsbPort | None:
    """What sysfs knows of the USB device behind a tty, if it is one."""
    return next((port for port in usb_ports(machine.root) if Path(port.device).name == name), None)


def list_ports(machine: Machine) -> Iterator[str]:
    """Every serial port, a line each, with the names by which it stays the same."""
    usb = {Path(port.device).name: port for port in usb_ports(machine.root)}
    for entry in sorted((machine.root / "sys/class/tty").glob("*/device")):
        name = entry.parent.name
        if name in usb or (entry / "subsystem").resolve().name not in _NOT_SERIAL:
            links = "".join(f", {link}" for link in machine.links_to(name))
            yield f"there is {machine.root / 'dev' / name}{_described(usb.get(name))}{links}"


def _described(port: UsbPort | None) -> str:
    return f", {port.name}{f' ({port.title})' if port.title else ''}" if port is not None else ""


def _better_name(path: Path, name: str, machine: Machine) -> str:
    links = machine.links_to(name)
    if path.name != name or not links:
        return ""
    return f"its number may change when it is plugged in anew; this name stays: {links[0]}"


def _why_absent(machine: Machine) -> str:
    lines = ["is the board plugged in and powered? The kernel says what it sees: sudo dmesg | tail"]
    taken = list(_without_driver(machine))
    brltty = any(machine.processes("brltty"))
    if taken and brltty:
        lines.append(
            f"{', '.join(taken)} is plugged in and has no port: brltty, for braille displays, takes such adapters; "
            "if nobody needs it: sudo apt-get remove brltty"
        )
    elif taken:
        lines.append(f"{', '.join(taken)} is plugged in and has no port: is its driver loaded? (lsmod)")
    return "\n".join(lines) + "\n"


def _without_driver(machine: Machine) -> Iterator[str]:
    """Adapters that are on the bus and have no tty."""
    there = {(port.vendor, port.product) for port in usb_ports(machine.root)}
    for device in sorted((machine.root / "sys/bus/usb/devices").glob("*")):
        place = f"sys/bus/usb/devices/{device.name}"
        ids = (machine.attribute(f"{place}/idVendor"), machine.attribute(f"{place}/idProduct"))
        if ids in BRLTTY_TAKES - there:
            yield ":".join(ids)


def examine_permission(path: Path, machine: Machine) -> Finding:
    """Whether this session may read and write it, and what to do if not."""
    status = path.stat()
    group = machine.group(status.st_gid)
    owned = f"{stat.filemode(status.st_mode)}, group {group.name}"
    if machine.may_open(path):
        return Finding("permission", ok=True, found=f"{machine.user} may open it ({owned})")
    belongs = machine.user in group.members or machine.primary_group == group.number
    if status.st_mode & _GROUP_MAY != _GROUP_MAY or group.name == "root":
        advice = "its group may not open it either: add the udev rule below, and plug it in anew"
    elif belongs and group.number not in machine.groups:
        advice = (
            f"{machine.user} is in the group {group.name}, but this session began before: log in again, or for this "
            f"shell: newgrp {group.name}"
        )
    elif belongs:
        advice = "the group is not the reason: is this a container, or does a security policy forbid it?"
    else:
        advice = f"sudo usermod -aG {group.name} {machine.user}, then log in again"
    return Finding(
        "permission", ok=False, found=f"{machine.user} may not open it ({owned})", advice=advice, otherwise=FAIL
    )
