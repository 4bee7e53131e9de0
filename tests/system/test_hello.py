"""`bench hello`: who is on a port, and that asking changes nothing."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from firmware_if.framing import Header, enframe
from firmware_if.messages import FINGERPRINT, VERSION, FrameType
from tests.system.boards import device_on_pty, payload_on_pty, payload_on_tcp
from tests.system.command_line import ROOT, check_error, run_bench, save_rows, write_scenario
from tests.system.scripted import HELLO, answering, packed


def told(text: str) -> dict[str, str]:
    """What stands behind each title."""
    return {line[:12].strip(): line[12:] for line in text.splitlines() if line[:1].strip()}


def test_a_payload_on_a_port_says_who_it_is(tmp_path: Path, host_payload: Path) -> None:
    with payload_on_pty(host_payload) as path:
        ended = run_bench(tmp_path, "hello", "--port", path)
    lines = told(ended.out)
    assert (ended.status, ended.err) == (0, "")
    assert lines["payload"] == "host"
    assert re.fullmatch("[0-9a-f]{32}", lines["build id"])
    assert lines["contract"] == f"version {VERSION}, fingerprint {FINGERPRINT:016X}"
    assert "as this bench's" in ended.out
    assert lines["clock"] == "host, 1,000,000,000 Hz"
    assert lines["arena"] == "1,048,576 bytes, 0 used"
    assert "arow (f32 f64 flight)" in lines["learners"]
    assert "identity (f32 f64 flight)" in lines["features"]
    assert lines["models"] == "0; next row 0"
    assert "20 exchanges" in lines["round trip"]


def test_what_the_bench_starts_and_what_is_behind_a_socket_answer_as_well(tmp_path: Path, host_payload: Path) -> None:
    assert told(run_bench(tmp_path, "hello", "--target", "host").out)["payload"] == "host"
    emulated = told(run_bench(tmp_path, "hello", "--target", "qemu-mps2-an386").out)
    assert emulated["clock"] == "instructions"
    assert re.fullmatch(r"[\d,]+ bytes of stack, peak [\d,]+", emulated["stack"])
    with payload_on_tcp(host_payload) as url:
        assert told(run_bench(tmp_path, "hello", "--port", url).out)["payload"] == "host"


def test_asking_leaves_models_statistics_and_stream_as_they_are(tmp_path: Path, host_payload: Path) -> None:
    scenario = write_scenario(tmp_path / "made.toml")
    rows = save_rows(tmp_path / "rows", 640, 800)
    with payload_on_pty(host_payload) as path:
        assert run_bench(tmp_path, "run", scenario, "--recording", rows, "--port", path).status in {0, 3}
        first = told(run_bench(tmp_path, "hello", "--port", path).out)
        second = told(run_bench(tmp_path, "hello", "--port", path).out)
    assert re.fullmatch(r"3, updates \d+, \d+, \d+; next row 160", first["models"])
    for kept in ("models", "arena", "build id", "payload"):
        assert second[kept] == first[kept]
    assert second["nonce"].split(",")[0] == first["nonce"].split(",")[0], "the payload did not start anew"


def test_the_only_station_is_the_one_to_ask(tmp_path: Path, host_payload: Path) -> None:
    with payload_on_pty(host_payload) as path:
        station = tmp_path / "station.toml"
        station.write_text(f'[station.host]\nport = "{path}"\nbuild_id = "{"0" * 32}"\n')
        alone = run_bench(tmp_path, "hello")
        assert alone.status == 0
        assert told(alone.out)["build id"].endswith(f", but {'0' * 32} is expected")
        station.write_text(station.read_text() + '[station.qemu-zynq-a9]\nport = "/dev/ttyUSB0"\n')
        many = run_bench(tmp_path, "hello")
    check_error(many, "hello to whom?", hint="give --port, or --target, one of host, qemu-zynq-a9")


@pytest.mark.parametrize(
    ("version", "fingerprint", "verdict"),
    [
        (VERSION + 1, 1, "the firmware speaks a newer contract than this bench: bring the bench up to date"),
        (VERSION - 1, 1, "the firmware is older than this bench: rebuild and flash the firmware"),
        (VERSION, 1, "the firmware's contract is none that this checkout has had"),
    ],
)
def test_firmware_of_another_contract_is_shown_with_which_side_is_older(
    tmp_path: Path, version: int, fingerprint: int, verdict: str
) -> None:
    other = replace(HELLO, version=version, fingerprint=fingerprint)
    with device_on_pty(answering(other)) as path:
        ended = run_bench(tmp_path, "hello", "--port", path)
    assert ended.status == 1
    lines = told(ended.out)
    assert lines["payload"] == "flatsat"
    assert lines["contract"] == f"version {version}, fingerprint 0000000000000001"
    assert f"bench: {VERSION}, fingerprint {FINGERPRINT:016X}" in ended.out
    assert lines["clock"] == "cycles, 168,000,000 Hz"
    assert verdict in ended.out
    assert "learners" not in lines


def test_a_payload_that_breaks_off_is_shown_as_far_as_it_came(tmp_path: Path) -> None:
    restarted = packed(replace(HELLO, nonce=1), tag=0)
    with device_on_pty(answering(HELLO, later=lambda: restarted)) as path:
        ended = run_bench(tmp_path, "hello", "--port", path)
    assert ended.status == 1
    assert told(ended.out)["payload"] == "flatsat"
    assert ended.out.endswith("broken off: the payload restarted by itself and lost its models\n")


def test_a_hello_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    short = enframe(Header(FrameType.HELLO), b"HIL1 but no more")
    with device_on_pty(lambda data: short if data else b"") as path:
        ended = run_bench(tmp_path, "hello", "--port", path)
    check_error(ended, "something answers, but breaks the contract: Hello: ", hint="first 64 bytes of Hello")


def test_what_a_board_prints_meanwhile_is_shown_without_terminal_sequences(tmp_path: Path) -> None:
    noisy = answering(replace(HELLO, version=VERSION + 1), console=b"\x1b[31mboot 1.2\x1b[0m\nready\n")
    with device_on_pty(noisy) as path:
        ended = run_bench(tmp_path, "hello", "--port", path)
    assert f"{'console':<12}boot 1.2\n{'':<12}ready\n" in ended.out


def test_a_contract_that_this_checkout_once_had_is_older(tmp_path: Path) -> None:
    log = ["git", "-C", str(ROOT), "log", "--reverse", "-p", "--format=%h", "--", "firmware_if/messages.py"]
    past = subprocess.run(log, capture_output=True, text=True, check=False).stdout
    found = re.search(r"^\+FINGERPRINT = 0x([0-9A-F]{16})", past, re.MULTILINE)
    if found is None or int(found[1], 16) == FINGERPRINT:
        pytest.skip("no git history with an earlier contract")
    with device_on_pty(answering(replace(HELLO, fingerprint=int(found[1], 16)))) as path:
        ended = run_bench(tmp_path, "hello", "--port", path)
    expected = (
        rf"the firmware is older than this bench: its contract was that of {past[:7]}\w* of \d{{4}}-\d\d-\d\d; rebuild"
    )
    assert re.search(expected, ended.out)


def test_a_silent_port_is_the_error_that_a_run_has(tmp_path: Path) -> None:
    with device_on_pty(lambda data: data[:0]) as path:
        ended = run_bench(tmp_path, "hello", "--port", path)
    message = f"no HELLO from {path} within 5 s (received 0 bytes, 0 frames): silent port"
    check_error(ended, message, hint="bench doctor")
