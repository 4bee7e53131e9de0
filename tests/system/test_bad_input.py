"""What goes wrong around a run: each fault gives one clear error with a hint, or a verdict if it is the target's."""

import hashlib
import random
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from firmware_if.framing import Deframer, Frame, Header, enframe
from firmware_if.messages import FINGERPRINT, FrameType, Hello
from firmware_if.octets import Writer
from tests.system.boards import device_on_pty, payload_on_pty
from tests.system.command_line import (
    Ended,
    check_error,
    read_trace,
    run_bench,
    save_rows,
    write_scenario,
    write_target,
)

BOARD = {
    'kind = "process"': 'kind = "serial"',
    'port = "host"\n': "",
    "arguments = []\n": "",
    'storage = ["--storage", "{storage}", "--watchdog", "5"]\n': "",
}
"""What makes a board without firmware of ours of the host target."""


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    return write_scenario(tmp_path / "small.toml")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return save_rows(tmp_path / "rows", 0, 60)


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """Give a board that is waited for only briefly."""
    return write_target(tmp_path, "board", like="host", replaced={**BOARD, "ready_s = 5.0": "ready_s = 0.6"})


def run_with(tmp_path: Path, *words: str | Path, environment: Mapping[str, str] | None = None) -> Ended:
    """Run the small scenario; `words` come behind."""
    run = ("run", tmp_path / "small.toml", "--recording", tmp_path / "rows", "--out", tmp_path / "run")
    return run_bench(tmp_path, *run, *words, environment=environment)


def check_no_result(folder: Path) -> None:
    """Nothing in the folder pretends that the run came to an end."""
    assert not (folder / "verdicts.json").exists()
    assert not (folder / "models.json").exists()
    assert all(entry["kind"] != "run_ended" for entry in read_trace(folder))


class Greeting:
    """A payload that says Hello and nothing else."""

    def __init__(self, fingerprint: int) -> None:
        self._fingerprint = fingerprint

    def __call__(self, heard: bytes) -> bytes:
        """Answer a HelloRequest under its nonce."""
        frames = [item for item in Deframer().feed(heard) if isinstance(item, Frame)]
        if not frames:
            return b""
        nonce = int.from_bytes(frames[-1].body[:4], "big")
        writer = Writer()
        Hello(0x48494C31, 1, self._fingerprint, bytes(16), 7, 3, 0, 1024, 4096, 1024, "board").write(writer)
        return enframe(Header(FrameType.HELLO, tag=nonce, credit=4096), writer.getvalue())


# --- the port ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("scenario", "recording")
class TestPort:
    def test_no_such_port(self, tmp_path: Path) -> None:
        ended = run_with(tmp_path, "--port", "/dev/ttyNONE7")
        check_error(ended, "there is no port /dev/ttyNONE7", hint="is the board plugged in and powered?")
        check_no_result(tmp_path / "run")

    def test_nobody_listens(self, tmp_path: Path) -> None:
        ended = run_with(tmp_path, "--port", "socket://127.0.0.1:1")
        check_error(
            ended, "cannot connect to 127.0.0.1 port 1: Connection refused", hint="is the serial server running"
        )

    def test_a_board_that_nothing_places(self, tmp_path: Path, board: Path) -> None:
        ended = run_with(tmp_path, "--target", board)
        check_error(ended, "board is a board, and nothing says which port it is on", hint="give --port")

    def test_a_silent_port(self, tmp_path: Path, board: Path) -> None:
        with device_on_pty(lambda _: b"") as port:
            ended = run_with(tmp_path, "--target", board, "--port", port)
        check_error(
            ended,
            "no HELLO from board within 0.6 s (received 0 bytes, 0 frames): silent port",
            hint="check the port, its cable and the power of board, or run: bench doctor --port PORT",
        )
        check_no_result(tmp_path / "run")

    def test_a_board_with_other_firmware_prints_text(self, tmp_path: Path, board: Path) -> None:
        with device_on_pty(lambda heard: b"U-Boot 2026.01\r\n=> \r\n" if not heard else b"unknown command\r\n") as port:
            ended = run_with(tmp_path, "--target", board, "--port", port)
        check_error(ended, "only console text, last: 'unknown command'", hint="flash the firmware")

    def test_the_wrong_baud_rate_or_another_device(self, tmp_path: Path, board: Path) -> None:
        said = iter([b"", random.Random(7).randbytes(340)])
        with device_on_pty(lambda _: next(said, b"")) as port:
            ended = run_with(tmp_path, "--target", board, "--port", port)
        check_error(ended, "340 bytes that are neither text nor frames: wrong baud?", hint="check --baud")

    def test_bytes_of_which_a_few_look_like_text_are_no_console(self, tmp_path: Path, board: Path) -> None:
        noise = random.Random(7).randbytes(2000)
        said = iter([b"", noise + b"\0Q&\n\0" + noise])
        with device_on_pty(lambda _: next(said, b"")) as port:
            ended = run_with(tmp_path, "--target", board, "--port", port)
        check_error(ended, "neither text nor frames: wrong baud?", hint="check --baud")

    def test_firmware_of_another_contract(self, tmp_path: Path, board: Path) -> None:
        with device_on_pty(Greeting(FINGERPRINT ^ 1)) as port:
            ended = run_with(tmp_path, "--target", board, "--port", port)
        message = f"board runs firmware of another contract: version 1, fingerprint {FINGERPRINT ^ 1:016X}"
        check_error(ended, message, hint="rebuild and flash the firmware")
        check_no_result(tmp_path / "run")

    def test_another_build_than_the_station_expects(self, tmp_path: Path, host_payload: Path) -> None:
        with payload_on_pty(host_payload) as port:
            station = tmp_path / "station.toml"
            station.write_text(f'[station.host]\nport = "{port}"\nbuild_id = "{"5a" * 16}"\n')
            ended = run_with(tmp_path)
        check_error(
            ended,
            f"expected {'5a' * 16}",
            hint="or name the board's own target with --target; or say what it runs: --build ID",
        )
        assert "not the expected firmware: host runs build " in ended.err
        check_no_result(tmp_path / "run")

    def test_any_build_passes_where_it_is_asked_for(self, tmp_path: Path, host_payload: Path) -> None:
        with payload_on_pty(host_payload) as port:
            guessed = run_with(tmp_path, "--target", "qemu-zynq-a9", "--port", port)
            check_error(guessed, "host runs build ", hint="--build ID")
            allowed = run_with(tmp_path, "--target", "qemu-zynq-a9", "--port", port, "--build", "any")
        assert allowed.status in {0, 3}
        assert "note: the payload counts host, the file of qemu-zynq-a9 says instructions" in allowed.out
        wrong = run_with(tmp_path, "--target", "host", "--port", port, "--build", "yesterdays")
        check_error(wrong, "'yesterdays' is no build id", hint="bench hello --port PORT")


# --- recordings and scenarios ------------------------------------------------------------------------------------


def spoil(folder: Path, column: int, text: str) -> None:
    """Put `text` into one column of row 17 of a recording, and seal it again."""
    path = folder / "samples.csv"
    lines = path.read_text().split("\n")
    values = lines[18].split(",")
    values[column] = text
    lines[18] = ",".join(values)
    path.write_text("\n".join(lines))
    seal(folder)


def seal(folder: Path) -> None:
    """Write the checksum of samples.csv anew, so that what is in it is seen."""
    path = folder / "recording.toml"
    digest = hashlib.sha256((folder / "samples.csv").read_bytes()).hexdigest()
    path.write_text(re.sub(r'"samples.csv" = "sha256:\w+"', f'"samples.csv" = "sha256:{digest}"', path.read_text()))


@pytest.mark.usefixtures("scenario")
class TestRecording:
    @pytest.mark.parametrize(
        ("column", "text", "message", "hint"),
        [
            (6, "nan", "row 17: pd6 is nan rad, not a finite number", "drop the row or repair the reading"),
            (1, "7.5", "row 17: pd1 is 7.5 rad, outside its range [0.0, 1.57", "correct the reading, or the range"),
            (2, "twelve", "row 17 (line 19): pd2 is 'twelve', not a number", "correct that line"),
            (7, "3", "row 17: label is 3, expected one of -1, 1", "correct the label"),
        ],
    )
    def test_a_sample_that_nobody_can_train_on(
        self, tmp_path: Path, recording: Path, *, column: int, text: str, message: str, hint: str
    ) -> None:
        spoil(recording, column, text)
        check_error(run_with(tmp_path), message, hint=hint)
        assert not (tmp_path / "run").exists()

    def test_a_changed_file(self, tmp_path: Path, recording: Path) -> None:
        with (recording / "samples.csv").open("a") as file:
            file.write("surplus\n")
        check_error(run_with(tmp_path), "samples.csv: checksum is sha256:", hint="the file was changed")

    def test_a_truncated_file(self, tmp_path: Path, recording: Path) -> None:
        samples = recording / "samples.csv"
        samples.write_text(samples.read_text()[:-30])
        seal(recording)
        check_error(run_with(tmp_path), "samples.csv: line 61 has ", hint="the file may have been cut short")

    def test_a_folder_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "rows").mkdir()
        check_error(run_with(tmp_path), "rows: the folder holds no recording.toml", hint="a recording is a folder with")


@pytest.mark.usefixtures("recording")
class TestScenario:
    @pytest.mark.parametrize(
        ("old", "new", "message", "hint"),
        [
            ("evaluate =", "evalute =", "evalute", "did you mean 'evaluate'?"),
            ('learner = "rda"', 'learner = "rad"', "has no learner 'rad'", "did you mean 'rda'?"),
            ('"orbitai-5d"', '"orbitai-6d"', "no feature map 'orbitai-6d'", "did you mean 'orbitai-"),
            ('target = "host"', 'target = "hots"', "is 'hots', which is no target", "did you mean 'host'?"),
            ("[[limits]]", "[[limits", "not valid TOML: Expected ']]'", "correct the line"),
        ],
    )
    def test_a_word_that_is_not_known_names_the_nearest(
        self, tmp_path: Path, scenario: Path, *, old: str, new: str, message: str, hint: str
    ) -> None:
        scenario.write_text(scenario.read_text().replace(old, new))
        check_error(run_with(tmp_path), message, hint=hint)
        check_no_result(tmp_path / "run")

    def test_a_scenario_that_is_not_there(self, tmp_path: Path) -> None:
        check_error(run_bench(tmp_path, "run", "sun-senser"), "no scenario is named 'sun-senser'", hint="'sun-sensor'")
        check_error(run_with(tmp_path), "small.toml: no such file", hint="check the path")


# --- the run folder ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("scenario", "recording")
class TestOut:
    def test_a_folder_that_holds_something(self, tmp_path: Path) -> None:
        kept = tmp_path / "run" / "verdicts.json"
        kept.parent.mkdir()
        kept.write_text("[]")
        check_error(run_with(tmp_path), f"{kept.parent} is not empty", hint="runs are never overwritten")
        assert kept.read_text() == "[]"

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "run").write_text("a file stands here")
        check_error(run_with(tmp_path), f"cannot write to {tmp_path / 'run'}", hint="choose another --out")

    @pytest.mark.parametrize(
        ("blocks", "message"), [(2, "cannot write to "), (24, "cannot write the trace: File too large")]
    )
    def test_a_full_disk(self, tmp_path: Path, blocks: int, message: str) -> None:
        """A limit on file sizes (in blocks of 512 bytes) stands in for a disk that is full."""
        out = tmp_path / "run"
        run = ("run", tmp_path / "small.toml", "--recording", tmp_path / "rows", "--out", out)
        limited = ["/bin/sh", "-c", f'ulimit -f {blocks}; exec "$0" "$@"']
        # else Python keeps a truncated .pyc under the limit, which every later run of the checkout would load
        ended = run_bench(tmp_path, *run, before=limited, environment={"PYTHONDONTWRITEBYTECODE": "1"})
        check_error(ended, message, hint="is the disk full?")
        check_no_result(out)

    def test_a_folder_that_is_no_run(self, tmp_path: Path) -> None:
        ended = run_bench(tmp_path, "judge", tmp_path)
        check_error(ended, f"{tmp_path} is no complete run folder: trace.jsonl is missing", hint="bench run")
