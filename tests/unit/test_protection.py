"""`protection` of a model, [checkpoints] and [[power_cuts]] in a scenario."""

from pathlib import Path

import pytest

from bench.board import make_job
from bench.errors import ConfigurationError
from bench.plan import ConfigureStream, CreateModels, KeepCheckpoints, ReadHousekeeping, RestoreModels, make_plan
from bench.protection import Checkpoints, Protection
from bench.scenario import Limit, load_scenario, make_scenario, with_checkpoints
from bench.selection import Part
from bench.target import load_target
from firmware_if.messages import FaultAction, ProtectBank, ProtectModel
from tests.unit.made_runs import make_recording

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
        ("protection = { checksum = true, bound = 0.0 }", "bound: is 0.0, expected a value greater than 0$"),
        ("protection = { checksum = true, bound = nan }", "bound"),
        ('protection = { checksum = true, action = "stopp" }', "action"),
        ("protection = { chekcsum = true }", "chekcsum"),
    ],
)
def test_what_is_no_protection_is_refused(line: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=text):
        protection_of(line)


def checkpoints_of(text: str) -> Checkpoints | None:
    return make_scenario('name = "s"\ntitle = "s"\n' + text, Path("s.toml")).checkpoints


def test_no_checkpoints_are_kept_unless_a_scenario_says_so() -> None:
    assert checkpoints_of("") is None


def test_a_mistyped_table_of_checkpoints_is_told_before_what_lacks_because_of_it() -> None:
    with pytest.raises(ConfigurationError) as caught:
        checkpoints_of("[checkpoint]\nrows = 9\n[[power_cuts]]\nafter_row = 4")
    assert caught.value.hint == "did you mean 'checkpoints'?"


def test_checkpoints_reach_the_telecommand() -> None:
    assert checkpoints_of("[checkpoints]\nrows = 64") == Checkpoints(64)
    text = "[checkpoints]\nrows = 64\nwatchdog = true\n[[power_cuts]]\nafter_row = 3\n[[power_cuts]]\nafter_row = 70"
    found = checkpoints_of(text)
    assert found == Checkpoints(64, watchdog=True, power_cuts=(3, 70))
    assert found.request() == ProtectBank(64, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[checkpoints]", "checkpoints.rows"),
        ("[checkpoints]\nrows = 0", "checkpoints.rows"),
        ("[checkpoints]\nrows = 4294967296", "checkpoints.rows"),
        ("[checkpoints]\nrows = 4\nwatchdogs = true", "watchdogs"),
        ('mode = "batch"\nepochs = 2\n[checkpoints]\nrows = 4', "checkpoints: given in batch mode"),
        ('mode = "score"\n[checkpoints]\nrows = 4', "checkpoints: given in score mode"),
        ("[[power_cuts]]\nafter_row = 4", r"power_cuts: given without \[checkpoints\]"),
        ("[checkpoint]\nrows = 9\n[[power_cuts]]\nafter_row = 4", "checkpoint: unknown key"),
        ("[checkpoints]\nrows = 0", r"checkpoints.rows: is 0, expected a value in \[1, 4_294_967_295\]"),
        ("[checkpoints]\nrows = 4\n[[power_cuts]]\nafter_row = 0", "after_row"),
        ("[checkpoints]\nrows = 4\n[[power_cuts]]\nafter_row = 5\nram = 1", "ram"),
        ("[checkpoints]\nrows = 4" + "\n[[power_cuts]]\nafter_row = 5" * 2, "is 5, not above the one before"),
        (
            "[checkpoints]\nrows = 4" + "".join(f"\n[[power_cuts]]\nafter_row = {row}" for row in range(1, 66)),
            "power_cuts: more than 64",
        ),
    ],
)
def test_checkpoints_that_mean_nothing_are_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        checkpoints_of(text)


def test_checkpoints_begin_when_the_models_are_made_and_again_when_they_are_made_again() -> None:
    text = 'name = "s"\ntitle = "s"\nrestart_between_segments = true\n[checkpoints]\nrows = 4'
    plan = make_plan(make_scenario(text, Path("s.toml")), make_recording(), target=load_target("host"))
    kinds = [type(step) for step in plan.steps]
    places = [place for place, kind in enumerate(kinds) if kind is KeepCheckpoints]
    assert [kinds[place - 1] for place in places] == [CreateModels, *[RestoreModels] * (len(places) - 1)]
    assert kinds[places[0] + 1] is ReadHousekeeping
    assert len(places) == kinds.count(ConfigureStream) > 1


def test_a_run_with_checkpoints_is_held_to_what_they_promise() -> None:
    own = Limit("checkpoints.rows_lost", at_most=3)
    assert with_checkpoints((), None) == ()
    implied = with_checkpoints((), Checkpoints(64))
    assert [(limit.measure, limit.at_most, limit.equal) for limit in implied] == [
        ("checkpoints.rows_lost", 64, None),
        ("checkpoints.rows_differing", None, 0),
    ]
    assert [limit.measure for limit in with_checkpoints((own,), Checkpoints(64))] == [
        "checkpoints.rows_lost",
        "checkpoints.rows_differing",
    ]


def test_a_power_cut_beyond_the_last_row_of_the_run_is_an_error_before_it_starts() -> None:
    scenario, target = load_scenario("sun-sensor-power-cuts"), load_target("host")
    assert make_job(scenario, target).due_rows == 2880
    message = "power cut: row 400 is not in sun-sensor, which has 150"
    with pytest.raises(ConfigurationError, match=message) as caught:
        make_job(scenario, target, part=Part(end_row=150))
    assert caught.value.hint == "give [[power_cuts]] after_row of at most 150, or run more rows"
