"""`bench verify`: a model file on a payload, without a scenario to write."""

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path

from bench.cli.run_command import carry_out
from bench.run_folder import INITIAL
from bench.scenario import Scenario, make_scenario

_NAME_LENGTH = 24
_TEXT = """# Made by `bench verify`. Every key is explained in docs/scenarios.md.
name = "verify"
title = "{name}.onnx, as the payload scores it"
mode = "score"

[[models]]
name = "{name}"
learner = "logistic"
features = {features}
arithmetic = "{arithmetic}"
{channels}initial = "{folder}/{name}.onnx"

[[limits]]
measure = "parity.original*"
equal = 0
because = "the payload must score as ONNX Runtime does with the very file, but for rounding"

[[limits]]
measure = "parity.onnx*"
equal = 0
because = "and as it does with the weights that the payload holds"

[[limits]]
measure = "parity.plain*"
equal = 0
because = "what was loaded must be there, bit for bit"
"""


def verify_model(options: argparse.Namespace) -> int:
    """Run the scenario that loads the file and scores with it; the exit status."""
    return carry_out(verify_scenario(options), options)


def verify_scenario(options: argparse.Namespace) -> Scenario:
    """The scenario, whose text names the copy of the file in the run folder."""
    file: Path = options.model
    text = _TEXT.format(
        name=model_name(file.stem),
        features=json.dumps(options.features),
        arithmetic=options.arithmetic,
        channels=f"channels = {json.dumps(options.channels.split(','))}\n" if options.channels else "",
        folder=INITIAL,
    )
    scenario = make_scenario(text, Path("bench verify"))
    [model] = scenario.models
    return replace(scenario, models=(replace(model, initial=file),))


def model_name(stem: str) -> str:
    """What of a file's name can be that of a model."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", stem)[:_NAME_LENGTH] or "model"
