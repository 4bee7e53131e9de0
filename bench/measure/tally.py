"""What the parity measurements have in common."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.initial_models import initial_state
from bench.learners import PlainModel, class_labels
from bench.measure.measurement import Measurement, RunContext
from bench.trace import ModelCreated


@dataclass
class Tally:
    """Comparisons of one kind: pairs of model and segment end."""

    compared: int = 0
    equal: int = 0
    tolerant: bool = False
    missing: list[str] = field(default_factory=list)


def plain_model(model: ModelCreated, context: RunContext) -> PlainModel:
    initial = context.initial.get(model.name)
    labels = class_labels(context.recording)
    return PlainModel(
        model.name,
        model.learner,
        model.features,
        model.arithmetic,
        tuple(model.channels),
        model.hyperparameters,
        model.bias,
        tuple(model.lost_at_restart),
        {} if initial is None else initial_state(initial, model, labels).arrays,
        context.twins,
    )


def summary(kind: str, tally: Tally, empty: str) -> Iterator[Measurement]:
    """States that differ; unmeasured while a state could not be compared and none of the others differs."""
    different = tally.compared - tally.equal
    equal = "identical or within their tolerance" if tally.tolerant else "identical"
    because = f"{tally.equal} of {tally.compared} states {equal}" if tally.compared else empty
    if tally.missing:
        because += f"; not compared: {', '.join(tally.missing[:3])}" + (" ..." if len(tally.missing) > 3 else "")  # noqa: PLR2004  # enough to begin with
    measured = tally.compared and (different or not tally.missing)
    yield Measurement(f"parity.{kind}", different if measured else None, "states", because=because)
    yield Measurement(f"parity.identical.{kind}", tally.equal, "states")
    yield Measurement(f"parity.compared.{kind}", tally.compared, "states")
