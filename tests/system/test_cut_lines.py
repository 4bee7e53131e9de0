"""A line that is cut in mid-stream and comes back: the models are those of an undisturbed run, and the run tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bench.clock import MonotonicClock
from bench.plan import make_plan
from bench.scenario import ModelSpec, Scenario
from bench.session import Recorder, Session, run
from bench.target import QemuTransportSpec, load_target
from bench.trace import Entry, LinkCut, LinkResumed, ModelDumped
from bench.transport import SerialTransport, Transport, make_process
from bench.transport.usb import ROOT
from tests.system.command_line import sun_sensor
from tests.system.cut_lines import TcpWay, UsbWay, Way, cut_line, emulated_payload, native_payload
from tests.system.emulated import build

MODELS = (ModelSpec("a", "arow", "orbitai-3d", "flight"), ModelSpec("b", "rda", "orbitai-2d", "flight"))
SCENARIO = Scenario("made", "made", MODELS, ())
CUTS = (400, 28, 1, 2500, 3100, 5, 1024)
"""Bytes between cuts: in the first requests, at the end of the question that resumes, after one byte, in mid-frame."""


def carry_out(
    transport: Transport,
    *,
    target: str = "host",
    stop: Callable[[], bool] = lambda: False,
    observe: Callable[[Entry], None] = lambda _: None,
) -> tuple[str, list[Entry]]:
    """Outcome and trace of a run over 480 rows in two segments."""
    recording = sun_sensor().rows(480, 960)
    clock = MonotonicClock()
    recorder = Recorder(clock, observers=(observe,))
    with transport:
        session = Session(
            transport,
            recording,
            recorder=recorder,
            clock=clock,
            target_name=target,
            ready_s=10.0,
            speed=None,
            should_stop=stop,
        )
        outcome = run(make_plan(SCENARIO, recording, target=load_target(target)), session, recorder=recorder)
    return outcome, recorder.entries


def through(way: Way, *, reconnect_s: float = 10.0) -> SerialTransport:
    root = way.root if isinstance(way, UsbWay) else ROOT
    return SerialTransport(way.url, baud=921600, reconnect_s=reconnect_s, root=root)


def dumps(trace: Sequence[Entry]) -> list[tuple[object, ...]]:
    return [(e.segment, e.end_row, e.name, e.updates, e.state) for e in trace if isinstance(e, ModelDumped)]


def make_way(kind: str, folder: Path) -> Way:
    return UsbWay(folder / "machine") if kind == "usb" else TcpWay()


@pytest.mark.parametrize("kind", ["usb", "tcp"])
def test_a_line_that_comes_back_loses_and_doubles_nothing(host_payload: Path, tmp_path: Path, kind: str) -> None:
    whole, undisturbed = carry_out(make_process(host_payload))
    with native_payload(host_payload) as payload, cut_line(make_way(kind, tmp_path), payload, cuts=CUTS) as way:
        outcome, trace = carry_out(through(way))
    assert (outcome, whole) == ("completed", "completed"), trace[-2:]
    assert dumps(trace) == dumps(undisturbed)
    assert len(dumps(trace)) == 4
    cuts = [entry for entry in trace if isinstance(entry, LinkCut)]
    returns = [entry for entry in trace if isinstance(entry, LinkResumed)]
    assert len(cuts) == len(CUTS)
    assert 0 < len(returns) <= len(cuts)
    assert returns[-1].resumed
    if isinstance(way, UsbWay):
        assert f"ttyUSB{way.number}" not in cuts[0].reason
        assert way.number == len(CUTS)


def test_an_emulated_board_resumes_where_it_stood(tmp_path: Path) -> None:
    target = load_target("qemu-zynq-a9")
    spec = target.transport
    assert isinstance(spec, QemuTransportSpec)
    command: list[str | Path] = [spec.binary, "-machine", spec.machine, *spec.arguments, "-kernel", build(target)]
    _, undisturbed = carry_out(make_process(build(load_target("host"))))
    with emulated_payload(command, tmp_path) as payload, cut_line(TcpWay(), payload, cuts=(3000, 4000)) as way:
        outcome, trace = carry_out(through(way), target="qemu-zynq-a9")
    assert outcome == "completed", trace[-2:]
    assert dumps(trace) == dumps(undisturbed), "the same arithmetic gives the same bits on every core"
    assert [entry.resumed for entry in trace if isinstance(entry, LinkResumed)] == [True, True]
