"""Serial ports of USB devices by what they are instead of by a number: `usb:VID:PID` and `usb:VID:PID:SERIAL`.

A port's number (/dev/ttyUSB0) is given out anew each time it is plugged in. What is read here is sysfs, which needs no
rights and no program.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import ConfigurationError, PortAbsent, TransportError
from bench.transport.ports import ROOT

PREFIX: Final = "usb:"
_URL: Final = re.compile(r"usb:(?P<vendor>[0-9a-fA-F]{4}):(?P<product>[0-9a-fA-F]{4})(?::(?P<serial>.+))?")


@dataclass(frozen=True)
class UsbPort:
    """One tty of a USB device; some devices have several. `interface` is the number by which they differ."""

    device: str
    vendor: str
    """Four hexadecimal digits in lower case, as is `product`."""
    product: str
    serial: str
    """Empty where the device has none, as many cheap adapters."""
    interface: str
    title: str

    @property
    def name(self) -> str:
        """'usb:0403:6001:A50285BI'."""
        return PREFIX + ":".join(filter(None, (self.vendor, self.product, self.serial)))


def usb_ports(root: Path = ROOT) -> tuple[UsbPort, ...]:
    """Every tty that belongs to a USB device, by name."""
    found = (_read_port(entry, root) for entry in sorted((root / "sys/class/tty").glob("*/device")))
    return tuple(port for port in found if port is not None)


def _read_port(link: Path, root: Path) -> UsbPort | None:
    """What sysfs says of the device behind a tty: an interface of it, or a port of that interface, is linked."""
    interface = ""
    devices = Path(os.path.realpath(root / "sys"))
    for folder in (place := Path(os.path.realpath(link)), *place.parents):
        if folder == devices:
            return None
        interface = interface or _read(folder / "bInterfaceNumber")
        if vendor := _read(folder / "idVendor"):
            return UsbPort(
                str(root / "dev" / link.parent.name),
                vendor,
                _read(folder / "idProduct"),
                _read(folder / "serial"),
                interface,
                " ".join(filter(None, (_read(folder / "manufacturer"), _read(folder / "product")))),
            )
    return None


def _read(path: Path) -> str:
    """One attribute; empty where there is none, or where the device was unplugged just now."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def find_device(url: str, root: Path = ROOT) -> str:
    """The device that `url` means now: a path is one already, a usb: name is looked up. Raises TransportError."""
    if not url.startswith(PREFIX):
        return url
    wanted = _URL.fullmatch(url)
    if wanted is None:
        raise ConfigurationError(f"{url} is no usb:VID:PID or usb:VID:PID:SERIAL", hint="for example usb:0403:6001")
    ids = (wanted["vendor"].lower(), wanted["product"].lower())
    there = usb_ports(root)
    matching = [port for port in there if (port.vendor, port.product) == ids]
    matching = [port for port in matching if wanted["serial"] in {None, port.serial}]
    if len(matching) == 1:
        return matching[0].device
    if matching:
        raise TransportError(f"{url} is {len(matching)} ports: {_list(matching)}", hint=_tell_apart(matching))
    raise PortAbsent(
        f"there is no port {url}",
        hint=f"USB serial ports of this machine: {_list(there) or 'none'}; is the board plugged in and powered?",
    )


def _list(ports: tuple[UsbPort, ...] | list[UsbPort]) -> str:
    def describe(port: UsbPort) -> str:
        more = ", ".join(filter(None, (port.title, f"interface {port.interface}" if port.interface else "")))
        return f"{port.device} = {port.name}" + (f" ({more})" if more else "")

    return "; ".join(map(describe, ports))


def _tell_apart(ports: list[UsbPort]) -> str:
    """What to write instead of a name that several ports have."""
    serials = {port.serial for port in ports}
    if len(serials) == len(ports) and all(serials):
        return f"add the serial number, for example {ports[0].name}"
    return "give the path of one instead; a link under /dev/serial/by-id or by-path survives a new number"
