"""`protection` of a model in a scenario."""

from pathlib import Path

import pytest

from bench.errors import ConfigurationError
from bench.protection import Protection
from bench.scenario import make_scenario
from firmware_if.messages import FaultAction, ProtectModel

MODEL = 'name = "s"\ntitle = "s"\n[[models]]\nname = "a"\nlearner = "arow"\nfeatures = "identity"\n'


def protection_of(line: str) -> Protection | None:
    [model] = make_scenario(MODEL + line, Path("s.toml")).models
    return model.protection


def test_a_model_is_plain_unless_it_says_otherwise() -> None:
    assert protection_of("") is None


def test_every_key_reaches_the_telecommand() -> None:
    found = protection_of('protection = { copies = 3, checksum = true, bound = 1e6, action = "stop" }')
    assert found is not None
    assert found.request(4) == ProtectModel(4, 3, 1, 1, 1e6, FaultAction.STOP)
    assert Protection(copies=2).request(0) == ProtectModel(0, 2, 0, 0, 0.0, FaultAction.ROLL_BACK)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("protection = {}", "protects nothing"),
        ("protection = { copies = 4 }", "copies"),
        ("protection = { checksum = true, bound = 0.0 }", "bound"),
        ("protection = { checksum = true, bound = nan }", "bound"),
        ('protection = { checksum = true, action = "stopp" }', "action"),
        ("protection = { chekcsum = true }", "chekcsum"),
    ],
)
def test_what_is_no_protection_is_refused(line: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        protection_of(line)
