"""One port, step by step: is it there, may it be opened, who else wants it, who answers, and at which rate."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.doctor.access import examine_permission, examine_presence, usb_port
from bench.doctor.adapter import examine_holders, examine_latency, examine_rivals, udev_rules
from bench.doctor.finding import FAIL, Finding
from bench.doctor.line import Heard, Move, listen
from bench.doctor.machine import Machine
from bench.errors import BenchError, ConfigurationError, TransportError
from bench.target import SerialSpec
from bench.transport import make_serial
from bench.transport.borrowed import BorrowedTty, borrow_tty
from bench.transport.usb import find_device
from firmware_if.messages import FINGERPRINT, VERSION, Hello

USUAL_RATES: Final = (
    *(115200, 921600, 1_000_000, 460800, 230400, 57600, 38400, 19200, 9600),
    *(500_000, 1_500_000, 2_000_000, 3_000_000),
)
"""In the order in which they are tried: the likely ones first."""


@dataclass(frozen=True)
class Waits:
    """How long each step waits for bytes."""

    listen_s: float = 1.0
    """Long enough for a console that prints once a second, or for what a board says that opening the port has reset."""
    answer_s: float = 2.0
    rate_s: float = 0.5
    """For each rate of a scan: three requests."""


USUAL_WAITS: Final = Waits()


def examine_port(
    line: SerialSpec, *, machine: Machine, scan: bool = False, waits: Waits = USUAL_WAITS
) -> Iterator[Finding]:
    """Findings as they are made; ends with the first that makes the next one pointless."""
    url = line.url or ""
    if "://" in url:
        yield Finding("port", ok=True, found=f"{url}: behind a network, so there is nothing of this machine to look at")
        yield from _examine_far_line(line, scan=scan, waits=waits)
        return
    try:
        path = Path(find_device(url, machine.root))
    except BenchError as error:
        yield Finding("port", ok=False, found=error.message, advice=error.hint)
        return
    sound = True
    for finding in _examine_device(path, machine):
        sound = sound and finding.ok
        yield finding
    if sound:
        yield from _examine_line(path, line, scan=scan, waits=waits)


def _examine_device(path: Path, machine: Machine) -> Iterator[Finding]:
    looked_at = list(examine_presence(path, machine))
    yield from looked_at
    if not looked_at[-1].ok:
        return
    looked_at.append(examine_permission(path, machine))
    name = machine.tty_name(path)
    port = usb_port(name, machine)
    if port is not None:
        looked_at += [*examine_rivals(path, machine), *examine_latency(name, machine)]
    yield from looked_at[1:]
    if port is not None and any(finding.advice for finding in looked_at):
        yield udev_rules(port, machine)
    if (machine.root / "sys/class/tty" / name).exists():  # a pty may well be held by who made it
        yield examine_holders(path, machine)


def _examine_far_line(line: SerialSpec, *, scan: bool, waits: Waits) -> Iterator[Finding]:
    try:
        with make_serial(line.url or "", baud=line.baud, dtr=line.dtr, rts=line.rts) as transport:
            yield Finding("opens", ok=True, found=", ".join(transport.describe()))
            heard = listen(transport.transfer, waits.listen_s)
            yield _listened(heard, waits)
            yield examine_answer(transport.transfer, heard, timeout_s=waits.answer_s)
    except (TransportError, ConfigurationError) as error:
        yield Finding("line", ok=False, found=error.message, advice=error.hint, otherwise=FAIL)
    if scan:
        yield Finding("rates", ok=True, found="not tried: the far end sets the rate of its line")


def _examine_line(path: Path, line: SerialSpec, *, scan: bool, waits: Waits) -> Iterator[Finding]:
    try:
        with borrow_tty(str(path), baud=line.baud, dtr=line.dtr, rts=line.rts) as tty:
            yield Finding("opens", ok=True, found=f"at {line.baud} baud, for nobody else meanwhile")
            heard = listen(tty.transfer, waits.listen_s)
            yield _listened(heard, waits)
            if scan:
                others = [rate for rate in USUAL_RATES if rate != line.baud]
                yield scan_rates(tty, [line.baud, *others], rate_s=waits.rate_s)
            else:
                yield examine_answer(tty.transfer, heard, timeout_s=waits.answer_s)
    except (TransportError, ConfigurationError) as error:
        yield Finding("line", ok=False, found=error.message, advice=error.hint, otherwise=FAIL)
    except EOFError as error:
        advice = "was it unplugged, or did the board or its adapter reset?"
        yield Finding("line", ok=False, found=f"{path} is gone: {error}", advice=advice, otherwise=FAIL)


def _listened(heard: Heard, waits: Waits) -> Finding:
    return Finding("listening", ok=True, found=f"{heard} in {waits.listen_s:g} s")


def examine_answer(move: Move, unasked: Heard, *, timeout_s: float) -> Finding:
    """Who answers a HelloRequest; where nobody does, what was heard says why."""
    answer = listen(move, timeout_s, ask=True)
    if answer.hello is not None:
        return _judge(answer.hello)
    found = f"nobody answers within {timeout_s:g} s; heard meanwhile: {answer}"
    advice = _why_silent(answer if answer.count else unasked)
    return Finding("HELLO", ok=False, found=found, advice=advice, otherwise=FAIL)


def _judge(hello: Hello, at: str = "") -> Finding:
    who = f"{hello.name}, build id {hello.build_id.hex()}{at}"
    if (hello.version, hello.fingerprint) == (VERSION, FINGERPRINT):
        return Finding("HELLO", ok=True, found=f"{who}, of this bench's contract")
    advice = "bench hello says which side is older; usually: rebuild and flash the firmware"
    return Finding("HELLO", ok=False, found=f"{who}, of another contract", advice=advice, otherwise=FAIL)


def _why_silent(heard: Heard) -> str:
    if not heard.count:
        return (
            "is the board powered, are RX and TX crossed, have both the same ground, does its boot loader wait? "
            "Press its reset while this listens. Another rate? Add --scan-baud"
        )
    if heard.frames:
        return "it speaks frames, but not to this bench: is another bench at work on it?"
    if heard.is_text:
        return "the rate is right and the board runs, but no payload of this contract is on it: flash the firmware"
    return "a wrong rate (add --scan-baud), or a device that speaks something else"


def scan_rates(tty: BorrowedTty, rates: Sequence[int], *, rate_s: float) -> Finding:
    """Try each rate until one answers; else the ones at which there was text. The first is the expected one."""
    texts, refused = [], []
    for rate in rates:
        try:
            tty.set_rate(rate)
        except TransportError:
            refused.append(rate)
            continue
        heard = listen(tty.transfer, rate_s, ask=True)
        if heard.hello is not None:
            judged = _judge(heard.hello, f" at {rate} baud")
            advice = f"give --baud {rate}, or baud = {rate} in the station file"
            return replace(judged, advice=advice) if judged.ok and rate != rates[0] else judged
        if heard.is_text and not heard.frames:
            texts.append(f"{rate} baud, {heard}")
    cannot = f"; the driver cannot do {', '.join(map(str, refused))}" if refused else ""
    found = f"nobody answers at {len(rates) - len(refused)} rates{cannot}"
    if texts:
        advice = "the rate with text is that of the board, but no payload of this contract is on it: flash the firmware"
        found += f"; there is text at {'; at '.join(texts)}"
    else:
        advice = "is the board powered, are RX and TX crossed, have both the same ground?"
    return Finding("HELLO", ok=False, found=found, advice=advice, otherwise=FAIL)
