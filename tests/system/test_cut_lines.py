"""A line that is cut in mid-stream and comes back: the models are those of an undisturbed run, and the run tells."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bench.clock import MonotonicClock
from bench.errors import TransportError
from bench.plan import make_plan
from bench.scenario import ModelSpec, Scenario
from bench.session import Recorder, Session, run
from bench.target import QemuTransportSpec, load_target
from bench.trace import Entry, LinkCut, LinkResumed, ModelDumped, RunEnded, TargetFailed
from bench.transport import SerialTransport, Transport, make_process
from bench.transport.ports import ROOT
from tests.system.command_line import (
    Command,
    read_models,
    read_trace,
    read_verdicts,
    run_bench,
    save_rows,
    sun_sensor,
    wait_until,
    write_scenario,
)
from tests.system.cut_lines import ABSENT_S, TcpWay, UsbWay, Way, cut_line, emulated_payload, native_payload
from tests.system.emulated import build
from tests.system.rfc2217_server import rfc2217_server

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


def kinds(folder: Path) -> set[str]:
    """Of the entries of a trace so far."""
    return {entry["kind"] for entry in read_trace(folder)}


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


@pytest.mark.parametrize("kind", ["usb", "tcp"])
def test_a_line_that_stays_away_is_a_verdict_that_names_it(host_payload: Path, tmp_path: Path, kind: str) -> None:
    way = make_way(kind, tmp_path)
    with native_payload(host_payload) as payload, cut_line(way, payload, cuts=(12_000,), absent_s=None):
        outcome, trace = carry_out(through(way, reconnect_s=0.6))
    assert outcome == "target_failed"
    assert [entry.reconnect_s for entry in trace if isinstance(entry, LinkCut)] == [0.6]
    assert not [entry for entry in trace if isinstance(entry, LinkResumed)]
    [failure] = [entry for entry in trace if isinstance(entry, TargetFailed)]
    assert f"{way.url}" in failure.reason
    assert "is gone: " in failure.reason
    assert "it did not come back within 0.6 s: " in failure.reason
    assert ("there is no port usb:" if kind == "usb" else "Connection refused") in failure.reason
    assert "reconnect_s in station.toml" in failure.hint
    last = trace[-1]
    assert isinstance(last, RunEnded)
    assert last.rows > 0, "what came before the cut is kept"


@pytest.mark.parametrize("kind", ["usb", "tcp"])
def test_a_line_that_is_cut_before_the_payload_has_answered_is_asked_again(
    host_payload: Path, tmp_path: Path, kind: str
) -> None:
    with native_payload(host_payload) as payload, cut_line(make_way(kind, tmp_path), payload, cuts=(5, 1)) as way:
        outcome, trace = carry_out(through(way))
    assert outcome == "completed", trace[-2:]
    assert [entry.resumed for entry in trace if isinstance(entry, LinkResumed)] == [False]
    assert len([entry for entry in trace if isinstance(entry, LinkCut)]) == 2


def test_a_line_that_stays_away_before_the_payload_has_answered_is_an_error_of_the_bench(
    host_payload: Path, tmp_path: Path
) -> None:
    way = UsbWay(tmp_path)
    with (
        native_payload(host_payload) as payload,
        cut_line(way, payload, cuts=(5,), absent_s=None),
        pytest.raises(TransportError, match=r"is gone: .*; it did not come back within 0\.3 s: there is no port usb:"),
    ):
        carry_out(through(way, reconnect_s=0.3))


def test_a_line_that_is_cut_again_and_again_without_an_answer_is_given_up(host_payload: Path, tmp_path: Path) -> None:
    """Each time for ABSENT_S, and never longer than a byte; the time does not begin anew with each return."""
    with (
        native_payload(host_payload) as payload,
        cut_line(UsbWay(tmp_path), payload, cuts=(4000, *[1] * 100)) as way,
    ):
        outcome, trace = carry_out(through(way, reconnect_s=1.0))
    assert outcome == "target_failed"
    [failure] = [entry for entry in trace if isinstance(entry, TargetFailed)]
    assert "it did not come back within 1 s: " in failure.reason
    assert 1 < len([entry for entry in trace if isinstance(entry, LinkCut)]) <= 1.0 / ABSENT_S + 2


def test_without_reconnection_a_cut_ends_the_run_at_once(host_payload: Path, tmp_path: Path) -> None:
    way = UsbWay(tmp_path)
    with native_payload(host_payload) as payload, cut_line(way, payload, cuts=(4000,)):
        outcome, trace = carry_out(through(way, reconnect_s=0.0))
    assert outcome == "target_failed"
    assert not [entry for entry in trace if isinstance(entry, LinkCut)]
    [failure] = [entry for entry in trace if isinstance(entry, TargetFailed)]
    assert failure.reason.startswith("usb:0403:6001:A50285BI = /dev/pts/")


@pytest.mark.parametrize("cut", [400, 4000])
def test_a_payload_that_restarts_in_a_cut_has_lost_its_models(host_payload: Path, tmp_path: Path, cut: int) -> None:
    with (
        native_payload(host_payload) as one,
        native_payload(host_payload) as other,
        cut_line(UsbWay(tmp_path), one, other, cuts=(cut,)) as way,
    ):
        outcome, trace = carry_out(through(way))
    assert outcome == "target_failed"
    [failure] = [entry for entry in trace if isinstance(entry, TargetFailed)]
    assert failure.reason == "the payload restarted while the line was cut, and lost its models"
    assert "dtr" in failure.hint


def test_who_wants_it_to_stop_need_not_wait_for_the_line(host_payload: Path, tmp_path: Path) -> None:
    seen: list[Entry] = []
    with (
        native_payload(host_payload) as payload,
        cut_line(UsbWay(tmp_path), payload, cuts=(4000,), absent_s=None) as way,
    ):
        outcome, trace = carry_out(
            through(way, reconnect_s=60.0),
            stop=lambda: any(isinstance(entry, LinkCut) for entry in seen),
            observe=seen.append,
        )
    assert outcome == "aborted"
    last = trace[-1]
    assert isinstance(last, RunEnded)
    assert last.t < 30.0
    assert not [entry for entry in trace if isinstance(entry, TargetFailed)]


def test_ctrl_c_ends_the_wait_for_a_line(host_payload: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    station = tmp_path / "station.toml"
    with (
        native_payload(host_payload) as payload,
        cut_line(TcpWay(), payload, cuts=(4000,), absent_s=None) as way,
    ):
        station.write_text(f'[station.host]\nport = "{way.url}"\nreconnect_s = 600\n')
        scenario = write_scenario(tmp_path / "stopped.toml")
        words = ("run", scenario, "--recording", save_rows(tmp_path / "rows", 480, 960), "--target", "host")
        with Command(tmp_path, *words, "--station", station, "--out", folder) as command:
            wait_until(lambda: "link_cut" in kinds(folder), "the cut was not noticed")
            command.process.send_signal(signal.SIGINT)
            ended = command.end()
    assert ended.status == 130, ended
    assert "waiting up to 600 s for it" in ended.out
    assert read_trace(folder)[-1]["outcome"] == "aborted"


def test_a_serial_server_that_is_restarted_is_gone_on_with(host_payload: Path, tmp_path: Path) -> None:
    """The bench as its users have it, through RFC 2217."""
    scenario = write_scenario(tmp_path / "served.toml", speed=2000.0)
    run = ("run", scenario, "--recording", save_rows(tmp_path / "rows", 480, 960))
    assert run_bench(tmp_path, *run, "--target", "host", "--out", tmp_path / "whole").status == 0
    folder = tmp_path / "served"
    with (
        native_payload(host_payload) as payload,
        rfc2217_server(payload) as server,
        Command(tmp_path, *run, "--target", "host", "--port", server.url, "--out", folder) as command,
    ):
        wait_until(lambda: "samples_trained" in kinds(folder), "no row was trained")
        server.stop()
        wait_until(lambda: "link_cut" in kinds(folder), "the cut was not noticed")
        server.start()
        ended = command.end()
    assert ended.status == 0, ended
    assert "link_resumed" in kinds(folder)
    assert read_models(folder) == read_models(tmp_path / "whole")


def test_an_emulated_board_behind_a_pty_resumes_where_it_stood(tmp_path: Path) -> None:
    """The bench as its users have it; the pty gets another number in mid-stream, and the link follows it."""
    target = load_target("qemu-zynq-a9")
    spec = target.transport
    assert isinstance(spec, QemuTransportSpec)
    command: list[str | Path] = [spec.binary, "-machine", spec.machine, *spec.arguments, "-kernel", build(target)]
    scenario = write_scenario(tmp_path / "cut.toml", restart=True)
    run = ("run", scenario, "--recording", save_rows(tmp_path / "rows", 480, 960))
    assert run_bench(tmp_path, *run, "--target", "host", "--out", tmp_path / "whole").status == 0
    with emulated_payload(command, tmp_path) as payload, cut_line(UsbWay(tmp_path), payload, cuts=(4000, 9000)) as way:
        assert isinstance(way, UsbWay)
        ended = run_bench(
            tmp_path, *run, "--target", "qemu-zynq-a9", "--port", way.link, "--out", tmp_path / "disturbed"
        )
    assert ended.status == 0, ended
    assert f"{way.link} = /dev/pts/" in ended.out
    assert ended.out.count("; waiting up to 10 s for it") == 2
    assert ended.out.count("the payload answers again after") == 2
    assert read_models(tmp_path / "disturbed") == read_models(tmp_path / "whole"), "the same arithmetic, the same bits"
    verdicts = read_verdicts(tmp_path / "disturbed")
    assert verdicts["link.cuts"]["value"] == 2
    assert "answered again after" in verdicts["link.cuts"]["because"]
    assert verdicts["run.unplanned_restarts"]["value"] == 0
