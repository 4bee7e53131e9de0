"""`bench run` as a user has it: whole runs on the emulated board, on the native payload and on a serial line."""

import fcntl
import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.system.boards import payload_on_pty, payload_on_tcp
from tests.system.command_line import (
    check_error,
    read_models,
    read_trace,
    read_verdicts,
    run_bench,
    save_rows,
    write_scenario,
)

ROWS = 160


@pytest.fixture
def short_recording(tmp_path: Path) -> Path:
    """Give a folder with a recording of 160 rows, 5 s apart, in two segments."""
    return save_rows(tmp_path / "short", 720 - ROWS // 2, 720 + ROWS // 2)


def test_two_runs_on_qemu_agree_in_everything_that_repeats(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        ended = run_bench(tmp_path, "run", "sun-sensor", "--out", folder)
        assert ended.status == 0, ended
    assert (first / "models.json").read_bytes() == (second / "models.json").read_bytes()
    exported = {path.name: path.read_bytes() for path in (first / "models").iterdir()}
    assert exported == {path.name: path.read_bytes() for path in (second / "models").iterdir()}
    assert sorted(exported) == sorted(f"{name}.onnx" for name in read_models(first)[-1]["models"])
    ones, others = read_verdicts(first), read_verdicts(second)
    assert list(ones) == list(others)
    assert {name: v["outcome"] for name, v in ones.items()} == {name: v["outcome"] for name, v in others.items()}
    repeatable = {name for name, verdict in ones.items() if verdict["repeatable"]}
    assert {name: ones[name] for name in repeatable} == {name: others[name] for name in repeatable}
    varying = set(ones) - repeatable
    assert {"link.goodput_bytes_per_s", "timing.link.p99", "timing.dispatch.p99"} <= varying
    assert {"timing.train.p99", "timing.predict.max", "timing.feature.mean"} <= repeatable
    assert {name for name in ones if name.startswith("memory.")} - repeatable == {"memory.handler_stack_peak_bytes"}
    print(f"{len(repeatable)} of {len(ones)} figures repeat to the last digit")


def test_a_copied_run_folder_is_judged_the_same(tmp_path: Path) -> None:
    run, copy = tmp_path / "run", tmp_path / "elsewhere" / "copy"
    ended = run_bench(tmp_path, "run", "sun-sensor", "--target", "host", "--out", run)
    assert ended.status == 3, "timing and stack limits are meant for the emulated board"
    assert "UNMEASURED memory.stack_peak_bytes: this port does not measure it" in ended.out
    shutil.copytree(run, copy)
    names = ("verdicts.json", "models.json", "models/arow_3D.onnx", "models/rda_all.onnx")
    expected = {name: (copy / name).read_bytes() for name in names}
    for name in expected:
        (copy / name).unlink()
    run.rename(tmp_path / "gone")
    judged = run_bench(tmp_path, "judge", copy)
    assert judged.status == 3
    assert {name: (copy / name).read_bytes() for name in expected} == expected


def test_a_payload_that_scores_otherwise_than_the_runtime_fails(tmp_path: Path) -> None:
    """The run's own trace, with the last bits of one model's scores on the evaluation rows changed."""
    folder = tmp_path / "run"
    assert run_bench(tmp_path, "run", "sun-sensor", "--target", "host", "--out", folder).status == 3
    lines = (folder / "trace.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    for entry in entries:
        for scores in entry.get("scores", ()):
            scores[0] *= 1 + 2**-40
    (folder / "trace.jsonl").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    judged = run_bench(tmp_path, "judge", folder)
    assert judged.status == 1
    failed = [name for name, verdict in read_verdicts(folder).items() if verdict["outcome"] == "FAIL"]
    assert failed == ["parity.onnx.arow_1D", "parity.onnx"]


def test_a_run_without_out_gets_a_folder_of_its_own(tmp_path: Path, short_recording: Path) -> None:
    scenario = write_scenario(tmp_path / "quick.toml")
    for _ in range(2):
        assert run_bench(tmp_path, "run", scenario, "--recording", short_recording).status == 0
    names = sorted(folder.name for folder in (tmp_path / "runs").iterdir())
    assert len(names) == 2
    assert all(re.fullmatch(r"\d{8}-\d{6}-quick-host(-2)?", name) for name in names), names


@pytest.mark.parametrize("line", ["pty", "socket"])
def test_a_board_is_reached_through_its_port_and_restarts_when_told(
    host_payload: Path, tmp_path: Path, short_recording: Path, line: str
) -> None:
    scenario = write_scenario(tmp_path / "restarts.toml", restart=True)
    started = tmp_path / "started"
    run = ("run", scenario, "--recording", short_recording)
    assert run_bench(tmp_path, *run, "--out", started).status == 0
    way = payload_on_pty if line == "pty" else payload_on_tcp
    with way(host_payload) as port:
        ended = run_bench(tmp_path, *run, "--port", port, "--baud", "921600", "--out", tmp_path / "board")
    assert ended.status == 0, ended
    trace = read_trace(tmp_path / "board")
    connected = [entry for entry in trace if entry["kind"] == "payload_connected"]
    assert [entry["start"] for entry in connected] == [1, 2]
    assert connected[0]["nonce"] != connected[1]["nonce"]
    assert read_models(tmp_path / "board") == read_models(started)
    assert trace[0]["command"] == ([port, "921600 baud"] if line == "pty" else [port])


def test_a_board_keeps_what_a_run_leaves_and_the_next_run_starts_afresh(
    host_payload: Path, tmp_path: Path, short_recording: Path
) -> None:
    scenario = write_scenario(tmp_path / "again.toml")
    with payload_on_pty(host_payload) as port:
        for name in ("first", "second"):
            words = ("run", scenario, "--recording", short_recording, "--port", port, "--out", tmp_path / name)
            assert run_bench(tmp_path, *words).status == 0
    assert read_models(tmp_path / "first") == read_models(tmp_path / "second")


def test_a_port_in_use_names_its_user(tmp_path: Path, short_recording: Path) -> None:
    scenario = write_scenario(tmp_path / "busy.toml")
    controller, device = os.openpty()
    fcntl.flock(device, fcntl.LOCK_EX)
    port = os.ttyname(device)
    ended = run_bench(tmp_path, "run", scenario, "--recording", short_recording, "--port", port)
    os.close(controller)
    os.close(device)
    check_error(ended, f"{port} is in use by ", hint="end it: kill ")
    assert f"(pid {os.getpid()})" in ended.err


def test_a_paced_run_takes_its_time_and_learns_the_same(tmp_path: Path, short_recording: Path) -> None:
    speed, period_s = 400.0, 5.0
    took_s = {}
    for name, pace in (("quick", "link"), ("paced", speed)):
        scenario = write_scenario(tmp_path / f"{name}.toml", speed=pace)
        began = time.monotonic()
        ended = run_bench(tmp_path, "run", scenario, "--recording", short_recording, "--out", tmp_path / name)
        took_s[name] = time.monotonic() - began
        assert ended.status == 0, ended
    assert read_models(tmp_path / "quick") == read_models(tmp_path / "paced")
    due_s = 2 * (ROWS // 2 - 1) * period_s / speed
    streamed = [entry for entry in read_trace(tmp_path / "paced") if entry["kind"] == "link_measured"]
    spent_s = sum(entry["seconds"] for entry in streamed if entry["phase"] != "whole")
    assert due_s <= spent_s <= due_s + 1.0
    assert due_s <= took_s["paced"]
    assert sum(entry["waiting_s"] for entry in streamed) > 0.8 * due_s
    print(f"{ROWS} rows at {speed:g} times their pace: {spent_s:.3f} s, due {due_s:.3f} s")
