"""One port, step by step: on a machine that is a folder, with ttys that are ptys."""

import os
import signal
import subprocess
import time
import tty
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.doctor import Finding, render
from bench.doctor.machine import Machine, this_machine
from bench.doctor.port import USUAL_RATES, Waits, examine_port
from bench.target import SerialSpec
from bench.transport.tty import read_settings
from firmware_if.messages import VERSION
from tests.system.boards import device_on_pty, rate_of, rated_device_on_pty
from tests.system.command_line import BENCH
from tests.system.fake_machine import add_usb_tty
from tests.system.scripted import HELLO, answering, packed

QUICK = Waits(listen_s=0.05, answer_s=0.3, rate_s=0.1)
GARBAGE = bytes([0x85, 0xF3, 0x01, 0x9C, 0xE2, 0x80, 0xBF, 0x11]) * 4


@pytest.fixture
def pty() -> Iterator[str]:
    """A tty that answers nothing."""
    controller, device = os.openpty()
    tty.setraw(device)
    os.chmod(os.ttyname(device), 0o660)  # noqa: PTH101 - it is a name
    yield os.ttyname(device)
    os.close(device)
    os.close(controller)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Somebody's machine; the ptys belong to a group that it calls dialout."""
    _, device = os.openpty()
    group = os.fstat(device).st_gid
    write(tmp_path / "etc/group", f"broken line\ndialout:x:{group}:alice\n")
    return Machine(tmp_path, "alice", 1000, frozenset({1000, group}), lambda _: True)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def start_process(machine: Machine, pid: int, name: str, *, opens: str = "") -> None:
    folder = machine.root / "proc" / str(pid)
    write(folder / "comm", f"{name}\n")
    (folder / "cmdline").write_bytes(f"{name}\0-x\0".encode())
    (folder / "fd").mkdir()
    if opens:
        (folder / "fd/3").symlink_to(opens)


def examine(url: object, machine: Machine, *, baud: int = 115200, scan: bool = False) -> dict[str, Finding]:
    """Findings by name, of which each is shown to be renderable."""
    found = list(examine_port(SerialSpec(str(url), baud, 0.0), machine=machine, scan=scan, waits=QUICK))
    assert len(render(found).splitlines()) >= len(found)
    return {finding.name: finding for finding in found}


def test_an_absent_port_is_missing_beside_those_there_are(machine: Machine, pty: str) -> None:
    add_usb_tty(machine.root, "ttyUSB0", pty, serial="A50285BI", by_id="usb-FTDI_A50285BI-if00")
    uart = machine.root / "sys/devices/platform/serial8250/tty/ttyS7"
    (uart / "of").mkdir(parents=True)
    (uart / "device").symlink_to("of")
    (uart / "of/subsystem").symlink_to("../../../../platform")
    (machine.root / "sys/class/tty/ttyS7").symlink_to(uart)
    found = examine(machine.root / "dev/ttyUSB3", machine)
    assert list(found) == ["port"]
    assert found["port"].mark == "MISSING"
    assert found["port"].found == f"there is no {machine.root}/dev/ttyUSB3"
    there = f"there is {machine.root}/dev/ttyUSB0, usb:0403:6001:A50285BI (FTDI FT232R USB UART), "
    assert there + f"{machine.root}/dev/serial/by-id/usb-FTDI_A50285BI-if00" in found["port"].advice
    assert "ttyS7" not in found["port"].advice, "a UART that the firmware lists, wired or not"


@pytest.mark.parametrize(("running", "advice"), [("brltty", "sudo apt-get remove brltty"), ("other", "is its driver")])
def test_an_adapter_without_a_port_is_named_with_who_took_it(machine: Machine, running: str, advice: str) -> None:
    device = machine.root / "sys/bus/usb/devices/3-8.3"
    write(device / "idVendor", "1a86\n")
    write(device / "idProduct", "7523\n")
    start_process(machine, 77, running)
    found = examine(machine.root / "dev/ttyUSB0", machine)["port"]
    assert "1a86:7523 is plugged in and has no port: " in found.advice
    assert advice in found.advice


def test_a_usb_name_that_nothing_has_is_missing(machine: Machine) -> None:
    found = examine("usb:0403:6001", machine)
    assert (list(found), found["port"].mark) == (["port"], "MISSING")
    assert "there is no port usb:0403:6001" in found["port"].found


def test_what_is_no_device_fails(machine: Machine, tmp_path: Path) -> None:
    found = examine(tmp_path / "etc/group", machine)
    assert (list(found), found["port"].mark) == (["port"], "FAIL")


class Refused(NamedTuple):
    user: str
    session: str
    mode: int
    advice: str


@pytest.mark.parametrize(
    "case",
    [
        Refused("bob", "old", 0o660, "sudo usermod -aG dialout bob, then log in again"),
        Refused(
            "alice", "old", 0o660, "alice is in the group dialout, but this session began before: log in again, or"
        ),
        Refused("alice", "new", 0o660, "the group is not the reason: is this a container"),
        Refused("alice", "new", 0o600, "its group may not open it either: add the udev rule below"),
    ],
)
def test_what_may_not_be_opened_says_what_to_do(machine: Machine, pty: str, case: Refused) -> None:
    os.chmod(pty, case.mode)  # noqa: PTH101 - it is a name
    add_usb_tty(machine.root, "ttyUSB0", pty)
    groups = machine.groups if case.session == "new" else frozenset({1000})
    stranger = replace(machine, user=case.user, groups=groups, may_open=lambda _: False)
    found = examine(machine.root / "dev/ttyUSB0", stranger)
    permission = found["permission"]
    assert permission.mark == "FAIL"
    assert permission.found.startswith(f"{case.user} may not open it (crw-")
    assert permission.found.endswith("group dialout)")
    assert permission.advice.startswith(case.advice)
    assert "udev rules" in found
    assert "opens" not in found


def test_the_udev_rules_are_ready_for_this_adapter(machine: Machine, pty: str) -> None:
    add_usb_tty(machine.root, "ttyUSB0", pty, serial="A50285BI", by_id="usb-FTDI_A50285BI-if00")
    write(machine.root / "sys/bus/usb-serial/devices/ttyUSB0/latency_timer", "16\n")
    found = examine(machine.root / "dev/ttyUSB0", machine)
    it = 'ATTRS{idVendor}=="0403", ATTRS{idProduct}=="6001", ATTRS{serial}=="A50285BI"'
    assert found["udev rules"].advice.splitlines() == [
        f'SUBSYSTEM=="tty", {it}, GROUP="dialout", MODE="0660", SYMLINK+="hil-a50285bi"',
        f'{it}, ENV{{ID_MM_DEVICE_IGNORE}}="1"',
        f'ACTION=="add", SUBSYSTEM=="usb-serial", DRIVER=="ftdi_sio", {it}, ATTR{{latency_timer}}="1"',
        "# then: sudo udevadm control --reload && sudo udevadm trigger; the port is /dev/hil-a50285bi as well",
    ]
    assert "this name stays: " in found["port"].advice
    assert found["latency timer"].mark == "note"
    assert "echo 1 | sudo tee /sys/bus/usb-serial/devices/ttyUSB0/latency_timer" in found["latency timer"].advice


def test_an_adapter_that_needs_nothing_gets_no_rules(machine: Machine, pty: str) -> None:
    add_usb_tty(machine.root, "ttyUSB0", pty, serial="A50285BI", by_id="usb-FTDI_A50285BI-if00")
    write(machine.root / "sys/bus/usb-serial/devices/ttyUSB0/latency_timer", "1\n")
    found = examine(machine.root / "dev/serial/by-id/usb-FTDI_A50285BI-if00", machine)
    assert found["port"].found.endswith(
        "by-id/usb-FTDI_A50285BI-if00 = ttyUSB0, usb:0403:6001:A50285BI (FTDI FT232R USB UART)"
    )
    assert found["latency timer"] == Finding("latency timer", ok=True, found="1 ms")
    assert "udev rules" not in found


def test_rules_without_a_serial_number_and_for_one_of_two_interfaces(machine: Machine, pty: str) -> None:
    for name, interface in (("ttyACM0", "00"), ("ttyACM1", "02")):
        add_usb_tty(
            machine.root, name, pty, ids="0483:374b", place="1-9", interface=interface, serial='a"b', by_id=name
        )
    rules = examine(machine.root / "dev/ttyACM1", machine)["udev rules"].advice
    it = 'ATTRS{idVendor}=="0483", ATTRS{idProduct}=="374b"'
    expected = f'{it}, ENV{{ID_USB_INTERFACE_NUM}}=="02", GROUP="dialout", MODE="0660", SYMLINK+="hil-0483-374b-02"'
    assert expected in rules
    assert 'a"b' not in rules, "a serial number that would end the string"
    assert "these rules hold for every adapter of its kind" in rules
    assert "latency_timer" not in rules


def test_modem_manager_is_a_note_until_it_is_told_to_keep_away(machine: Machine, pty: str) -> None:
    add_usb_tty(machine.root, "ttyUSB0", pty)
    start_process(machine, 512, "ModemManager")
    found = examine(machine.root / "dev/ttyUSB0", machine)
    assert found["ModemManager"].mark == "note"
    assert found["ModemManager"].found == "runs (pid 512) and may probe this port"
    assert 'ENV{ID_MM_DEVICE_IGNORE}="1"' in found["udev rules"].advice
    number = os.stat(pty).st_rdev  # noqa: PTH116 - it is a name
    write(machine.root / f"run/udev/data/c{os.major(number)}:{os.minor(number)}", "I:1\nE:ID_MM_DEVICE_IGNORE=1\n")
    assert examine(machine.root / "dev/ttyUSB0", machine)["ModemManager"].mark == "ok"


def test_who_has_the_port_is_named(machine: Machine, pty: str) -> None:
    add_usb_tty(machine.root, "ttyUSB0", pty)
    start_process(machine, 4711, "picocom", opens=pty)
    start_process(machine, 4712, "bystander", opens="/dev/null")
    start_process(machine, os.getpid(), "ourselves", opens=pty)
    found = examine(machine.root / "dev/ttyUSB0", machine)
    assert found["in use"].mark == "FAIL"
    assert found["in use"].found == "by picocom -x (pid 4711)"
    assert found["in use"].advice == "end it: kill 4711"
    assert "opens" not in found


def test_a_silent_board_fails_with_what_to_check(machine: Machine, pty: str) -> None:
    found = examine(pty, machine)
    assert list(found) == ["port", "permission", "opens", "listening", "HELLO"]
    assert found["listening"].found == "nothing in 0.05 s"
    assert found["HELLO"].mark == "FAIL"
    assert "RX and TX crossed" in found["HELLO"].advice


def test_a_payload_that_answers_is_named(machine: Machine) -> None:
    with device_on_pty(answering(HELLO)) as path:
        found = examine(path, machine)
    assert all(finding.ok for finding in found.values())
    assert found["HELLO"].found == f"flatsat, build id {HELLO.build_id.hex()}, of this bench's contract"


def test_a_payload_of_another_contract_fails(machine: Machine) -> None:
    with device_on_pty(answering(replace(HELLO, version=VERSION + 1))) as path:
        found = examine(path, machine)["HELLO"]
    assert found.mark == "FAIL"
    assert found.found.endswith("of another contract")


def test_a_board_that_prints_has_the_right_rate_and_no_payload(machine: Machine) -> None:
    with device_on_pty(lambda data: b"\x1b[1mu-boot>\x1b[0m no such command\r\n" if data else b"") as path:
        found = examine(path, machine)["HELLO"]
    assert "bytes of text, the last line: 'u-boot> no such command'" in found.found
    assert "the rate is right" in found.advice


def test_garbage_suggests_another_rate(machine: Machine) -> None:
    with device_on_pty(lambda data: GARBAGE if data else b"") as path:
        found = examine(path, machine)["HELLO"]
    assert "that are neither text nor frames, the last: 85 f3 01 9c" in found.found
    assert "--scan-baud" in found.advice


def test_frames_for_somebody_else_are_told_from_garbage(machine: Machine) -> None:
    with device_on_pty(lambda data: packed(HELLO, tag=99) if data else b"") as path:
        found = examine(path, machine)["HELLO"]
    assert "frames of this contract among them" in found.found
    assert "is another bench at work on it?" in found.advice


def test_a_flood_is_listened_to_for_no_longer_than_anything_else(machine: Machine) -> None:
    with device_on_pty(lambda data: b"" if not data else b"all work and no play\n" * 400) as path:
        began = time.monotonic()
        found = examine(path, machine)
        assert time.monotonic() - began < 5
    assert found["HELLO"].mark == "FAIL"


@pytest.mark.parametrize("rate", [115200, 921600, 9600, 3_000_000])
def test_a_scan_finds_the_rate_that_answers_and_restores_the_settings(machine: Machine, rate: int) -> None:
    with rated_device_on_pty({rate: answering(HELLO)}, otherwise=lambda data: GARBAGE if data else b"") as path:
        descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            before = read_settings(descriptor)
            found = examine(path, machine, scan=True)
            assert read_settings(descriptor) == before
        finally:
            os.close(descriptor)
    assert found["HELLO"].ok
    assert f"at {rate} baud, of this bench's contract" in found["HELLO"].found
    expected = "" if rate == 115200 else f"give --baud {rate}, or baud = {rate} in the station file"
    assert found["HELLO"].advice == expected


def test_a_scan_without_an_answer_names_the_rate_of_the_text(machine: Machine) -> None:
    text = {57600: lambda data: b"login: \r\n" if data else b""}
    with rated_device_on_pty(text, otherwise=lambda data: GARBAGE if data else b"") as path:
        found = examine(path, machine, scan=True)["HELLO"]
    assert found.mark == "FAIL"
    assert found.found.startswith(f"nobody answers at {len(USUAL_RATES)} rates; there is text at 57600 baud, ")
    assert "'login:'" in found.found


def test_a_scan_of_silence_says_so(machine: Machine, pty: str) -> None:
    found = examine(pty, machine, scan=True)["HELLO"]
    assert found.found == f"nobody answers at {len(USUAL_RATES)} rates"
    assert "powered" in found.advice


def test_an_impossible_rate_and_a_board_that_is_pulled_out_fail(machine: Machine, pty: str) -> None:
    assert "cannot run at" in examine(pty, machine, baud=-1)["line"].found
    controller, device = os.openpty()
    path = os.ttyname(device)
    found = []
    for finding in examine_port(SerialSpec(path, 115200, 0.0), machine=machine, waits=QUICK):
        found.append(finding)
        if finding.name == "opens":
            os.close(controller)
    last = found[-1]
    os.close(device)
    assert (last.name, last.mark) == ("line", "FAIL")
    assert f"{path} is gone: " in last.found


def test_levels_that_a_tty_does_not_have_fail(machine: Machine, pty: str) -> None:
    line = SerialSpec(pty, 115200, 0.0, dtr=True)
    last = list(examine_port(line, machine=machine, waits=QUICK))[-1]
    assert (last.name, last.found) == ("line", f"{pty} has no DTR and RTS to set")


def test_what_a_payload_says_of_itself_moves_no_cursor(machine: Machine) -> None:
    with device_on_pty(answering(replace(HELLO, name="\x1b[2Jflatsat"))) as path:
        found = examine(path, machine)
    assert "HELLO: flatsat, build id" in render(found.values())


def test_a_port_behind_a_network_is_only_asked(machine: Machine) -> None:
    found = examine("socket://127.0.0.1:9", machine, scan=True)
    assert "there is nothing of this machine to look at" in found["port"].found
    assert "cannot connect to 127.0.0.1 port 9" in found["line"].found
    assert found["rates"].ok


def test_the_doctor_knows_who_asks() -> None:
    here = this_machine()
    assert here.root == Path("/")
    assert os.getegid() in here.groups


def test_ctrl_c_during_a_scan_restores_the_settings(pty: str) -> None:
    descriptor = os.open(pty, os.O_RDWR | os.O_NOCTTY)
    before = read_settings(descriptor)
    command = [str(BENCH), "doctor", "--port", pty, "--scan-baud"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as doctor:
        assert doctor.stdout is not None
        for line in doctor.stdout:
            if line.startswith("ok      listening"):
                break
        until = time.monotonic() + 10
        while rate_of(descriptor) == 115200 and time.monotonic() < until:
            time.sleep(0.01)
        assert rate_of(descriptor) == 921600, "the scan goes on"
        doctor.send_signal(signal.SIGINT)
        _, error = doctor.communicate(timeout=10)
    assert (doctor.returncode, error) == (130, "bench: stopped\n")
    assert read_settings(descriptor) == before
    os.close(descriptor)
