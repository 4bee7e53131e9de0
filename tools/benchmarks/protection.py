"""Instructions per row and RAM of protected AROW and Adam beside plain ones, on each core, as QEMU counts them.

One bank holds every learner plain and under each protection, and trains on the same rows: means over all of them, from
the payload's own sums. `row` is predict and train of the plain model, which its protected twins take as well or the
benchmark ends; `protect` is what checks and copies add, outside of the measured calls. `arena` is what the model takes
with its feature map, `more` what its protection adds.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
from dataclasses import dataclass

from bench.target import Target, load_target
from firmware_if.messages import (
    Completed,
    ConfigureStream,
    CreateModel,
    FaultAction,
    Message,
    Mode,
    ModelCreated,
    ModelProtected,
    Operation,
    ProtectModel,
    RequestStatistics,
    Samples,
    Statistics,
)
from tools.benchmarks.common import build_payload, print_method, print_table, qemu_targets, qemu_transport
from tools.caller import Caller

SEED = 17
ROWS = 400
PACKET_ROWS = 5
LEARNERS = (("arow", "f32"), ("arow", "f64"), ("adam", "f32"), ("adam", "f64"))
BOUND = 1e6
_DEADLINE_S = 60.0


@dataclass(frozen=True)
class Protection:
    """One way to protect a model."""

    name: str
    copies: int
    checksum: bool
    bound: float = 0.0

    def request(self, model: int) -> ProtectModel:
        """The telecommand."""
        guard_range = int(self.bound > 0)
        return ProtectModel(model, self.copies, int(self.checksum), guard_range, self.bound, FaultAction.ROLL_BACK)


PROTECTIONS = (
    Protection("checksum", 1, checksum=True),
    Protection("range", 1, checksum=False, bound=BOUND),
    Protection("2 copies", 2, checksum=False),
    Protection("2 copies, checksum", 2, checksum=True),
    Protection("3 copies", 3, checksum=False),
    Protection("3 copies, checksum, range", 3, checksum=True, bound=BOUND),
)


@dataclass(frozen=True)
class Cost:
    """What one model costs, in instructions per row and bytes."""

    learner: str
    protection: str
    row: float
    protect: float
    arena_bytes: int
    more_bytes: int


def ask(caller: Caller, message: Message) -> list[Message]:
    """What is answered; ends the program when it is refused."""
    answers = caller.ask(message)
    if not isinstance(answers[-1], Completed):
        raise SystemExit(f"the payload refused {message}: {answers[-1]}")
    return answers


def rows(first: int, channels: int) -> Samples:
    """Labels that follow the first value, most of the time."""
    records = b""
    for row in range(first, first + PACKET_ROWS):
        draw = random.Random(SEED + row)  # noqa: S311 - a stream of samples, no secret
        values = [draw.gauss(0, 1) for _ in range(channels)]
        label = 1 if values[0] + draw.gauss(0, 0.5) > 0 else -1
        records += struct.pack(f">Ih{channels}f", row, label, *values)
    return Samples(first, records)


def measure(target: Target, channels: int) -> list[Cost]:
    """Every learner under every protection, in one bank."""
    kinds = [(learner, protection) for learner in LEARNERS for protection in (None, *PROTECTIONS)]
    with qemu_transport(target, build_payload(target)) as line:
        caller = Caller(line, deadline_s=_DEADLINE_S)
        ask(caller, ConfigureStream(channels, 0, (-1, 1), Mode.STREAM))
        arena, more = [], []
        for (learner, arithmetic), _ in kinds:
            made = ask(caller, CreateModel(learner, "identity", arithmetic, tuple(range(channels)), 0, ()))
            arena += [answer.arena_bytes for answer in made if isinstance(answer, ModelCreated)]
        for model, (_, protection) in enumerate(kinds):
            made = ask(caller, protection.request(model)) if protection else []
            more.append(sum(answer.arena_bytes for answer in made if isinstance(answer, ModelProtected)))
        for first in range(0, ROWS, PACKET_ROWS):
            ask(caller, rows(first, channels))
        sums = {a.model: a.sums for a in ask(caller, RequestStatistics()) if isinstance(a, Statistics)}
    costs = []
    for model, ((learner, arithmetic), protection) in enumerate(kinds):
        means = {one.operation: one.sum / one.count for one in sums[model] if one.count}
        row = means[Operation.TRAIN] + means[Operation.PREDICT]
        name = protection.name if protection else "plain"
        costs.append(
            Cost(f"{learner} {arithmetic}", name, row, means.get(Operation.PROTECT, 0.0), arena[model], more[model])
        )
    return costs


def print_costs(target: Target, channels: int, costs: list[Cost]) -> None:
    """The table of one core."""
    table = []
    for cost in costs:
        plain = next(one for one in costs if (one.learner, one.protection) == (cost.learner, "plain"))
        if cost.row != plain.row:
            raise SystemExit(f"{cost.learner} takes {cost.row} under {cost.protection}, plain {plain.row}")
        first = cost is plain
        table.append(
            [
                cost.learner if first else "",
                cost.protection,
                f"{cost.row:,.0f}" if first else "",
                "" if first else f"{cost.protect:,.0f}",
                "" if first else f"{(cost.row + cost.protect) / cost.row:.1f}",
                f"{cost.arena_bytes:,}" if first else "",
                "" if first else f"{cost.more_bytes:,}",
            ]
        )
    head = [f"{target.name}, d = {channels}", "protection", "row", "protect", "times", "arena", "more"]
    print_table(head, table)
    print()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=qemu_targets(), action="append", help="may be repeated (default: all)")
    parser.add_argument("--features", type=int, choices=range(1, 33), default=5, metavar="D", help="1 to 32")
    options = parser.parse_args()
    print_method(f"one run of {ROWS} rows on each, seed {SEED}; instructions, which repeat exactly; bytes of RAM")
    for name in options.target or qemu_targets():
        target = load_target(name)
        print_costs(target, options.features, measure(target, options.features))
    return 0


if __name__ == "__main__":
    sys.exit(main())
