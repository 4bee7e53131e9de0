"""The client of GDB's remote protocol: packets whole, in pieces and damaged, and a stub played by the test."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from bench.gdb import GdbClient, GdbError, Stop
from bench.gdb import client as client_module
from bench.gdb.packets import MOST_BYTES, PacketReader, pack
from bench.gdb.registers import read_registers

TARGET = b"""<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target>
<xi:include href="core.xml"/><xi:include href="vfp.xml"/></target>"""
CORE = b"""<?xml version="1.0"?><feature name="org.gnu.gdb.arm.m-profile"><reg name="r0" bitsize="32"/>
<reg name="pc" bitsize="32" regnum="15"/><reg name="xpsr" bitsize="32" regnum="25"/></feature>"""
VFP = b"""<?xml version="1.0"?><feature name="org.gnu.gdb.arm.vfp"><reg name="d0" bitsize="64"/></feature>"""
DOCUMENTS = {"target.xml": TARGET, "core.xml": CORE, "vfp.xml": VFP}


@pytest.mark.parametrize("payload", [b"", b"OK", b"a}b#c$d*e", bytes(range(256))])
def test_packets_survive_whole_bytewise_and_one_behind_the_other(payload: bytes) -> None:
    packet = b"+" + pack(payload)
    assert PacketReader().feed(packet) == [payload]
    assert PacketReader().feed(packet + packet) == [payload, payload]
    reader = PacketReader()
    assert [found for byte in packet for found in reader.feed(bytes([byte]))] == [payload]


def test_runs_are_expanded() -> None:
    body = b"0* 1"  # a 0 and three more, as the manual has it
    assert PacketReader().feed(b"$%b#%02x" % (body, sum(body) % 256)) == [b"00001"]


def test_a_wrong_checksum_gives_none_and_the_next_packet_is_read() -> None:
    assert PacketReader().feed(b"$OK#00" + pack(b"OK")) == [None, b"OK"]
    assert PacketReader().feed(b"$OK#zz" + pack(b"OK")) == [None, b"OK"]


@pytest.mark.parametrize(
    ("body", "words"), [(b"ab}", "ends in"), (b"ab*", "ends in"), (b"* ", "run of nothing"), (b"a*\x01", "run of")]
)
def test_packets_that_cannot_be_are_refused(body: bytes, words: str) -> None:
    with pytest.raises(GdbError, match=words):
        PacketReader().feed(b"$%b#%02x" % (body, sum(body) % 256))


def test_a_packet_without_end_is_refused() -> None:
    with pytest.raises(GdbError, match="more than"):
        PacketReader().feed(b"$" + bytes(MOST_BYTES + 8))


def test_runs_do_not_grow_without_end() -> None:
    body = b"a" + b"*~" * (MOST_BYTES // 90)
    with pytest.raises(GdbError, match="more than"):
        PacketReader().feed(b"$%b#%02x" % (body, sum(body) % 256))


def test_registers_are_numbered_across_the_documents() -> None:
    registers = read_registers(DOCUMENTS.__getitem__)
    assert {name: register.number for name, register in registers.items()} == {"r0": 0, "pc": 15, "xpsr": 25, "d0": 26}
    assert registers["d0"].bits == 64
    assert registers["d0"].feature == "org.gnu.gdb.arm.vfp"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"<target", "no XML"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><target/>', "entities"),
        (b'<target><feature><reg name="r0" bitsize="x"/></feature></target>', "a register 'r0'"),
        (b'<target><feature><reg name="r 0" bitsize="32"/></feature></target>', "a register 'r 0'"),
        (b'<target><feature><reg name="r0" bitsize="99999"/></feature></target>', "99999 bits"),
        (b'<target><include href="target.xml"/></target>', "more than 32 documents"),
        (
            b"<target><feature>%b</feature></target>"
            % b"".join(b'<reg name="r%d" bitsize="32"/>' % number for number in range(1100)),
            "more than 1024 registers",
        ),
    ],
)
def test_a_description_that_cannot_be_is_refused(document: bytes, words: str) -> None:
    with pytest.raises(GdbError, match=words):
        read_registers(lambda _name: document)


class Stub:
    """Answers each packet by `answer(payload)`: bytes are sent as they are, None is no answer."""

    def __init__(self, connection: socket.socket, answer: Callable[[bytes], bytes | None]) -> None:
        self.seen: list[bytes] = []
        self._connection = connection
        self._answer = answer
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        reader = PacketReader()
        with suppress(OSError):  # the test is over
            while data := self._connection.recv(4096):
                if b"\x03" in data:
                    self._connection.sendall(pack(b"T02thread:01;"))
                for payload in reader.feed(data):
                    assert payload is not None
                    self.seen.append(payload)
                    answer = self._answer(payload)
                    if answer is not None:
                        self._connection.sendall(answer)


Talk = Callable[[Callable[[bytes], bytes | None]], tuple[GdbClient, Stub]]


@pytest.fixture
def talk() -> Iterator[Talk]:
    """Give a client and the stub that answers it."""
    opened: list[socket.socket] = []

    def begin(answer: Callable[[bytes], bytes | None]) -> tuple[GdbClient, Stub]:
        ours, theirs = socket.socketpair()
        opened.extend((ours, theirs))
        return GdbClient(ours, answer_s=0.5), Stub(theirs, answer)

    yield begin
    for connection in opened:
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def memory(payload: bytes) -> bytes | None:
    """A stub with memory that holds the low byte of each address, and the registers above."""
    if payload[:1] == b"m":
        start, count = (int(word, 16) for word in payload[1:].split(b","))
        return pack(bytes((start + i) % 256 for i in range(count)).hex().encode())
    if payload.startswith(b"qXfer"):
        name, place = payload.split(b":")[3:5]
        start, count = (int(word, 16) for word in place.split(b","))
        document = DOCUMENTS[name.decode()]
        return pack((b"m" if start + count < len(document) else b"l") + document[start : start + count])
    return pack({b"pf": b"78563412", b"s": b"T05thread:01;", b"c": b"T05"}.get(payload, b"OK"))


def test_memory_is_read_in_pieces_that_every_stub_gives(talk: Talk) -> None:
    client, stub = talk(memory)
    assert client.read_memory(0x1FF0, 3000) == bytes((0x1FF0 + i) % 256 for i in range(3000))
    assert stub.seen == [b"m1ff0,400", b"m23f0,400", b"m27f0,3b8"]
    client.write_memory(0x20, b"\x01\xff")
    assert stub.seen[-1] == b"M20,2:01ff"


def test_registers_are_described_first_and_little_endian(talk: Talk) -> None:
    client, stub = talk(memory)
    assert client.read_register(15) == 0x12345678
    client.write_register(26, 1 << 63)
    assert stub.seen[-1] == b"P1a=0000000000000080"
    with pytest.raises(GdbError, match="the core has no register 99"):
        client.read_register(99)


def test_the_server_s_own_commands(talk: Talk) -> None:
    said = {b"loadvm a": [b"OK"], b"info": [b"O" + b"one\n".hex().encode(), b"O" + b"two\n".hex().encode(), b"OK"]}
    said |= {b"whole": [b"of it\n".hex().encode()], b"unknown": [b""], b"failing": [b"E01"], b"odd": [b"Oxx"]}
    client, stub = talk(lambda payload: b"".join(map(pack, said[bytes.fromhex(payload[6:].decode())])))
    assert client.monitor("loadvm a") == ""
    assert stub.seen == [b"qRcmd," + b"loadvm a".hex().encode()]
    assert client.monitor("info") == "one\ntwo"
    assert client.monitor("whole") == "of it"
    for line, words in (
        ("unknown", "takes no commands, such as 'unknown'"),
        ("failing", "refused the command 'failing': E01"),
        ("odd", "answered the command 'odd' by b'xx'"),
    ):
        with pytest.raises(GdbError, match=words):
            client.monitor(line)


def test_a_server_that_never_ends_what_it_says_is_an_error(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_MOST_SAID", 100)
    client, _ = talk(lambda _: pack(b"O" + b"x".hex().encode()) * 3)
    with pytest.raises(GdbError, match=r"the command 'info' within 0\.5 s"):
        client.monitor("info")
    client, _ = talk(lambda _: pack(b"O" + bytes(60).hex().encode()) * 2)
    with pytest.raises(GdbError, match="says more than 100 bytes to the command 'info'"):
        client.monitor("info")


def test_go_step_and_interrupt(talk: Talk) -> None:
    client, _ = talk(memory)
    assert client.step() == Stop(5)
    client.go()
    with pytest.raises(GdbError, match="the core runs"):
        client.read_memory(0, 1)
    assert client.wait_stop(1.0) == Stop(5)
    assert client.interrupt() == Stop(2)


def test_a_wait_for_a_stop_ends_when_something_else_can_be_read(talk: Talk) -> None:
    client, _ = talk(lambda payload: None if payload == b"c" else memory(payload))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        client.go()
        theirs.sendall(b"x")
        assert client.wait_stop(5.0, also=(ours.fileno(),)) is None
        assert client.wait_stop(0.0) is None


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, "has not answered"),
        (pack(b"E14"), "refused a read of 4 bytes at 0x10: E14"),
        (pack(b"00"), "gave 1 bytes at 0x10; 4 were asked for"),
        (pack(b"zz"), "answered a read of 4 bytes"),
        (b"----", "refused a packet 3 times"),
    ],
)
def test_what_a_read_cannot_be_answered_by(talk: Talk, answer: bytes | None, words: str) -> None:
    client, _ = talk(lambda _payload: answer)
    with pytest.raises(GdbError, match=words):
        client.read_memory(0x10, 4)


@pytest.mark.parametrize(
    ("answer", "words"), [(b"E01", "refused a write of 1 bytes at 0x10: E01"), (b"", "refused a write .*: unknown")]
)
def test_a_refused_write_is_an_error(talk: Talk, answer: bytes, words: str) -> None:
    client, _ = talk(lambda _payload: pack(answer))
    with pytest.raises(GdbError, match=words):
        client.write_memory(0x10, b"\0")


@pytest.mark.parametrize(
    ("answer", "words"), [(b"E00", "has no target description"), (b"m", "does not end"), (b"lx", "no XML")]
)
def test_descriptions_that_do_not_come(talk: Talk, answer: bytes, words: str) -> None:
    client, _ = talk(lambda _payload: pack(answer))
    with pytest.raises(GdbError, match=words):
        client.read_register(0)


def test_a_register_that_is_too_short_is_refused(talk: Talk) -> None:
    client, _ = talk(lambda payload: pack(b"78") if payload == b"pf" else memory(payload))
    with pytest.raises(GdbError, match="gave 1 bytes of register pc"):
        client.read_register(15)


def test_stops_that_cannot_be_or_do_not_come(talk: Talk) -> None:
    client, _ = talk(lambda payload: pack(b"Txx") if payload == b"s" else None)
    with pytest.raises(GdbError, match="says of a stop"):
        client.step()
    client, _ = talk(lambda _payload: None)
    with pytest.raises(GdbError, match="a step has not ended within"):
        client.step()


def test_a_core_that_does_not_stop_is_an_error() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(GdbError, match="has not stopped within"):
        GdbClient(ours, answer_s=0.05).interrupt()


def test_a_damaged_answer_is_asked_for_again(talk: Talk) -> None:
    client, _ = talk(lambda _payload: b"$0011#00" + pack(b"0011"))
    assert client.read_memory(0, 2) == b"\x00\x11"


def test_a_stub_that_hangs_up_is_the_end_of_the_stream() -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.close()
        with pytest.raises(EOFError, match="stub is gone"):
            GdbClient(ours).read_memory(0, 1)
