"""Folders that look like /dev and /sys of a machine with USB serial adapters, whose ttys are ptys."""

from __future__ import annotations

import shutil
from pathlib import Path


def add_usb_tty(
    root: Path,
    name: str,
    tty: str,
    *,
    ids: str = "0403:6001",
    serial: str = "",
    interface: str = "00",
    place: str = "",
    by_id: str = "",
) -> None:
    """Plug a USB serial port in: `name` is its device, `tty` the pty behind it, `place` where it is on the bus.

    A device that is plugged in at the same place twice has two interfaces.
    """
    device = root / "sys/devices/pci0000:00/usb1" / (place or f"1-{name}")
    folder = device / f"1-1:1.{interface}" / name / "tty" / name
    folder.mkdir(parents=True)
    (folder / "device").symlink_to("../..")
    (device / f"1-1:1.{interface}" / "bInterfaceNumber").write_text(f"{interface}\n")
    vendor, product = ids.split(":")
    said = {"idVendor": vendor, "idProduct": product, "manufacturer": "FTDI", "product": "FT232R USB UART"}
    for attribute, value in {**said, **({"serial": serial} if serial else {})}.items():
        (device / attribute).write_text(f"{value}\n")
    classes = root / "sys/class/tty"
    classes.mkdir(parents=True, exist_ok=True)
    (classes / name).symlink_to(folder)
    (root / "dev").mkdir(exist_ok=True)
    (root / "dev" / name).symlink_to(tty)
    if by_id:
        link = root / "dev/serial/by-id" / by_id
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(root / "dev" / name)


def remove_tty(root: Path, name: str) -> None:
    """Pull it out again."""
    link = root / "sys/class/tty" / name
    folder = link.resolve()
    link.unlink()
    shutil.rmtree(folder.parents[3])
    (root / "dev" / name).unlink()
    by_id = root / "dev/serial/by-id"
    for entry in by_id.iterdir() if by_id.is_dir() else ():
        if not entry.exists():
            entry.unlink()
