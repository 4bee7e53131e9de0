"""How fast a recorded link is decoded, from the run of a native process.

Each turn reads the same link from memory three ways: its records alone, decoded to lines, and with the text of each
line, as `bench frames` prints it. Megabytes (10^6) of link per second.
"""

from __future__ import annotations

import io
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable

from bench.clock import MonotonicClock
from bench.frames import decode, line_text
from bench.target import load_target
from bench.transport import LinkWriter, RecordingTransport, make_process
from bench.transport.link_file import MAGIC, read_link
from tools.benchmarks.common import (
    SPREAD_HEAD,
    Spread,
    build_payload,
    call,
    long_recording,
    make_parser,
    positive,
    print_method,
    print_table,
    stream_without_models,
)

_HOST = "host"


class _Kept(io.BytesIO):
    """What was written, also once it is closed."""

    content = b""

    def close(self) -> None:
        if not self.closed:
            self.content = self.getvalue()
        super().close()


def recorded_link(rows: int) -> bytes:
    """A link.bin of a session that streams so many rows."""
    clock, file = MonotonicClock(), _Kept()
    writer = LinkWriter(file, started=clock.now())
    inner = make_process(build_payload(load_target(_HOST)))
    with RecordingTransport(inner, clock=clock, sink=writer) as transport:
        stream_without_models(transport, long_recording(rows), target_name=_HOST, around=call)
    writer.close()
    return file.content


def seconds(items: Callable[[], Iterable[object]]) -> float:
    """To go through all of them."""
    begun = time.perf_counter()
    deque(items(), maxlen=0)
    return time.perf_counter() - begun


def main() -> int:
    """Measure and print."""
    parser = make_parser(__doc__, runs=11, of="turns")
    parser.add_argument("--rows", type=positive, default=50_000, help="default: %(default)s")
    options = parser.parse_args()
    content = recorded_link(options.rows)
    records = content[len(MAGIC) :]
    works: dict[str, Callable[[], Iterable[object]]] = {
        "records": lambda: read_link(io.BytesIO(records)),
        "lines": lambda: decode(read_link(io.BytesIO(records))),
        "lines as text": lambda: (line_text(line) for line in decode(read_link(io.BytesIO(records)))),
    }
    print_method("native process", f"{options.runs} turns over {len(content):,} bytes of link, {options.rows} rows")
    rates: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(options.runs):
        for name, work in works.items():
            rates[name].append(len(content) / 1e6 / seconds(work))
    print_table(["MB/s", *SPREAD_HEAD], [[name, *Spread.of(found).cells(".1f")] for name, found in rates.items()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
