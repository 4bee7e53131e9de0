"""Boards on a serial line that are no boards: a payload behind a pty, a device that says other things."""

from __future__ import annotations

import os
import select
import socket
import subprocess
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
        server = threading.Thread(target=serve, args=[listener])
        server.start()
        try:
            yield f"socket://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            if not payloads:  # nobody came: be the client that the server waits for
                socket.create_connection(listener.getsockname()).close()
            while not payloads:
                server.join(0.01)
            payloads[0].kill()
            server.join()


@contextmanager
def device_on_pty(answer: Answer) -> Iterator[str]:
    """Yield the path of a pty behind which `answer` decides what is said."""
    controller, device = os.openpty()
    tty.setraw(device)
    woken, wake = os.pipe()

    def serve() -> None:
        os.write(controller, answer(b""))
        while True:
            ready, _, _ = select.select([controller, woken], [], [])
            if woken in ready:
                return
            os.write(controller, answer(os.read(controller, 4096)))

    server = threading.Thread(target=serve)
    server.start()
    try:
        yield os.ttyname(device)
    finally:
        os.write(wake, b"x")
        server.join()
        for descriptor in (controller, device, woken, wake):
            os.close(descriptor)
