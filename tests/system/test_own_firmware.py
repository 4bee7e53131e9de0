"""The example of docs/add-to-your-firmware.md: built as its page says, judged by the bench, with its tasks alive."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from bench.build import read_firmware
from bench.clock import MonotonicClock
from bench.transport import make_process
from firmware_if.connection import Connection
from firmware_if.events import Connected, PacketReceived
from firmware_if.messages import AreYouAlive, Completed
from tests.system.boards import payload_on_pty
from tests.system.command_line import ROOT, check_error, read_models, read_trace, read_verdicts, run_bench

EXAMPLE = ROOT / "docs" / "examples" / "own-payload"
ASKED = 20
WINDOW = 4
"""HIL_SEND_FRAMES of the example's Makefile."""


def make(folder: Path, *settings: str) -> None:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", "-s", "-C", str(folder), f"FIRMWARE_IF={ROOT / 'firmware_if'}", *settings]
    made = subprocess.run(command, capture_output=True, text=True, check=False, env=plain)
    assert made.returncode == 0, made.stderr
    assert not made.stderr


def copy_example(folder: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("build", "__pycache__")))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a copy of the example, elsewhere than the checkout, with nothing built."""
    return copy_example(tmp_path / "project")


@pytest.fixture(scope="session")
def native(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the example that is built as a process; not to be changed."""
    folder = copy_example(tmp_path_factory.mktemp("native") / "project")
    make(folder)
    return folder


@pytest.fixture
def built(native: Path, tmp_path: Path) -> Path:
    """Give a copy of the example that is built as a process."""
    return Path(shutil.copytree(native, tmp_path / "project"))


def check_all_pass(folder: Path) -> None:
    verdicts = read_verdicts(folder)
    judged = {name: verdict["outcome"] for name, verdict in verdicts.items() if verdict["outcome"] is not None}
    assert {"parity.plain.own", "parity.plain.own.predictions", "parity.plain.ours", "parity.onnx.own"} <= set(judged)
    assert set(judged.values()) == {"PASS"}
    assert verdicts["parity.compared.plain"]["value"] == 8


def heartbeats(folder: Path) -> list[str]:
    said = [entry["text"] for entry in read_trace(folder) if entry["kind"] == "console_printed"]
    return [text for text in said if "heartbeat" in text]


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_it_passes_as_a_process_under_sanitizers(project: Path, tmp_path: Path, compiler: str) -> None:
    make(project, f"CC={compiler}", "SANITIZE=1")
    ended = run_bench(tmp_path, "run", project / "own-payload.toml", "--out", tmp_path / "run")
    assert ended.status == 0, ended
    check_all_pass(tmp_path / "run")
    told = [line for line in ended.out.splitlines() if line.startswith("console: heartbeat ")]
    assert told == [f"console: {text.rstrip()}" for text in heartbeats(tmp_path / "run")], "each line live and whole"
    assert told


def test_it_passes_on_a_cortex_m4_with_the_same_bits(built: Path, tmp_path: Path) -> None:
    make(built, "BOARD=m4")
    scenario = built / "own-payload.toml"
    assert run_bench(tmp_path, "run", scenario, "--out", tmp_path / "native").status == 0
    ended = run_bench(tmp_path, "run", scenario, "--target", built / "own-m4.toml", "--out", tmp_path / "m4")
    assert ended.status == 0, ended
    check_all_pass(tmp_path / "m4")
    verdicts = read_verdicts(tmp_path / "m4")
    assert verdicts["timing.train.min"]["value"] > 0
    assert verdicts["link.receive_overruns"]["value"] == 0
    assert len(heartbeats(tmp_path / "m4")) > 2, "the tasks stood still while models trained"
    own = [[segment["models"]["own"] for segment in read_models(tmp_path / name)] for name in ("native", "m4")]
    assert own[0] == own[1]
    for name in ("timing.train.p99", "memory.stack_peak_bytes", "memory.arena_used_bytes"):
        print(f"{name}: {verdicts[name]['value']}")


def test_the_variant_for_a_real_core_is_built(project: Path) -> None:
    make(project, "BOARD=m4", "METER=dwt")
    assert read_firmware(project / "build" / "m4" / "own-payload.elf").image.sections[".stack"] == 4096


def test_it_is_restarted_by_command_on_a_line_and_by_the_bench(built: Path, tmp_path: Path) -> None:
    scenario = built / "own-payload.toml"
    scenario.write_text(scenario.read_text().replace("[[models]]", "restart_between_segments = true\n\n[[models]]", 1))
    assert run_bench(tmp_path, "run", scenario, "--out", tmp_path / "started").status == 0
    with payload_on_pty(built / "build" / "native" / "own-payload.elf") as port:
        ended = run_bench(tmp_path, "run", scenario, "--port", port, "--out", tmp_path / "line")
    assert ended.status == 0, ended
    check_all_pass(tmp_path / "line")
    starts = [entry["start"] for entry in read_trace(tmp_path / "line") if entry["kind"] == "payload_connected"]
    assert starts == [1, 2, 3, 4]
    assert read_models(tmp_path / "line") == read_models(tmp_path / "started")


def test_its_tasks_go_on_while_the_bench_acknowledges_nothing(built: Path) -> None:
    clock = MonotonicClock()
    end = clock.now() + 20
    connection = Connection(lambda: 7)
    connection.open(clock.now())
    with make_process(built / "build" / "native" / "own-payload.elf") as line:
        events: list[object] = []
        heard = b""

        def turn(outgoing: bytes) -> None:
            nonlocal heard
            transfer = line.transfer(outgoing, 0.02)
            assert transfer.written == len(outgoing)
            heard += transfer.received
            connection.receive_data(transfer.received, clock.now())
            while (event := connection.next_event()) is not None:
                events.append(event)

        while not any(isinstance(event, Connected) for event in events):
            assert clock.now() < end
            turn(connection.bytes_to_send(clock.now()))
        for _ in range(ASKED):
            connection.send(AreYouAlive())
        turn(connection.bytes_to_send(clock.now()))
        before = heard.count(b"heartbeat")
        while heard.count(b"heartbeat") < before + 2:
            assert clock.now() < end, "the tasks stand still"
            turn(b"")
        assert sum(isinstance(event, PacketReceived) for event in events) == WINDOW
        while sum(isinstance(e, PacketReceived) and isinstance(e.telemetry.message, Completed) for e in events) < ASKED:
            assert clock.now() < end, "the service stands still"
            turn(connection.bytes_to_send(clock.now()))
            connection.handle_deadline(clock.now())


def test_a_run_with_twins_is_judged_again_only_by_those_that_are_trusted(built: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert run_bench(tmp_path, "run", built / "own-payload.toml", "--out", run).status == 0
    expected = (run / "verdicts.json").read_bytes()
    shutil.rmtree(built)
    twin = run / "twins" / "margin_perceptron.py"
    plain = twin.read_text()
    twin.write_text(f"open({str(tmp_path / 'executed')!r}, 'w')\n{plain}")
    judged = run_bench(tmp_path, "judge", run)
    assert judged.status == 3
    [said] = [line for line in judged.out.splitlines() if ": no plain reference: no learner is named" in line]
    assert said.startswith("UNMEASURED parity.plain.")
    assert "holds Python that was not run: read it, then add --trust-twins" in judged.out
    assert not (tmp_path / "executed").exists()
    twin.write_text(plain)
    assert run_bench(tmp_path, "judge", run, "--trust-twins").status == 0
    assert (run / "verdicts.json").read_bytes() == expected


def test_firmware_that_was_not_built_is_an_error_with_a_hint(project: Path, tmp_path: Path) -> None:
    ended = run_bench(tmp_path, "run", project / "own-payload.toml")
    check_error(
        ended, "own-payload.elf cannot be read: No such file", hint="transport.firmware of the target: build it"
    )


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("def learn(:\n", "margin_perceptron.py cannot be imported: SyntaxError", "correct it"),
        ("1 / 0\n", "margin_perceptron.py cannot be imported: ZeroDivisionError", "correct it"),
        (None, "no .py file is in twins = ", "a path from the folder of the scenario file"),
    ],
)
def test_twins_that_cannot_be_had_are_an_error_before_anything_starts(
    built: Path, tmp_path: Path, *, text: str | None, message: str, hint: str
) -> None:
    twin = built / "learners" / "margin_perceptron.py"
    if text is None:
        twin.unlink()
    else:
        twin.write_text(text)
    check_error(run_bench(tmp_path, "run", built / "own-payload.toml"), message, hint=hint)
    assert not any((tmp_path / "runs").glob("*"))
