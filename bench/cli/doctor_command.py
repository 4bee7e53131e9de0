"""`bench doctor --port`: one port, step by step."""

import argparse
import sys

from bench.doctor import render
from bench.doctor.machine import this_machine
from bench.doctor.port import examine_port
from bench.errors import ConfigurationError
from bench.station import find_station
from bench.target import DEFAULT_BAUD


def examine_one_port(options: argparse.Namespace) -> int:
    """0 where a payload of this contract answers; each finding is shown when it is made, as some take seconds."""
    sound = True
    baud = options.baud or _station_baud(options.port) or DEFAULT_BAUD
    for finding in examine_port(options.port, baud=baud, machine=this_machine(), scan=options.scan_baud):
        sys.stdout.write(render([finding]))
        sys.stdout.flush()
        sound = sound and finding.ok
    return 0 if sound else 1


def _station_baud(url: str) -> int | None:
    """What the station file, if there is a sound one, says of a port of that name."""
    try:
        ports = find_station().ports.values()
    except ConfigurationError:
        return None
    return next((port.baud for port in ports if port.port == url), None)
