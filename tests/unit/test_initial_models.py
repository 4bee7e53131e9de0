"""A model file against the model that a payload has made for it."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.errors import ConfigurationError, ModelFileError
from bench.initial_models import InitialModel, initial_state, load_initial_models, with_classes
from bench.onnx import LinearModel, load_linear_graph, onnx_bytes
from bench.scenario import load_scenario
from bench.trace import ModelCreated
from tests.unit import onnx_graphs
from tests.unit.made_runs import make_recording

TWO = LinearModel("two", np.array([[0.1, -2.0]]), np.array([0.25]), "f64", -1, (-1, 1))
THREE = LinearModel(
    "three", np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([7.0, 8.0, 9.0]), "f64", -1, (4, 5, 6)
)


def loaded(tmp_path: Path, model: LinearModel) -> InitialModel:
    path = tmp_path / f"{model.name}.onnx"
    path.write_bytes(onnx_bytes(model))
    return InitialModel(path, load_linear_graph(path))


def created(
    *, learner: str = "logistic", arithmetic: str = "f64", outputs: int = 1, dimension: int = 2, bias: bool = False
) -> ModelCreated:
    sizes = {"w": outputs * dimension} | ({"b": outputs, "m": 3} if learner == "logistic" else {"sigma": dimension})
    arrays = [{"name": name, "type": "F64", "offset": 0, "count": count} for name, count in sizes.items()]
    return ModelCreated(
        0, "heater", learner, "identity", arithmetic, [0, 1], {}, dimension, 0, 0, arrays, bias=bias, outputs=outputs
    )


def test_weights_and_intercepts_take_their_places(tmp_path: Path) -> None:
    state = initial_state(loaded(tmp_path, TWO), created(), (-1, 1))
    assert state.arrays == {"w": [0.1, -2.0], "b": [0.25]}
    assert (state.order, state.rounded, state.rounding) == ((0, 1), 0, 0.0)


def test_the_intercept_is_the_last_weight_of_a_model_with_a_bias(tmp_path: Path) -> None:
    state = initial_state(loaded(tmp_path, TWO), created(learner="arow", dimension=3, bias=True), (-1, 1))
    assert state.arrays == {"w": [0.1, -2.0, 0.25]}


def test_a_positive_score_stands_for_the_positive_label(tmp_path: Path) -> None:
    state = initial_state(loaded(tmp_path, TWO), created(), (1, -1))
    assert state.arrays == {"w": [-0.1, 2.0], "b": [-0.25]}
    assert state.order == (1, 0)


def test_outputs_are_put_in_the_order_of_the_classes(tmp_path: Path) -> None:
    state = initial_state(loaded(tmp_path, THREE), created(outputs=3), (4, 6, 5))
    assert state.arrays == {"w": [1.0, 2.0, 5.0, 6.0, 3.0, 4.0], "b": [7.0, 9.0, 8.0]}
    assert state.order == (0, 2, 1)


def test_rounding_to_float_is_counted_and_measured(tmp_path: Path) -> None:
    state = initial_state(loaded(tmp_path, TWO), created(arithmetic="f32"), (-1, 1))
    nearest = float(np.float32(0.1))
    assert state.arrays["w"] == [nearest, -2.0]
    assert state.rounded == 1
    assert state.rounding == pytest.approx((nearest - 0.1) / 0.1)


@pytest.mark.parametrize(("labels", "order"), [((0, 1), (0, 1)), ((1, 0), (1, 0)), ((-1, 1), (0, 1)), ((8, 3), (0, 1))])
def test_a_file_without_labels_counts_its_classes(
    tmp_path: Path, labels: tuple[int, ...], order: tuple[int, ...]
) -> None:
    made = onnx_graphs.torch_sigmoid()
    (tmp_path / "plain.onnx").write_bytes(made.model.SerializeToString())
    initial = InitialModel(tmp_path / "plain.onnx", load_linear_graph(tmp_path / "plain.onnx"))
    assert initial_state(initial, created(dimension=5), labels).order == order


@pytest.mark.parametrize(
    ("model", "target", "labels", "message", "hint"),
    [
        (TWO, created(dimension=3), (-1, 1), "has weights for 2 features, identity makes 3 of 2 channels", "channels"),
        (TWO, created(outputs=3), (1, 2, 3), "tells 2 classes apart, the recording has 3", "relabel"),
        (THREE, created(), (1, 2), "tells 3 classes apart, the recording has 2", "relabel"),
        (TWO, created(), (0, 1), "has the classes -1, 1, the recording has 0, 1", "export the model with these"),
        (TWO, created(learner="arow"), (-1, 1), "the intercept 0.25, and arow has no place", "^write bias = true"),
        (TWO, created(learner="pa", arithmetic="flight"), (-1, 1), "pa has no place", 'arithmetic = "f64" and bias'),
        (
            replace(TWO, weights=np.array([[1.0, 1e300]])),
            created(arithmetic="f32"),
            (-1, 1),
            r"1e\+300, too large",
            "f64",
        ),
        (TWO, replace(created(), arrays=[]), (-1, 1), "has no place", "bias"),
        (
            TWO,
            replace(created(), arrays=[{"name": "b", "type": "F64", "offset": 0, "count": 1}]),
            (-1, 1),
            "has 2 values for the array 'w' of logistic, which has 0",
            "choose a learner",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    tmp_path: Path, *, model: LinearModel, target: ModelCreated, labels: tuple[int, ...], message: str, hint: str
) -> None:
    initial = loaded(tmp_path, model)
    with pytest.raises(ConfigurationError, match=message) as caught:
        initial_state(initial, target, labels)
    assert caught.value.message.startswith(f"model heater: {initial.path} ")
    assert re.search(hint, caught.value.hint)


SCENARIO = """
name = "s"
title = "t"
{more}
[[models]]
learner = "{learner}"
features = "identity"
name = "heater"
initial = "two.onnx"
"""


def test_a_path_is_taken_from_the_folder_of_the_scenario(tmp_path: Path) -> None:
    loaded(tmp_path, TWO)
    (tmp_path / "s.toml").write_text(SCENARIO.format(learner="logistic", more='mode = "score"'))
    [initial] = load_initial_models(load_scenario(tmp_path / "s.toml")).values()
    assert initial.path == tmp_path / "two.onnx"
    assert initial.graph.model.weights.tolist() == TWO.weights.tolist()


def test_a_copy_stands_for_the_file(tmp_path: Path) -> None:
    (tmp_path / "s.toml").write_text(SCENARIO.format(learner="logistic", more='mode = "score"'))
    copies = tmp_path / "copies"
    copies.mkdir()
    with pytest.raises(ModelFileError, match=r"copies/heater.onnx: cannot be read: No such file"):
        load_initial_models(load_scenario(tmp_path / "s.toml"), copies)
    (copies / "heater.onnx").write_bytes(onnx_bytes(TWO))
    assert load_initial_models(load_scenario(tmp_path / "s.toml"), copies)["heater"].graph.model.labels == (-1, 1)


def test_a_learner_that_would_forget_the_weights_is_refused_for_training(tmp_path: Path) -> None:
    loaded(tmp_path, TWO)
    (tmp_path / "s.toml").write_text(SCENARIO.format(learner="rda", more=""))
    with pytest.raises(
        ConfigurationError, match="rda works its weights out anew from all rows, so it cannot go on"
    ) as e:
        load_initial_models(load_scenario(tmp_path / "s.toml"))
    assert 'mode = "score"' in e.value.hint
    (tmp_path / "s.toml").write_text(SCENARIO.format(learner="rda", more='mode = "score"'))
    assert list(load_initial_models(load_scenario(tmp_path / "s.toml"))) == ["heater"]


def test_a_recording_without_labels_has_the_classes_of_the_file(tmp_path: Path) -> None:
    labelled = make_recording()
    initial = {"heater": loaded(tmp_path, THREE)}
    assert with_classes(labelled, initial) is labelled
    bare = replace(labelled, labels=None, label_meanings={}, positive_label=None, evaluation=None)
    assert with_classes(bare, {}) is bare
    found = with_classes(bare, initial)
    assert (sorted(found.label_meanings), found.positive_label) == ([4, 5, 6], 6)
