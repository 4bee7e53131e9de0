"""Boards on a serial line that are no boards: a payload behind a pty, a device that says other things."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import threading
import tty
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from bench.transport.tty import read_settings

Answer = Callable[[bytes], bytes]
"""What a device answers to the bytes that it has just received; called once with b"" at the start."""


@contextmanager
def payload_on_pty(elf: Path, *arguments: str) -> Iterator[str]:
    """Yield the path of the pty on which the native payload can be reached."""
    controller, device = os.openpty()
    tty.setraw(device)
    with subprocess.Popen([elf, "--fd", str(controller), *arguments], pass_fds=[controller]) as payload:
        os.close(controller)
        try:
            yield os.ttyname(device)
        finally:
            payload.kill()
            os.close(device)


@contextmanager
def payload_on_tcp(elf: Path) -> Iterator[str]:
    """Yield the URL of a serial server whose first client is connected to the native payload."""
    payloads: list[subprocess.Popen[bytes]] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            number = connection.fileno()
            payload = subprocess.Popen([elf, "--fd", str(number)], pass_fds=[number])
        payloads.append(payload)
        payload.wait()  # the payload dies with the thread that started it

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=[listener], daemon=True)
        server.start()
        try:
            yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            if not payloads:  # nobody came: be the client that the server waits for
                socket.create_connection(listener.getsockname()).close()
            while not payloads and server.is_alive():
                server.join(0.01)
            for payload in payloads:
                payload.kill()
            server.join()


@contextmanager
def device_on_pty(answer: Answer) -> Iterator[str]:
    """Yield the path of a pty behind which `answer` decides what is said."""
    with _device(lambda _: answer) as path:
        yield path


@contextmanager
def rated_device_on_pty(answers: Mapping[int, Answer], *, otherwise: Answer) -> Iterator[str]:
    """Yield the path of a pty behind which a device hears and speaks well at some rates only: it looks at the pty's."""

    def choose(controller: int) -> Answer:
        def answer(data: bytes) -> bytes:
            return answers.get(rate_of(controller), otherwise)(data)

        return answer

    with _device(choose) as path:
        yield path


def rate_of(descriptor: int) -> int:
    """What a tty was set to: the last field of Linux's struct termios2."""
    return int.from_bytes(read_settings(descriptor)[-4:], sys.byteorder)


@contextmanager
def _device(make_answer: Callable[[int], Answer]) -> Iterator[str]:
    controller, device = os.openpty()
    tty.setraw(device)
    answer = make_answer(controller)
    woken, wake = os.pipe()

    def serve() -> None:
        os.write(controller, answer(b""))
        while True:
            ready, _, _ = select.select([controller, woken], [], [])
            if woken in ready:
                return
            os.write(controller, answer(os.read(controller, 4096)))

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    try:
        yield os.ttyname(device)
    finally:
        os.write(wake, b"x")
        server.join()
        for descriptor in (controller, device, woken, wake):
            os.close(descriptor)


class BoardWithCommands:
    """A native payload behind a pty that shell lines reset and flash, through a socket in `folder`.

    `said` lists what the lines asked for. A board that was never flashed is silent.
    """

    def __init__(self, folder: Path, elf: Path | None) -> None:
        self._elf = elf
        self._path = folder / "board"
        self._payload: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self.said: list[str] = []
        self.port = ""

    def command(self, word: str) -> str:
        """Return the shell line that asks for `word`; $HIL_ELF travels with it."""
        program = (
            "import os, socket; s = socket.socket(socket.AF_UNIX); s.connect(os.environ['BOARD']); "
            "s.sendall((os.environ['WORD'] + ' ' + os.environ.get('HIL_ELF', '')).encode()); print(s.recv(99).decode())"
        )
        return f'BOARD={self._path} WORD={word} {sys.executable} -S -c "{program}"'

    def _serve(self, listener: socket.socket) -> None:
        self._start()
        while not self._stopping:
            connection, _ = listener.accept()
            with connection:
                word, _, elf = connection.recv(4096).decode().partition(" ")
                if word in {"flash", "reset"}:
                    self.said.append(word)
                    self._elf = Path(elf) if word == "flash" else self._elf
                    self._start()
                connection.sendall(f"{word} done".encode())
        self._end()

    def _start(self) -> None:
        self._end()
        if self._elf is not None:
            number = self._controller
            self._payload = subprocess.Popen([self._elf, "--fd", str(number)], pass_fds=[number])

    def _end(self) -> None:
        if self._payload is not None:
            self._payload.kill()
            self._payload.wait()
            self._payload = None

    def __enter__(self) -> Self:
        self._controller, self._device = os.openpty()
        tty.setraw(self._device)
        self.port = os.ttyname(self._device)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, args=[self._listener], daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping = True
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(self._path))
            last.sendall(b"end")
            last.recv(99)
        self._thread.join()
        self._listener.close()
        os.close(self._controller)
        os.close(self._device)
