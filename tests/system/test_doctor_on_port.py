"""`bench doctor --port` on the real firmware, as its users have it."""

import os
from pathlib import Path

from bench.board import BoardLock
from tests.system.boards import device_on_pty, payload_on_pty, payload_on_tcp
from tests.system.command_line import check_error, run_bench


def test_a_payload_on_a_pty_and_behind_a_socket_is_sound(tmp_path: Path, host_payload: Path) -> None:
    with payload_on_pty(host_payload) as path:
        ended = run_bench(tmp_path, "doctor", "--port", path, "--scan-baud")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == f"ok      port: {path}"
    assert "ok      HELLO: host, build id " in ended.out
    with payload_on_tcp(host_payload) as url:
        ended = run_bench(tmp_path, "doctor", "--port", url)
    assert ended.status == 0
    assert "ok      HELLO: host, build id " in ended.out


def test_a_silent_port_fails_at_the_rate_of_its_station(tmp_path: Path) -> None:
    with device_on_pty(lambda _: b"") as path:
        (tmp_path / "station.toml").write_text(f'[station.host]\nport = "{path}"\nbaud = 57600\n')
        ended = run_bench(tmp_path, "doctor", "--target", "host")
        again = run_bench(tmp_path, "doctor", "--port", path, "--baud", "9600")
    assert ended.status == 1
    assert "ok      opens: at 57600 baud" in ended.out
    assert "FAIL    HELLO: nobody answers within 2 s" in ended.out
    assert "ok      opens: at 9600 baud" in again.out


def test_what_the_bench_starts_has_no_port_to_look_at(tmp_path: Path) -> None:
    ended = run_bench(tmp_path, "doctor", "--target", "host")
    check_error(ended, "host is started by the bench and has no port to look at", hint="bench hello --target host")


def test_a_board_on_which_another_bench_is_at_work_is_left_alone(tmp_path: Path, host_payload: Path) -> None:
    with payload_on_tcp(host_payload) as url, BoardLock(url):
        ended = run_bench(tmp_path, "doctor", "--port", url)
        hello = run_bench(tmp_path, "hello", "--port", url)
    assert ended.status == 1
    assert ended.out.startswith(f"FAIL    in use: {url} is in use by ")
    assert f"(pid {os.getpid()}, since " in ended.out
    check_error(hello, f"{url} is in use by ", hint="wait for it to end")
