"""A line of a link as people read it."""

from __future__ import annotations

from typing import Final

from bench.frames.decode import Line, frame_name
from bench.frames.fields import data_text, fields_text
from bench.printed import printable
from bench.transport.chunk import Way
from firmware_if.framing import Console, Corrupt, Frame
from firmware_if.messages import APID, FrameType
from firmware_if.packets import Telecommand, Telemetry

_ARROWS: Final = {Way.TO_PAYLOAD: "->", Way.FROM_PAYLOAD: "<-", Way.NOTE: "--", None: "??"}
_CORRUPT_BYTES: Final = 24
"""Of a corrupt run that are shown: link header, packet header and a little more."""
_HEX_ROW_BYTES: Final = 32
_INDENT: Final = " " * 24


def line_text(line: Line, *, in_hex: bool = False) -> str:
    """Time, way (`->` to the payload, `<-` from it), wire bytes and content; with `in_hex`, lines of bytes below."""
    head = f"{'' if line.t is None else format(line.t, '.6f'):>12} {_ARROWS[line.way]} "
    item = line.item
    if isinstance(item, Frame):
        text = f"{item.wire_bytes:>5} B  {_frame_text(line, item)}"
        data = item.body
    elif isinstance(item, Console):
        data = item.text.encode()
        text = f"{len(data):>5} B  console {item.text!r}"
    elif isinstance(item, Corrupt):
        data = item.data
        text = f"{len(data):>5} B  CORRUPT {item.reason}; {data_text(data, _CORRUPT_BYTES)}"
    else:
        return f"{head}{'':>5}    {' '.join(printable(item.text).split())}"
    return "\n".join([head + text, *(_dump(data) if in_hex else ())])


def _dump(data: bytes) -> list[str]:
    return [
        f"{_INDENT}{start:04x}  {data[start : start + _HEX_ROW_BYTES].hex(' ')}"
        for start in range(0, len(data), _HEX_ROW_BYTES)
    ]


def _frame_text(line: Line, frame: Frame) -> str:
    header = frame.header
    name = frame_name(header.type)
    if line.body is not None:
        return f"{name}  {fields_text(line.body, channels=None)}"
    parts = [f"{name:<6}", f"seq {header.sequence}" if header.type == FrameType.DATA else f"next {header.sequence}"]
    parts.append(f"ack {header.ack}")
    if header.credit != _UNLIMITED:
        parts.append(f"credit {header.credit}")
    if header.poll:
        parts.append(f"poll {header.poll}")
    if line.order:
        parts.append(f"[{line.order}]")
    link = " ".join(parts)
    if line.packet is not None:
        return f"{link}  {_packet_text(line.packet, line)}"
    return f"{link}  BAD {line.fault}; {data_text(frame.body, _CORRUPT_BYTES)}" if line.fault else link


_UNLIMITED: Final = 0xFFFF
"""The bench's credit, which says nothing."""


def _packet_text(packet: Telemetry | Telecommand, line: Line) -> str:
    message = packet.message
    if isinstance(packet, Telecommand):
        count, time = packet.request.sequence & 0x3FFF, ""
    else:
        count, time = packet.sequence_count, f" at {packet.uptime_s:.3f} s"
    kind = f"{message.KIND}[{message.SERVICE},{message.SUBTYPE}]"
    fields = fields_text(message, channels=line.channels)
    if line.request:
        fields = f"{line.request}, {fields}"
    return f"{kind} {type(message).__name__} #{count} apid {APID}{time}{': ' if fields else ''}{fields}"
