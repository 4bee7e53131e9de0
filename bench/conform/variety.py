"""Models made in other ways than the plainest: drawn hyperparameters, some of the channels in any order, a bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from bench.conform.subject import Recipe
from firmware_if.messages import ConfigureStream, CreateModel, Hyperparameter, ParameterInfo

UNUSED = 2
"""Channels of a row that no model of a plain width reads."""
_SPREAD = 0.2
"""A drawn hyperparameter lies this far from its initial value: used at all, and learning goes on as usual."""


@dataclass(frozen=True)
class Variant:
    """A recipe with everything that CreateModel can say."""

    recipe: Recipe
    width: int
    """Channels of the stream."""
    places: tuple[int, ...]
    """Those that the model reads, in its order."""
    parameters: Mapping[str, float]
    bias: int = 0

    @property
    def name(self) -> str:
        """For a report: everything that has to be known to make it again."""
        given = ", ".join(f"{name} {value:g}" for name, value in self.parameters.items())
        bias = " and a bias" if self.bias else ""
        return f"{self.recipe.name} on {self.recipe.features.name} of channels {self.places}{bias} ({given})"

    def configure(self, *, next_row: int = 0, classes: tuple[int, ...] = (-1, 1)) -> ConfigureStream:
        return ConfigureStream(self.width, next_row, classes, self.recipe.mode)

    def create(self) -> CreateModel:
        learner, features = self.recipe.learner, self.recipe.features
        given = tuple(Hyperparameter(name, value) for name, value in self.parameters.items())
        return CreateModel(learner.name, features.name, learner.arithmetic, self.places, self.bias, given)

    def chosen(self, values: Sequence[float]) -> list[float]:
        """What the model reads of a row."""
        return [values[place] for place in self.places]


def vary(recipe: Recipe, draw: Random, *, width: int | None = None, bias: int = 0) -> Variant:
    """A variant of the recipe, on a stream of so many channels."""
    channels = width or recipe.channels + UNUSED
    places = tuple(draw.sample(range(channels), recipe.channels))
    parameters = {parameter.name: _draw_value(parameter, draw) for parameter in recipe.learner.parameters}
    return Variant(recipe, channels, places, parameters, bias)


def _draw_value(parameter: ParameterInfo, draw: Random) -> float:
    initial = parameter.initial
    if parameter.whole:
        low, high = max(parameter.minimum, initial // 2 + 1), min(parameter.maximum, 2 * initial + 9)
        return float(draw.randint(int(low), int(high)) if low <= high else initial)
    ends = sorted((initial * (1 - _SPREAD), initial * (1 + _SPREAD)))
    return draw.uniform(max(parameter.minimum, ends[0]), min(parameter.maximum, ends[1]))
