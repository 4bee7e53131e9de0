"""The first word of a payload: whether it is of this contract, and what is said when there is none."""

from dataclasses import dataclass
from typing import Final

from bench.session.failures import ConnectError
from firmware_if.events import LinkStatistics
from firmware_if.messages import FINGERPRINT, MAX_FRAME_BYTES, VERSION, Hello

REBUILD_HINT: Final = "rebuild and flash the firmware: make -C firmware_if/firmware PORT=<port>"
_CONTROL_RESERVE_BYTES: Final = 256
"""Part of its receive queue that a payload keeps for frames that need no credit (SPEC.md)."""
_TEXT_SHARE: Final = 0.5
"""Of the bytes, from which on a board prints text. Of random bytes, as at a wrong rate, a few in a hundred look so."""
_SHOWN: Final = 80
"""Characters of a console line that an error repeats."""


@dataclass
class Heard:
    """What came instead of a Hello. `console` is the text that came last, `broken` how a Hello broke the contract."""

    before: LinkStatistics
    console: str = ""
    broken: str = ""


def explain_silence(heard: Heard, now: LinkStatistics, ready_s: float, *, target_name: str) -> ConnectError:
    """Why there was no Hello, as far as it can be told."""
    received = now.bytes_received - heard.before.bytes_received
    frames = now.frames_received - heard.before.frames_received
    text = now.console_bytes - heard.before.console_bytes
    seen = f"received {received} bytes, {frames} frames"
    if received == 0:
        what = "silent port"
        hint = f"check the port, its cable and the power of {target_name}, or run: bench doctor --port PORT"
    elif heard.broken:
        what = f"something answers, but breaks the contract: {heard.broken}"
        hint = "the first 64 bytes of Hello are the same in every version; see firmware_if/SPEC.md"
    elif frames:
        what = "something answers, but not to this bench"
        hint = "is another bench talking to the same payload?"
    elif heard.console and text >= _TEXT_SHARE * received:
        what = f"only console text, last: {(heard.console.strip().splitlines() or [''])[-1][-_SHOWN:]!r}"
        hint = "the board runs, but no payload of this contract: flash the firmware"
    else:
        what = f"{received} bytes that are neither text nor frames: wrong baud?"
        hint = "check --baud and [station] baud, or run: bench doctor --port PORT --scan-baud"
    return ConnectError(f"no HELLO from {target_name} within {ready_s:g} s ({seen}): {what}", hint=hint)


def check_hello(hello: Hello, target_name: str) -> Hello:
    """The Hello of a payload of this contract; raises ConnectError for another one."""
    if hello.version != VERSION or hello.fingerprint != FINGERPRINT:
        raise ConnectError(
            f"{target_name} runs firmware of another contract: version {hello.version}, fingerprint "
            f"{hello.fingerprint:016X}; this bench has version {VERSION}, fingerprint {FINGERPRINT:016X}",
            hint=REBUILD_HINT,
        )
    if hello.frame_bytes != MAX_FRAME_BYTES:
        raise ConnectError(
            f"{target_name} says that its largest frame has {hello.frame_bytes} bytes; in this contract that is "
            f"{MAX_FRAME_BYTES}",
            hint=REBUILD_HINT,
        )
    least = MAX_FRAME_BYTES + _CONTROL_RESERVE_BYTES
    if hello.receive_bytes < least:
        raise ConnectError(
            f"{target_name} has a receive queue of {hello.receive_bytes} bytes; one frame needs {least}",
            hint="give the port a larger receive queue",
        )
    return hello
