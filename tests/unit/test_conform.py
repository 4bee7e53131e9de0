"""The conformance kit without a payload: packets read fault by fault, a silent line, and what people read."""

import re

import pytest
from rich.console import Console

from bench.cli import main
from bench.cli.conform_command import choose, show_results, words
from bench.clock import ManualClock
from bench.conform import CHECKS, Outcome, Place, Result, Runner
from bench.conform.packets import broken_packet, read_packet
from bench.errors import BenchError, ConfigurationError
from bench.transport import MemoryTransport
from bench.transport.memory import make_memory_pair
from firmware_if.messages import APID, Alive
from firmware_if.packets import crc16


def alive() -> bytes:
    """Return a packet as the contract has it, written out."""
    head = (0x0800 | APID).to_bytes(2, "big") + bytes.fromhex("c005 000f 20 11 02 0000 0001 2e 00000003 8000")
    return head + crc16(head).to_bytes(2, "big")


def test_a_sound_packet_has_no_faults() -> None:
    packet = read_packet(alive())
    assert (packet.message, packet.faults) == (Alive(), ())
    assert (packet.sequence_count, packet.uptime_s) == (5, 3.5)


@pytest.mark.parametrize(
    ("packet", "kind", "text"),
    [
        (alive()[:-1] + b"\0", "crc16", "CRC-16"),
        (broken_packet(alive(), 0, b"\x1a"), "header", "packet id 1aa5, right would be 0aa5"),
        (broken_packet(alive(), 4, b"\0\x10"), "header", "packet data length 16, right would be 15"),
        (broken_packet(alive(), 6, b"\x10"), "header", "PUS version 1, right would be 2"),
        (broken_packet(alive(), 11, b"\0\2"), "header", "destination id 2, right would be 1"),
        (broken_packet(alive(), 13, b"\x2f"), "header", "time P-field 2f, right would be 2e"),
        (broken_packet(alive(), 7, b"\x12"), "fields", "no telemetry [18,2] in this contract"),
        (broken_packet(alive(), 7, b"\1"), "fields", "NotAccepted: 2 bytes needed, 0 left"),
        (b"\x0a\xa5", "header", "2 bytes, a telemetry packet has at least 22"),
    ],
)
def test_each_fault_of_a_packet_is_named(packet: bytes, kind: str, text: str) -> None:
    [fault] = read_packet(packet).faults
    assert fault.kind == kind
    assert text in fault.text
    assert text in read_packet(packet).describe()


def runner_on(said: bytes) -> Runner:
    """Return a runner on a line on which `said` has come and nothing more does."""
    clock = ManualClock()
    ours, theirs = make_memory_pair()
    assert isinstance(ours, MemoryTransport)
    ours.on_wait = clock.advance
    theirs.transfer(said, 0)
    return Runner(ours, Place("quiet", 3.0), clock=clock, seed=1)


@pytest.mark.parametrize(
    ("said", "seen", "hint"),
    [
        (b"", "0 bytes, 0 frames)", "check the port"),
        (b"\x91\x92\x93\0", "neither text nor frames: a wrong rate, or something that speaks another", "--scan-baud"),
        (b"U-Boot 2024.01\r\n=> ", "it is text", "flash the firmware"),
    ],
)
def test_a_line_without_a_frame_is_an_error_with_a_hint(said: bytes, seen: str, hint: str) -> None:
    with pytest.raises(BenchError, match=r"no frame from quiet within 3 s \(received \d+ bytes, 0 frames") as caught:
        runner_on(said).meet()
    assert seen in caught.value.message
    assert hint in caught.value.hint


def test_checks_are_chosen_by_name_and_in_their_order() -> None:
    assert choose(None) == list(CHECKS)
    chosen = choose(["state.*", "hello.answers"])
    assert chosen[0].name == "hello.answers"
    assert {check.name.partition(".")[0] for check in chosen} == {"hello", "state"}
    with pytest.raises(ConfigurationError, match="no check is named 'stat'"):
        choose(["state.*", "stat"])


def test_checks_are_listed_without_a_payload(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["conform", "--list", "--only", "hello.*"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == sum(check.name.startswith("hello.") for check in CHECKS)
    assert all(line.startswith("hello.") and line.endswith(".") for line in lines)


def test_a_result_that_did_not_pass_is_explained() -> None:
    check = CHECKS[0]
    failed = words(Result(check, Outcome.FAIL, 0.1, "this", "that"))
    assert failed[0] == f"FAIL {check.name}: {check.demand}"
    assert [line.split()[1] for line in failed[1:3]] == ["this", "that"]
    assert check.clause in failed[3]
    assert check.hint in failed[4]
    assert words(Result(check, Outcome.PASS, 0.1)) == []
    assert words(Result(check, Outcome.BLOCKED, 0.0, came="it died")) == [f"BLOCKED {check.name}: it died"]


def test_results_are_a_table_on_a_terminal() -> None:
    console = Console(width=100, no_color=True, force_terminal=True)
    with console.capture() as capture:
        show_results([Result(CHECKS[0], Outcome.PASS, 0.1)], console, seed=4)
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capture.get()).splitlines()
    assert lines[0].split() == ["outcome", "check", "demand"]
    assert lines[1].startswith("PASS")
    assert lines[-1] == "1 PASS, 0 FAIL, 0 NOT APPLICABLE, 0 BLOCKED; seed 4"


def test_what_a_payload_says_moves_no_cursor() -> None:
    console = Console(width=100, soft_wrap=True)
    with console.capture() as capture:
        show_results([Result(CHECKS[0], Outcome.FAIL, 0.1, "a name", "\x1b[2Jarow\a")], console, seed=4)
    assert "came:     arow\n" in capture.get()
