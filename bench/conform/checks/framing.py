"""Frames: where they begin and end, and what is dropped without a trace."""

import zlib
from itertools import pairwise

from cobs import cobs

from bench.conform.check import check, require
from bench.conform.heard import describe_tail
from bench.conform.subject import Subject
from bench.conform.talk import Talk
from firmware_if.framing import Deframer, Frame
from firmware_if.messages import Alive, AreYouAlive, FailureCode, FrameType, List, LoadMemory, NotAccepted
from firmware_if.packets import ACKNOWLEDGE_NONE, RequestId, crc16

_LARGEST_PACKET = 1001
_LARGEST_DATA = _LARGEST_PACKET - 23
"""In a LoadMemory of that size: beside it 11 bytes of header, 10 of other fields, 2 of CRC-16."""
_PIECE_S = 0.002
"""Between the pieces of a frame: long enough that the payload sees them apart on a socket."""
_UNKNOWN_HANDLE = 200
_FULL_BLOCK = 254


def _alive(talk: Talk, frame: bytes, *, times: int = 1, what: str) -> None:
    """Write what holds AreYouAlive in the next frame of the session; it must be answered that many times."""
    talk.wire.write(frame)
    talk.sequence = (talk.sequence + times) % 0x10000
    heard = talk.poll(what=what)
    found = sum(isinstance(item.packet.message, Alive) for item in heard if item.packet is not None)
    require(found == times, f"{times} x Alive: {what}", describe_tail(heard))


def _next_frame(talk: Talk) -> bytes:
    return talk.frame(FrameType.DATA, talk.pack(AreYouAlive(), ACKNOWLEDGE_NONE)[0])


@check(
    "framing.delimits",
    clause="Frames on the line",
    hint="write a zero byte before and after every frame, console text outside of them",
)
def delimits(subject: Subject) -> None:
    """Every frame of the payload starts and ends with a zero byte of its own."""
    talk = subject.talk
    talk.wire.raw = bytearray()
    talk.demand(List())
    runs = bytes(talk.wire.raw).split(b"\0")
    frames = [any(isinstance(i, Frame) for i in Deframer().feed(b"\0" + run + b"\0")) for run in runs]
    require(any(frames), "frames between zero bytes", f"none in {len(talk.wire.raw)} bytes")
    shared = sum(one and other for one, other in pairwise(frames))
    require(not shared, "two zero bytes between two frames", f"a single one {shared} times")


@check(
    "framing.resynchronises",
    clause="Frames on the line",
    hint="every zero byte ends a run, whatever came before: drop the run and begin anew",
)
def resynchronises(subject: Subject) -> None:
    """After any garbage, the frame that follows a zero byte is found."""
    talk = subject.talk
    for length in (1, 2, 17, 255, 300, 1022, 1023, 1400):
        garbage = bytes(subject.random.randrange(1, 256) for _ in range(length))
        noisy = subject.random.randbytes(length)
        for run in (garbage, b"\xff" * length, b"\1" * length, noisy):
            _alive(talk, run + _next_frame(talk), what=f"the frame after {length} bytes of garbage")


@check(
    "framing.ignores_corrupt",
    clause="Frames on the line",
    hint="compare the CRC-32 over header and body before the header is looked at",
)
def ignores_corrupt(subject: Subject) -> None:
    """A frame with any one bit changed is dropped, and takes no sequence number."""
    talk = subject.talk
    good = _next_frame(talk)
    for place in range(1, len(good) - 1):
        bit = 1 << subject.random.randrange(8)
        talk.wire.write(good[:place] + bytes([good[place] ^ bit]) + good[place + 1 :])
        heard = talk.poll(what=f"a Status after a frame with bit 0x{bit:02X} of byte {place} changed")
        require(len(heard) == 1, f"that a frame with byte {place} changed causes nothing", describe_tail(heard))
        ack = heard[-1].frame.header.ack
        require(ack == talk.sequence, f"ack {talk.sequence}: no sequence number taken", f"ack {ack}")
    _alive(talk, good, what="the intact frame")


@check(
    "framing.ignores_oversize",
    clause="Limits",
    hint="a body of more than 1001 bytes is dropped, also where its zeros would let it fit into 1024 bytes of wire",
)
def ignores_oversize(subject: Subject) -> None:
    """A frame larger than the contract's is dropped, also where its zeros fit, or its beginning alone is a frame."""
    talk = subject.talk
    head = cobs.decode(talk.frame(FrameType.DATA)[1:-1])[:-4]
    largest = head + bytes(_LARGEST_PACKET)
    contents = [_sealed(head + filling * (_LARGEST_PACKET + more)) for more in (1, 30) for filling in (b"\0", b"\x5a")]
    contents += [_sealed(largest) + bytes(1), _sealed(largest) + b"\x5a" * 40]
    for content in contents:
        talk.wire.write(b"\0" + cobs.encode(content) + b"\0")
        heard = talk.poll(what=f"a Status after a frame with {len(content)} bytes of content")
        ack = heard[-1].frame.header.ack
        same = len(heard) == 1 and ack == talk.sequence
        require(same, f"that {len(content)} bytes of content cause nothing", f"ack {ack}, {describe_tail(heard)}")
    _alive(talk, _next_frame(talk), what="the frame after one that was too large")


def _sealed(content: bytes) -> bytes:
    return content + zlib.crc32(content).to_bytes(4, "big")


@check(
    "framing.takes_the_largest",
    clause="Limits",
    hint="the buffers for content and packet must hold 1017 and 1001 bytes",
)
def takes_the_largest(subject: Subject) -> None:
    """A packet of 1001 bytes, whether zeros or not, is taken whole."""
    for filling in (b"\0", b"\xa5", b"\1\2"):
        data = (filling * _LARGEST_DATA)[:_LARGEST_DATA]
        packet, request = subject.talk.pack(LoadMemory(_UNKNOWN_HANDLE, 1, 0, data, crc16(data)))
        _refused_as_unknown(subject.talk, packet, request, what="a packet of 1001 bytes")


def _refused_as_unknown(talk: Talk, packet: bytes, request: RequestId, *, what: str) -> None:
    """A load into a model that there is not: the refusal shows that the packet was read whole."""
    answer = talk.ask_packet(packet, request, reported=True, what=f"a report on {what}")
    code = answer.failure.code if answer.failure is not None else None
    require(code == FailureCode.UNKNOWN_MODEL, f"{what} refused as UNKNOWN_MODEL", answer.describe())


@check(
    "framing.takes_pieces",
    clause="Frames on the line",
    hint="keep what there is of a frame until its end has come",
)
def takes_pieces(subject: Subject) -> None:
    """A frame may come in two pieces, cut at any byte, or byte by byte."""
    talk = subject.talk
    for cut in range(1, len(_next_frame(talk))):
        frame = _next_frame(talk)
        talk.wire.write(frame[:cut])
        talk.wire.pause(_PIECE_S)
        _alive(talk, frame[cut:], what=f"a frame that was cut after byte {cut}")
    frame = _next_frame(talk)
    for byte in frame[:-1]:
        talk.wire.write(bytes([byte]))
        talk.wire.pause(_PIECE_S)
    _alive(talk, frame[-1:], what="a frame that came byte by byte")


@check(
    "framing.takes_shared_delimiters",
    clause="Frames on the line",
    hint="a zero byte ends one frame and may begin the next; an empty run between two of them is nothing",
)
def takes_shared_delimiters(subject: Subject) -> None:
    """Frames may share a delimiter, and any number of zero bytes between them is nothing."""
    talk = subject.talk
    corrupt = subject.housekeeping().frames_corrupt
    frames = []
    for sequence in range(talk.sequence, talk.sequence + 4):
        packet = talk.pack(AreYouAlive(), ACKNOWLEDGE_NONE)[0]
        frames.append(talk.frame(FrameType.DATA, packet, sequence=sequence)[1:-1])
    together = bytes(50) + frames[0] + b"\0" + frames[1] + bytes(3) + frames[2] + b"\0" + frames[3] + bytes(50)
    _alive(talk, together, times=4, what="four frames with shared delimiters")
    after = subject.housekeeping().frames_corrupt
    require(after == corrupt, "that empty runs do not count as corrupt", f"{after - corrupt} more corrupt frames")


@check(
    "framing.takes_both_ends_of_a_full_block",
    clause="Frames on the line",
    hint="after a COBS block of 254 bytes no zero follows; an empty block at the end of a frame is nothing",
)
def takes_both_ends_of_a_full_block(subject: Subject) -> None:
    """Content whose last COBS block is full is taken with and without an empty block behind it."""
    talk = subject.talk
    for ending in (b"", b"\1"):
        for _ in range(1000):
            data = bytes(subject.random.randrange(1, 256) for _ in range(245))
            packet, _ = talk.pack(LoadMemory(_UNKNOWN_HANDLE, 1, 0, data, crc16(data)))
            run = talk.frame(FrameType.DATA, packet)[1:-1]
            if cobs.decode(run)[-_FULL_BLOCK:].count(0) == 0 and cobs.decode(run)[-_FULL_BLOCK - 1] == 0:
                break
            talk.commands -= 1
        run = run.removesuffix(b"\1") + ending
        talk.wire.write(b"\0" + run + b"\0")
        talk.sequence += 1
        heard = talk.poll(what=f"a report on a frame that ends with a full COBS block and {ending!r}")
        refused = [type(i.packet.message) for i in heard if i.packet is not None]
        require(refused == [NotAccepted], f"that a frame is taken whose full last block ends with {ending!r}", refused)


@check(
    "framing.sends_only_frames_and_text",
    clause="Frames on the line",
    hint="print from the thread that owns the line, never while a frame is being written; text has no control bytes",
)
def sends_only_frames_and_text(subject: Subject) -> None:
    """Between its delimiters the payload sends nothing but intact frames and console text, in all checks so far."""
    wire = subject.talk.wire
    for _ in range(3):
        subject.talk.demand(List())
    what = "; ".join(f"{item.reason}: {item.data[:24].hex(' ')}..." for item in list(wire.corrupt)[-3:])
    require(
        not wire.corrupt_count, "frames and console text only", f"{wire.corrupt_count} corrupt runs, such as {what}"
    )


CHECKS = (
    delimits,
    resynchronises,
    ignores_corrupt,
    ignores_oversize,
    takes_the_largest,
    takes_pieces,
    takes_shared_delimiters,
    takes_both_ends_of_a_full_block,
)
AT_THE_END = (sends_only_frames_and_text,)
