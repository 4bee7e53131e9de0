"""The payload's end of the link, alone: a bench written out frame by frame against a port of memory."""

import random
import subprocess
from pathlib import Path

import pytest

from firmware_if.framing import Deframer, Frame, Header, enframe
from firmware_if.messages import AreYouAlive, FrameType, Hello
from firmware_if.octets import Reader
from firmware_if.packets import ACKNOWLEDGE_ALL, pack_telecommand, unpack_telemetry
from tests.c.wire_native import COMPILERS, Driver, build

OURS = 0x01020304
RECEIVE_BYTES = 4096
CREDIT = RECEIVE_BYTES - 256
WINDOW = 16
ALIVE = bytes([17, 2])


class Bench:
    """The other end: sends frames by hand and keeps what the payload says."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.nonce = 0
        self.hello_at_start = self.do("o", RECEIVE_BYTES.to_bytes(4, "big") + b"\0\0\0\x07")[1]

    def do(self, operation: str, data: bytes = b"") -> tuple[str, list[Frame]]:
        """One step: what it said, and the frames that were sent meanwhile."""
        *said, sent = self.driver.ask(operation, data)
        items = list(Deframer().feed(bytes.fromhex(sent.removeprefix("sent="))))
        frames = [item for item in items if isinstance(item, Frame)]
        assert len(frames) == len(items)
        return " ".join(said), frames

    def frame(self, kind: FrameType, body: bytes = b"", **fields: int) -> bytes:
        return enframe(Header(kind, **{"tag": self.nonce, "credit": 0xFFFF, **fields}), body)

    def telecommand(self, sequence: int, *, size: int = 0, **fields: int) -> bytes:
        packet, _ = pack_telecommand(AreYouAlive(), sequence, acknowledgements=ACKNOWLEDGE_ALL)
        return self.frame(FrameType.DATA, packet + bytes(size), sequence=sequence, **fields)

    def hear(self, data: bytes) -> tuple[str, list[Frame]]:
        """Let the payload receive `data` and look once."""
        self.do("i", data)
        return self.do("v")

    def connect(self, ours: int = OURS) -> Frame:
        said, (hello,) = self.hear(hello_request(ours))
        assert said == "new session"
        self.nonce = Hello.read(Reader(hello.body)).nonce
        return hello


def hello_request(ours: int, entropy: int = 99) -> bytes:
    return enframe(Header(FrameType.HELLO_REQUEST), ours.to_bytes(4, "big") + entropy.to_bytes(4, "big"))


def kinds(frames: list[Frame]) -> list[FrameType]:
    return [FrameType(frame.header.type) for frame in frames]


@pytest.fixture
def fresh(driver: Driver) -> Bench:
    return Bench(driver)


@pytest.fixture
def bench(fresh: Bench) -> Bench:
    fresh.connect()
    return fresh


def test_a_start_is_announced_without_a_session(fresh: Bench) -> None:
    (hello,) = fresh.hello_at_start
    assert hello.header == Header(FrameType.HELLO, 0, 0, 0, 0, CREDIT)
    assert Hello.read(Reader(hello.body)).nonce == 0


def test_a_hello_request_starts_a_session(fresh: Bench) -> None:
    hello = fresh.connect()
    assert hello.header == Header(FrameType.HELLO, 0, OURS, 0, 0, CREDIT)
    assert fresh.nonce != 0
    assert fresh.do("v") == ("idle", [])


@pytest.mark.parametrize("body", [b"", bytes(7), bytes(8)], ids=["empty", "short", "nonce 0"])
def test_a_hello_request_that_names_nobody_is_ignored(fresh: Bench, body: bytes) -> None:
    assert fresh.hear(enframe(Header(FrameType.HELLO_REQUEST), body)) == ("idle", [])


def test_a_repeated_hello_request_resumes(bench: Bench) -> None:
    bench.hear(bench.telecommand(0))
    bench.do("s", ALIVE)
    said, (hello,) = bench.hear(hello_request(OURS, entropy=5))
    assert said == "idle"
    assert Hello.read(Reader(hello.body)).nonce == bench.nonce
    assert (hello.header.sequence, hello.header.ack) == (1, 1)


def test_another_bench_starts_anew_with_the_same_payload_nonce(bench: Bench) -> None:
    bench.hear(bench.telecommand(0))
    nonce = bench.nonce
    hello = bench.connect(OURS + 1)
    assert bench.nonce == nonce
    assert hello.header == Header(FrameType.HELLO, 0, OURS + 1, 0, 0, CREDIT)


def test_telecommands_come_once_and_in_order(bench: Bench) -> None:
    for sequence in range(3):
        packet, _ = pack_telecommand(AreYouAlive(), sequence, acknowledgements=ACKNOWLEDGE_ALL)
        assert bench.hear(bench.telecommand(sequence)) == (f"packet packet={packet.hex()}", [])
        assert bench.hear(bench.telecommand(sequence)) == ("idle", [])
    assert "out_of_order 3" in bench.do("q")[0]


def test_sequence_numbers_wrap(bench: Bench) -> None:
    for sequence in range(0x10000 + 3):
        if sequence in {0, 0xFFFF, 0x10000, 0x10002}:
            assert bench.hear(bench.telecommand(sequence % 0x10000))[0].startswith("packet")
        else:
            bench.hear(bench.frame(FrameType.DATA, sequence=sequence % 0x10000))
    assert bench.do("q")[0].startswith("resent 0 out_of_order 0")


def test_a_gap_is_reported_once(bench: Bench) -> None:
    said, (reject,) = bench.hear(bench.telecommand(1))
    assert said == "idle"
    assert reject.header == Header(FrameType.REJECT, 0, OURS, 0, 0, CREDIT)
    assert bench.hear(bench.telecommand(2)) == ("idle", [])
    assert bench.hear(bench.telecommand(0))[0].startswith("packet")
    _, (again,) = bench.hear(bench.telecommand(2))
    assert (again.header.type, again.header.ack) == (FrameType.REJECT, 1)


def test_a_poll_is_answered_after_the_packet_that_carried_it(bench: Bench) -> None:
    assert bench.hear(bench.telecommand(0, poll=7))[0].startswith("packet")
    assert bench.do("v") == ("polled", [])
    _, sent = bench.do("s", ALIVE)
    assert kinds(sent) == [FrameType.DATA]
    _, (status,) = bench.do("a")
    assert status.header == Header(FrameType.STATUS, 7, OURS, 1, 1, CREDIT)
    assert bench.do("v") == ("idle", [])


@pytest.mark.parametrize("kind", [FrameType.STATUS, FrameType.REJECT, FrameType.DATA])
def test_any_frame_may_poll(bench: Bench, kind: FrameType) -> None:
    assert bench.hear(bench.frame(kind, poll=1, sequence=9))[0] == "polled"
    assert bench.do("a")[1][-1].header.poll == 1


def test_telemetry_carries_its_packet_and_the_acknowledgement(bench: Bench) -> None:
    bench.hear(bench.telecommand(0))
    said, (frame,) = bench.do("s", ALIVE)
    assert said == "true"
    assert frame.header == Header(FrameType.DATA, 0, OURS, 0, 1, CREDIT)
    telemetry = unpack_telemetry(frame.body)
    assert (telemetry.uptime_s, telemetry.sequence_count) == (1.5, 0)
    assert bench.do("s", bytes([5, 1]) + bytes(980)) == ("false", []), "it does not fit: nothing is sent"
    assert bench.do("s", ALIVE)[1][0].header.sequence == 1


def test_without_a_session_telemetry_goes_nowhere(fresh: Bench) -> None:
    assert fresh.do("s", ALIVE) == ("true", [])


def test_a_reject_brings_the_same_packets_again(bench: Bench) -> None:
    first = [bench.do("s", ALIVE)[1][0] for _ in range(4)]
    _, again = bench.hear(bench.frame(FrameType.REJECT, ack=1))
    assert [(frame.header.sequence, frame.body) for frame in again] == [(f.header.sequence, f.body) for f in first[1:]]
    assert bench.do("q")[0].startswith("resent 3")


@pytest.mark.parametrize("ack", [5, 0x8000, 0xFFFF])
def test_an_acknowledgement_of_what_was_never_sent_is_ignored(bench: Bench, ack: int) -> None:
    for _ in range(4):
        bench.do("s", ALIVE)
    assert len(bench.hear(bench.frame(FrameType.REJECT, ack=ack))[1]) == 4


def fill_window(bench: Bench) -> None:
    for _ in range(WINDOW):
        bench.do("s", ALIVE)


def test_a_full_window_waits_for_an_acknowledgement(bench: Bench) -> None:
    fill_window(bench)
    bench.do("w", bench.frame(FrameType.STATUS))
    bench.do("w", bench.frame(FrameType.STATUS, ack=3))
    said, (frame,) = bench.do("s", ALIVE)
    assert said == "true"
    assert frame.header.sequence == WINDOW


def test_polls_are_answered_while_the_window_is_full(bench: Bench) -> None:
    fill_window(bench)
    bench.do("w", bench.frame(FrameType.STATUS, poll=9))
    bench.do("w", bench.frame(FrameType.STATUS, ack=1))
    assert [frame.header.poll for frame in bench.do("s", ALIVE)[1]] == [9, 0]


def test_telecommands_dropped_while_the_window_is_full_are_asked_for(bench: Bench) -> None:
    fill_window(bench)
    bench.do("w", bench.telecommand(0) + bench.telecommand(1))
    bench.do("w", bench.frame(FrameType.STATUS, ack=1))
    _, sent = bench.do("s", ALIVE)
    assert kinds(sent) == [FrameType.REJECT, FrameType.DATA]
    assert sent[0].header.ack == 0
    assert bench.hear(bench.telecommand(0))[0].startswith("packet")


def test_a_gap_after_a_full_window_is_still_reported(bench: Bench) -> None:
    fill_window(bench)
    bench.do("w", bench.frame(FrameType.STATUS, ack=1))
    bench.do("s", ALIVE)
    assert kinds(bench.hear(bench.telecommand(1))[1]) == [FrameType.REJECT]


def test_a_telecommand_keeps_its_bytes_while_its_answer_waits(bench: Bench) -> None:
    fill_window(bench)
    said, _ = bench.hear(bench.telecommand(0, size=40))
    bench.do("w", bench.telecommand(1, size=300) + bench.frame(FrameType.STATUS, ack=1))
    bench.do("s", ALIVE)
    assert bench.do("k")[0] == said.removeprefix("packet ")


def test_a_new_session_abandons_the_answer(bench: Bench) -> None:
    fill_window(bench)
    bench.do("w", hello_request(OURS + 1))
    said, sent = bench.do("s", ALIVE)
    assert said == "true"
    assert kinds(sent) == [FrameType.HELLO]
    assert bench.do("s", ALIVE) == ("true", []), "the rest of the answer was for the other bench"
    assert bench.do("v") == ("new session", [])
    assert bench.do("s", ALIVE)[1][0].header == Header(FrameType.DATA, 0, OURS + 1, 0, 0, CREDIT)


@pytest.mark.parametrize(("kind", "poll"), [(FrameType.DATA, 0), (FrameType.STATUS, 3)])
def test_a_stale_tag_is_answered_by_hello(bench: Bench, kind: FrameType, poll: int) -> None:
    said, (hello,) = bench.hear(bench.frame(kind, tag=bench.nonce ^ 1, poll=poll))
    assert said == "idle"
    assert Hello.read(Reader(hello.body)).nonce == bench.nonce


def test_a_stale_tag_that_asks_nothing_is_ignored(bench: Bench) -> None:
    assert bench.hear(bench.frame(FrameType.STATUS, tag=bench.nonce ^ 1)) == ("idle", [])
    assert bench.hear(bench.frame(FrameType.REJECT, tag=0)) == ("idle", [])


def test_credit_is_announced(bench: Bench) -> None:
    _, (status,) = bench.do("c", b"\x00\x00")
    assert (status.header.type, status.header.credit) == (FrameType.STATUS, 0)
    _, (status,) = bench.do("c", b"\x01\x00")
    assert status.header.credit == 256


def test_half_a_window_without_telemetry_is_acknowledged_unasked(bench: Bench) -> None:
    statuses = []
    for sequence in range(4):
        bench.hear(bench.telecommand(sequence, size=900))
        statuses += bench.do("v")[1]
    assert [(frame.header.type, frame.header.ack) for frame in statuses] == [(FrameType.STATUS, 3)]


@pytest.mark.parametrize(("receive_bytes", "credit"), [(0, 0), (255, 0), (256, 0), (1280, 1024), (1 << 20, 0xFFFF)])
def test_credit_is_what_the_receive_queue_leaves(driver: Driver, receive_bytes: int, credit: int) -> None:
    driver.ask("o", receive_bytes.to_bytes(4, "big") + bytes(4))
    assert driver.ask("q")[0].endswith(f"credit {credit}")


def test_a_link_with_nobody_to_wait_for_says_so(driver: Driver, tmp_path: Path) -> None:
    """The driver's own check: a wait that nothing can end does not hang a test."""
    with Driver(build(tmp_path, "gcc", flags="-O0")) as own:
        bench = Bench(own)
        bench.connect()
        fill_window(bench)
        with pytest.raises(AssertionError, match=r"ended with 3: \['sleeps for ever'"):
            own.ask("s", ALIVE)
    assert driver.ask("C")


def test_noise_between_frames_changes_nothing(bench: Bench) -> None:
    draw = random.Random(5)
    for sequence in range(200):
        noise = b"\0" + draw.randbytes(draw.randrange(80))
        while (said := bench.hear(noise)[0]) != "idle":
            assert said == "polled"
            bench.do("a")
        assert bench.hear(bench.telecommand(sequence))[0].startswith("packet")


@pytest.fixture(scope="module", params=COMPILERS)
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("hostile"), request.param)


@pytest.mark.parametrize("seed", [1, 2])
def test_hostile_input_leaves_the_link_usable(program: Path, seed: int) -> None:
    """Noise, and intact frames with wild fields: the sanitizers stay silent and a new session is answered."""
    ran = subprocess.run(
        [program, "hostile", str(seed), "100000"], capture_output=True, text=True, check=False, timeout=60
    )
    print(ran.stdout)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith("answers\n")
