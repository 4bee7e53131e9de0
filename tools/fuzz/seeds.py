"""First inputs: telecommands that a payload carries out, golden frames, checkpoints, as each target has them."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

from firmware_if.framing import MAX_PACKET_BYTES, Header, enframe
from firmware_if.messages import (
    APID,
    TELECOMMANDS,
    AreYouAlive,
    ConfigureStream,
    CreateModel,
    DumpMemory,
    FaultAction,
    FrameType,
    Hyperparameter,
    List,
    LoadMemory,
    Message,
    Mode,
    OpenDataSet,
    Predict,
    ProtectBank,
    ProtectModel,
    RequestHousekeeping,
    RequestProtection,
    RequestStatistics,
    ResetBank,
    Restart,
    Samples,
    TrainEpoch,
)
from firmware_if.octets import Writer
from firmware_if.packets import ACKNOWLEDGE_ALL, crc16, pack_telecommand
from tests.c.wire_native import CHECKOUT, MESSAGES
from tests.contract.wire_fixtures import load_golden

KINDS = (
    Samples, LoadMemory, AreYouAlive, RequestHousekeeping, DumpMemory, List, ConfigureStream, CreateModel, ProtectModel,
    ProtectBank, RequestProtection, Predict, OpenDataSet, TrainEpoch, RequestStatistics, ResetBank, Restart,
)  # fmt: skip
"""Operations of tests/c/fuzz/requests.c that are telecommands, in its order; the others follow."""
UPSET, POWER, CUT, TIME = (len(KINDS) + n for n in (3, 4, 5, 6))
BUILD_ID = bytes.fromhex("b011d1d00102030405060708090a0b0c")
"""As in tests/c/fuzz/payload.c."""
LEARNERS = ("adam", "arow", "nherd", "pa", "pa_i", "pa_ii", "rda", "scw")
FEATURES = ("identity", "polynomial_2", "polynomial_3", "orbitai_1d", "orbitai_2d", "orbitai_3d", "orbitai_5d")
ARITHMETICS = ("flight", "f64", "f32")
PARAMETERS = ("r", "alpha", "beta1", "beta2", "epsilon", "lambda", "eta", "delta", "c", "phi", "batch", "seed", "rate")
ROW = struct.Struct(">Ih2f")
SAMPLE_ROWS = b"".join(ROW.pack(n, 1 - n % 2 * 2, n / 4, 1 - n) for n in range(3))
CHANNELS = 2


class FuzzError(Exception):
    """The tool could not do its work."""


def fields_of(message: Message) -> bytes:
    """The bytes of its fields."""
    writer = Writer()
    message.write(writer)
    return writer.getvalue()


def stream(mode: Mode = Mode.STREAM) -> ConfigureStream:
    """Two channels, two classes."""
    return ConfigureStream(channels=CHANNELS, next_row=0, classes=(-1, 1), mode=mode)


def model(learner: str, arithmetic: str, *, features: str = "identity", bias: int = 0) -> CreateModel:
    """On both channels."""
    return CreateModel(learner, features, arithmetic, tuple(range(CHANNELS)), bias, ())


def _scenarios() -> dict[str, list[Message | int]]:
    """Lists of telecommands; a number is another kind of operation."""
    rows = Samples(0, SAMPLE_ROWS)
    questions: list[Message | int] = [
        RequestHousekeeping(1, 1), DumpMemory(0, 1, 0, 16), RequestStatistics(), RequestProtection(),
        Predict(0, struct.pack(">4f", 1, 2, 3, 4)), LoadMemory(0, 1, 0, bytes(8), crc16(bytes(8))),
    ]  # fmt: skip
    guard = ProtectModel(0, 3, 1, 1, 1e6, FaultAction.ROLL_BACK)
    made: dict[str, list[Message | int]] = {
        f"{learner}-{arithmetic}": [stream(), model(learner, arithmetic), rows, rows, *questions]
        for learner in LEARNERS
        for arithmetic in ARITHMETICS
    }
    made |= {f"map-{name}": [stream(), model("arow", "f32", features=name, bias=1), rows] for name in FEATURES}
    made |= {
        "list": [List()] * 4,
        "guarded": [stream(), model("arow", "f64"), guard, rows, UPSET, TIME, UPSET, rows, *questions],
        "copies": [stream(), model("pa", "f32"), ProtectModel(0, 2, 0, 0, 0.0, FaultAction.STOP), rows, UPSET, rows],
        "kept": [stream(), model("adam", "f64"), guard, ProtectBank(2, 1), rows, POWER, rows, UPSET, rows, *questions],
        "cut": [stream(), model("arow", "f32"), ProtectBank(1, 0), CUT, rows, POWER, rows, RequestProtection()],
        "restart": [stream(), model("scw", "f32"), ProtectBank(1, 1), rows, Restart(), rows, ResetBank(), Restart()],
        "score": [stream(Mode.SCORE), model("logistic", "f64"), *questions],
    }
    logistic = CreateModel("logistic", "identity", "f32", (0, 1), 0, (Hyperparameter("batch", 2.0),))
    epochs: list[Message | int] = [TrainEpoch(0, 0), TrainEpoch(0, 1), *questions]
    made["batch"] = [stream(Mode.BATCH), model("logistic", "f64"), logistic, OpenDataSet(8), rows, *epochs]
    return made


def _operation(step: Message | int) -> bytes:
    """One operation as requests.c reads it: acknowledged, with a poll."""
    if isinstance(step, int):
        return bytes([step, 0x10, 4, 0, 0, 3, 1])
    fields = fields_of(step)
    return bytes([KINDS.index(type(step)), 0x19, len(fields)]) + fields


def _session_tag(entropy: int = 9, own: int = 7) -> int:
    """The nonce that the payload of tests/c/fuzz/payload.c draws (c/link.c: draw_nonce)."""
    x = entropy ^ own * 0x9E3779B9 & 0xFFFFFFFF
    x = (x ^ x >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    x = (x ^ x >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return x ^ x >> 16


def _on_the_line(steps: list[Message | int]) -> bytes:
    """The telecommands of a list as frames, in pieces of 64 bytes."""
    frames = b"\x3f"
    messages = [step for step in steps if not isinstance(step, int)]
    for number, message in enumerate(messages):
        packet, _ = pack_telecommand(message, number, acknowledgements=ACKNOWLEDGE_ALL)
        header = Header(FrameType.DATA, number % 3, _session_tag(), number, 0, 0xFFFF)
        frames += enframe(header, packet)
    return frames


def _record(learner: str, arithmetic: str, memory: int, *, guarded: bool = False) -> bytes:
    """A checkpoint's record of one model, whose memory is all zero but for the first parameter (c/record.c)."""
    head = BUILD_ID + struct.pack(">IIBB", 2, 6, 0, 1)
    classes = struct.pack(">BBB16h", CHANNELS, Mode.STREAM, 2, -1, 1, *[0] * 14)
    create = fields_of(model(learner, arithmetic))
    guard = fields_of(ProtectModel(0, 2, 1, 0, 0.0, FaultAction.STOP)) + b"\0" if guarded else b""
    lengths = struct.pack(">HBII", len(create), len(guard), memory, 5)
    return head + classes + lengths + create + guard + struct.pack("<d", 0.5).ljust(memory, b"\0")


def _slot(record: bytes, sequence: int) -> bytes:
    head = struct.pack(">IIII", 0x48434B31, sequence, len(record), zlib.crc32(record))
    return (head + zlib.crc32(head).to_bytes(4, "big")).ljust(32, b"\xff") + record


def _checkpoints() -> dict[str, bytes]:
    """Records between the flags of tests/c/fuzz/checkpoint.c, and whole images."""
    records = {
        "arow": _record("arow", "f64", 8 + 16 + 16),
        "pa": _record("pa", "f64", 16),
        "pa-i": _record("pa_i", "f32", 8 + 8),
        "guarded": _record("arow", "f32", 8 + 8 + 8, guarded=True),
        "none": BUILD_ID + struct.pack(">IIBB", 2, 6, 0, 0xFF),
    }
    made = {}
    for name, record in records.items():
        part = b"\x01" + len(record).to_bytes(2, "big") + record
        made[name] = b"\x03" + part
        made[f"{name}-two"] = b"\x4b" + part + b"\x02" + part[1:]
        made[f"{name}-lies"] = b"\x13" + part
        made[f"{name}-image"] = b"\x80" + _slot(record, 7)
        made[f"{name}-images"] = b"\xc0" + _slot(record, 7).ljust(8192, b"\xff") + _slot(records["arow"], 8)
    made["blank"] = b"\x00"
    made["zeros"] = b"\x04"
    return made


def _class_name(constant: str) -> str:
    return "".join(word.capitalize() for word in constant.lower().split("_"))


def _wire() -> dict[str, bytes]:
    """Fields under the number that tests/c/rewrite.c gives their message; lines; frames."""
    table = (CHECKOUT / "tests" / "c" / "rewrite.c").read_text(encoding="utf-8")
    numbers = {
        _class_name(name): n for n, name in enumerate(re.findall(r"^    {HIL_(\w+)_SERVICE", table, re.MULTILINE), 1)
    }
    numbers["Hello"] = 0
    names = {kind.__name__ for kind in MESSAGES.values()}
    if names != set(numbers):
        raise FuzzError(f"tests/c/rewrite.c and the contract differ: {sorted(names ^ set(numbers))}")
    made = {f"any-{name}": bytes([number, *[0] * 64]) for name, number in numbers.items()}
    for size in (MAX_PACKET_BYTES, MAX_PACKET_BYTES - 1):
        made[f"line-full-{size}"] = b"\x60\xfe" + enframe(Header(FrameType.STATUS), bytes(size))
        made[f"frame-full-{size}"] = b"\xa0\x00" + bytes(range(1, 13)) + bytes(size)
    for golden in load_golden():
        made[f"line-{golden.name}"] = b"\x60\x06" + golden.wire + golden.wire
        made[f"frame-{golden.name}"] = b"\xa0\x00" + golden.wire[1:-1]
        if golden.message is not None:
            made[f"fields-{golden.name}"] = bytes([numbers[type(golden.message).__name__]]) + fields_of(golden.message)
    for steps in _scenarios().values():
        for message in steps:
            if not isinstance(message, int):
                packet, _ = pack_telecommand(message, 1, acknowledgements=ACKNOWLEDGE_ALL)
                made[f"packet-{type(message).__name__}"] = b"\x50" + packet
    return made


def write_seeds(target: str, folder: Path) -> list[Path]:
    """The seeds of a target, a file each."""
    made = {
        "line": lambda: {name: _on_the_line(steps) for name, steps in _scenarios().items()},
        "requests": lambda: {name: b"".join(map(_operation, steps)) for name, steps in _scenarios().items()},
        "checkpoint": _checkpoints,
        "wire": _wire,
    }[target]()
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in made.items():
        (folder / name).write_bytes(data)
    return sorted(folder / name for name in made)


def write_dictionary(path: Path) -> None:
    """Words that stand in inputs, in libFuzzer's form."""
    names = [*LEARNERS, "logistic", *FEATURES, *ARITHMETICS, *PARAMETERS]
    words = [bytes([len(name)]) + name.encode() for name in names]
    words += [bytes(key) for key in TELECOMMANDS]
    words += [struct.pack(">H", 0x1800 | APID), b"HCK1", b"HIL1", BUILD_ID]
    lines = ['"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in words]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
