"""What a scenario wants, found in what the payload says of itself."""

from bench.errors import ConfigurationError
from bench.plan import default_channels
from bench.scenario import ModelSpec
from bench.strict import nearest_hint
from bench.telemetry import Recording
from bench.trace import CatalogueListed, LearnerInfo

_BINARY = 2


def find_learner(spec: ModelSpec, catalogue: CatalogueListed) -> LearnerInfo | None:
    for learner in catalogue.learners:
        if (learner.name, learner.arithmetic) == (spec.learner, spec.arithmetic):
            return learner
    if spec.if_available:
        return None
    others = sorted(learner.arithmetic for learner in catalogue.learners if learner.name == spec.learner)
    names = {learner.name for learner in catalogue.learners}
    raise ConfigurationError(
        f"model {spec.name}: the payload has no learner {spec.learner!r} in {spec.arithmetic} arithmetic",
        hint=f'write arithmetic = "{others[0]}"' if others else nearest_hint(spec.learner, names),
    )


def check_hyperparameters(spec: ModelSpec, learner: LearnerInfo) -> None:
    for name, value in spec.hyperparameters.items():
        if name not in learner.parameters:
            raise ConfigurationError(
                f"model {spec.name}: {spec.learner} has no hyperparameter {name!r}",
                hint=nearest_hint(name, learner.parameters),
            )
        _, minimum, maximum = learner.parameters[name]
        if not minimum <= value <= maximum:
            raise ConfigurationError(
                f"model {spec.name}: {name} = {value:g} is outside {minimum:g} to {maximum:g}",
                hint=f"the limits are those of {spec.learner} on this payload",
            )
        if name in learner.whole and value != int(value):
            raise ConfigurationError(
                f"model {spec.name}: {name} = {value:g} is no whole number", hint=f"write {name} = {round(value)}"
            )


def check_mode(spec: ModelSpec, learner: LearnerInfo, *, mode: str, classes: int) -> None:
    """Whether the learner can be used in that mode of the scenario, on so many classes, and with a bias if wanted."""
    if mode not in (learner.mode, "score"):
        more = " and epochs = N" if learner.mode == "batch" else ""
        how = "on mini-batches of a data set" if learner.mode == "batch" else "on each sample as it arrives"
        raise ConfigurationError(
            f"model {spec.name}: {spec.learner} trains {how}, and the scenario's mode is {mode!r}",
            hint=f'write mode = "{learner.mode}"{more}, or choose another learner',
        )
    if learner.mode != "batch" and classes != _BINARY:
        raise ConfigurationError(
            f"model {spec.name}: {spec.learner} tells {_BINARY} classes apart, the recording has {classes}",
            hint="choose the learner logistic, or relabel the recording",
        )
    if spec.bias and (learner.mode == "batch" or spec.arithmetic == "flight"):
        why = "has a bias of its own" if learner.mode == "batch" else "flew without a bias"
        raise ConfigurationError(
            f"model {spec.name}: {spec.learner} in {spec.arithmetic} arithmetic {why}", hint="leave out bias"
        )


def _map_hint(spec: ModelSpec, catalogue: CatalogueListed) -> str:
    """The arithmetics in which the payload has the map; "" where it has it in none."""
    others = [f'arithmetic = "{f.arithmetic}"' for f in catalogue.features if f.name == spec.features]
    return f"it has it in another: add {' or '.join(others)} to the model" if others else ""


def choose_channels(spec: ModelSpec, catalogue: CatalogueListed, recording: Recording) -> tuple[int, ...]:
    """Places of the channels that the model's feature map reads."""
    maps = {f.name: f for f in catalogue.features if f.arithmetic == spec.arithmetic}
    if spec.features not in maps:
        raise ConfigurationError(
            f"model {spec.name}: the payload has no feature map {spec.features!r} in {spec.arithmetic} arithmetic",
            hint=_map_hint(spec, catalogue) or nearest_hint(spec.features, maps),
        )
    inputs = maps[spec.features].inputs
    names = spec.channels or default_channels(inputs, recording, model=spec.name)
    if inputs not in (0, len(names)):
        raise ConfigurationError(
            f"model {spec.name}: {spec.features} reads {inputs} channels, {len(names)} are named",
            hint=f"name {inputs} channels, or leave channels out to have them chosen",
        )
    known = recording.channel_names
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"model {spec.name}: recording {recording.name} has no channel {name!r}",
                hint=nearest_hint(name, known),
            )
    return tuple(known.index(name) for name in names)


def check_lost_arrays(spec: ModelSpec, learner: LearnerInfo) -> None:
    for name in spec.lost_at_restart:
        if name not in learner.arrays:
            raise ConfigurationError(
                f"model {spec.name}: lost_at_restart names {name!r}, {spec.learner} has no such state array",
                hint=nearest_hint(name, learner.arrays),
            )
