"""A payload that is a script: it says Hello, and little else."""

from collections.abc import Callable

from firmware_if.framing import Deframer, Frame, Header, enframe
from firmware_if.messages import FINGERPRINT, VERSION, FrameType, Hello
from firmware_if.octets import Writer
from tests.system.boards import Answer

HELLO = Hello(
    magic=0x48494C31,
    version=VERSION,
    fingerprint=FINGERPRINT,
    build_id=bytes(range(16)),
    nonce=0x1234ABCD,
    clock_kind=2,
    clock_rate_hz=168_000_000,
    arena_bytes=65536,
    receive_bytes=4096,
    frame_bytes=1024,
    name="flatsat",
)


def answering(hello: Hello, *, later: Callable[[], bytes] = lambda: b"", console: bytes = b"") -> Answer:
    """Say `hello` to whoever asks, after some `console` text, and `later()` to every other frame."""
    deframer = Deframer()

    def answer(data: bytes) -> bytes:
        said = console if data else b""
        for frame in deframer.feed(data):
            if isinstance(frame, Frame) and frame.header.type == FrameType.HELLO_REQUEST:
                said += packed(hello, tag=int.from_bytes(frame.body[:4], "big"))
            elif isinstance(frame, Frame):
                said += later()
        return said

    return answer


def packed(hello: Hello, *, tag: int) -> bytes:
    writer = Writer()
    hello.write(writer)
    return enframe(Header(FrameType.HELLO, tag=tag, credit=2048), writer.getvalue())
