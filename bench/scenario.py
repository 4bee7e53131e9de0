"""What a run does: the stream, the models that train on it, and the limits it is judged by.

docs/scenarios.md lists every key of the file.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from bench.errors import ConfigurationError
from bench.margins import MarginProfile, MarginSpec, take_margins
from bench.protection import Checkpoints, Protection, take_checkpoints, take_protection
from bench.requirements import take_identifiers
from bench.sensor_faults import SensorFaultSpec, take_sensor_faults
from bench.strict import StrictTable, nearest_hint, nearest_or, read_toml
from bench.target import CLOCKS, target_names

SCENARIOS: Final = Path(__file__).parents[1] / "fixtures" / "scenarios"
DEFAULT_TARGET: Final = "qemu-zynq-a9"
ARITHMETICS: Final = ("f32", "f64", "flight")
LINK_SPEED: Final = "link"
SPEED_RANGE: Final = (1e-3, 1e6)
"""From a thousandth of the recorded pace to one that no link keeps up with."""
MODES: Final = ("stream", "batch", "score")
MAX_EPOCHS: Final = 65535
_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,24}")
_NAME_RULE: Final = "1 to 24 letters, digits, '_' and '-'"


@dataclass(frozen=True)
class ModelSpec:
    """One model of the bank. `channels` are names of the recording's; None = what the feature map takes by itself."""

    name: str
    learner: str
    features: str
    arithmetic: str = "f32"
    hyperparameters: Mapping[str, float] = field(default_factory=dict)
    """Those left out keep the payload's initial value."""
    channels: tuple[str, ...] | None = None
    bias: bool = False
    """A constant feature 1 behind those of the map."""
    if_available: bool = False
    """Left out, and reported as such, where the payload lacks the learner."""
    lost_at_restart: tuple[str, ...] = ()
    """State arrays that a restart sets back to the value before the first sample."""
    initial: Path | None = None
    """ONNX file whose weights and intercepts the model starts with; None = as its learner starts."""
    protection: Protection | None = None
    """How the payload guards the model's memory; None = not at all."""


@dataclass(frozen=True)
class Limit:
    """A bound on every measurement whose name matches `measure`, a shell pattern such as `parity.plain*`.

    `equal` stands alone; `at_most` and `at_least` may stand together. `clock` is the one a timing limit is meant
    for: instructions, cycles or host. A limit that is not `required` is judged and shown, and never fails the run.
    `targets` are names of the targets that it is for; None = all that no other limit on the same `measure` names.
    """

    measure: str
    at_most: float | None = None
    at_least: float | None = None
    equal: float | None = None
    clock: str | None = None
    required: bool = True
    because: str = ""
    targets: tuple[str, ...] | None = None
    requirements: tuple[str, ...] = ()
    """Identifiers of those that a PASS shows."""


@dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    models: tuple[ModelSpec, ...]
    limits: tuple[Limit, ...]
    recording: str | None = None
    """Name, or path, of the recording; None = the user brings it."""
    recording_hint: str = ""
    target: str = DEFAULT_TARGET
    mode: str = "stream"
    """stream: each row trains as it arrives; batch: rows fill a data set, then `epochs` train on it; score: none."""
    epochs: int = 0
    speed: float | None = None
    """Multiple of the recorded pace (1.0 = real time); None = as fast as the link goes."""
    restart_between_segments: bool = False
    evaluate: bool = True
    twins: Path | None = None
    """Folder of Python twins for learners and feature maps that do not come with the bench."""
    requirements: tuple[str, ...] = ()
    """Identifiers of those that a run shows in which every required verdict is PASS."""
    margins: MarginSpec | None = None
    link_faults: str | None = None
    """PROFILE[:SEED] of faults that are put into the link."""
    sensor_faults: tuple[SensorFaultSpec, ...] = ()
    """Put into the recording before it is streamed."""
    checkpoints: Checkpoints | None = None
    """How often the payload keeps its bank, and when the power is cut; None = it keeps none."""
    path: Path | None = field(default=None, compare=False)
    text: str = field(default="", compare=False)
    """Content of the file where there is none at `path`."""


def scenario_names(folder: Path = SCENARIOS) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.toml")))


def load_scenario(name_or_path: str | Path, folder: Path = SCENARIOS) -> Scenario:
    """The scenario of that name in `folder`, or the one in the TOML file at a path."""
    text = str(name_or_path)
    if text in scenario_names(folder):
        return _read_scenario(folder / f"{text}.toml")
    if text.endswith(".toml"):
        return _read_scenario(Path(text))
    message = f"no scenario is named {text!r}"
    raise ConfigurationError(message, hint=nearest_or(text, scenario_names(folder), "Or give a .toml file."))


def make_scenario(text: str, path: Path) -> Scenario:
    """The scenario that a file at `path` would hold with this text."""
    return replace(
        _take_scenario(StrictTable(tomllib.loads(text), path, error=ConfigurationError)), path=None, text=text
    )


def limits_for(scenario: Scenario, target_name: str) -> tuple[Limit, ...]:
    """Limits by which a run on that target is judged: one that names the target stands for those that name none."""
    named = {limit.measure for limit in scenario.limits if limit.targets and target_name in limit.targets}
    return tuple(
        limit
        for limit in scenario.limits
        if (limit.measure not in named if limit.targets is None else target_name in limit.targets)
    )


def with_margins(limits: Sequence[Limit], spec: MarginSpec, profile: MarginProfile, *, clock: str) -> tuple[Limit, ...]:
    """The limits, and those of a margin profile for measures that have none; `clock` is the payload's.

    A limit that stands in place of the profile's says so.
    """
    joined, shown = list(limits), spec.requirements
    for measure, (percent, source) in profile.at(spec.phase).items():
        own = [index for index, limit in enumerate(joined) if fnmatchcase(measure, limit.measure)]
        for index in own:
            place = f"stands in place of {measure} >= {percent:g} %, {source}"
            because = "; ".join(part for part in (joined[index].because, place) if part)
            named = tuple(dict.fromkeys((*joined[index].requirements, *shown)))
            joined[index] = replace(joined[index], because=because, requirements=named)
        if not own:
            timed = clock if is_timed(measure) else None
            joined.append(Limit(measure, at_least=percent, clock=timed, because=source, requirements=shown))
    return tuple(joined)


def with_checkpoints(limits: Sequence[Limit], checkpoints: Checkpoints | None) -> tuple[Limit, ...]:
    """The limits, and what a scenario with checkpoints is held to where it has no limit of its own on that."""
    if checkpoints is None:
        return tuple(limits)
    implied = (
        Limit("checkpoints.rows_lost", at_most=checkpoints.rows, because="[checkpoints] rows"),
        Limit("checkpoints.rows_differing", equal=0, because="a row that is trained twice gives the same result"),
    )
    named = [limit.measure for limit in limits]
    return (*limits, *(limit for limit in implied if not any(fnmatchcase(limit.measure, name) for name in named)))


def choose_recording(scenario: Scenario, given: str | None = None) -> str:
    """Name or path of the recording to stream: `given` on the command line, else the scenario's own."""
    chosen = given or scenario.recording
    if chosen is None:
        message = f"scenario {scenario.name} has no recording of its own, and none was given"
        raise ConfigurationError(message, hint=scenario.recording_hint or "give --recording DIR")
    return chosen


def _read_scenario(path: Path) -> Scenario:
    return _take_scenario(read_toml(path, error=ConfigurationError))


def _take_scenario(root: StrictTable) -> Scenario:
    mode = root.take("mode", str, "stream", choices=MODES)
    scenario = Scenario(
        name=_take_name(root, "name"),
        title=root.take("title", str),
        recording=_take_recording(root),
        recording_hint=root.take("recording_hint", str, ""),
        target=_take_target(root),
        mode=mode,
        epochs=root.take_number("epochs", int, 0, low=1, high=MAX_EPOCHS),
        speed=_take_speed(root),
        restart_between_segments=root.take("restart_between_segments", bool, default=False),
        evaluate=root.take("evaluate", bool, default=True),
        twins=_take_twins(root),
        models=_read_models(root),
        limits=tuple(_read_limit(table) for table in root.take_tables("limits", optional=True)),
        requirements=take_identifiers(root),
        margins=take_margins(root),
        link_faults=root.take("link_faults", str, None),
        sensor_faults=take_sensor_faults(root),
        checkpoints=take_checkpoints(root, mode=mode),
        path=root.path,
    )
    root.finish()
    _check_mode(root, scenario)
    return scenario


def _check_mode(root: StrictTable, scenario: Scenario) -> None:
    if (scenario.mode == "batch") != (scenario.epochs > 0):
        what = "missing for batch mode" if scenario.mode == "batch" else f"given in {scenario.mode} mode"
        raise root.problem("epochs", what, hint='write mode = "batch" and epochs = N together')
    if scenario.mode != "stream" and scenario.restart_between_segments:
        what = f"true in {scenario.mode} mode, which knows no segments"
        raise root.problem("restart_between_segments", what, hint="leave it out")
    if scenario.mode == "score" and not scenario.evaluate:
        raise root.problem("evaluate", "false in score mode, which does nothing else", hint="leave it out")


def _take_name(table: StrictTable, key: str) -> str:
    name = table.take(key, str)
    if not _NAME.fullmatch(name):
        raise table.problem(key, f"is {name!r}, expected {_NAME_RULE}", hint="rename it")
    return name


def _take_recording(root: StrictTable) -> str | None:
    """A path is taken from the folder of the scenario file."""
    recording = root.take("recording", str, None)
    if recording == "":
        raise root.problem("recording", "is empty", hint="name a recording, or leave the key out")
    if recording is None or "/" not in recording:
        return recording
    return str(root.path.parent / recording)


def _take_twins(root: StrictTable) -> Path | None:
    """From the folder of the scenario file. It need not exist: a run folder has another place for it."""
    folder = root.take("twins", str, None)
    if folder == "":
        raise root.problem("twins", "is empty", hint="name a folder, or leave the key out")
    return root.path.parent / folder if folder is not None else None


def _take_target(root: StrictTable) -> str:
    target = root.take("target", str, DEFAULT_TARGET)
    if target.endswith(".toml"):
        return str(root.path.parent / target)
    if target not in target_names():
        hint = nearest_hint(target, target_names())
        raise root.problem("target", f"is {target!r}, which is no target", hint=hint)
    return target


def _take_speed(root: StrictTable) -> float | None:
    value = root.values.get("speed", LINK_SPEED)
    if isinstance(value, str):
        root.take("speed", str, LINK_SPEED, choices=(LINK_SPEED,))
        return None
    return root.take_number("speed", float, low=SPEED_RANGE[0], high=SPEED_RANGE[1])


def _read_models(root: StrictTable) -> tuple[ModelSpec, ...]:
    tables = root.take_tables("models", optional=True)
    seen: set[str] = set()
    models = []
    for table in tables:
        for key, model in _read_model_table(table):
            if model.name in seen:
                hint = "give every model a name of its own"
                raise table.problem(key, f"a second model is named {model.name!r}", hint=hint)
            seen.add(model.name)
            models.append(model)
    return tuple(models)


def _read_model_table(table: StrictTable) -> list[tuple[str, ModelSpec]]:
    """Each model of a [[models]] table with the key that names it."""
    learner = _take_text(table, "learner")
    arithmetic = table.take("arithmetic", str, "f32", choices=ARITHMETICS)
    given = table.take_table("hyperparameters", optional=True)
    hyperparameters = {key: given.take(key, float) for key in given.rest()}
    channels = table.take_list("channels", str, None)
    if channels == ():
        raise table.problem("channels", "is empty", hint="name at least one channel, or leave the key out")
    bias = table.take("bias", bool, default=False)
    if_available = table.take("if_available", bool, default=False)
    lost = table.take_list("lost_at_restart", str, ())
    protection = take_protection(table)
    made = ModelSpec(
        "",
        learner,
        "",
        arithmetic,
        hyperparameters,
        channels,
        bias,
        if_available,
        lost,
        _initial(table),
        protection,
    )
    return [(key, replace(made, name=name, features=features)) for key, name, features in _read_names(table)]


def _initial(table: StrictTable) -> Path | None:
    """A path from the folder of the scenario file."""
    path = table.take("initial", str, None)
    if path is None:
        return None
    if not path or "each" in table:
        what = f"stands beside {table.dotted('each')}" if path else "is empty"
        raise table.problem("initial", what, hint="name the file of one model, which has a name and features")
    return table.path.parent / path


def _read_names(table: StrictTable) -> list[tuple[str, str, str]]:
    """(key, model name, feature map) of every model of the table: `each`, or `name` and `features`."""
    if "each" not in table:
        return [("name", _take_name(table, "name"), _take_text(table, "features"))]
    for key in ("name", "features"):
        if key in table:
            what = f"stands beside {table.dotted('each')}"
            raise table.problem(key, what, hint="write either name and features, or each = { NAME = FEATURES, ... }")
    each = table.take_table("each")
    found = []
    for name in each.rest():
        if not _NAME.fullmatch(name):
            raise each.problem(name, f"is no model's name, expected {_NAME_RULE}", hint="rename it")
        found.append((f"each.{name}", name, _take_text(each, name)))
    if not found:
        raise table.problem("each", "is empty", hint="give at least one model: each = { NAME = FEATURES }")
    for key in ("name", "features"):
        table.take(key, str, None)  # known here, so that a misspelt key finds the nearest
    return found


def _take_text(table: StrictTable, key: str) -> str:
    """A name on the wire: learner or feature map."""
    text = table.take(key, str)
    if not _NAME.fullmatch(text):
        raise table.problem(key, f"is {text!r}, expected {_NAME_RULE}", hint="see LIST of the payload for its names")
    return text


def _read_limit(table: StrictTable) -> Limit:
    limit = Limit(
        measure=table.take("measure", str),
        at_most=table.take("at_most", float, None),
        at_least=table.take("at_least", float, None),
        equal=table.take("equal", float, None),
        clock=table.take("clock", str, None, choices=CLOCKS),
        required=table.take("required", bool, default=True),
        because=table.take("because", str, ""),
        targets=_take_targets(table),
        requirements=take_identifiers(table),
    )
    table.finish()  # first, so that a misspelt bound is not taken for a missing one
    _check_bounds(table, limit)
    if limit.clock is None and is_timed(limit.measure):
        what = f"missing for {limit.measure}: a duration says nothing without its clock"
        raise table.problem("clock", what, hint='add clock = "instructions", "cycles" or "host"')
    return limit


def _take_targets(table: StrictTable) -> tuple[str, ...] | None:
    """Names; a file such as boards/mine.toml stands for the target that it describes, which has the file's name."""
    given = table.take_list("targets", str, None)
    if given == ():
        raise table.problem("targets", "is empty", hint="name at least one target, or leave the key out")
    for index, name in enumerate(given or ()):
        if not name.endswith(".toml") and name not in target_names():
            what = f"is {name!r}, which is no target"
            raise table.problem(f"targets[{index}]", what, hint=nearest_hint(name, target_names()))
    return tuple(Path(name).stem if name.endswith(".toml") else name for name in given) if given else None


def is_timed(measure: str) -> bool:
    """Whether a pattern may mean what is counted by a clock: timing.* and time.* but no `count`, and two margins."""
    if any(fnmatchcase(timed, measure) for timed in ("margin.cpu", "margin.deadline")):
        return measure.partition(".")[0] == "margin"
    family, _, rest = measure.partition(".")
    return not rest.endswith("count") and any(fnmatchcase(timed, family) for timed in ("timing", "time"))


def _check_bounds(table: StrictTable, limit: Limit) -> None:
    if not limit.measure:
        raise table.problem("measure", "is empty", hint='name a measurement or a pattern such as "parity.plain*"')
    ranged = limit.at_most is not None or limit.at_least is not None
    if limit.equal is None and not ranged:
        what = "the limit has no bound"
        raise table.problem("measure", what, hint="add at_most, at_least or equal")
    if limit.equal is not None and ranged:
        raise table.problem("equal", "stands beside another bound", hint="write equal, or at_most and at_least")
    if limit.at_most is not None and limit.at_least is not None and limit.at_least > limit.at_most:
        what = f"is {limit.at_least:g}, above at_most = {limit.at_most:g}"
        raise table.problem("at_least", what, hint="swap at_least and at_most")
