"""A matrix says what it means, or one error says what is wrong with it, before anything starts."""

import datetime as dt
from pathlib import Path

import pytest

from bench.errors import ConfigurationError
from bench.nightly import load_matrix, plan_night
from bench.nightly.matrix import Matrix
from bench.nightly.outcome import Retries

BASE = 'scenarios = ["sun-sensor", "first-look"]\ntargets = ["host", "qemu-zynq-a9"]\n'
KNOWN = '[[quarantine]]\nreason = "known"\nuntil = 2026-12-01\n'


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No station.toml of the working folder has a say."""
    monkeypatch.chdir(tmp_path)


def load(folder: Path, text: str) -> Matrix:
    path = folder / "small.toml"
    path.write_text(text)
    return load_matrix(path)


def names(matrix: Matrix) -> list[str]:
    return [cell.name for cell in matrix.cells]


def test_jobs_are_scenarios_times_targets_in_the_order_of_the_file(tmp_path: Path) -> None:
    assert names(load(tmp_path, BASE)) == [
        "sun-sensor@host",
        "sun-sensor@qemu-zynq-a9",
        "first-look@host",
        "first-look@qemu-zynq-a9",
    ]


def test_without_targets_each_scenario_runs_on_its_own(tmp_path: Path) -> None:
    assert names(load(tmp_path, 'scenarios = ["sun-sensor"]')) == ["sun-sensor@qemu-zynq-a9"]


def test_excluded_jobs_are_gone_and_included_ones_have_settings_of_their_own(tmp_path: Path) -> None:
    matrix = load(
        tmp_path,
        BASE
        + 'timeout_s = 60\n[[exclude]]\nscenario = "first-look"\ntarget = "host"\n'
        + '[[include]]\nscenario = "sun-sensor"\ntarget = "host"\nrepeats = 3\nrequired = false\n'
        + '[[include]]\nscenario = "sun-sensor-epochs"\ntarget = "host"\nretries = 0\nrecording = "a/b"\n'
        + 'link_faults = "mine/line.toml:3"\n',
    )
    assert names(matrix)[-1] == "sun-sensor-epochs@host"
    assert len(matrix.cells) == 4
    settings = {cell.name: cell.settings for cell in matrix.cells}
    assert settings["sun-sensor@host"].retries == Retries(3, 1)
    assert not settings["sun-sensor@host"].required
    assert settings["sun-sensor@qemu-zynq-a9"].retries == Retries(1, 1)
    assert settings["sun-sensor-epochs@host"].recording == str(tmp_path / "a/b")
    assert settings["sun-sensor-epochs@host"].link_faults == str(tmp_path / "mine/line.toml:3")
    assert settings["sun-sensor@host"].link_faults is None
    assert {one.timeout_s for one in settings.values()} == {60.0}
    assert settings["sun-sensor@host"].process_s == 2 * 60 + 300


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("scenarios = []", "no job is left", "name scenarios"),
        ('scenarios = ["sun-senser"]', "scenarios[0]: is 'sun-senser', which is no scenario", "'sun-sensor'"),
        (BASE.replace("zynq-a9", "zinq"), "targets[1]: is 'qemu-zinq', which is no target", "'qemu-zynq-a9'"),
        (BASE.replace("host", "mine.toml"), "targets[0]: is 'mine.toml', and there is no such file", "looked for"),
        (BASE + "repeat = 2", "repeat: unknown key", "'repeats'"),
        (BASE + "jobs = 0", "jobs: is 0, expected a value in [1, 1_000]", "give jobs"),
        (BASE + 'needs = ["first-lok"]', "needs 'first-lok', which is not run on that target", "'first-look'"),
        (BASE + 'needs = ["first-look"]', "first-look@host needs itself", "no circle"),
        (BASE + '[[exclude]]\nscenario = "sun"', "exclude[0].scenario: excludes nothing", "sun-sensor@host"),
        (BASE + "[[exclude]]", "exclude[0].scenario: excludes everything", "sun-sensor@host"),
        (BASE.replace("first-look", "sun-sensor"), "scenarios: sun-sensor@host is there twice", "once"),
        (BASE + KNOWN, "quarantine[0].scenario: missing, and target too", "which jobs"),
        (BASE + KNOWN + 'target = "hots"', "quarantine[0].target: is 'hots', which no job", "'host'"),
        (BASE + KNOWN + 'scenario = "sun"', "quarantine[0].scenario: is 'sun', which no job", "sun-sensor"),
        (BASE + KNOWN.replace('"known"', '" "') + 'target = "host"', "quarantine[0].reason: is empty", "say what"),
        (BASE + KNOWN.replace("12-01", "12-01T00:00:00"), "expected a day alone", "until = 2026-12-01"),
        (
            BASE + KNOWN.replace("2026-12-01", '"soon"'),
            "quarantine[0].until: is 'soon', expected a date without quotes",
            "give",
        ),
        ('station = "no.toml"\n' + BASE, "no.toml: no such file", "check the path"),
    ],
)
def test_a_matrix_that_cannot_be_meant_is_one_error(tmp_path: Path, text: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, text)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_quarantine_of_a_job_that_is_excluded_is_an_error(tmp_path: Path) -> None:
    excluded = '[[exclude]]\nscenario = "first-look"\ntarget = "host"\n'
    with pytest.raises(ConfigurationError, match="there is no job first-look@host"):
        load(tmp_path, BASE + excluded + KNOWN + 'scenario = "first-look"\ntarget = "host"')


def test_two_scenarios_of_one_name_are_an_error(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "fixtures/scenarios/sun-sensor.toml").read_text()
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigurationError, match="whose scenario has the name of 'sun-sensor': sun-sensor"):
        load(tmp_path, 'scenarios = ["sun-sensor", "mine.toml"]')


def test_a_quarantine_entry_holds_up_to_its_last_day(tmp_path: Path) -> None:
    [entry] = load(tmp_path, BASE + KNOWN + 'scenario = "sun-sensor"\nmeasure = "timing.*"').quarantine
    assert entry.holds(dt.date(2026, 12, 1))
    assert not entry.holds(dt.date(2026, 12, 2))
    assert entry.covers("sun-sensor@host")
    assert not entry.covers("first-look@host")
    assert entry.excuses("timing.train.p99")
    assert not entry.excuses("run.completed")
    assert entry.key == "sun-sensor@* timing.*"


def test_a_job_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path) -> None:
    matrix = load(tmp_path, 'scenarios = ["first-look"]\ntargets = ["host"]')
    with pytest.raises(ConfigurationError, match=r"small\.toml: first-look@host: the scenario has no recording"):
        plan_night(matrix)


def test_a_board_without_a_port_is_blocked_and_no_error(tmp_path: Path) -> None:
    file = Path(__file__).parents[2] / "firmware_if/targets/host.toml"
    text = file.read_text().replace('name = "host"', 'name = "desk"')
    text = text.replace('kind = "process"', 'kind = "serial"')
    (tmp_path / "desk.toml").write_text(
        "\n".join(line for line in text.splitlines() if not line.startswith(("arguments", "storage")))
    )
    [job] = plan_night(load(tmp_path, 'scenarios = ["sun-sensor"]\ntargets = ["desk.toml"]'))
    assert "desk is a board, and nothing says which port it is on" in job.blocked
    station = '[station.desk]\ntarget = "desk.toml"\nport = "/dev/hil-absent"\n'
    (tmp_path / "station.toml").write_text(station)
    [job] = plan_night(load(tmp_path, 'station = "station.toml"\nscenarios = ["sun-sensor"]\ntargets = ["desk"]'))
    assert "there is no /dev/hil-absent" in job.blocked
