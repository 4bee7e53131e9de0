"""A scenario that a program writes: its text, as a file would hold it, so that the run folder is complete."""

import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from numbers import Real
from pathlib import Path
from typing import Final

from bench.api import Model
from bench.errors import ConfigurationError
from bench.scenario import ARITHMETICS, Limit, Scenario, make_scenario
from bench.target import target_names
from firmware_if.reference import feature_modules, learner_modules

NAME_LENGTH: Final = 24
_DIGITS: Final = 4
_PLACE: Final = Path("scenario")
"""Stands for the file in messages."""


def compose_scenario(  # one argument for each key
    name: str,
    models: Sequence[Model],
    *,
    title: str,
    mode: str = "stream",
    epochs: int = 0,
    speed: float | None = None,
    restart_between_segments: bool = False,
    evaluate: bool = True,
) -> Scenario:
    """A scenario without limits or recording; raises ConfigurationError as for a file with the same mistakes."""
    if not models:
        raise ConfigurationError("no model was given", hint='for example models=[Model("arow", features="orbitai-3d")]')
    lines = [
        f"name = {toml_text(scenario_name(name))}",
        f"title = {toml_text(title)}",
        f"mode = {toml_text(mode)}",
        *([f"epochs = {toml_text(epochs)}"] if epochs else []),
        *([f"speed = {number(speed, 'speed')!r}"] if speed is not None else []),
        f"restart_between_segments = {toml_text(restart_between_segments)}",
        f"evaluate = {toml_text(evaluate)}",
    ]
    for model_name, model in zip(_names(models), models, strict=True):
        lines += ["", "[[models]]", *_model(model_name, model)]
    return make_scenario("\n".join(lines) + "\n", _PLACE)


def scenario_name(text: str) -> str:
    """What of `text` can be a name in a scenario; one that is cut has four digits that tell it from others like it."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-_")
    if len(name) > NAME_LENGTH:
        digits = hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
        name = f"{name[: NAME_LENGTH - _DIGITS - 1].rstrip('-_')}-{digits}"
    return name or "scenario"


def toml_text(value: object) -> str:
    """A value as TOML; a text as a basic string on one line, in which what is no character is replaced.

    What has no counterpart is written as a text, which whoever reads the scenario refuses by the key's name.
    """
    if not isinstance(value, str):
        return json.dumps(value, default=str, ensure_ascii=False)
    whole = value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # halves become one, or U+FFFD
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")  # the one that JSON lets through


def number(value: object, name: str) -> float:
    """Any real number, numpy's too, as Python's; raises ConfigurationError for what is none, or not finite."""
    if not isinstance(value, bool) and isinstance(value, Real):
        try:
            plain = float(value)
        except OverflowError:
            plain = math.inf
        if math.isfinite(plain):
            return plain
    raise ConfigurationError(f"{name} is {value!r}, expected a finite number", hint=f"write {name} as 0.5 or 400")


def limit_text(limit: Limit) -> str:
    """A [[limits]] table."""
    bounds = {"equal": limit.equal, "at_least": limit.at_least, "at_most": limit.at_most}
    lines = ["[[limits]]", f"measure = {toml_text(limit.measure)}"]
    lines += [f"{key} = {bound!r}" for key, bound in bounds.items() if bound is not None]
    lines += [f"clock = {toml_text(limit.clock)}"] if limit.clock else []
    # One that does not come with the bench is written as its file, which a scenario may name wherever it is.
    targets = [name if name in target_names() else f"{name}.toml" for name in limit.targets or ()]
    lines += [f"targets = {toml_text(targets)}"] if targets else []
    lines += [] if limit.required else ["required = false"]
    lines += [f"because = {toml_text(limit.because)}"] if limit.because else []
    lines += [f"requirements = {toml_text(limit.requirements)}"] if limit.requirements else []
    return "\n".join(lines) + "\n"


def _model(name: str, model: Model) -> Iterator[str]:
    yield f"name = {toml_text(name)}"
    yield f"learner = {toml_text(model.learner)}"
    yield f"features = {toml_text(model.features)}"
    yield f"arithmetic = {toml_text(model.arithmetic or _arithmetic(model))}"
    if model.hyperparameters:
        given = ", ".join(f"{toml_text(key)} = {number(value, key)!r}" for key, value in model.hyperparameters.items())
        yield f"hyperparameters = {{ {given} }}"
    if model.channels is not None:
        yield f"channels = {toml_text(list(model.channels))}"
    yield f"bias = {toml_text(model.bias)}"
    if model.initial is not None:
        yield f"initial = {toml_text(str(model.initial.resolve()))}"


def _arithmetic(model: Model) -> str:
    """The first that both have; what has no plain reference here may have any."""
    learners, features = learner_modules(), feature_modules()
    of_learner = learners[model.learner].ARITHMETICS if model.learner in learners else ARITHMETICS
    of_map = features[model.features].ARITHMETICS if model.features in features else ARITHMETICS
    for arithmetic in ARITHMETICS:
        if arithmetic in of_learner and arithmetic in of_map:
            return arithmetic
    message = (
        f"learner {model.learner} ({', '.join(of_learner)}) and feature map {model.features} ({', '.join(of_map)})"
    )
    raise ConfigurationError(f"{message} have no arithmetic in common", hint="see: bench learners")


def _names(models: Sequence[Model]) -> list[str]:
    """Given names, else the learner's, with the feature map's, and then a number, where two would be named alike."""
    learners = [model.learner for model in models if model.name is None]
    names: list[str] = []
    for model in models:
        several = learners.count(model.learner) > 1
        name = model.name or scenario_name(f"{model.learner}_{model.features}" if several else model.learner)
        if model.name is None and name in names:
            number = next(number for number in range(2, len(models) + 2) if f"{name}-{number}" not in names)
            name = f"{name}-{number}"
        names.append(name)
    return names
