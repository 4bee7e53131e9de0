"""The pages about faults say what the profiles and the code have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bench.scenario import make_scenario
from bench.sensor_faults import FAULTS
from bench.sensor_faults.inject import disturb
from bench.telemetry import load_recording
from bench.transport.faults import KINDS, profile_names

ROOT = Path(__file__).parents[2]
LINK = (ROOT / "docs" / "link-faults.md").read_text(encoding="utf-8")
SENSOR = (ROOT / "docs" / "sensor-faults.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("profile", profile_names())
def test_every_figure_of_a_profile_is_on_the_page(profile: str) -> None:
    text = (ROOT / "fixtures" / "link_faults" / f"{profile}.toml").read_text(encoding="utf-8")
    part = LINK.partition(f"| `{profile}` |")[2]
    rows = part.partition("\n| `")[0]
    figures = re.findall(r"^(?:per_\w+|light_time_s) = (\S+)$", text, re.MULTILINE)
    missing = [figure for figure in figures if figure not in rows and figure != "0.5"]  # "every second bit"
    assert missing == []
    assert all(kind in rows for kind in re.findall(r'^kind = "(\w+)"$', text, re.MULTILINE))


def test_every_kind_of_link_fault_is_explained() -> None:
    assert [kind for kind in KINDS if f"| `{kind}` |" not in LINK] == []


def test_every_sensor_fault_is_explained_and_the_example_can_be_used() -> None:
    assert [fault for fault in FAULTS if f"| `{fault}` |" not in SENSOR] == []
    example = SENSOR.partition("```toml\n")[2].partition("```")[0]
    scenario = make_scenario(f'name = "x"\ntitle = "x"\n{example}', ROOT / "x.toml")
    recording = load_recording(ROOT / "fixtures" / "telemetry" / "sun-sensor")
    done = disturb(recording, scenario.sensor_faults)
    assert {fault.fault for fault in done.faults} == {"stuck", "nan"}
