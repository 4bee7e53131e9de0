"""What else may come between the bench and a USB serial adapter, and the udev rules that settle it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.doctor.finding import FAIL, Finding
from bench.doctor.machine import Machine
from bench.transport.ports import holders
from bench.transport.usb import UsbPort, usb_ports

RULES_FILE: Final = "/etc/udev/rules.d/70-hil-bench.rules"
_SOUND: Final = re.compile(r"[\w.:-]+")
"""A serial number that means itself in a udev rule."""
_MODEM_MANAGER: Final = "ModemManager"
_IGNORED: Final = ("ID_MM_DEVICE_IGNORE=1", "ID_MM_PORT_IGNORE=1")
_BEST_LATENCY_MS: Final = 1


def examine_holders(path: Path, machine: Machine) -> Finding:
    """Who has the port open."""
    who = [f"{command} (pid {pid})" for pid, command in holders(str(path), machine.root / "proc") if pid != os.getpid()]
    if not who:
        return Finding("in use", ok=True, found="nobody whom this user can see has it open")
    pids = re.findall(r"\(pid (\d+)\)$", "\n".join(who), re.MULTILINE)
    return Finding(
        "in use", ok=False, found=f"by {', '.join(who)}", advice=f"end it: kill {' '.join(pids)}", otherwise=FAIL
    )


def examine_rivals(path: Path, machine: Machine) -> Iterator[Finding]:
    """Programs that talk to serial ports on their own account."""
    pids = list(machine.processes(_MODEM_MANAGER))
    if pids and not _is_ignored(path, machine):
        advice = (
            "when the adapter is plugged in, it asks whether that is a modem, and the payload hears that as garbage; "
            f"the udev rules below keep it away, or: sudo systemctl disable --now {_MODEM_MANAGER}"
        )
        yield Finding(_MODEM_MANAGER, ok=True, found=f"runs (pid {pids[0]}) and may probe this port", advice=advice)
    elif pids:
        yield Finding(_MODEM_MANAGER, ok=True, found="runs, and is told to leave this port alone")


def _is_ignored(path: Path, machine: Machine) -> bool:
    """Whether udev keeps a word about it for ModemManager; its database is by number of the device."""
    number = path.stat().st_rdev
    kept = machine.attribute(f"run/udev/data/c{os.major(number)}:{os.minor(number)}")
    return any(word in kept for word in _IGNORED)


def latency_ms(name: str, machine: Machine) -> int | None:
    """How long an FTDI adapter keeps a few bytes back; None for other adapters."""
    said = machine.attribute(f"sys/bus/usb-serial/devices/{name}/latency_timer")
    return int(said) if said.isdecimal() else None


def examine_latency(name: str, machine: Machine) -> Iterator[Finding]:
    """An FTDI adapter sends what it has when 62 bytes are together, or when this timer has run out."""
    timer = latency_ms(name, machine)
    if timer is None:
        return
    place = f"/sys/bus/usb-serial/devices/{name}/latency_timer"
    if timer <= _BEST_LATENCY_MS:
        yield Finding("latency timer", ok=True, found=f"{timer} ms")
        return
    advice = f"until it is unplugged: echo 1 | sudo tee {place}; for good, the udev rules below"
    yield Finding("latency timer", ok=True, found=f"{timer} ms, by which every answer may come later", advice=advice)


def udev_rules(port: UsbPort, machine: Machine) -> Finding:
    """A file for udev, made for this adapter: a group that may open it, a name that stays, and nobody else on it."""
    same = [
        p
        for p in usb_ports(machine.root)
        if (p.vendor, p.product, p.serial) == (port.vendor, port.product, port.serial)
    ]
    serial = port.serial if _SOUND.fullmatch(port.serial) else ""
    it = f'ATTRS{{idVendor}}=="{port.vendor}", ATTRS{{idProduct}}=="{port.product}"'
    it += f', ATTRS{{serial}}=="{serial}"' if serial else ""
    which = f', ENV{{ID_USB_INTERFACE_NUM}}=="{port.interface}"' if len(same) > 1 and port.interface else ""
    name = "hil-" + re.sub(r"[^a-z0-9]+", "-", (serial or f"{port.vendor}-{port.product}").lower()).strip("-")
    name += f"-{port.interface}" if which else ""
    group = machine.serial_group()
    lines = [
        f'SUBSYSTEM=="tty", {it}{which}, GROUP="{group}", MODE="0660", SYMLINK+="{name}"',
        f'{it}, ENV{{ID_MM_DEVICE_IGNORE}}="1"',
    ]
    if latency_ms(Path(port.device).name, machine) is not None:
        lines.append(f'ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", {it}, ATTR{{latency_timer}}="1"')
    lines.append(f"# then: sudo udevadm control --reload && sudo udevadm trigger; the port is /dev/{name} as well")
    if not serial:
        lines.append("# it has no serial number, so these rules hold for every adapter of its kind")
    return Finding(
        "udev rules", ok=True, found=f"for this adapter, all of this in a file {RULES_FILE}:", advice="\n".join(lines)
    )
