"""Wire efficiency of Samples at full packets: bytes of sample records over bytes on the line, from real frames.

The frames are those that a connection hands out for the rows of the sun-sensor recording, six channels; COBS adds a
byte for each 254 and two delimiters, whatever the values. `full` counts the packets that hold as many rows as fit.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench.session.decode import rows_per_packet, sample_records
from firmware_if.framing import HEADER_BYTES, Deframer, Frame, Header, enframe
from firmware_if.messages import MAX_FRAME_BYTES, FrameType, Samples
from firmware_if.packets import ACKNOWLEDGE_NONE, pack_telecommand, unpack_telecommand
from tools.benchmarks.common import long_recording, positive, print_table


def frame_of(records: bytes, first_row: int) -> bytes:
    """The Data frame of one Samples packet."""
    packet, _ = pack_telecommand(Samples(first_row, records), first_row, acknowledgements=ACKNOWLEDGE_NONE)
    return enframe(Header(FrameType.DATA, 0, 0x12345678, first_row & 0xFFFF, 0, 0xFFFF), packet)


def read_back(frame: bytes) -> bytes:
    """The records in a frame, as a receiver finds them."""
    (item,) = Deframer().feed(frame)
    if not isinstance(item, Frame):
        raise SystemExit(f"the frame does not read back: {item}")
    message = unpack_telecommand(item.body).message
    if not isinstance(message, Samples):
        raise SystemExit(f"the frame holds a {type(message).__name__}")
    return message.records


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=positive, default=2880, help="rows of the recording (default: %(default)s)")
    options = parser.parse_args(arguments)
    records = sample_records(long_recording(options.rows))
    rows = rows_per_packet(records.dtype.itemsize)
    pieces = [records[first : first + rows].tobytes() for first in range(0, len(records) - rows + 1, rows)]
    frames = [frame_of(piece, number * rows) for number, piece in enumerate(pieces)]
    if [read_back(frame) for frame in frames] != pieces:
        raise SystemExit("the records do not read back")
    record_bytes, wire_bytes = sum(map(len, pieces)), sum(map(len, frames))
    overheads = sorted(len(frame) - len(piece) for frame, piece in zip(frames, pieces, strict=True))
    print(f"{len(frames)} full packets of {rows} rows, each of {records.dtype.itemsize} bytes; every frame read back\n")
    print_table(
        ["", "value", "target"],
        [
            ["sample-record bytes / wire bytes", f"{record_bytes / wire_bytes:.4f}", ">= 0.95"],
            ["overhead of a full frame, bytes", f"{overheads[0]} to {overheads[-1]}", "< 48"],
            ["  of it link header and CRC-32", f"{HEADER_BYTES + 4}", ""],
            ["largest frame, bytes", f"{max(map(len, frames))}", f"<= {MAX_FRAME_BYTES}"],
        ],
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
