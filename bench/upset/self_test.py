"""Whether a machine can be trusted with injections: tried on every start, before anything counts."""

from typing import Final, Protocol

from bench.campaign.fault import COMPLETED, MASKED, UNDETECTED, Fault, Flip, Observed
from bench.errors import BenchError
from bench.upset.golden import GoldenRun

_HIGH_BITS: Final = (7, 6, 5, 4, 3, 2, 1, 0)


class Injects(Protocol):
    """As an injector does."""

    def inject(self, fault: Fault) -> Observed: ...

    def answers(self) -> bool:
        """Whether the payload answers a poll after a run from the last instant without a fault."""
        ...


def test_injector(injector: Injects, run: GoldenRun) -> None:
    """Raises BenchError unless nothing injected changes nothing, a repeat is equal, and a plain fault is found.

    That nothing changes covers the line (the same bytes come) and the timer (instructions are counted by it).
    """
    for rung in dict.fromkeys((run.rungs[0], run.rungs[len(run.rungs) // 2], run.rungs[-1])):
        null = injector.inject(Fault("self-test-null", "", rung.time, (), "", 0, 0))
        if (null.system, null.learner, null.instructions) != (COMPLETED, MASKED, run.instructions - rung.time):
            raise BenchError(
                f"self-test: without a fault the run from instruction {rung.time} ends {null.system}, {null.learner}, "
                f"after {null.instructions} instructions; the golden run after {run.instructions - rung.time}",
                hint="does this machine restore its UART and its timers from a snapshot?",
            )
    if not injector.answers():
        raise BenchError(
            "self-test: after a run from a snapshot the payload does not answer",
            hint="does this machine restore its UART's receiver?",
        )
    for fault in (*_controls(run, run.rungs[-1].time), *_controls(run, run.rungs[0].time)):
        first, second = injector.inject(fault), injector.inject(fault)
        if first != second:
            raise BenchError(f"self-test: the same fault gave {first.digest[:12]} and then {second.digest[:12]}")
        if first.learner != MASKED or first.detection != UNDETECTED:
            return
    raise BenchError("self-test: no flip in a model's memory was found", hint="is the models' memory where it is read?")


def _controls(run: GoldenRun, time: int) -> list[Fault]:
    """Flips in the highest byte of the first element of each model's first array, which are its weights."""
    faults = []
    for model in run.models:
        place = model.created.arrays[0]
        element = (model.created.state_bytes - place.offset) if place.count == 1 else 4
        address = model.address + place.offset + min(element, 4) - 1
        faults += [
            Fault("self-test-control", "", time, (Flip("memory", address, bit),), "", 0, 0) for bit in _HIGH_BITS
        ]
    return faults
