"""Parity in score mode: whether the payload holds what was loaded, and the rest of its state as the learner starts."""

from collections.abc import Iterator, Sequence

from bench.learners import PlainModel, initial_plain_state
from bench.measure.measurement import Measurement, RunContext, entries_of
from bench.measure.states import differing_values
from bench.measure.tally import Tally, plain_model, summary
from bench.trace import Entry, ModelCreated, ModelDumped
from firmware_if.reference import State, TwinError


def plain_loaded(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """parity.plain.* of every model, bit for bit."""
    dumps = {dump.name: dump for dump in entries_of(trace, ModelDumped)}
    tally = Tally()
    for created in entries_of(trace, ModelCreated):
        name, dump = created.name, dumps.get(created.name)
        expected = _expected(plain_model(created, context), outputs=created.outputs)
        if isinstance(expected, str) or dump is None:
            tally.missing.append(name)
            because = expected if isinstance(expected, str) else "no state came down"
            yield Measurement(f"parity.plain.{name}", None, "values", because=because)
            continue
        different = differing_values(dump.state, expected) + len(dump.state.keys() - expected.keys())
        tally.compared += 1
        tally.equal += different == 0
        yield Measurement(f"parity.plain.{name}", different, "values", because="compared as loaded")
    yield from summary("plain", tally, "no model state came down")


def _expected(model: PlainModel, *, outputs: int) -> State | str:
    try:
        return initial_plain_state(model, outputs=outputs)
    except TwinError as error:
        return f"no plain reference: {error}"
