"""Nights, carried out: what is told apart, what is kept when they are killed, and that nothing is left behind."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from bench.board import BoardLock
from tests.system.boards import BoardWithCommands, device_on_pty, payload_on_pty
from tests.system.command_line import (
    ROOT,
    Command,
    check_error,
    read_trace,
    run_bench,
    save_rows,
    wait_until,
    write_scenario,
    write_target,
)

FAILING = '[[limits]]\nmeasure = "run.rows"\nequal = 1\nbecause = "cannot be"\n'
UNMEASURED = '[[limits]]\nmeasure = "timing.train.p99"\nat_most = 400\nclock = "instructions"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with a recording of a few rows."""
    save_rows(tmp_path / "rows", 0, 40)
    return tmp_path


def write_matrix(folder: Path, *names: str, target: str = "host", more: str = "") -> Path:
    path = folder / "small.toml"
    scenarios = ", ".join(f'"{name}.toml"' for name in names)
    path.write_text(f'scenarios = [{scenarios}]\ntargets = ["{target}"]\nrecording = "./rows"\n{more}')
    return path


def read_night(folder: Path) -> dict[str, Any]:
    """Read the newest night."""
    newest = max((folder / "nights").glob("*/night.json"), key=lambda path: path.stat().st_mtime_ns)
    night: dict[str, Any] = json.loads(newest.read_text())
    return night


def outcomes(night: dict[str, Any]) -> dict[str, Any]:
    return {job["job"]: job["outcome"] for job in night["jobs"]}


def attempts(night: dict[str, Any], job: str) -> list[str]:
    [found] = [one for one in night["jobs"] if one["job"] == job]
    return [attempt["outcome"] for attempt in found["attempts"]]


def night_folder(folder: Path) -> Path:
    return max((folder / "nights").glob("2*"), key=lambda path: path.stat().st_mtime_ns)


def test_a_night_tells_outcomes_apart_and_writes_them_down(folder: Path) -> None:
    write_scenario(folder / "good.toml")
    write_scenario(folder / "bad.toml", more=FAILING)
    write_scenario(folder / "unseen.toml", more=UNMEASURED)
    matrix = write_matrix(folder, "good", "bad", "unseen")
    ended = run_bench(folder, "nightly", matrix, "--jobs", "2")
    assert ended.status == 1, ended
    night = read_night(folder)
    assert outcomes(night) == {"good@host": "PASS", "bad@host": "FAIL", "unseen@host": "UNMEASURED"}
    assert attempts(night, "bad@host") == ["FAIL", "FAIL"], "a failure is tried again to see whether it flakes"
    assert "first night: there is none to compare with" in ended.out
    assert "1 FAIL, 1 UNMEASURED, 1 PASS: a target failed, or a job is flaky" in ended.out
    where = night_folder(folder)
    assert len((where / "attempts.jsonl").read_text().splitlines()) == 4
    assert (where / "logs" / "bad-host-2.log").read_text().count("FAIL run.rows: 40") == 1
    assert (where / "runs" / "good-host-1" / "verdicts.json").is_file()
    suite = ET.fromstring((where / "junit.xml").read_text())  # noqa: S314 - our own file
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "1", "1")
    assert "run.rows: 40 rows, limit == 1" in (where / "summary.md").read_text()
    assert "run.rows: 40 rows, limit == 1" in (where / "index.html").read_text()


def test_the_second_night_says_what_changed(folder: Path) -> None:
    write_scenario(folder / "a.toml", more=FAILING)
    write_scenario(folder / "b.toml")
    write_scenario(folder / "c.toml", more=FAILING)
    matrix = write_matrix(folder, "a", "b", "c", more="retries = 0\n")
    assert run_bench(folder, "nightly", matrix).status == 1
    first = night_folder(folder).name
    write_scenario(folder / "a.toml")
    write_scenario(folder / "b.toml", more=FAILING)
    write_scenario(folder / "d.toml")
    write_matrix(folder, "a", "b", "c", "d", more="retries = 0\n")
    ended = run_bench(folder, "nightly", matrix)
    told = [line for line in ended.out.splitlines() if ": " in line]
    for line in (
        f"new failure: b@host: PASS in {first}; run.rows: 40 rows, limit == 1",
        f"still failing: c@host: since {first}; run.rows: 40 rows, limit == 1",
        f"fixed: a@host: FAIL in {first}",
        "job added: d@host: PASS",
    ):
        assert line in told, ended.out
    assert not any("not repeatable" in line for line in told), "the same build counts the same"


def test_an_earlier_night_that_cannot_be_read_is_a_line_and_the_night_goes_on(folder: Path) -> None:
    write_scenario(folder / "a.toml")
    matrix = write_matrix(folder, "a")
    run_bench(folder, "nightly", matrix)
    before = night_folder(folder) / "night.json"
    whole = before.read_text()
    before.write_text(whole[: len(whole) // 2])
    ended = run_bench(folder, "nightly", matrix)
    assert ended.status == 0
    assert f"note: an earlier night is left out: nights/{before.parent.name}/night.json is not what" in ended.out
    before.write_text(whole.replace('"version": 1', '"version": 2'))
    ended = run_bench(folder, "nightly", matrix)
    assert ended.status == 0
    assert "was written by a newer version (2; this one reads up to 1)" in ended.out


def test_a_quarantined_failure_runs_and_does_not_decide_until_it_expires(folder: Path) -> None:
    write_scenario(folder / "bad.toml", more=FAILING)
    entry = '[[quarantine]]\nscenario = "bad"\nreason = "known"\nuntil = {until}\nmeasure = "{measure}"\n'
    matrix = write_matrix(folder, "bad", more=entry.format(until="2999-01-01", measure="run.rows"))
    ended = run_bench(folder, "nightly", matrix)
    assert ended.status == 0, ended
    assert "1 quarantined: green" in ended.out
    write_matrix(folder, "bad", more=entry.format(until="2020-01-01", measure="run.rows"))
    ended = run_bench(folder, "nightly", matrix)
    assert ended.status == 1
    assert "quarantine EXPIRED and counts again: bad@* run.rows until 2020-01-01: known" in ended.out
    write_matrix(folder, "bad", more=entry.format(until="2999-01-01", measure="timing.*"))
    ended = run_bench(folder, "nightly", matrix)
    assert ended.status == 1, "the failure is of another measure"
    assert "quarantine UNUSED, remove it: bad@* timing.*" in ended.out


@pytest.fixture
def slow(folder: Path) -> Iterator[Command]:
    """Give a night whose first job is over, and whose second has trained a few rows."""
    write_scenario(folder / "quick.toml")
    write_scenario(folder / "slow.toml", speed=1.0)
    matrix = write_matrix(folder, "quick", "slow", "never", more="jobs = 1\nretries = 0\n")
    write_scenario(folder / "never.toml")
    with Command(folder, "nightly", matrix) as command:

        def trained() -> bool:
            runs = list((folder / "nights").glob("2*/runs/slow-host-1"))
            return bool(runs) and any(entry["kind"] == "samples_trained" for entry in read_trace(runs[0]))

        wait_until(lambda: trained() or command.process.poll() is not None, "no row was trained")
        assert command.process.poll() is None, command.end()
        yield command


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_night_that_is_stopped_ends_what_runs_and_writes_its_summary(
    slow: Command, folder: Path, number: signal.Signals
) -> None:
    slow.process.send_signal(number)
    ended = slow.end()
    assert ended.status == 130, ended
    night = read_night(folder)
    assert night["outcome"] == "aborted"
    assert outcomes(night) == {"quick@host": "PASS", "slow@host": None, "never@host": None}
    assert "1 PASS, 2 not run: aborted" in ended.out
    assert "aborted" in (night_folder(folder) / "summary.md").read_text()


def test_a_night_that_is_killed_keeps_its_attempts_and_leaves_no_process(slow: Command, folder: Path) -> None:
    slow.process.kill()
    assert slow.end().status == -signal.SIGKILL
    night = read_night(folder)
    assert night["outcome"] == "running"
    assert outcomes(night) == {"quick@host": "PASS", "slow@host": None, "never@host": None}
    [line] = (night_folder(folder) / "attempts.jsonl").read_text().splitlines()
    assert (json.loads(line)["job"], json.loads(line)["outcome"]) == ("quick@host", "PASS")
    ended = run_bench(folder, "nightly", folder / "small.toml", "--only", "quick")
    assert ended.status == 0
    assert f"note: a nightly died here before it was done: python bench nightly (pid {slow.process.pid}, " in ended.out


def test_two_nightlies_on_one_folder_are_one_clear_error(slow: Command, folder: Path) -> None:
    second = run_bench(folder, "nightly", folder / "small.toml")
    check_error(second, "another nightly is writing to nights: ", hint="--out")
    assert f"pid {slow.process.pid}" in second.err
    elsewhere = run_bench(folder, "nightly", folder / "small.toml", "--out", "others", "--only", "quick")
    assert elsewhere.status == 0, elsewhere


def test_an_attempt_that_does_not_end_is_ended_at_its_deadline(folder: Path) -> None:
    write_scenario(folder / "slow.toml", speed=1.0)
    matrix = write_matrix(folder, "slow", more="deadline_s = 2\nretries = 0\n")
    ended = run_bench(folder, "nightly", matrix)
    assert ended.status == 2, ended
    assert "slow@host" in ended.out
    assert "still running after 2 s, and was ended" in ended.out
    assert outcomes(read_night(folder)) == {"slow@host": "BENCH_ERROR"}


def test_a_job_is_blocked_by_what_it_needs(folder: Path) -> None:
    write_scenario(folder / "bad.toml", more=FAILING)
    write_scenario(folder / "next.toml")
    more = 'retries = 0\n[[include]]\nscenario = "next.toml"\nneeds = ["bad"]\n'
    ended = run_bench(folder, "nightly", write_matrix(folder, "bad", more=more))
    assert outcomes(read_night(folder)) == {"bad@host": "FAIL", "next@host": "BLOCKED"}
    assert "it needs bad@host, which is FAIL" in ended.out


def test_a_dry_run_checks_and_starts_nothing(folder: Path) -> None:
    write_scenario(folder / "good.toml")
    ended = run_bench(folder, "nightly", write_matrix(folder, "good", more="repeats = 3\n"), "--dry-run")
    assert ended.status == 0
    assert "good@host  3 repeats\n1 jobs, " in ended.out
    assert not (folder / "nights").exists()
    write_matrix(folder, "good", target="hots")
    check_error(run_bench(folder, "nightly", folder / "small.toml"), "is 'hots', which is no target", hint="'host'")
    assert not (folder / "nights").exists()


STATION = '[station.host]\nport = "{port}"\n{more}'


def test_a_board_that_vanishes_blocks_the_jobs_behind_it(folder: Path, host_payload: Path) -> None:
    names = ("first", "last", "absent", "behind")
    for name in names:
        write_scenario(folder / f"{name}.toml")
    matrix = write_matrix(folder, *names, more='station = "desk.toml"\n')
    with payload_on_pty(host_payload) as port:
        (folder / "board").symlink_to(port)
        # the reset of the second job pulls the plug, which ends no line that is open
        reset = f"test -e {folder}/once && rm {folder}/board; touch {folder}/once"
        station = STATION.format(port=folder / "board", more=f'reset_command = "{reset}"\n')
        (folder / "desk.toml").write_text(station)
        ended = run_bench(folder, "nightly", matrix)
    night = read_night(folder)
    assert ended.status == 3, ended
    assert list(outcomes(night).values()) == ["PASS", "PASS", "BLOCKED", "BLOCKED"]
    absent, behind = (job["reason"] for job in night["jobs"][2:])
    assert absent == f"there is no port {folder}/board"
    assert behind == f"host is not tried again, since absent@host found: {absent}"


def test_an_error_of_the_bench_that_goes_away_is_a_flake_of_the_bench(folder: Path, host_payload: Path) -> None:
    write_scenario(folder / "a.toml")
    with BoardWithCommands(folder, host_payload) as board:
        line = f"test -e {folder}/once && {board.command('reset')}; s=$?; touch {folder}/once; exit $s"
        (folder / "desk.toml").write_text(STATION.format(port=board.port, more=f"reset_command = {json.dumps(line)}\n"))
        ended = run_bench(folder, "nightly", write_matrix(folder, "a", more='station = "desk.toml"\n'))
    assert ended.status == 2, ended
    night = read_night(folder)
    assert attempts(night, "a@host") == ["BENCH_ERROR", "PASS"]
    assert outcomes(night) == {"a@host": "FLAKY"}
    assert "FLAKY" in ended.out


WRAPPER = """#!/bin/sh
# an emulator that counts otherwise the first time
[ "$1" = --version ] && exec qemu-system-arm --version
if mkdir {mark} 2>/dev/null; then
    for word; do shift; set -- "$@" "$(echo "$word" | sed s/shift=6/shift=5/)"; done
fi
exec qemu-system-arm "$@"
"""


def test_what_repeats_by_construction_and_does_not_is_told_loudly(folder: Path) -> None:
    write_scenario(folder / "a.toml")
    wrapper = folder / "emulator"
    wrapper.write_text(WRAPPER.format(mark=folder / "once"))
    wrapper.chmod(0o755)
    binary = {'binary = "qemu-system-arm"': f'binary = "{wrapper}"'}
    write_target(folder, "odd", like="qemu-zynq-a9", replaced=binary)
    ended = run_bench(folder, "nightly", write_matrix(folder, "a", target="odd.toml", more="repeats = 2\n"))
    assert ended.status == 1, ended
    night = read_night(folder)
    assert attempts(night, "a@odd") == ["PASS", "PASS"]
    assert outcomes(night) == {"a@odd": "FLAKY"}
    assert "NOT REPEATABLE a@odd: one build, counted in instructions, and it varies" in ended.out
    assert "**NOT REPEATABLE**" in (night_folder(folder) / "summary.md").read_text()


def test_the_matrix_that_comes_with_the_bench_can_be_carried_out_here(tmp_path: Path) -> None:
    ended = run_bench(tmp_path, "nightly", ROOT / "fixtures/nightly/emulated.toml", "--only", "sun-sensor-onnx")
    assert ended.status == 0, ended
    assert "3 PASS, 8 not run: green" in ended.out


def test_a_full_disk_is_one_clear_error(folder: Path) -> None:
    names = [f"scenario-{number}" for number in range(4)]  # so many that night.json takes more than a block
    for name in names:
        write_scenario(folder / f"{name}.toml")
    limited = ["/bin/sh", "-c", 'ulimit -f 1; exec "$0" "$@"']
    ended = run_bench(folder, "nightly", write_matrix(folder, *names), before=limited)
    check_error(ended, "/night.json", hint="is the disk full")


def test_a_board_that_somebody_uses_is_waited_for(folder: Path, host_payload: Path) -> None:
    write_scenario(folder / "a.toml")
    with payload_on_pty(host_payload) as port, BoardLock(port) as lock:
        (folder / "desk.toml").write_text(STATION.format(port=port, more=""))
        impatient = write_matrix(folder, "a", more='station = "desk.toml"\nlock_wait_s = 0\n')
        ended = run_bench(folder, "nightly", impatient)
        assert ended.status == 3, ended
        assert outcomes(read_night(folder)) == {"a@host": "BLOCKED"}
        assert "is in use by" in ended.out
        assert f"pid {os.getpid()}" in ended.out
        patient = write_matrix(folder, "a", more='station = "desk.toml"\n')
        with Command(folder, "nightly", patient) as command:
            wait_until(lambda: any((folder / "nights").glob("*/logs/a-host-1.log")), "no attempt began")
            wait_until(lambda: "start        a@host" in command.printed(), "no attempt was told")
            lock.release()
            ended = command.end()
    assert ended.status == 0, ended
    assert "fixed: a@host: BLOCKED in" in ended.out


def test_a_silent_board_costs_its_deadline_once_for_each_attempt_of_one_job(folder: Path) -> None:
    names = ("a", "b", "c")
    for name in names:
        write_scenario(folder / f"{name}.toml")
    with device_on_pty(lambda _: b"") as port:
        replaced = {
            'kind = "process"': 'kind = "serial"',
            "ready_s = 5.0": "ready_s = 0.3",
            'port = "host"\n': "",
            "arguments = []\n": "",
            'storage = ["--storage", "{storage}", "--watchdog", "5"]\n': "",
        }
        write_target(folder, "mute", like="host", replaced=replaced)
        (folder / "desk.toml").write_text(f'[station.mute]\ntarget = "mute.toml"\nport = "{port}"\n')
        matrix = write_matrix(folder, *names, target="mute", more='station = "desk.toml"\n')
        ended = run_bench(folder, "nightly", matrix)
    assert ended.status == 2, ended
    night = read_night(folder)
    assert ended.status == 2, ended
    assert attempts(night, "a@mute") == ["BENCH_ERROR", "BENCH_ERROR"]
    assert list(outcomes(night).values()) == ["BENCH_ERROR", "BLOCKED", "BLOCKED"]
    assert night["jobs"][2]["reason"].startswith(
        "mute is not tried again, since a@mute found: no HELLO from mute within"
    )


def test_firmware_that_cannot_be_built_is_one_error_and_blocks_the_rest(folder: Path) -> None:
    for name in ("a", "b"):
        write_scenario(folder / f"{name}.toml")
    absent = {'port = "host"': "", 'kind = "process"': 'kind = "process"\nfirmware = "absent.elf"'}
    write_target(folder, "bare", like="host", replaced=absent)
    ended = run_bench(folder, "nightly", write_matrix(folder, "a", "b", target="bare.toml"))
    night = read_night(folder)
    assert ended.status == 2, ended
    assert outcomes(night) == {"a@bare": "BENCH_ERROR", "b@bare": "BLOCKED"}
    assert attempts(night, "a@bare") == ["BENCH_ERROR"], "what was not built is not built by trying again"
    assert "absent.elf" in night["jobs"][0]["reason"]
    assert night["jobs"][1]["reason"] == "its firmware cannot be built, see a@bare"


def test_ctrl_c_twice_ends_a_night_at_once(slow: Command, folder: Path) -> None:
    [pid] = slow.children("payload.elf")
    os.kill(pid, signal.SIGSTOP)
    [attempt] = [int(word) for word in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1:2]]
    os.kill(attempt, signal.SIGSTOP)  # it does not hear that it is to end
    slow.process.send_signal(signal.SIGINT)
    slow.process.send_signal(signal.SIGTERM)
    ended = slow.end()
    assert ended.status == 130, ended
    assert outcomes(read_night(folder))["slow@host"] is None
