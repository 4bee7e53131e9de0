"""Which jobs may run at the same time."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import ConfigurationError
from bench.nightly import load_matrix, plan_night
from bench.nightly.matrix import Cell, Settings
from bench.nightly.outcome import Outcome
from bench.nightly.plan import NightJob, choose_jobs, next_job
from bench.scenario import load_scenario
from bench.target import load_target

HOST = load_target("host")
SCENARIO = load_scenario("sun-sensor")


def job(name: str, *, lane: str = "", alone: bool = False, needs: tuple[str, ...] = ()) -> NightJob:
    cell = Cell(replace(SCENARIO, name=name), "host", Settings(needs=needs))
    return NightJob(cell, HOST, lane=lane, alone=alone)


made_jobs = st.lists(st.tuples(st.sampled_from(["", "", "one", "two"]), st.booleans()), max_size=12).map(
    lambda drawn: [job(f"j{index}", lane=lane, alone=alone) for index, (lane, alone) in enumerate(drawn)]
)


@given(made_jobs, st.integers(1, 4), st.data())
def test_every_job_gets_its_turn_and_no_rule_is_broken(jobs: list[NightJob], slots: int, data: st.DataObject) -> None:
    waiting, running, done = list(jobs), list[NightJob](), dict[str, Outcome]()
    while waiting or running:
        chosen = next_job(waiting, running, slots=slots, done=done)
        if chosen is not None:
            waiting.remove(chosen)
            running.append(chosen)
        else:
            assert running, "somebody waits for nobody"
            ended = data.draw(st.sampled_from(running))
            running.remove(ended)
            done[ended.name] = Outcome.PASS
        assert sum(not one.lane for one in running) <= slots
        lanes = [one.lane for one in running if one.lane]
        assert len(lanes) == len(set(lanes)), "two jobs on one board"
        assert len(running) == 1 or not any(one.alone for one in running)


def test_what_a_job_needs_is_over_before_it_begins() -> None:
    second = job("second", needs=("first",))
    first = job("first")
    assert next_job([second, first], [], slots=4, done={}) is first
    assert next_job([second], [first], slots=4, done={}) is None
    assert next_job([second], [], slots=4, done={"first@host": Outcome.FAIL}) is second


def test_a_full_machine_does_not_keep_a_board_waiting() -> None:
    board = job("board", lane="one")
    assert next_job([job("a"), board], [job("b")], slots=1, done={}) is board


def test_a_job_whose_limit_is_on_the_clock_of_the_host_is_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    limit = '[[limits]]\nmeasure = "link.goodput_bytes_per_s"\nat_least = 1\nclock = "host"\n'
    scenario = 'name = "quick"\ntitle = "a line"\nrecording = "sun-sensor"\ntarget = "host"\n' + limit
    (tmp_path / "quick.toml").write_text(scenario)
    matrix = tmp_path / "m.toml"
    matrix.write_text('scenarios = ["quick.toml", "sun-sensor"]\ntargets = ["host"]\n')
    assert [one.alone for one in plan_night(load_matrix(matrix))] == [True, False]
    matrix.write_text('scenarios = ["quick.toml"]\ntargets = ["host"]\nalone = false\n')
    assert [one.alone for one in plan_night(load_matrix(matrix))] == [False]


def test_only_takes_what_matches_and_what_that_needs() -> None:
    jobs = [job("a"), job("b", needs=("a",)), job("c")]
    assert [one.name for one in choose_jobs(jobs, ["b"])] == ["a@host", "b@host"]
    assert [one.name for one in choose_jobs(jobs, ["c@*"])] == ["c@host"]
    assert choose_jobs(jobs, ["host"]) == choose_jobs(jobs, []) == tuple(jobs)
    with pytest.raises(ConfigurationError, match="no job of the matrix is named 'hots'"):
        choose_jobs(jobs, ["hots"])
