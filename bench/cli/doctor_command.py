"""`bench doctor --port`: one port, step by step."""

import argparse
import sys
from collections.abc import Iterator

from bench.board import BoardBusy, BoardLock
from bench.doctor import Finding, render
from bench.doctor.finding import FAIL
from bench.doctor.machine import this_machine
from bench.doctor.port import examine_port
from bench.errors import ConfigurationError
from bench.station import find_station, load_placed
from bench.target import DEFAULT_BAUD, SerialSpec


def examine_one_port(options: argparse.Namespace) -> int:
    """0 where a payload of this contract answers; each finding is shown when it is made, as some take seconds."""
    sound = True
    for finding in _findings(_line(options), scan=options.scan_baud):
        sys.stdout.write(render([finding]))
        sys.stdout.flush()
        sound = sound and finding.ok
    return 0 if sound else 1


def _findings(line: SerialSpec, *, scan: bool) -> Iterator[Finding]:
    """A board on which another bench is at work is left alone: a HelloRequest would end that bench's session."""
    try:
        with BoardLock(line.url or ""):
            yield from examine_port(line, machine=this_machine(), scan=scan)
    except BoardBusy as error:
        yield Finding("in use", ok=False, found=error.message, advice=error.hint, otherwise=FAIL)


def _line(options: argparse.Namespace) -> SerialSpec:
    """The port that is named, or that of a target with all that its station says of it."""
    if options.target is None:
        return SerialSpec(options.port, options.baud or DEFAULT_BAUD, ready_s=0.0)
    station = find_station(options.station)
    line = load_placed(options.target, station, port=options.port, baud=options.baud).transport
    if not isinstance(line, SerialSpec):
        message = f"{options.target} is started by the bench and has no port to look at"
        raise ConfigurationError(message, hint=f"bench hello --target {options.target} starts it and asks who it is")
    return line
