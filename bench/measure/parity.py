"""Parity: whether the payload's models hold what others hold that saw the same rows, in bits or within a tolerance."""

from collections.abc import Iterator, Mapping, Sequence

from bench.learners import NOT_TRAINED, PlainRun, run_plain
from bench.measure.accuracy import model_names, row_predictions
from bench.measure.epochs import plain_epochs
from bench.measure.loaded import plain_loaded
from bench.measure.measurement import Measurement, RunContext, entries_of, in_mode
from bench.measure.states import Array, differing_values, largest_difference, values_outside
from bench.measure.tally import Tally, plain_model, summary
from bench.trace import (
    Entry,
    ModelCreated,
    ModelDumped,
    ModelSkipped,
    PayloadRestarted,
    SegmentEnded,
)

Dumps = Mapping[tuple[str, int], ModelDumped]


def measure_parity(trace: Sequence[Entry], context: RunContext) -> Iterator[Measurement]:
    """parity.plain*, parity.error.plain.*, parity.reference* and their counts."""
    dumps = {(dump.name, dump.end_row): dump for dump in entries_of(trace, ModelDumped)}
    yield from _plain(trace, context, dumps)
    yield from _reference(trace, context, dumps)


def _plain(trace: Sequence[Entry], context: RunContext, dumps: Dumps) -> Iterator[Measurement]:
    if in_mode(trace, "batch"):
        yield from plain_epochs(trace, context)
        return
    if in_mode(trace, "score"):
        yield from plain_loaded(trace, context)
        return
    created = {model.name: model for model in entries_of(trace, ModelCreated)}
    rows, refused = row_predictions(trace)
    run = run_plain(
        [plain_model(model, context) for model in created.values()],
        context.recording,
        rows=_rows_reached(rows, refused, dumps, context),
        end_rows={end_row for _, end_row in dumps},
        refused=refused,
        restarts=_restarts(trace),
    )
    tally = Tally()
    for place, name in enumerate(model_names(trace)):
        yield from _plain_model_measures(name, run, dumps, tally=tally)
        yield _predictions(name, run, {row: text[place : place + 1] for row, text in rows.items()})
    yield from summary("plain", tally, "no model state came down")


def _restarts(trace: Sequence[Entry]) -> set[int]:
    """Rows before which the payload was restarted by the scenario."""
    row = 0
    rows = set()
    for entry in trace:
        if isinstance(entry, SegmentEnded):
            row = entry.end_row
        elif isinstance(entry, PayloadRestarted) and entry.planned:
            rows.add(row)
    return rows


def _rows_reached(rows: Mapping[int, str], refused: set[int], dumps: Dumps, context: RunContext) -> int:
    reached = max([0, *(row + 1 for row in rows), *(row + 1 for row in refused), *(end for _, end in dumps)])
    return min(reached, context.recording.row_count)


def _plain_model_measures(name: str, run: PlainRun, dumps: Dumps, *, tally: Tally) -> Iterator[Measurement]:
    values = updates = compared = 0
    error = 0.0
    tolerance = run.tolerances.get(name, 0.0)
    for (model, end_row), dump in dumps.items():
        expected = run.snapshots.get((name, end_row))
        if model != name or expected is None:
            continue
        different = values_outside(dump.state, expected.state, tolerance=tolerance)
        different += len(dump.state.keys() - expected.state.keys())
        error = max(error, largest_difference(dump.state, expected.state))
        compared += 1
        values += different
        updates += abs(dump.updates - expected.updates) > expected.undecided_updates
        tally.equal += different == 0
    tally.compared += compared
    tally.tolerant = tally.tolerant or (tolerance > 0.0 and compared > 0)
    because = f"{compared} segment ends compared" if compared else "no state came down"
    because = run.unavailable.get(name, because)
    if name in run.unavailable:
        tally.missing.append(name)
    within = f"{because}, largest difference {error:.2g}, tolerance {tolerance:g}" if tolerance else because
    yield Measurement(f"parity.plain.{name}", values if compared else None, "values", because=within)
    yield Measurement(f"parity.error.plain.{name}", error if compared else None, "1", because=because)
    yield Measurement(f"parity.plain.{name}.updates", updates if compared else None, "segment ends", because=because)


def _predictions(name: str, run: PlainRun, seen: Mapping[int, str]) -> Measurement:
    measure = f"parity.plain.{name}.predictions"
    if name in run.unavailable or not seen:
        return Measurement(measure, None, "rows", because=run.unavailable.get(name, "no row was trained"))
    expected = run.predictions[name]
    compared = {row: text for row, text in seen.items() if row not in run.undecided[name]}
    different = sum((expected[row] if row < len(expected) else NOT_TRAINED) != text for row, text in compared.items())
    because = f"{len(compared)} rows compared"
    if len(compared) < len(seen):
        because += f", {len(seen) - len(compared)} undecided within the tolerance"
    return Measurement(measure, different, "rows", because=because)


def _reference(trace: Sequence[Entry], context: RunContext, dumps: Dumps) -> Iterator[Measurement]:
    if context.recording.reference_models is None:
        yield from summary("reference", Tally(), "the recording carries no reference models")
        return
    expected: dict[str, dict[int, Mapping[str, Array]]] = {}
    for entry in context.recording.reference_models["segments"]:
        for name, state in entry["models"].items():
            expected.setdefault(name, {})[entry["end_row"]] = state
    created = model_names(trace)
    tally = Tally()
    for name in created:
        if name in expected:
            yield _reference_model(name, expected[name], dumps, tally=tally)
    yield from summary("reference", tally, "no model is both on the payload and among the references")
    skipped = {entry.name: f"not on the payload: {entry.reason}" for entry in entries_of(trace, ModelSkipped)}
    unmatched = {name: "the recording carries no reference for it" for name in created if name not in expected}
    unmatched |= {name: skipped.get(name, "not on the payload") for name in expected if name not in created}
    for name, because in unmatched.items():
        yield Measurement(f"parity.unmatched.reference.{name}", None, "values", because=because)


def _reference_model(
    name: str, states: Mapping[int, Mapping[str, Array]], dumps: Dumps, *, tally: Tally
) -> Measurement:
    """Compared is every array that the reference names: what it leaves out must not be compared."""
    values = compared = 0
    for end_row, state in states.items():
        dump = dumps.get((name, end_row))
        if dump is None or not state:
            tally.missing.append(f"{name} at row {end_row}")
            continue
        different = differing_values(dump.state, state)
        compared += 1
        values += different
        tally.equal += different == 0
    tally.compared += compared
    because = f"{compared} of {len(states)} segment ends compared"
    measured = values if values or (compared and compared == len(states)) else None
    return Measurement(f"parity.reference.{name}", measured, "values", because=because)
