"""Who is there: the Hello frame, whose first 64 bytes never change."""

from bench.conform.check import NotApplicable, check, require
from bench.conform.heard import describe_tail
from bench.conform.subject import LEAST_RECEIVE_BYTES, Subject
from firmware_if.framing import Header, enframe
from firmware_if.messages import FINGERPRINT, MAX_FRAME_BYTES, VERSION, ClockKind, FrameType, Hello
from firmware_if.octets import Reader

_MAGIC = 0x48494C31
_HELLO_BYTES = 64


@check(
    "hello.answers",
    clause="Sessions",
    hint="answer every HelloRequest at once with Hello; its tag is the nonce that the request brought",
    alone=True,
)
def answers(subject: Subject) -> None:
    """A HelloRequest is answered by Hello with the bench's nonce as its tag and a nonce of its own that is not 0."""
    subject.talk.greet(timeout_s=5.0)


@check(
    "hello.first_64_bytes",
    clause="Structs: Hello",
    hint="big-endian, in the order of the table, without padding; the name is zero-padded to 15 bytes",
    alone=True,
)
def first_64_bytes(subject: Subject) -> None:
    """The body of Hello has at least 64 bytes, which begin with 'HIL1', and whose text is UTF-8."""
    body = subject.talk.greet().body
    require(len(body) >= _HELLO_BYTES, f"a body of at least {_HELLO_BYTES} bytes", f"{len(body)} bytes: {body.hex()}")
    magic = int.from_bytes(body[:4], "big")
    require(magic == _MAGIC, f"0x{_MAGIC:08X} in its first four bytes", f"0x{magic:08X}")
    subject.hello = Hello.read(Reader(body))


@check(
    "hello.fingerprint",
    clause="Sessions",
    hint="build the firmware from the firmware_if/c of this bench, or generate messages from its wire.toml",
    alone=True,
)
def fingerprint(subject: Subject) -> None:
    """Version and fingerprint are those of the contract that this bench has."""
    body = subject.talk.greet().body
    hello = Hello.read(Reader(body))
    require(hello.version == VERSION, f"version {VERSION}", hello.version)
    require(hello.fingerprint == FINGERPRINT, f"fingerprint {FINGERPRINT:016X}", f"{hello.fingerprint:016X}")


@check(
    "hello.sizes",
    clause="Structs: Hello",
    hint="receive_bytes is the capacity of the receive queue: a frame and 256 bytes at least",
    alone=True,
)
def sizes(subject: Subject) -> None:
    """Hello names a clock that there is, an arena, frames of the right size, and a receive queue that holds one."""
    hello = Hello.read(Reader(subject.talk.greet().body))
    require(hello.clock_kind in set(ClockKind), "a clock kind of the contract", hello.clock_kind)
    require(hello.arena_bytes > 0, "an arena", "arena_bytes 0")
    require(hello.frame_bytes == MAX_FRAME_BYTES, f"frame_bytes {MAX_FRAME_BYTES}", hello.frame_bytes)
    least = LEAST_RECEIVE_BYTES
    require(hello.receive_bytes >= least, f"receive_bytes of at least {least}", hello.receive_bytes)
    require(hello.name, "the name of a target", "an empty name")


@check(
    "hello.build_id",
    clause="Structs: Hello",
    hint="another build runs there than the one that was just made: flash it, or correct build_id in station.toml",
    alone=True,
)
def build_id(subject: Subject) -> None:
    """The build id is that of the firmware that is expected there."""
    if subject.build_id is None:
        raise NotApplicable("nobody says which build is expected")
    found = Hello.read(Reader(subject.talk.greet().body)).build_id.hex()
    require(found == subject.build_id, f"build id {subject.build_id}", found)


@check(
    "hello.repeats",
    clause="Sessions",
    hint="a HelloRequest with the running session's nonce repeats Hello and changes nothing",
)
def repeats(subject: Subject) -> None:
    """A HelloRequest that comes again is answered again, by the same nonce, and changes nothing."""
    talk = subject.talk
    subject.housekeeping()
    before = (talk.peer, talk.sequence, talk.expected)
    for _ in range(5):
        header = talk.greet(nonce=talk.nonce).header
        require((talk.peer, header.ack, header.sequence) == before, f"nonce, ack and sequence {before}", header)
    subject.housekeeping()


@check(
    "hello.ignores_bad_requests",
    clause="Sessions",
    hint="look at the length of the body and at the nonce before anything changes",
)
def ignores_bad_requests(subject: Subject) -> None:
    """A HelloRequest shorter than 8 bytes, or with nonce 0, is ignored."""
    talk = subject.talk
    for body in (b"", b"\1\2\3\4", bytes(7), bytes(4) + b"\1\2\3\4", b"\1\2\3\4\5\6\7"):
        talk.wire.write(enframe(Header(FrameType.HELLO_REQUEST), body))
        heard = talk.poll(what="the session that there was, and a Status")
        require(len(heard) == 1, "nothing but the Status that was asked for", describe_tail(heard))


CHECKS = (answers, first_64_bytes, fingerprint, sizes, build_id, repeats, ignores_bad_requests)
