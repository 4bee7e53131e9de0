"""The models of a run in the end, as linear ones."""

from dataclasses import replace

import numpy as np
import pytest

from bench.trace import CatalogueListed, Entry, ModelCreated, ModelDumped
from bench.trained_models import TrainedModel, trained_models
from tests.unit.made_runs import MadeRun, make_run


def arow(made: MadeRun, trace: list[Entry]) -> TrainedModel:
    (found,) = (one for one in trained_models(trace, made.recording) if one.created.learner == "arow")
    return found


def with_dumps(made: MadeRun, **state: list[float]) -> list[Entry]:
    """The trace with what came down of arow_3D replaced."""
    return [
        replace(entry, state=dict(state)) if isinstance(entry, ModelDumped) and entry.name == "arow_3D" else entry
        for entry in made.trace
    ]


def test_the_last_state_is_the_model() -> None:
    made = make_run()
    model = arow(made, made.trace).linear
    assert model is not None
    assert model.weights.tolist() == [made.plain.snapshots["arow_3D", 50].state["w"]]
    assert model.weights.tolist() != [made.plain.snapshots["arow_3D", 30].state["w"]]
    assert (model.intercepts.tolist(), model.labels, model.tie, model.probability) == ([0.0], (-1, 1), -1, False)


def test_the_positive_label_is_the_last_whatever_its_number() -> None:
    made = make_run()
    recording = replace(made.recording, positive_label=-1)
    model = trained_models(made.trace, recording)[0].linear
    assert model is not None
    assert model.labels == (1, -1)


def test_a_model_says_where_it_comes_from() -> None:
    made = make_run()
    model = arow(made, made.trace).linear
    assert model is not None
    assert dict(model.metadata) == {
        "learner": "arow",
        "hyperparameters": "r = 0.80000000000000004",
        "arithmetic": "flight",
        "features": "orbitai-3d",
        "channels": "a",
        "row": "50",
        "updates": str(made.plain.snapshots["arow_3D", 50].updates),
        "run": "scenario, made, target, firmware 00",
    }


def test_an_array_of_intercepts_is_taken() -> None:
    made = make_run()
    model = arow(made, with_dumps(made, w=[1.0, 2.0, 3.0], b=[0.5])).linear
    assert model is not None
    assert (model.weights.tolist(), model.intercepts.tolist()) == ([[1.0, 2.0, 3.0]], [0.5])


@pytest.mark.parametrize(
    ("state", "because"),
    [
        ({"support": [1.0]}, "its state has no weights: no array 'w'"),
        ({"w": [1.0, 2.0]}, "its array 'w' has 2 values, 3 were due"),
        ({"w": [1.0, 2.0, 3.0], "b": [1.0, 2.0]}, "its array 'b' has 2 values, 1 were due"),
        ({"w": [1.0, np.nan, 3.0]}, "its array 'w' holds nan"),
        ({"w": [1.0, "x", 3.0]}, "its array 'w' holds what is no number"),
    ],
)
def test_a_state_that_is_no_linear_model_says_why(state: dict[str, list[float]], because: str) -> None:
    made = make_run()
    found = arow(made, with_dumps(made, **state))
    assert (found.linear, found.because) == (None, because)


def test_a_model_that_never_came_down_says_so() -> None:
    made = make_run()
    trace = [entry for entry in made.trace if not isinstance(entry, ModelDumped)]
    assert arow(made, trace).because == "no state came down"


def test_without_the_payloads_description_the_tie_rule_is_unknown() -> None:
    made = make_run()
    trace = [entry for entry in made.trace if not isinstance(entry, CatalogueListed)]
    assert arow(made, trace).because == "the payload did not describe arow in flight arithmetic"


def test_one_output_does_not_tell_three_classes_apart() -> None:
    made = make_run()
    recording = replace(made.recording, label_meanings={-1: "OFF", 0: "DIM", 1: "ON"})
    assert trained_models(made.trace, recording)[0].because == "it has 1 outputs for 3 classes"


@pytest.mark.parametrize("name", ["../arow", "a/b", "", ".", "x" * 65])
def test_a_name_that_would_leave_the_folder_is_refused(name: str) -> None:
    made = make_run()
    trace = [replace(entry, name=name) if isinstance(entry, ModelCreated) else entry for entry in made.trace]
    assert trained_models(trace, made.recording)[0].because == f"{name!r} cannot be the name of a file"
