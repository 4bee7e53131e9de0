"""How a process transport words what a program printed. What it does is in tests/system/test_supervision.py."""

import select
import sys
from pathlib import Path

import pytest

from bench.transport import PeerDied, make_process, make_qemu
from bench.transport.child import name_of_exit
from bench.transport.process import ProcessTransport, Program, pick_words
from bench.transport.qemu import HARMLESS


@pytest.mark.parametrize(
    ("words", "picked"),
    [
        ("", "it printed nothing"),
        ("one\ntwo\nthree\nfour", "two; three; four"),
        ("x: warning: odd\nqemu: fatal: Lockup\nR00=0\nR01=0\nR02=0", "qemu: fatal: Lockup; R00=0; R01=0"),
        ("hello\nmain.c:3:4: runtime error: overflow", "main.c:3:4: runtime error: overflow"),
        ("payload: no socket\nusage: payload\n  --socket\n  --pty", "payload: no socket; usage: payload; --socket"),
    ],
)
def test_the_lines_that_blame_are_picked(words: str, picked: str) -> None:
    assert pick_words(words) == picked


@pytest.mark.parametrize(
    ("code", "name"), [(0, "exit status 0"), (3, "exit status 3"), (-6, "SIGABRT"), (-63, "signal 63")]
)
def test_an_exit_is_named(code: int, name: str) -> None:
    assert name_of_exit(code) == name


def test_qemus_harmless_warnings_are_not_its_last_words() -> None:
    transport = make_qemu("qemu-system-arm", "m", elf=Path("x"))
    printed = (
        "qemu-system-arm: warning: icount sleep disabled and no active timers\n"
        "qemu-system-arm: warning: nic cadence_gem.0 has no peer\n"
        "qemu-system-arm: something new\n"
        "qemu-system-arm: terminating on signal 15 from pid 7 (bench)\n"
    )
    assert len(HARMLESS) == 3
    assert transport.program.last_words(printed) == "qemu-system-arm: something new"


def test_the_command_is_described_the_same_in_every_run() -> None:
    described = make_qemu("qemu-system-arm", "mps2-an386", elf=Path("p.elf"), arguments=["-nodefaults"]).describe()
    assert described == [
        "qemu-system-arm",
        "-machine",
        "mps2-an386",
        "-nodefaults",
        "-serial",
        "unix:SOCKET",
        "-kernel",
        "p.elf",
    ]
    assert make_process(Path("p.elf"), arguments=["-x"]).describe() == ["p.elf", "-x", "--socket", "SOCKET"]


PIPED = """import os, socket, sys
path = sys.argv[1]
source, into = os.open(path + ".in", os.O_RDWR), os.open(path + ".out", os.O_RDWR | os.O_NONBLOCK)
lives = socket.socket(socket.AF_UNIX)
lives.connect(path)
said = sum(os.write(into, b"x") for _ in range(100_000))
os.write(into, b"." + os.read(source, 100))
os.read(source, 100)
print("fatal: enough", flush=True)
os.abort()
"""


def test_what_is_said_into_a_pipe_never_waits_for_the_bench() -> None:
    program = Program(
        name="piped",
        command=lambda path: [sys.executable, "-c", PIPED, str(path)],
        firmware=Path(sys.executable),
        install_hint="",
        refusal_hint="",
        pipes=True,
    )
    with ProcessTransport(program, ready_s=10.0) as transport:
        first = transport.transfer(b"a", 1.0)
        assert first.written == 1
        said = first.received  # it may have begun
        while not said.endswith(b"a"):
            said += transport.transfer(b"", 10.0).received
        assert said == b"x" * 100_000 + b".a"
        assert transport.unread() == 0
        assert select.select([transport.fileno()], [], [], 0) == ([], [], [])
        transport.transfer(b"b", 1.0)
        with pytest.raises(PeerDied, match=r"piped ended by itself \(SIGABRT\): fatal: enough"):
            transport.transfer(b"", 10.0)
