"""Boards that are shared, absent, silent, in use by somebody else, or gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.board import BoardLock
from tests.plugin.lab import TRAIN, Lab, printed
from tests.system.boards import device_on_pty, payload_on_pty
from tests.system.command_line import path_without


@pytest.mark.parametrize(
    ("scope", "starts"),
    [("session", "AAAA AAAA"), ("module", "AAAA BBBB"), ("class", "AABC DDEF"), ("function", "ABCD EFGH")],
)
def test_the_scope_says_when_a_payload_is_started_anew(scope: str, starts: str, lab: Lab) -> None:
    lab.write("pytest.ini", f"[pytest]\nhil_scope = {scope}\n")
    body = "def test_{}(hil_payload): print('nonce', hil_payload.hello.nonce)\n"
    in_class = "class TestIt:\n" + "".join(f"    {body.format(n).replace('(hil', '(self, hil')}" for n in "ab")
    for name in ("test_one.py", "test_two.py"):
        lab.write(name, in_class + body.format("c") + body.format("d"))
    said = printed(lab.run("--hil-target", "host", "-s"))
    nonces = [word.split()[0] for word in said.split("nonce ")[1:]]
    letters = {nonce: "ABCDEFGH"[number] for number, nonce in enumerate(dict.fromkeys(nonces))}
    assert "".join(letters[nonce] for nonce in nonces) == starts.replace(" ", "")


HOOKS = """
def say(*words): print("hook:", *words)
def pytest_hil_before_start(config, board): say("before", board.target.name, board.is_open and "locked")
def pytest_hil_after_start(config, board): say("after", board.target.name)
def pytest_hil_measured(item, run, verdicts):
    say("measured", item.name, run.outcome, any(verdict.name == "run.completed" for verdict in verdicts))
"""


def test_hooks_are_called_in_order(lab: Lab) -> None:
    lab.write_rows()
    lab.write("conftest.py", HOOKS)
    lab.write("test_it.py", TRAIN + "def test_other(hil_payload): pass\n")
    said = printed(lab.run("--hil-target", "host", "--hil-target", "qemu-zynq-a9", "-s"))
    hooks = [line.partition("hook: ")[2] for line in said.splitlines() if "hook: " in line]
    assert hooks == [
        line
        for name in ("host", "qemu-zynq-a9")
        for line in (f"before {name} locked", f"after {name}", f"measured test_train[{name}] completed True")
    ]


def test_a_hook_that_raises_is_an_error_and_leaves_nothing_behind(lab: Lab, host_payload: Path) -> None:
    lab.write("conftest.py", "def pytest_hil_after_start(board): raise RuntimeError('no power')\n")
    lab.write("test_it.py", "def test_a(hil_payload): pass\n")
    with payload_on_pty(host_payload) as port:
        result = lab.run("--hil-target", "host", f"--hil-port={port}")
        result.assert_outcomes(errors=1)
        assert "RuntimeError: no power" in printed(result)
        BoardLock(port).acquire()


@pytest.mark.parametrize("url", ["/dev/ttyNONE7", "socket://127.0.0.1:9"])
def test_a_board_by_hand_that_is_not_there_is_a_skip_too(url: str, lab: Lab) -> None:
    lab.write("test_it.py", THREE.replace("hil_payload", "hil_board") + "def test_d(hil_target): pass\n")
    words = ("--hil-target", "host", f"--hil-port={url}")
    lab.run(*words).assert_outcomes(skipped=3, passed=1)
    lab.run(*words, "--hil-require").assert_outcomes(errors=3, passed=1)


def test_a_board_by_hand_is_open_in_each_test(lab: Lab) -> None:
    lab.write("test_it.py", THREE.replace("hil_payload", "hil_board").replace("pass", "assert hil_board.is_open"))
    lab.run("--hil-target", "host").assert_outcomes(passed=3)


THREE = "def test_a(hil_payload): pass\ndef test_b(hil_payload): pass\ndef test_c(hil_payload): pass\n"


@pytest.mark.parametrize("place", ["port", "station"])
def test_a_board_that_is_not_there_is_a_skip_with_the_reason(place: str, lab: Lab) -> None:
    lab.write("test_it.py", THREE)
    words = ["--hil-target", "host"]
    if place == "port":
        words += ["--hil-port=/dev/ttyNONE7"]
    else:
        lab.write("station.toml", '[station.host]\nport = "/dev/ttyNONE7"\n')
    result = lab.run(*words)
    result.assert_outcomes(skipped=3)
    assert "SKIPPED" in printed(result)
    assert "there is no port /dev/ttyNONE7 (hint: ports of this machine: " in printed(result)
    required = lab.run(*words, "--hil-require")
    required.assert_outcomes(errors=3)
    assert "required by --hil-require: there is no port /dev/ttyNONE7" in printed(required)
    assert "Traceback" not in printed(required)


def test_an_emulator_that_is_not_installed_is_a_skip_with_the_reason(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", path_without(tmp_path / "bin", "qemu-system-arm"))
    lab.write("test_it.py", THREE)
    result = lab.run("--hil-target", "qemu-zynq-a9")
    result.assert_outcomes(skipped=3)
    assert "qemu-system-arm is not installed: no such program in PATH (hint: install it" in printed(result)
    lab.run("--hil-target", "qemu-zynq-a9", "--hil-require").assert_outcomes(errors=3)


def station(lab: Lab, port: str, more: str = "") -> None:
    """Place the native target on a port, with little patience."""
    lab.write("boards/mine.toml", MINE)
    lab.write("station.toml", f'[station.mine]\ntarget = "boards/mine.toml"\nport = "{port}"\n{more}')


HOST_TOML = (Path(__file__).parents[2] / "firmware_if" / "targets" / "host.toml").read_text()
MINE = HOST_TOML.replace('name = "host"', 'name = "mine"').replace("ready_s = 5.0", "ready_s = 1.0")


def test_a_board_that_is_there_and_silent_is_one_error_and_is_waited_for_once(lab: Lab) -> None:
    lab.write("test_it.py", THREE)
    asked = bytearray()

    def listen(data: bytes) -> bytes:
        asked.extend(data)
        return b""

    with device_on_pty(listen) as port:
        station(lab, port)
        result = lab.run("--hil-target", "mine", "--junit-xml", "junit.xml")
    result.assert_outcomes(errors=1, skipped=2)
    said = printed(result)
    assert "no HELLO from mine within 1 s (received 0 bytes, 0 frames): silent port" in said
    assert "hint: check the port, its cable and the power of mine" in said
    assert "Traceback" not in said
    assert "def " not in said
    assert "mine is not tried again, since test_it.py::test_a[mine] found: no HELLO from mine within 1 s" in said
    assert "HelloRequest" in said, "the tail of the link says what was asked"
    requests = len(asked) // 27
    assert 1 <= requests <= 7, "five a second: one deadline, not three"
    assert lab.junit()["test_a[mine]"].outcome == "error"


def test_a_board_that_says_other_things_is_one_error_that_shows_them(lab: Lab) -> None:
    lab.write("test_it.py", THREE)
    with device_on_pty(lambda heard: b"U-Boot 2023.01\r\n=> " if heard else b"") as port:
        station(lab, port)
        result = lab.run("--hil-target", "mine", "--hil-require")
    result.assert_outcomes(errors=3)
    said = printed(result)
    assert "only console text" in said
    assert "console 'U-Boot 2023.01" in said, "the tail of the link"
    assert said.count("required by --hil-require: mine is not tried again, since test_it.py::test_a[mine]") >= 2


HOLD = """
import sys
from bench.board import BoardLock
lock = BoardLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_board_that_somebody_else_uses_is_one_error_that_names_him(lab: Lab, host_payload: Path) -> None:
    lab.write("test_it.py", THREE)
    with payload_on_pty(host_payload) as port:
        words = [sys.executable, "-c", HOLD, port]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            result = lab.run("--hil-target", "host", f"--hil-port={port}")
            holder.kill()
        result.assert_outcomes(errors=1, skipped=2)
        said = printed(result)
        assert f"{port} is in use by " in said
        assert f"(pid {holder.pid}, since 20" in said
        assert "hint: wait for it to end, or end it" in said
        assert "Traceback" not in said
        lab.run("--hil-target", "host", f"--hil-port={port}").assert_outcomes(passed=3)


def test_a_board_in_use_is_waited_for_where_that_is_wanted(lab: Lab, host_payload: Path) -> None:
    lab.write("test_it.py", THREE)
    lab.write("pytest.ini", "[pytest]\nhil_lock_wait = 60\n")
    with payload_on_pty(host_payload) as port:
        words = [sys.executable, "-c", HOLD.replace("sys.stdin.read()", "import time; time.sleep(1)"), port]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            lab.run("--hil-target", "host", f"--hil-port={port}").assert_outcomes(passed=3)


VANISH = """
import os, signal, threading
from bench.api import Model
from tests.plugin.lab import processes

def kill_payload():
    [pid] = processes(MARK, PROGRAM)
    os.kill(pid, signal.SIGKILL)

def test_before(hil_payload): pass

def test_vanishes(hil_payload, hil_recording):
    threading.Timer(0.3, kill_payload).start()
    hil_payload.train(hil_recording("rows"), models=[Model("arow", features="orbitai-3d")], speed=20.0)

def test_after(hil_payload): print("answers again", hil_payload)
"""


@pytest.mark.parametrize(("target", "program"), [("host", "payload.elf"), ("qemu-zynq-a9", "qemu-system-arm")])
def test_a_payload_that_dies_is_a_fail_and_the_next_test_starts_it_anew(
    target: str, program: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.write_rows()
    mark = f"HIL_TEST_MARK={os.getpid()}-{target}"
    monkeypatch.setenv(*mark.split("=", 1))
    lab.write("test_it.py", VANISH.replace("MARK", repr(mark)).replace("PROGRAM", repr(program)))
    result = lab.run("--hil-target", target)
    result.assert_outcomes(passed=2, failed=1)
    said = printed(result)
    assert "FAIL run.completed" in said
    assert "payload failed" in said
    assert f"PASSED test_it.py::test_after[{target}]" in said
    assert "Traceback" not in said


def test_a_board_that_vanishes_is_a_fail_and_later_tests_say_so(lab: Lab, host_payload: Path) -> None:
    """Its pty goes away, as the device of an adapter that is unplugged."""
    lab.write_rows()
    test = """
import os, signal, threading
from bench.api import Model

def test_before(hil_payload): pass

def test_vanishes(hil_payload, hil_recording):
    threading.Timer(0.3, lambda: os.kill(PID, signal.SIGKILL)).start()
    hil_payload.train(hil_recording("rows"), models=[Model("arow", features="orbitai-3d")], speed=20.0)

def test_after(hil_payload): pass
def test_later(hil_payload): pass
"""
    with subprocess.Popen(
        [sys.executable, "-c", PTY_BOARD, host_payload], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    ) as board:
        assert board.stdout is not None
        port = board.stdout.readline().strip()
        station(lab, port, "reconnect_s = 0.2\n")
        lab.write("test_it.py", test.replace("PID", str(board.pid)))
        result = lab.run("--hil-target", "mine")
    result.assert_outcomes(passed=1, failed=1, errors=1, skipped=1)
    said = printed(result)
    assert "FAIL run.completed" in said
    assert "ERROR test_it.py::test_after[mine]" in said
    assert "since test_it.py::test_after[mine]" in said
    assert "Traceback" not in said


PTY_BOARD = """
import os, subprocess, sys, tty
controller, device = os.openpty()
tty.setraw(device)
print(os.ttyname(device), flush=True)
child = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"
payload = subprocess.Popen([sys.executable, "-c", child, sys.argv[1], "--fd", str(controller)], pass_fds=[controller])
os.close(controller)
sys.stdin.read()
payload.kill()
"""


def test_boards_by_hand_have_the_tail_in_the_report_as_well(lab: Lab) -> None:
    lab.write("test_it.py", "def test_a(hil_board):\n    hil_board.reset()\n    raise ValueError('by hand')\n")
    result = lab.run("--hil-target", "host")
    result.assert_outcomes(failed=1)
    assert "ValueError: by hand" in printed(result)
    assert "ResetBank" in printed(result)
