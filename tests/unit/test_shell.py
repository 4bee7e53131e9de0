"""Shell lines of a station: what they are told, how they fail, and that nothing of them is left."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.errors import CommandError
from bench.shell import CommandOutput, run_command
from bench.target import ShellCommand
from bench.transport.child import KEEP_BYTES

ELF = Path("/firmware/payload.elf")


def run(line: str, *, timeout_s: float = 20.0, elf: Path | None = ELF) -> CommandOutput:
    command = ShellCommand(line, timeout_s)
    return run_command(command, port="/dev/ttyUSB7", elf=elf, target="my-board", baud=921600, what="flash")


def failure(line: str, *, timeout_s: float = 20.0, elf: Path | None = ELF) -> CommandError:
    with pytest.raises(CommandError) as caught:
        run(line, timeout_s=timeout_s, elf=elf)
    return caught.value


def wait_for_end(pid: int) -> None:
    """Return once `pid` has ended; a zombie that nobody reaps has."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([descriptor], [], [], 10.0)[0], f"process {pid} still runs"
    finally:
        os.close(descriptor)


def test_a_command_is_told_port_elf_target_and_baud() -> None:
    output = run('echo "$HIL_PORT $HIL_ELF $HIL_TARGET $HIL_BAUD"')
    assert output.text == "/dev/ttyUSB7 /firmware/payload.elf my-board 921600\n"
    assert 0 < output.duration_s < 20


def test_both_of_its_outputs_are_kept_in_order() -> None:
    assert run("echo one; echo two >&2; echo three").text == "one\ntwo\nthree\n"


def test_it_has_the_benchs_environment_but_no_elf_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBE", "st-link")
    monkeypatch.setenv("HIL_ELF", "yesterday.elf")
    assert run('echo "$PROBE"; env | grep -c "^HIL_E" || true', elf=None).text == "st-link\n0\n"


def test_a_line_that_wants_an_elf_is_not_run_without_one(tmp_path: Path) -> None:
    error = failure(f'touch {tmp_path}/ran; flasher "$HIL_ELF"', elf=None)
    assert error.message == "the flash command of my-board wants $HIL_ELF, and the bench has no firmware for my-board"
    assert "flash_command" in error.hint
    assert not (tmp_path / "ran").exists()


def test_input_has_ended_before_it_is_read() -> None:
    assert run("read -r line || echo nothing to read").text == "nothing to read\n"


def test_a_failure_has_status_last_lines_and_a_way_to_try_by_hand() -> None:
    error = failure("for i in 1 2 3 4 5 6; do echo line $i; done; exit 3")
    expected = "the flash command of my-board failed (exit status 3): line 3; line 4; line 5; line 6"
    assert error.message == expected
    assert error.printed.startswith("line 1\n")
    assert error.hint.startswith("try it by hand: HIL_PORT=/dev/ttyUSB7 HIL_TARGET=my-board HIL_BAUD=921600 HIL_ELF=")
    by_hand = subprocess.run(["/bin/sh", "-c", error.hint.partition(": ")[2]], capture_output=True, check=False)
    assert by_hand.returncode == 3


def test_what_progress_bars_draw_with_is_not_shown() -> None:
    line = r"printf 'erasing 10%%\rerasing 100%%\r\n\033[31mno probe\033[0m\b\n\n'; exit 1"
    assert failure(line).message.endswith(": erasing 10%; erasing 100%; no probe")


def test_a_command_that_is_not_there_asks_for_its_installation() -> None:
    error = failure("no-such-flasher $HIL_ELF")
    assert "(exit status 127)" in error.message
    assert "no-such-flasher" in error.message
    assert error.hint.startswith("is what it calls installed and in PATH?")


def test_a_file_that_may_not_be_executed_asks_for_the_permission(tmp_path: Path) -> None:
    (tmp_path / "flash.py").write_text("print()")
    error = failure(f"{tmp_path}/flash.py")
    assert "(exit status 126)" in error.message
    assert "chmod +x" in error.hint


@pytest.mark.parametrize("line", ["kill -SEGV $$", "sh -c 'kill -SEGV $$'; exit $?"])
def test_a_signal_that_ended_it_is_named(line: str) -> None:
    assert "failed (SIGSEGV): " in failure(line).message


def test_a_status_beyond_the_signals_is_a_number() -> None:
    assert "(exit status 255)" in failure("exit 255").message


def test_a_command_that_hangs_is_ended_at_its_deadline() -> None:
    started = time.monotonic()
    error = failure("echo waiting for target; sleep 1000", timeout_s=0.2)
    assert error.message == (
        "the flash command of my-board was still running after 0.2 s and was ended: waiting for target"
    )
    assert "flash_timeout_s" in error.hint
    assert time.monotonic() - started < 2.0, "SIGTERM was enough: no reason to wait for SIGKILL"


def test_a_command_has_time_to_clean_up_after_sigterm() -> None:
    cleaner = "sh -c 'trap \"echo probe released; exit\" TERM; echo ready; while :; do sleep 1000 & wait; done'"
    error = failure(f"{cleaner}; true", timeout_s=0.5)
    assert error.printed == "ready\nprobe released\n"


def test_a_command_that_ignores_sigterm_is_killed_with_its_children() -> None:
    error = failure("trap '' TERM; sleep 1000 & echo $!; sleep 1001 & echo $!; while :; do wait; done", timeout_s=0.3)
    children = [int(line) for line in error.printed.split()]
    assert len(children) == 2
    for pid in children:
        wait_for_end(pid)


@pytest.mark.parametrize("line", ["exec timeout 1000 {}", "timeout 1000 {}; true", "timeout 1000 {} & wait"])
def test_a_program_that_makes_a_group_of_its_own_is_ended_too(line: str) -> None:
    started = time.monotonic()
    error = failure(line.format("sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1000; done'"), timeout_s=0.3)
    assert time.monotonic() - started < 20
    wait_for_end(int(error.printed.split()[0]))


def test_a_command_that_closed_its_outputs_still_has_its_deadline() -> None:
    error = failure("echo last words; exec >&- 2>&-; sleep 1000", timeout_s=0.3)
    assert error.message.endswith("was still running after 0.3 s and was ended: last words")


def test_a_command_that_closed_its_outputs_may_end_well() -> None:
    assert run("echo last words; exec >&- 2>&-; sleep 0.1").text == "last words\n"


def test_what_a_command_leaves_in_the_background_is_ended_with_it() -> None:
    started = time.monotonic()
    output = run("sleep 1000 & echo $!")
    assert time.monotonic() - started < 10, "its end was not waited for"
    wait_for_end(int(output.text))


def test_a_stopped_command_is_ended() -> None:
    error = failure("echo $$; kill -STOP $$", timeout_s=0.3)
    wait_for_end(int(error.printed))


def test_a_command_that_kills_its_own_group_is_a_failure_like_any_other() -> None:
    assert "(SIGKILL)" in failure("kill -KILL 0").message
    assert failure("kill 0").message.endswith("(SIGTERM): it printed nothing")


def test_the_end_of_a_long_output_is_kept() -> None:
    output = run("yes 0123456789 | head -n 100000; echo the end")
    assert len(output.text) == KEEP_BYTES
    assert output.text.endswith("\nthe end\n")


def test_a_command_that_prints_without_end_has_its_deadline() -> None:
    started = time.monotonic()
    error = failure("exec yes flood", timeout_s=0.3)
    assert len(error.printed) <= KEEP_BYTES
    assert time.monotonic() - started < 10


def test_a_terminal_sequence_cut_by_the_end_of_what_is_kept_does_no_harm() -> None:
    assert failure(r"printf '\033'; exit 1").message.endswith("it printed nothing")


BENCH = """
import sys
from bench.shell import run_command
from bench.target import ShellCommand
line = "{timeout} sleep 1000 & echo $! >> {pids}; echo $$ >> {pids}; echo >> {fifo}; wait"
run_command(ShellCommand(line, 100.0), port="p", elf=None, target="t", baud=1, what="reset")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("timeout", ["", "timeout 1000"])
def test_a_bench_that_is_ended_leaves_nothing_of_a_command(
    tmp_path: Path, number: signal.Signals, timeout: str
) -> None:
    fifo, pids = tmp_path / "begun", tmp_path / "pids"
    os.mkfifo(fifo)
    bench = subprocess.Popen(
        [sys.executable, "-c", BENCH.format(pids=pids, fifo=fifo, timeout=timeout)], stderr=subprocess.DEVNULL
    )
    with fifo.open() as begun:
        begun.readline()
        bench.send_signal(number)
        assert bench.wait(20.0) != 0
    processes = [int(line) for line in pids.read_text().split()]
    assert len(processes) == 2
    for pid in processes:
        wait_for_end(pid)
