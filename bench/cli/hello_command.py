"""`bench hello`: who is there, without a run."""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.board import Board, BoardLock
from bench.clock import MonotonicClock
from bench.doctor import ask
from bench.errors import BuildError, ConfigurationError
from bench.printed import printable
from bench.session import Recorder
from bench.session.dialogue import Dialogue
from bench.session.introduce import Introduction, introduce
from bench.session.open import make_line
from bench.station import find_station, load_placed
from bench.target import DEFAULT_BAUD, SerialSpec
from bench.trace import ConsolePrinted, Entry, EventReported
from bench.transport import Transport
from firmware_if.messages import FINGERPRINT, VERSION, ClockKind, Hello

READY_S = 5.0
"""For a port without a target: a board that its opening has reset is up sooner."""
_CONTRACT = Path("firmware_if") / "messages.py"
_ROOT = Path(__file__).parents[2]
_CONSOLE_LINES = 12
"""The last of what it printed meanwhile."""
_WIDTH = 100


@dataclass(frozen=True)
class _Addressee:
    """Who is asked, and how he is reached."""

    name: str
    """For messages."""
    transport: Transport
    ready_s: float
    port: str | None
    """What must be locked; None for what the bench starts for itself."""
    expected: str | None = None
    """The build id that a run would insist on."""


def say_hello(options: argparse.Namespace) -> int:
    """`bench hello`: 0, or 1 where the payload speaks another contract or breaks off."""
    asked = _addressee(options)
    clock = MonotonicClock()
    recorder = Recorder(clock)
    dialogue = Dialogue(asked.transport, clock=clock, recorder=recorder, target_name=asked.name)
    with BoardLock(asked.port) if asked.port else nullcontext(), asked.transport:
        who = introduce(dialogue, asked.ready_s, starting=asked.port is None)
    for title, text in (*_lines(who, expected=asked.expected), *_heard(recorder.entries)):
        print(printable(f"{title:<12}{text}").rstrip())
    if not who.same_contract:
        print("\n" + _which_is_older(who.hello))
    if who.shortfall:
        print(f"\nbroken off: {printable(who.shortfall)}")
    return 0 if who.same_contract and not who.shortfall else 1


def _addressee(options: argparse.Namespace) -> _Addressee:
    if options.target is None and options.port is not None:
        line = SerialSpec(options.port, options.baud or DEFAULT_BAUD, READY_S)
        return _Addressee(options.port, make_line(line), READY_S, options.port)
    station = find_station(options.station)
    name = options.target
    if name is None:
        if len(station.ports) != 1:
            known = f", one of {', '.join(sorted(station.ports))}" if station.ports else ""
            raise ConfigurationError("hello to whom?", hint=f"give --port, or --target{known}")
        name = next(iter(station.ports))
    target = load_placed(name, station, port=options.port, baud=options.baud)
    board = Board(target)  # for what it knows; it is not opened, which would reset and flash it
    if not isinstance(target.transport, SerialSpec):
        return _Addressee(target.name, board.transport, target.transport.ready_s, None)
    expected = None
    with suppress(BuildError):  # a desk without a compiler can say hello
        expected = board.expected_build_id
    return _Addressee(
        target.name, make_line(target.transport), target.transport.ready_s, target.transport.url, expected
    )


def _lines(who: Introduction, *, expected: str | None) -> Iterator[tuple[str, str]]:
    hello = who.hello
    known = hello.clock_kind in set(ClockKind)
    kind = ClockKind(hello.clock_kind).name.lower() if known else f"kind {hello.clock_kind}"
    yield "payload", hello.name
    yield "build id", hello.build_id.hex() + _compared(hello, expected)
    yield "contract", f"version {hello.version}, fingerprint {hello.fingerprint:016X}"
    yield "", "as this bench's" if who.same_contract else f"bench: {VERSION}, fingerprint {FINGERPRINT:016X}"
    yield "nonce", f"{hello.nonce:08X}" + (f", up for {who.uptime_s:.1f} s" if who.uptime_s is not None else "")
    yield "clock", kind + (f", {hello.clock_rate_hz:,} Hz" if hello.clock_rate_hz else "")
    yield "receives", f"{hello.receive_bytes:,} bytes, frames of up to {hello.frame_bytes:,} bytes"
    yield from _memory(who)
    yield from _abilities(who)
    if who.round_trips_s:
        trips = [1000 * trip for trip in who.round_trips_s]
        times = f"{min(trips):.2f} to {max(trips):.2f} ms, median {median(trips):.2f} ms"
        yield "round trip", f"{times} (host time, {len(trips)} exchanges)"


def _compared(hello: Hello, expected: str | None) -> str:
    if expected is None:
        return ""
    return ", as expected" if hello.build_id.hex() == expected else f", but {expected} is expected"


def _memory(who: Introduction) -> Iterator[tuple[str, str]]:
    held = who.housekeeping
    used = f", {held['arena_used_bytes']:,} used" if held.get("arena_used_bytes") is not None else ""
    yield "arena", f"{who.hello.arena_bytes:,} bytes{used}"
    if held.get("data_bytes") is not None:
        yield "data", f"{held['data_bytes']:,} bytes, {held['data_used_bytes'] or 0:,} used"
    for title, name in (("stack", "stack"), ("handlers", "handler_stack")):
        size, peak = held.get(f"{name}_bytes"), held.get(f"{name}_peak_bytes")
        if size is not None:
            yield title, f"{size:,} bytes of stack" + (f", peak {peak:,}" if peak is not None else "")


def _abilities(who: Introduction) -> Iterator[tuple[str, str]]:
    if who.catalogue is not None:
        yield from _wrapped("learners", [(item.name, item.arithmetic) for item in who.catalogue.learners])
        yield from _wrapped("features", [(item.name, item.arithmetic) for item in who.catalogue.features])
    if who.housekeeping:
        updates = f", updates {', '.join(f'{count:,}' for count in who.updates)}" if who.updates else ""
        yield "models", f"{who.housekeeping.get('models')}{updates}; next row {who.housekeeping.get('next_row')}"
        lost = [
            f"{who.housekeeping[name]:,} {name.replace('_', ' ')}"
            for name in ("frames_corrupt", "frames_out_of_order", "frames_resent", "receive_overruns")
            if who.housekeeping.get(name)
        ]
        yield "link", f"{who.housekeeping.get('frames_received'):,} frames received" + "".join(f", {n}" for n in lost)


def _wrapped(title: str, named: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Each name once, with its arithmetics, on as many lines as it takes."""
    arithmetics: dict[str, list[str]] = {}
    for name, arithmetic in named:
        arithmetics.setdefault(name, []).append(arithmetic)
    line = ""
    for name, its in arithmetics.items():
        word = f"{name} ({' '.join(its)})"
        if line and len(line) + len(word) > _WIDTH:
            yield title, line + ","
            title, line = "", ""
        line += f", {word}" if line else word
    yield title, line or "none"


def _heard(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        if isinstance(entry, EventReported):
            yield "event", f"{entry.event} {entry.number} ({entry.severity})"
    text = "".join(entry.text for entry in entries if isinstance(entry, ConsolePrinted))
    lines = [line for line in text.splitlines() if line.strip()][-_CONSOLE_LINES:]
    yield from zip(["console", *[""] * len(lines)], lines, strict=False)


def _which_is_older(hello: Hello) -> str:
    """Whose contract is older, and what to do: by its version, or else by what this checkout has been."""
    build = "rebuild and flash the firmware"
    if hello.version > VERSION:
        return "the firmware speaks a newer contract than this bench: bring the bench up to date"
    if hello.version < VERSION:
        return f"the firmware is older than this bench: {build}"
    since = _first_commit_with(hello)
    if since:
        return f"the firmware is older than this bench: its contract was that of {since}; {build}"
    return (
        "the firmware's contract is none that this checkout has had, so it is newer, or of another branch: "
        f"bring the bench up to date, or {build}"
    )


def _first_commit_with(hello: Hello) -> str | None:
    """'1a2b3c4 of 2026-11-21', where this checkout's history knows the fingerprint."""
    looked_for = f"-S0x{hello.fingerprint:016X}"
    command = ("git", "-C", str(_ROOT), "log", "--reverse", "--format=%h of %as", looked_for, "--", str(_CONTRACT))
    return ask([command])[command]
