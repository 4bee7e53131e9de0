"""What tests in Python write: models, and bounds that name their clock. Imports nothing heavy.

from bench.api import Model, instructions

def test_arow_learns_the_camera_rule(hil_payload, hil_recording):
    run = hil_payload.train(hil_recording("sun-sensor"), models=[Model("arow", features="orbitai-3d")])
    assert run.accuracy.balanced >= 0.85
    run.require("timing.train.p99", at_most=instructions(400))
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Model:
    """One model of a bank; the fields are the keys of a scenario's [[models]] (docs/scenarios.md)."""

    learner: str
    features: str = field(default="identity", kw_only=True)
    arithmetic: str | None = field(default=None, kw_only=True)
    """f32, f64 or flight; None = the first of these that learner and feature map both have."""
    name: str | None = field(default=None, kw_only=True)
    """Of the model in every measure; None = the learner's, then with the feature map's and a number."""
    hyperparameters: Mapping[str, float] = field(default_factory=dict, kw_only=True)
    channels: tuple[str, ...] | None = field(default=None, kw_only=True)
    bias: bool = field(default=False, kw_only=True)
    initial: Path | None = field(default=None, kw_only=True)


@dataclass(frozen=True)
class Duration:
    """A bound on a duration: so many counts of a clock."""

    count: float
    clock: str
    """instructions, cycles or host."""


def instructions(count: float) -> Duration:
    """On an emulator that counts instructions; elsewhere the verdict is UNMEASURED."""
    return Duration(count, "instructions")


def cycles(count: float) -> Duration:
    """On a core that counts its cycles; elsewhere the verdict is UNMEASURED."""
    return Duration(count, "cycles")


def host(count: float) -> Duration:
    """Nanoseconds (`timing.*`) or seconds (`time.*`) of the host's clock."""
    return Duration(count, "host")
