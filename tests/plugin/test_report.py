"""What the report of a failure shows of the payload."""

from pathlib import Path

from bench.pytest_plugin.report import payload_sections
from bench.target import TARGETS
from bench.trace import EventReported
from tests.plugin.lab import Lab, printed
from tests.system.printing import Talk, build_talking, copy_sources

TEST = """
from bench.api import Model

def test_it(hil_payload, hil_recording):
    run = hil_payload.train(hil_recording("rows"), models=[
        Model("chatty", features="orbitai-3d", arithmetic="flight"),
        Model("arow", features="identity", arithmetic="f32"),
    ])
    run.require("memory.arena_used_bytes", at_most=1)
"""


def write_talking_target(lab: Lab, folder: Path) -> None:
    """Describe a native process whose firmware prints a line in each training step of one learner."""
    elf = build_talking(copy_sources(folder), Talk(in_train=1), port="host", board=None)
    text = (TARGETS / "host.toml").read_text().replace('port = "host"\n', "")
    lab.write(
        "talking.toml",
        text.replace('name = "host"', 'name = "talking"').replace("arguments", f'firmware = "{elf}"\narguments'),
    )


def test_a_failure_shows_verdicts_console_and_the_tail_of_the_link(lab: Lab, tmp_path: Path) -> None:
    lab.write_rows()
    write_talking_target(lab, tmp_path / "firmware")
    lab.write("test_it.py", TEST)
    result = lab.run("--hil-target", "talking.toml", "--hil-runs", "kept")
    result.assert_outcomes(failed=1)
    said = printed(result)
    titles = [line.strip("- ").partition(":")[0] for line in said.splitlines() if line.startswith("---")]
    assert titles == ["verdicts", "payload", "link"]
    assert "FAIL     memory.arena_used_bytes" in said
    console = said.partition(" payload: console ")[2].partition("link: last")[0]
    assert console.count("train: Temperatur 21 °C, line") == 20
    tail = said.partition("link: last")[2]
    assert "TM[3,25] Housekeeping" in tail
    [folder] = (lab.path / "kept").iterdir()
    assert f"all of it: bench frames kept/{folder.name}" in tail
    assert "def require" not in said


def test_the_last_events_are_shown_with_the_payloads_own_time() -> None:
    trace = [EventReported("medium", "not_finite_state", number, number / 2) for number in range(30)]
    [(title, text)] = payload_sections(trace)
    assert title == "payload: last 10 events (uptime)"
    assert text.splitlines()[-1].split() == ["14.500000", "s", "medium", "not_finite_state", "(29)"]
    assert len(text.splitlines()) == 10
