"""What the bench starts never outlives it, and every way a process can go wrong has its own words."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.errors import TransportError
from bench.transport import PeerDied, ProcessTransport, Program, make_qemu
from tests.system.command_line import HEARS_HANGUPS

ROOT = Path(__file__).parents[2]
DEADLINE_S = 5.0
"""For things that take milliseconds; only a broken bench waits this long."""
CONNECT = "import socket, sys, os, signal; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"


def make_python(code: str, *, ready_s: float = DEADLINE_S, ends_on_hangup: bool = True) -> ProcessTransport:
    program = Program(
        name="payload",
        command=lambda path: [sys.executable, "-I", "-S", "-c", code, str(path)],
        firmware=Path(sys.executable),
        install_hint="install it",
        refusal_hint="check its arguments",
        ends_on_hangup=ends_on_hangup,
        harmless=(r"^harmless",),
    )
    return ProcessTransport(program, ready_s=ready_s)


def is_alive(pid: int) -> bool:
    """Whether it runs; a zombie that its new parent has not reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_for_end(pid: int) -> bool:
    """Whether `pid` ends within the deadline."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], DEADLINE_S)[0]) or not is_alive(pid)
    finally:
        os.close(descriptor)


@pytest.fixture(scope="session")
def endless_firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an ELF for the Cortex-A9 that sleeps for ever."""
    return build_bare(tmp_path_factory.mktemp("endless"), "loop: wfi\n b loop\n", cpu="cortex-a9")


def build_bare(folder: Path, code: str, *, cpu: str, first: str = ".arm", base: str = "0x100000") -> Path:
    source, elf = folder / "bare.s", folder / "bare.elf"
    source.write_text(f".syntax unified\n{first}\n.global _start\n_start:\n{code}")
    subprocess.run(
        ["arm-none-eabi-gcc", f"-mcpu={cpu}", "-nostdlib", f"-Wl,-Ttext={base}", str(source), "-o", str(elf)],
        check=True,
    )
    return elf


def qemu(
    elf: Path, *arguments: str, binary: str = "qemu-system-arm", machine: str = "xilinx-zynq-a9"
) -> ProcessTransport:
    fixed = ("-nodefaults", "-display", "none", "-monitor", "none")
    return make_qemu(binary, machine, elf=elf, arguments=(*fixed, *arguments), ready_s=DEADLINE_S)


# --- the end -----------------------------------------------------------------------------------------------------


def test_qemu_ends_on_close_and_close_may_be_repeated(endless_firmware: Path) -> None:
    transport = qemu(endless_firmware)
    transport.open()
    pid = transport.pid
    assert pid is not None
    assert is_alive(pid)
    transport.close()
    transport.close()
    assert not is_alive(pid)
    with pytest.raises(TransportError, match="qemu-system-arm is not running"):
        transport.transfer(b"x", 0.0)


def test_qemu_ends_when_the_body_raises(endless_firmware: Path) -> None:
    pids = []

    def use() -> None:
        with qemu(endless_firmware) as transport:
            pids.append(transport.pid or 0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use()
    assert not is_alive(pids[0])


PARENT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from bench.transport import make_qemu
options = ["-nodefaults", "-display", "none", "-monitor", "none"]
with make_qemu("qemu-system-arm", "xilinx-zynq-a9", elf=Path(sys.argv[2]), arguments=options) as transport:
    print(transport.pid, flush=True)
    transport.transfer(b"", 60.0)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGHUP])
def test_qemu_ends_when_its_parent_is_killed(endless_firmware: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [*HEARS_HANGUPS, sys.executable, "-c", PARENT, str(ROOT), str(endless_firmware)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert is_alive(pid)
        parent.send_signal(number)
        parent.wait(DEADLINE_S)
    assert wait_for_end(pid)


def test_a_process_that_ignores_sigterm_is_killed_with_its_children() -> None:
    code = CONNECT + (
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "if child: s.send(b'%d' % child)\n"
        "while True: signal.pause()\n"
    )
    with make_python(code, ends_on_hangup=False) as transport:
        pid = transport.pid or 0
        grandchild = int(transport.transfer(b"", DEADLINE_S).received)
        assert is_alive(grandchild)
    assert not is_alive(pid)
    assert wait_for_end(grandchild)


def test_a_power_cycle_is_a_new_process() -> None:
    with make_python(CONNECT + "s.send(b'up'); s.recv(1)") as transport:
        first = transport.pid
        assert transport.transfer(b"", DEADLINE_S).received == b"up"
        transport.power_cycle()
        assert transport.transfer(b"", DEADLINE_S).received == b"up"
        assert transport.pid != first


def test_a_process_that_ends_on_hangup_may_finish_first() -> None:
    code = CONNECT + "s.send(b'up'); s.recv(1); print('swept up', flush=True)"
    with make_python(code) as transport:
        assert transport.transfer(b"", DEADLINE_S).received == b"up"
    assert transport.printed == "swept up\n"


# --- what goes wrong before it begins ----------------------------------------------------------------------------


def test_a_process_that_never_connects_is_told_from_a_silent_payload() -> None:
    code = "import time; print('harmless\\nlooking for my licence', flush=True); time.sleep(60)"
    began = time.monotonic()
    transport = make_python(code, ready_s=0.3)
    with pytest.raises(
        TransportError,
        match=r"payload has not connected within 0.3 s: it still runs \(pid \d+\); looking for my licence$",
    ) as caught:
        transport.open()
    assert "was started as" in caught.value.hint
    assert transport.pid is None
    assert time.monotonic() - began < DEADLINE_S


def test_a_bad_option_is_reported_in_qemus_words(endless_firmware: Path) -> None:
    with pytest.raises(
        TransportError, match=r"ended before it began \(exit status 1\): .*-nonsense: invalid option"
    ) as caught:
        qemu(endless_firmware, "-nonsense").open()
    assert not isinstance(caught.value, PeerDied)
    assert "firmware_if/targets" in caught.value.hint


def test_an_unknown_machine_is_reported_in_qemus_words(endless_firmware: Path) -> None:
    with pytest.raises(TransportError, match="unsupported machine type"):
        qemu(endless_firmware, machine="zynq-b9").open()


def test_an_image_that_qemu_cannot_load_is_an_error_of_the_bench(endless_firmware: Path, tmp_path: Path) -> None:
    """QEMU loads images after it has connected."""
    absent = tmp_path / "absent.bin"
    with (
        pytest.raises(TransportError, match=r"ended before it began .*Cannot load specified image") as caught,
        qemu(endless_firmware, "-device", f"loader,file={absent}") as transport,
    ):
        transport.transfer(b"", DEADLINE_S)
    assert not isinstance(caught.value, PeerDied)


def test_missing_qemu_names_the_package(endless_firmware: Path) -> None:
    with pytest.raises(TransportError, match="qemu-system-none is not installed") as caught:
        qemu(endless_firmware, binary="qemu-system-none").open()
    assert "apt-get install qemu-system-none" in caught.value.hint


def test_a_program_that_cannot_be_executed_is_an_error_with_a_hint(endless_firmware: Path, tmp_path: Path) -> None:
    (tmp_path / "qemu").write_text("")
    with pytest.raises(TransportError, match="cannot be started: Permission denied"):
        qemu(endless_firmware, binary=str(tmp_path / "qemu")).open()


def test_missing_firmware_is_named(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match=r"there is no firmware at .*absent\.elf"):
        qemu(tmp_path / "absent.elf").open()


# --- what goes wrong later ---------------------------------------------------------------------------------------


def test_a_lockup_is_the_targets_own_end(tmp_path: Path) -> None:
    """A Cortex-M locks up when its fault handler faults."""
    code = ".word 0x20001000, reset, 0, reset\n.thumb_func\nreset: udf #0\n"
    elf = build_bare(tmp_path, code, cpu="cortex-m4", first=".thumb", base="0")
    with (
        pytest.raises(PeerDied, match=r"ended by itself \(SIGABRT\): qemu: fatal: Lockup") as caught,
        qemu(elf, machine="mps2-an386") as transport,
    ):
        transport.transfer(b"", DEADLINE_S)
    assert caught.value.returncode == -signal.SIGABRT
    assert "R00=" in caught.value.words


def test_what_came_before_the_end_is_received_first() -> None:
    code = CONNECT + "s.send(b'last'); print('harmless\\npanic: no fuel', flush=True); os._exit(3)"
    with make_python(code) as transport:
        assert transport.transfer(b"", DEADLINE_S).received == b"last"
        with pytest.raises(PeerDied, match=r"payload ended by itself \(exit status 3\): panic: no fuel$") as caught:
            transport.transfer(b"", DEADLINE_S)
    assert (caught.value.returncode, caught.value.words) == (3, "panic: no fuel")
    assert transport.printed == "harmless\npanic: no fuel\n"


def test_a_process_killed_from_outside_is_not_the_targets_fault() -> None:
    with make_python(CONNECT + "s.send(b'up'); s.recv(1)") as transport:
        transport.transfer(b"", DEADLINE_S)
        os.kill(transport.pid or 0, signal.SIGKILL)
        with pytest.raises(TransportError, match=r"was ended from outside \(SIGKILL\)") as caught:
            transport.transfer(b"", DEADLINE_S)
    assert not isinstance(caught.value, PeerDied)


def test_a_process_that_hangs_up_and_lives_on_is_reported_and_ended() -> None:
    with make_python(CONNECT + "s.close(); signal.pause()", ends_on_hangup=False) as transport:
        pid = transport.pid or 0
        with pytest.raises(
            PeerDied, match="payload closed the connection without ending: it printed nothing"
        ) as caught:
            transport.transfer(b"", DEADLINE_S)
    assert caught.value.returncode is None
    assert not is_alive(pid)


def test_a_chatty_process_neither_blocks_nor_fills_memory() -> None:
    code = CONNECT + "os.write(2, b'x' * 1000000 + b' end'); s.send(b'up'); s.recv(1)"
    with make_python(code) as transport:
        assert transport.transfer(b"", DEADLINE_S).received == b"up"
        assert transport.printed.endswith("x end")
        assert len(transport.printed) == 1 << 16
