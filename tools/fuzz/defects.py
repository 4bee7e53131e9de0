"""Defects put into the C on purpose: a fuzzer that does not find them shows nothing by finding nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.c.wire_native import CHECKOUT
from tools.fuzz.seeds import FuzzError

CORE = CHECKOUT / "firmware_if" / "c"


@dataclass(frozen=True)
class Defect:
    """`right`, which the source holds once, becomes `wrong`; the target finds it."""

    source: str
    right: str
    wrong: str
    target: str


DEFECTS = {
    "frame-crc": Defect("frame.c", "hil_get_u32(&trailer) != hil_crc32(deframer->content, checked)",
                        "hil_get_u32(&trailer) == 1u", "wire"),
    "frame-too-short": Defect("frame.c", "deframer->count < HIL_LINK_HEADER_BYTES + HIL_CRC32_BYTES",
                              "deframer->count < HIL_CRC32_BYTES", "line"),
    "frame-one-byte-more": Defect("frame.c", "if (deframer->count < sizeof deframer->content) {",
                                  "if (deframer->count <= sizeof deframer->content) {", "wire"),
    "read-one-byte-more": Defect("octets.c", "count > from->count - from->position",
                                 "count > from->count - from->position + 1u", "wire"),
    "packet-length": Defect("packet.c", "length + PRIMARY_HEADER_BYTES + 1u != count ||", "", "wire"),
    "packet-crc": Defect("packet.c", "|| hil_crc16(bytes, count) != 0", "|| hil_crc16(bytes, count) == 1u", "wire"),
    "acknowledges-what-was-not-sent": Defect(
        "link.c", "if (distance(link->oldest_unacked, ack) <= distance(link->oldest_unacked, link->next_sequence)) {",
        "{", "requests"),
    "half-a-row": Defect("stream.c", "samples->records.count == 0 || samples->records.count % row_bytes != 0",
                         "samples->records.count == 0", "requests"),
    "channel-one-too-far": Defect("bank.c", "channels.bytes[i] < bank->channels", "channels.bytes[i] <= bank->channels",
                                  "requests"),
    "memory-range": Defect("requests_memory.c", "length > (*model)->state_bytes - address",
                           "length > (*model)->state_bytes", "requests"),
    "slot-beyond-storage": Defect("store.c", "&& bytes <= hil_store_capacity(store) &&", "&&", "checkpoint"),
    "slot-body-crc": Defect("store.c", "&& crc == body_crc", "", "checkpoint"),
    "record-memory-length": Defect("record.c", "return count == expected && get(from, memory, count);",
                                   "return get(from, memory, count) || expected == 0;", "checkpoint"),
}  # fmt: skip


def write_defect(name: str, folder: Path) -> Path:
    """The source with the defect, in a folder of its own."""
    defect = DEFECTS[name]
    sound = (CORE / defect.source).read_text(encoding="utf-8")
    if sound.count(defect.right) != 1:
        raise FuzzError(f"defect {name}: {defect.source} does not hold {defect.right!r} once")
    path = folder / name / defect.source
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(sound.replace(defect.right, defect.wrong), encoding="utf-8")
    return path
