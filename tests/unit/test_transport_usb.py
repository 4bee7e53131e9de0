"""Serial ports by what their USB device is, read from a folder that looks like sysfs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.errors import ConfigurationError, TransportError
from bench.transport import SerialTransport
from bench.transport.usb import find_device, usb_ports
from tests.system.fake_machine import add_usb_tty, remove_tty


@pytest.fixture
def adapters(tmp_path: Path) -> Path:
    """A machine with two adapters of a kind, a probe with two interfaces, and a UART of its own."""
    add_usb_tty(tmp_path, "ttyUSB0", "/dev/null", serial="A50285BI")
    add_usb_tty(tmp_path, "ttyUSB1", "/dev/null", serial="AB0KL2")
    add_usb_tty(tmp_path, "ttyACM0", "/dev/null", ids="0483:374b", serial="066D", place="1-9")
    add_usb_tty(tmp_path, "ttyACM1", "/dev/null", ids="0483:374b", serial="066D", place="1-9", interface="02")
    add_usb_tty(tmp_path, "ttyUSB2", "/dev/null", ids="1a86:7523")
    uart = tmp_path / "sys/devices/platform/serial8250/tty/ttyS0"
    uart.mkdir(parents=True)
    (uart / "device").symlink_to("../..")
    (tmp_path / "sys/class/tty/ttyS0").symlink_to(uart)
    return tmp_path


def test_every_usb_port_is_listed_with_what_it_is(adapters: Path) -> None:
    found = [(Path(port.device).name, port.name, port.interface) for port in usb_ports(adapters)]
    assert found == [
        ("ttyACM0", "usb:0483:374b:066D", "00"),
        ("ttyACM1", "usb:0483:374b:066D", "02"),
        ("ttyUSB0", "usb:0403:6001:A50285BI", "00"),
        ("ttyUSB1", "usb:0403:6001:AB0KL2", "00"),
        ("ttyUSB2", "usb:1a86:7523", "00"),
    ]
    assert {port.title for port in usb_ports(adapters)} == {"FTDI FT232R USB UART"}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("usb:0403:6001:AB0KL2", "ttyUSB1"),
        ("usb:1a86:7523", "ttyUSB2"),
        ("usb:1A86:7523", "ttyUSB2"),
    ],
)
def test_a_device_is_found_by_its_ids_and_serial_number(adapters: Path, url: str, name: str) -> None:
    assert find_device(url, adapters) == str(adapters / "dev" / name)


def test_a_path_is_left_as_it_is(adapters: Path) -> None:
    assert find_device("/dev/ttyUSB7", adapters) == "/dev/ttyUSB7"


def test_no_match_lists_what_there_is(adapters: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(TransportError, match="there is no port usb:0403:6001:nobody") as caught:
        find_device("usb:0403:6001:nobody", adapters)
    assert f"{adapters}/dev/ttyUSB1 = usb:0403:6001:AB0KL2 (FTDI FT232R USB UART, interface 00)" in caught.value.hint
    with pytest.raises(TransportError, match="there is no port") as caught:
        find_device("usb:0403:6001", tmp_path_factory.mktemp("bare"))
    assert "USB serial ports of this machine: none" in caught.value.hint


def test_several_matches_say_how_to_tell_them_apart(adapters: Path) -> None:
    with pytest.raises(TransportError, match=r"usb:0403:6001 is 2 ports: .*ttyUSB0 = .*; .*ttyUSB1 = ") as caught:
        find_device("usb:0403:6001", adapters)
    assert caught.value.hint == "add the serial number, for example usb:0403:6001:A50285BI"
    with pytest.raises(TransportError, match=r"is 2 ports: .*interface 00\).*interface 02\)") as caught:
        find_device("usb:0483:374b:066D", adapters)
    assert "/dev/serial/by-id or by-path" in caught.value.hint


@pytest.mark.parametrize("url", ["usb:", "usb:403:6001", "usb:0403", "usb:0403:6001:", "usb:ghij:6001"])
def test_what_is_no_usb_name_is_a_wrong_configuration(adapters: Path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="is no usb:VID:PID or usb:VID:PID:SERIAL"):
        find_device(url, adapters)


@pytest.fixture
def two_ptys() -> Iterator[list[tuple[int, str]]]:
    pairs = [os.openpty() for _ in range(2)]
    yield [(master, os.ttyname(slave)) for master, slave in pairs]
    for pair in pairs:
        for descriptor in pair:
            os.close(descriptor)


@pytest.mark.parametrize("kind", ["usb", "by-id"])
def test_a_port_is_looked_up_anew_each_time_it_is_opened(
    tmp_path: Path, two_ptys: list[tuple[int, str]], kind: str
) -> None:
    link = tmp_path / "dev/serial/by-id/usb-FTDI-if00"
    url = "usb:0403:6001" if kind == "usb" else str(link)
    transport = SerialTransport(url, baud=115200, root=tmp_path)
    for number, (master, path) in enumerate(two_ptys):
        add_usb_tty(tmp_path, f"ttyUSB{number}", path, by_id=link.name)
        with transport:
            os.write(master, b"here")
            assert transport.transfer(b"", 5.0).received == b"here"
        remove_tty(tmp_path, f"ttyUSB{number}")
    with pytest.raises(TransportError, match="there is no port"):
        transport.open()
