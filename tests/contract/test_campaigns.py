"""Every committed campaign loads and fits its scenario, and the documented keys are those that the reader knows."""

import re
from itertools import chain
from pathlib import Path

import pytest

from bench.campaign.fault import DETECTION, LEARNER, STRATA, SYSTEM
from bench.campaign.spec import campaign_names, load_campaign
from tests.contract.test_fixtures import DOCS, documented_keys

VALUES = {
    "name": '"demo"', "title": '"x"', "scenario": '"sun-sensor"', "target": '"host"', "seed": "1", "injections": "5",
    "margin": "0.1", "instants": "8", "benign_loss": "0.1", "repeat_share": "0.02", "confidence": "0.9",
    "reference_rate": "1e-6", "upset_rates": "[1e-7]", "injector": '"a:b"', "share": "1.0", "runs_per_day": "3.0",
    "assumed_instructions_per_s": "1e6", "bits": "1", "exposure": "0.5",
}  # fmt: skip


@pytest.mark.parametrize("name", campaign_names())
def test_every_campaign_loads_under_its_own_name_and_fits_its_scenario(*, name: str) -> None:
    campaign = load_campaign(name)
    assert campaign.name == name
    assert campaign.setup().target == campaign.target


def test_every_documented_key_of_a_campaign_is_known(tmp_path: Path) -> None:
    documented = documented_keys("campaigns.md")
    top = [key for key in documented["The campaign file"] if key not in {"margin", "exposure", "upsets", "strata"}]
    keys = {
        "": top,
        "[exposure]": [key for key in documented["Exposure"] if key != "share"],
        "[[upsets]]": documented["Upsets"],
        "[[strata]]": [key for key in documented["Strata"] if key != "injections"],
    }
    values = {"": {}, "[exposure]": {}, "[[upsets]]": {}, "[[strata]]": {"name": '"weights"'}}
    lines = []
    for heading, found in keys.items():
        lines.append(heading)
        lines.extend(f"{key} = {values[heading].get(key, VALUES[key])}" for key in found)
    path = tmp_path / "demo.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    campaign = load_campaign(path)
    assert campaign.strata[0].margin == 0.1
    headings = ("The campaign file", "Exposure", "Upsets", "Strata")
    named = set(chain.from_iterable(documented[heading] for heading in headings))
    assert named == set(VALUES) | {"upsets", "strata"}


def test_every_stratum_and_outcome_is_documented() -> None:
    words = set(re.findall(r"`(\w+)`", (DOCS / "campaigns.md").read_text(encoding="utf-8")))
    assert words >= {*STRATA, *SYSTEM, *LEARNER, *DETECTION}
