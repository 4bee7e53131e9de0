"""A recorded link: what moved, in order, bounded, readable whatever happened to the file; never silently lost."""

import io
import random
from pathlib import Path

import pytest

from bench.clock import ManualClock
from bench.errors import RunFolderError, TransportError
from bench.transport import Chunk, LinkTail, LinkWriter, RecordingTransport, Way, make_memory_pair
from bench.transport.link_file import CAP_BYTES, MAGIC, MAX_DATA_BYTES, read_link

TO, FROM, NOTE = Way.TO_PAYLOAD, Way.FROM_PAYLOAD, Way.NOTE


class KeptFile(io.BytesIO):
    """Keeps its content when it is closed."""

    content = b""

    def close(self) -> None:
        if not self.closed:
            self.content = self.getvalue()
        super().close()


def written(chunks: list[Chunk], cap_bytes: int = CAP_BYTES) -> bytes:
    file = KeptFile()
    writer = LinkWriter(file, started=0.0, cap_bytes=cap_bytes)
    writer.write(chunks)
    writer.close()
    return file.content


def read(content: bytes) -> list[Chunk]:
    assert content.startswith(MAGIC)
    return list(read_link(io.BytesIO(content[len(MAGIC) :])))


def some_chunks(seed: int, count: int) -> list[Chunk]:
    print(f"seed {seed}")
    random_bytes = random.Random(seed)
    return [
        Chunk(index / 1000, random_bytes.choice((TO, FROM)), random_bytes.randbytes(random_bytes.randrange(1, 400)))
        for index in range(count)
    ]


def test_what_moves_is_recorded_with_its_time_and_way() -> None:
    clock, file = ManualClock(10.0), KeptFile()
    near, far = make_memory_pair(capacity=4)
    transport = RecordingTransport(near, clock=clock, sink=LinkWriter(file, started=9.0))
    with transport:
        assert transport.transfer(b"abcdef", 0.0).written == 4
        clock.advance(0.5)
        far.transfer(b"xy", 0.0)
        assert transport.transfer(b"ef", 0.0).received == b"xy"
        assert transport.transfer(b"", 0.0).received == b""
    expected = [(1.0, TO, b"abcd"), (1.5, TO, b"ef"), (1.5, FROM, b"xy")]
    assert read(file.getvalue()) == expected
    assert [(chunk.t, *chunk[1:]) for chunk in transport.tail.chunks()] == [(t + 9, *rest) for t, *rest in expected]


def test_a_line_that_breaks_and_a_power_cycle_are_notes() -> None:
    near, far = make_memory_pair()
    near.on_power_cycle = lambda: None
    transport = RecordingTransport(near, clock=ManualClock())
    assert transport.can_power_cycle
    transport.power_cycle()
    far.close()
    with pytest.raises(TransportError, match="the other end is closed"):
        transport.transfer(b"x", 0.0)
    assert transport.tail.chunks() == [(0.0, NOTE, b"power off and on"), (0.0, NOTE, b"the other end is closed")]


def test_sinks_may_come_and_go_while_the_tail_goes_on() -> None:
    near, far = make_memory_pair()
    transport, files = RecordingTransport(near, clock=ManualClock()), [KeptFile(), KeptFile()]
    for file, data in zip(files, (b"first", b"second"), strict=True):
        transport.sink = writer = LinkWriter(file, started=0.0)
        transport.transfer(data, 0.0)
        transport.sink = None
        writer.close()
        transport.transfer(b"between", 0.0)
        far.transfer(b"", 0.0)
    assert [[chunk.data for chunk in read(file.content)] for file in files] == [[b"first"], [b"second"]]
    assert [chunk.data for chunk in transport.tail.chunks()] == [b"first", b"between", b"second", b"between"]


def test_a_tail_keeps_the_newest_of_each_way() -> None:
    tail = LinkTail(limit_bytes=10)
    tail.extend([Chunk(0.0, FROM, b"kept")])
    tail.extend(Chunk(float(index), TO, b"%04d" % index) for index in range(5))
    assert tail.is_cut
    assert [chunk.data for chunk in tail.chunks()] == [b"kept", b"0003", b"0004"]
    tail.extend([Chunk(5.0, TO, b"longer than the tail")])
    assert [chunk.data for chunk in tail.chunks()] == [b"kept", b"n the tail"]


def test_a_tail_of_single_bytes_is_bounded_too() -> None:
    tail = LinkTail()
    tail.extend(Chunk(float(index), TO, b"x") for index in range(10_000))
    assert len(tail.chunks()) == 4096


def test_a_cut_file_gives_every_whole_record_at_every_cut() -> None:
    chunks = some_chunks(1, 12)
    content = written(chunks)
    ends = [len(MAGIC)]
    for chunk in chunks:
        ends.append(ends[-1] + 15 + len(chunk.data))
    assert ends[-1] == len(content)
    for cut in range(len(MAGIC), len(content) + 1):
        whole = sum(end <= cut for end in ends) - 1
        found = read(content[:cut])
        assert found[:whole] == chunks[:whole]
        rest = found[whole:]
        assert len(rest) == (cut not in ends)
        assert all(chunk.way is NOTE and b"cut" in chunk.data for chunk in rest)


def test_a_damaged_file_is_read_on_behind_the_damage() -> None:
    random_bytes = random.Random(2)
    chunks = [Chunk(index / 100, TO, random_bytes.randbytes(90)) for index in range(50)]
    content = bytearray(written(chunks))
    start = len(MAGIC) + 10 * 105
    for position in range(start, start + 15):
        damaged = bytearray(content)
        damaged[position] ^= 0xFF
        found = [chunk for chunk in read(bytes(damaged)) if chunk.way is not NOTE]
        assert found[:10] == chunks[:10]
        assert found[-39:] == chunks[-39:], f"byte {position - start} of the head"


@pytest.mark.parametrize("seed", range(20))
def test_noise_ends_and_is_never_an_error(seed: int) -> None:
    print(f"seed {seed}")
    noise = random.Random(seed).randbytes(3000)
    assert all(chunk.way is NOTE for chunk in read(MAGIC + noise))
    assert read(MAGIC + bytes(3000))[0].way is NOTE


def test_a_full_recording_says_so_once_and_keeps_the_last_for_the_end() -> None:
    said: list[str] = []
    file = KeptFile()
    cap = 1 << 20
    writer = LinkWriter(file, started=0.0, cap_bytes=cap, on_full=said.append)
    for index in range(0, 4000, 8):
        writer.write([Chunk(float(index + n), FROM, b"%04d" % (index + n) * 250) for n in range(8)])
    writer.close()
    assert len(file.content) <= cap
    assert len(said) == 1
    assert "the run goes on" in said[0]
    found = read(file.content)
    [(gap, note)] = [(index, chunk.data.decode()) for index, chunk in enumerate(found) if chunk.way is NOTE]
    assert [chunk.t for chunk in found[:gap]] == list(range(gap))
    assert [chunk.t for chunk in found[gap + 1 :]] == list(range(4000 - 65, 4000))
    assert note == f"the recording was full: {(4000 - 65 - gap) * 1000:,} bytes that moved meanwhile are not in it"


def test_a_chunk_larger_than_a_record_is_divided() -> None:
    data = random.Random(3).randbytes(2 * MAX_DATA_BYTES + 5)
    found = read(written([Chunk(1.0, TO, data)]))
    assert len(found) == 3
    assert b"".join(chunk.data for chunk in found) == data


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_clear_error_and_stays_one() -> None:
    near, _ = make_memory_pair()
    writer = LinkWriter(Path("/dev/full").open("wb"), started=0.0)  # noqa: SIM115 - closed when it fails
    transport = RecordingTransport(near, clock=ManualClock(), sink=writer)
    for data in (b"first", b"more", b"and more"):
        assert transport.transfer(data, 0.0).written == len(data)
        with pytest.raises(RunFolderError, match="cannot record the link: No space left on device") as caught:
            transport.transfer(b"", 0.0)
        assert caught.value.hint == "is the disk full?"
    writer.close()


@pytest.mark.parametrize("why", ["idle", "a quarter of a second", "64 KiB"])
def test_what_moved_is_in_the_file_soon(tmp_path: Path, why: str) -> None:
    near, _ = make_memory_pair()
    path, clock = tmp_path / "link.bin", ManualClock()
    writer = LinkWriter(path.open("xb"), started=0.0)
    transport = RecordingTransport(near, clock=clock, sink=writer)
    transport.transfer(b"first", 0.0)
    assert path.read_bytes() == b""
    if why == "a quarter of a second":
        clock.advance(0.25)
    transport.transfer({"idle": b"", "64 KiB": bytes(65531)}.get(why, b"next"), 0.0)
    assert read(path.read_bytes())[0] == (0.0, TO, b"first")
    writer.close()
