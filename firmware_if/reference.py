"""The plain references: what the payload must compute, value for value.

A learner is a pair of files with one stem: `learners/<stem>.c` for the payload and `learners/<stem>.py`, its twin,
written independently in plain scalar Python. Feature maps are pairs in `features/`. This module finds twins by name
and trains them on rows as they travelled.
"""

import ctypes
import difflib
import functools
import importlib
import math
import pkgutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Protocol, TypeVar, cast

import firmware_if.features
import firmware_if.learners
from firmware_if.errors import HilError
from firmware_if.messages import MAX_FEATURES

State = dict[str, list[float] | int]
"""State arrays by name, in the order of the C table; a scalar array is an int."""


_Found = TypeVar("_Found")


class TwinError(HilError):
    """A learner, feature map, hyperparameter or state that the references do not know or allow."""


class Learner(Protocol):
    """One model in training; x holds `dimension` finite features."""

    def __init__(self, dimension: int, arithmetic: str, parameters: Mapping[str, float]) -> None:
        """Start before the first sample; `parameters` holds every name in the module's PARAMETERS."""

    def score(self, x: Sequence[float]) -> float:
        """Decision value: positive for label +1."""

    def train(self, x: Sequence[float], label: int) -> bool:
        """Take one step with label -1 or +1; True when the model changed."""

    def state(self) -> State:
        """Copy of every state array."""

    def load(self, state: State) -> None:
        """Continue from what `state` returned."""


class BatchLearner(Protocol):
    """One model that trains on mini-batches; x holds `dimension` finite features, classes count from 0.

    `outputs` is 1 for two classes, else the number of classes.
    """

    def __init__(self, dimension: int, outputs: int, arithmetic: str, parameters: Mapping[str, float]) -> None:
        """Start before the first step; `parameters` holds every name in the module's PARAMETERS, batch and seed too."""

    def scores(self, x: Sequence[float]) -> list[float]:
        """Decision value of every output; the only one is positive for class 1, of several the largest wins."""

    def train_batch(self, rows: Sequence[Sequence[float]], classes: Sequence[int]) -> float:
        """Take one step on a mini-batch; its mean loss before the step."""

    def state(self) -> State:
        """Copy of every state array; a matrix lists output after output."""

    def load(self, state: State) -> None:
        """Continue from what `state` returned."""


class LearnerModule(Protocol):
    """What `learners/<stem>.py` holds; NAME is the stem with - for _.

    A module that trains on mini-batches has BatchLearner in place of Learner.
    """

    NAME: str
    ARITHMETICS: tuple[str, ...]
    PARAMETERS: Mapping[str, tuple[float, float, float]]
    """name -> (initial, minimum, maximum); integers where only whole numbers are allowed"""
    TIE: int
    """label that a score of exactly 0 stands for"""
    # TOLERANCES: Mapping[str, float], only where needed, see `tolerance`. Arithmetic -> largest difference between a
    # value of the payload's state and the twin's, which computes in double, over the largest magnitude in its array.
    Learner: type[Learner]
    BatchLearner: type[BatchLearner]


class FeatureMap(Protocol):
    """One entry of a feature module's MAPS."""

    @property
    def inputs(self) -> int:
        """Channels that the map reads; 0: any number."""

    def dimension(self, inputs: int) -> int:
        """Give the number of features for that many channels; 0: more than MAX_FEATURES."""

    def map(self, values: Sequence[float], arithmetic: str) -> list[float]:
        """Features of float32 values; not finite where one overflows. In f32 each is a float32."""


class FeatureModule(Protocol):
    """What `features/<stem>.py` holds."""

    ARITHMETICS: tuple[str, ...]
    MAPS: Mapping[str, FeatureMap]


def learner_modules(folder: Path | None = None) -> dict[str, LearnerModule]:
    """Every learner's name with its module; those in a folder of the user's own stand before the others."""
    own = [module for module in _own_modules(folder) if hasattr(module, "NAME")]
    return {module.NAME: module for module in map(_as_learner, [*_modules(firmware_if.learners), *own])}


def feature_modules(folder: Path | None = None) -> dict[str, FeatureModule]:
    """Every feature map's name with the module that holds it, those in `folder` before the others."""
    own = [module for module in _own_modules(folder) if hasattr(module, "MAPS")]
    modules = [cast("FeatureModule", module) for module in [*_modules(firmware_if.features), *own]]
    return {name: module for module in modules for name in module.MAPS}


def load_learner(name: str, *, arithmetic: str, folder: Path | None = None) -> LearnerModule:
    """Find a learner's twin; `folder` holds more of them, and what it holds is executed."""
    module = _find(name, learner_modules(folder), what="learner")
    _check_arithmetic(arithmetic, module.ARITHMETICS, owner=name)
    return module


def load_feature_map(name: str, *, arithmetic: str, folder: Path | None = None) -> FeatureMap:
    """Find a feature map's twin; `folder` is as for a learner."""
    module = _find(name, feature_modules(folder), what="feature map")
    _check_arithmetic(arithmetic, module.ARITHMETICS, owner=name)
    return module.MAPS[name]


def trains_in_batches(module: LearnerModule) -> bool:
    return hasattr(module, "BatchLearner")


def predicted_class(scores: Sequence[float], tie: int) -> int:
    """Class index that a model's scores stand for."""
    if len(scores) == 1:
        return int(predicted_label(scores[0], tie) > 0)
    best = 0
    for index, score in enumerate(scores):
        if score > scores[best]:
            best = index
    return best


def epoch_order(count: int, seed: int, epoch: int) -> list[int]:
    """Order in which an epoch visits the rows of a data set: as recorded, or with a seed shuffled anew.

    Fisher-Yates from the last row down, driven by Marsaglia's 32-bit xorshift (Journal of Statistical Software 8(14),
    2003) from the state seed * 65536 + epoch.
    """
    order = list(range(count))
    state = seed * 65536 + epoch
    for i in range(count - 1, 0, -1) if seed else ():
        state ^= state << 13 & 0xFFFFFFFF
        state ^= state >> 17
        state ^= state << 5 & 0xFFFFFFFF
        j = state % (i + 1)
        order[i], order[j] = order[j], order[i]
    return order


def complete_hyperparameters(module: LearnerModule, given: Mapping[str, float]) -> dict[str, float]:
    """Every hyperparameter of the learner: as given, else its initial value. Raises TwinError for one out of range."""
    for name in given:
        if name not in module.PARAMETERS:
            raise TwinError(f"{module.NAME} has no hyperparameter {name!r}", hint=_nearest(name, module.PARAMETERS))
    values = {}
    for name, (initial, minimum, maximum) in module.PARAMETERS.items():
        value = given.get(name, initial)
        if not minimum <= value <= maximum:
            raise TwinError(f"{module.NAME}: {name} = {value!r} is outside {minimum:g} to {maximum:g}")
        if isinstance(initial, int) and value != int(value):
            raise TwinError(f"{module.NAME}: {name} = {value!r} is no whole number")
        values[name] = value
    return values


def nearest_float32(value: float) -> float:
    """Round to float32, half to even; infinite where that overflows."""
    return ctypes.c_float(value).value


def predicted_label(score: float, tie: int) -> int:
    """The label that a score stands for; `tie` decides at exactly 0 (and for NaN)."""
    if tie > 0:
        return -1 if score < 0.0 else 1
    return 1 if score > 0.0 else -1


def divide(a: float, b: float) -> float:
    """Quotient as IEEE 754 has it: infinite or NaN where b is zero, which plain Python refuses."""
    if b != 0.0:
        return a / b
    if a == 0.0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def square_root(x: float) -> float:
    """Square root as IEEE 754 has it: NaN below zero, which plain Python refuses."""
    return math.nan if x < 0.0 else math.sqrt(x)


def tolerance(module: LearnerModule, arithmetic: str) -> float:
    """Give the learner's entry in TOLERANCES; 0 where it has none: every bit must be the same."""
    tolerances: Mapping[str, float] = getattr(module, "TOLERANCES", {})
    return tolerances.get(arithmetic, 0.0)


def slack(learner: Learner, x: Sequence[float], label: int) -> float:
    """Positive where a learner trains on a sample: its own `slack`, else that of the hinge loss, 1 - label * score."""
    own: Callable[[Sequence[float], int], float] | None = getattr(learner, "slack", None)
    return own(x, label) if own else 1.0 - label * learner.score(x)


def score_band(w: Sequence[float], x: Sequence[float], *, tolerance: float) -> float:
    """How far the float32 score of a model within the tolerance may lie from its twin's.

    Where `slack` is nearer to 0 than this, a payload may train though its twin does not, or the other way round.
    The weights may differ by `tolerance` of the largest, and a float32 sum of d products by d roundings of its size
    (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1); two more for the twin's own and the result.
    """
    rounding = 2.0**-24
    return (tolerance + (len(w) + 2) * rounding) * max(map(abs, w)) * sum(map(abs, x))


def vector(state: State, name: str) -> list[float]:
    """Copy of a state array with one element per feature."""
    value = state[name]
    if not isinstance(value, list):
        raise TwinError(f"state array {name} is {value!r}, not one value per feature")
    return list(value)


def counter(state: State, name: str) -> int:
    """Value of a state array that is one whole number."""
    value = state[name]
    if not isinstance(value, int):
        raise TwinError(f"state array {name} is {value!r}, not one whole number")
    return value


class Reference:
    """A model trained by its plain twins; row values are rounded to float32, as they travel."""

    def __init__(
        self,
        learner: str,
        features: str,
        *,
        arithmetic: str,
        channels: Sequence[int],
        hyperparameters: Mapping[str, float] | None = None,
        folder: Path | None = None,
    ) -> None:
        """`channels` are the places in a row that the feature map reads, in its order; `folder` holds more twins."""
        self._module = load_learner(learner, arithmetic=arithmetic, folder=folder)
        self._map = load_feature_map(features, arithmetic=arithmetic, folder=folder)
        self._arithmetic = arithmetic
        self._channels = tuple(channels)
        if not self._channels or self._map.inputs not in (0, len(self._channels)):
            wanted = self._map.inputs or "at least 1"
            raise TwinError(f"{features} reads {wanted} channels, {len(self._channels)} given")
        if not 0 < self._map.dimension(len(self._channels)) <= MAX_FEATURES:
            raise TwinError(
                f"{features} of {len(self._channels)} channels has more than {MAX_FEATURES} features",
                hint="take fewer channels or a lower degree",
            )
        self.hyperparameters = complete_hyperparameters(self._module, hyperparameters or {})
        self._learner = self._module.Learner(self._map.dimension(len(self._channels)), arithmetic, self.hyperparameters)
        self.updates = 0

    def features(self, row: Sequence[float]) -> list[float]:
        values = [nearest_float32(row[channel]) for channel in self._channels]
        mapped = self._map.map(values, self._arithmetic)
        for index, value in enumerate(mapped):
            if not math.isfinite(value):
                raise TwinError(f"feature {index} of {list(row)} is {value}", hint="drop or scale such a row")
        return mapped

    def score(self, row: Sequence[float]) -> float:
        return self._learner.score(self.features(row))

    def predict(self, row: Sequence[float]) -> int:
        return predicted_label(self.score(row), self._module.TIE)

    def train(self, row: Sequence[float], label: int) -> bool:
        """Take one step; True when the model changed."""
        if label not in (-1, 1):
            raise TwinError(f"label {label} is neither -1 nor +1")
        changed = self._learner.train(self.features(row), label)
        self.updates += changed
        return changed

    def state(self) -> State:
        return self._learner.state()

    def load(self, state: State, *, updates: int = 0) -> None:
        """Continue from a state that had changed `updates` times."""
        own = self._learner.state()
        if list(state) != list(own):
            raise TwinError(f"state holds {', '.join(state) or 'nothing'}; {self._module.NAME} has {', '.join(own)}")
        for name, value in own.items():
            if isinstance(value, int):
                counter(state, name)
            elif len(vector(state, name)) != len(value):
                raise TwinError(f"state array {name} has {len(vector(state, name))} values, the model {len(value)}")
        self._learner.load(state)
        self.updates = updates


def _modules(package: ModuleType) -> tuple[ModuleType, ...]:
    return _modules_in(package.__name__, tuple(package.__path__))


@functools.cache
def _modules_in(package: str, folders: tuple[str, ...]) -> tuple[ModuleType, ...]:
    """All that lie there: looked for once, as models are scored thousands of times."""
    return tuple(importlib.import_module(f"{package}.{found.name}") for found in pkgutil.iter_modules(folders))


def _own_modules(folder: Path | None) -> Iterable[ModuleType]:
    """Every .py in the folder, executed anew; raises TwinError for one that cannot be.

    What is executed is the text that a reader sees, never a .pyc beside it.
    """
    for path in sorted(folder.glob("*.py")) if folder is not None else ():
        module = ModuleType(path.stem)
        try:
            exec(compile(path.read_bytes(), path, "exec"), module.__dict__)  # noqa: S102 - the caller says that it may be
        except Exception as error:  # whatever the user's code raises is about that code
            raise TwinError(f"{path} cannot be imported: {type(error).__name__}: {error}", hint="correct it") from error
        yield module


def _as_learner(module: ModuleType) -> LearnerModule:
    return cast("LearnerModule", module)


def _find(name: str, known: Mapping[str, _Found], *, what: str) -> _Found:
    if name not in known:
        raise TwinError(f"no {what} is named {name!r}", hint=_nearest(name, known))
    return known[name]


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(names) or 'none'}"


def _check_arithmetic(arithmetic: str, known: Sequence[str], *, owner: str) -> None:
    if arithmetic not in known:
        raise TwinError(f"{owner} has no arithmetic {arithmetic!r}", hint=_nearest(arithmetic, known))
