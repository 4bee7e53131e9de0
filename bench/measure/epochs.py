"""Parity with the plain references in batch mode: the states after the last epoch and the loss of every epoch."""

from collections.abc import Iterator, Sequence

from bench.epochs import PlainEpochs, run_epochs
from bench.measure.accuracy import row_predictions
from bench.measure.measurement import Measurement, RunContext, entries_of
from bench.measure.states import largest_difference, values_outside
from bench.measure.tally import Tally, plain_model, summary
from bench.trace import Entry, EpochTrained, ModelCreated, ModelDumped
from firmware_if.reference import load_learner, tolerance

_LOSS = "loss"


def plain_epochs(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """parity.plain.* and parity.error.plain.* of every model."""
    created = {model.name: model for model in entries_of(trace, ModelCreated)}
    epochs = entries_of(trace, EpochTrained)
    _, refused = row_predictions(trace)
    last = {dump.name: dump for dump in entries_of(trace, ModelDumped)}
    models = [plain_model(model, context) for name, model in created.items() if name in last]
    runs = run_epochs(models, context.recording, epochs=len(epochs), refused=refused)
    tally = Tally()
    for name, model in created.items():
        run = runs.get(name, "no state came down")
        if isinstance(run, str):
            tally.missing.append(name)
            yield from _unmeasured(name, run)
        else:
            losses = [found.loss for entry in epochs for found in entry.models if found.name == name]
            module = load_learner(model.learner, arithmetic=model.arithmetic, folder=context.twins)
            gate = tolerance(module, model.arithmetic)
            yield from _compared(model, last[name], losses, run, gate=gate, tally=tally)
    yield from summary("plain", tally, "no model state came down")


def _unmeasured(name: str, because: str) -> Iterator[Measurement]:
    yield Measurement(f"parity.plain.{name}", None, "values", because=because)
    yield Measurement(f"parity.plain.{name}.updates", None, "segment ends", because=because)
    yield Measurement(f"parity.error.plain.{name}", None, "1", because=because)


def _compared(
    model: ModelCreated, dump: ModelDumped, losses: Sequence[float], run: PlainEpochs, *, gate: float, tally: Tally
) -> Iterator[Measurement]:
    seen = dict(dump.state) | {_LOSS: list(losses)}
    expected = dict(run.state) | {_LOSS: list(run.losses)}
    outside = values_outside(seen, expected, tolerance=gate)
    tally.compared += 1
    tally.equal += outside == 0
    tally.tolerant = tally.tolerant or gate > 0.0
    error = largest_difference(seen, expected)
    because = f"{len(losses)} epochs compared, largest difference {error:.2g}, tolerance {gate:g}"
    yield Measurement(f"parity.plain.{model.name}", outside, "values", because=because)
    yield Measurement(f"parity.plain.{model.name}.updates", int(dump.updates != run.steps), "segment ends")
    yield Measurement(f"parity.error.plain.{model.name}", error, "1", because=because)
