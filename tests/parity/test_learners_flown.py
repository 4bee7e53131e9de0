"""The twins, in C and in Python, against the models that OPS-SAT-1 trained in orbit. Needs the OrbitAI data."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware_if.reference import Reference, State, learner_modules, nearest_float32, predicted_label
from tests.parity.conftest import COMPILERS
from tests.parity.native import Native, NativeModel, bits

SAVED = {learner: learner for learner in ("adam", "rda", "arow", "scw", "nherd")}
UNSAVED = {"pa": "pa", "pa1": "pa-i", "pa2": "pa-ii"}
"""Trained in orbit and never saved: what is compared is what the flight's library gave for the same rows."""
LEARNERS = SAVED | UNSAVED
CHANNELS = {"1D": (5,), "2D": (5,), "3D": (5,), "5D": (0, 1, 2, 3, 4)}
SAVED_MODELS = [f"{flown}_{dimension}" for flown in SAVED for dimension in CHANNELS]
MODELS = [f"{flown}_{dimension}" for flown in LEARNERS for dimension in CHANNELS]
RUN_ENDS = (849, 1698, 2237, 2776, 3315, 3854)
LOST = {"adam": ("timestep",)}
"""State arrays that the flight software never saved: 0 again in each run."""
PUBLISHED_COUNTS = ("TP", "FN", "FP", "TN")

Row = tuple[list[float], int]


class NativeReference:
    """A C model on rows, with the part of Reference's interface that these tests use."""

    def __init__(self, native: Native, name: str) -> None:
        learner, dimension = learner_of(name)
        self._native = native
        self._features = f"orbitai-{dimension.lower()}"
        self._channels = CHANNELS[dimension]
        described = native.learners[learner, "flight"]
        table = [described.parameters[i] for i in range(described.parameter_count)]
        size = native.features[self._features, "flight"].dimension(len(self._channels))
        self._model = NativeModel(described, size, {p.name.decode(): p.initial for p in table})
        self._tie = described.tie
        self.updates = 0

    def features(self, row: list[float]) -> list[float]:
        finite, x = self._native.map(self._features, "flight", [nearest_float32(row[c]) for c in self._channels])
        assert finite
        return x

    def train(self, row: list[float], label: int) -> bool:
        changed = self._model.train(self.features(row), label)
        self.updates += changed
        return changed

    def score(self, row: list[float]) -> float:
        return self._model.score(self.features(row))

    def predict(self, row: list[float]) -> int:
        return predicted_label(self.score(row), self._tie)

    def state(self) -> State:
        return self._model.state()

    def load(self, state: State, *, updates: int) -> None:
        self._model.load(state)
        self.updates = updates


Model = Reference | NativeReference


def learner_of(name: str) -> tuple[str, str]:
    """Name of the learner, and the dimension, of a flown model."""
    flown, dimension = name.split("_")
    return LEARNERS[flown], dimension


def python_model(name: str) -> Model:
    learner, dimension = learner_of(name)
    return Reference(learner, f"orbitai-{dimension.lower()}", arithmetic="flight", channels=CHANNELS[dimension])


@pytest.fixture(params=[*COMPILERS, "Python"])
def make_model(request: pytest.FixtureRequest, natives: dict[str, Native]) -> Callable[[str], Model]:
    """Give the maker of a flown model: in C by one of the compilers, or as its plain reference."""
    if request.param == "Python":
        return python_model
    return lambda name: NativeReference(natives[request.param], name)


def rows_of(path: Path) -> list[Row]:
    with path.open(newline="") as file:
        return [([float(row[f"pd{i}"]) for i in range(1, 7)], int(row["label"])) for row in csv.DictReader(file)]


def read_json(path: Path) -> Any:  # noqa: ANN401 - what json.loads gives
    return json.loads(path.read_text())


def lost(name: str) -> tuple[str, ...]:
    return LOST.get(name.partition("_")[0], ())


def trained(rows: list[Row], model: Model, name: str) -> Iterator[int]:
    """Train row after row; yield how many rows are done, beginning with 0. A new run loses what it lost in flight."""
    for row, (values, label) in enumerate(rows):
        yield row
        if row in RUN_ENDS and lost(name):
            model.load(model.state() | dict.fromkeys(lost(name), 0), updates=model.updates)
        model.train(values, label)
    yield len(rows)


def compared_state(model: Model, name: str, *, count: int) -> State:
    """What is compared after `count` rows: of what a run's end lost, nobody wrote down how it was there."""
    left_out = lost(name) if count in RUN_ENDS else ()
    return {array: value for array, value in model.state().items() if array not in left_out}


def expected_state(state: State, golden: dict[str, Any]) -> object:
    assert state
    return bits({name: golden[name] for name in state})


def test_every_model_that_came_down_is_bit_identical(
    make_model: Callable[[str], Model], orbitai_data: Path, request: pytest.FixtureRequest
) -> None:
    rows = rows_of(orbitai_data / "train_stream_april.csv")
    runs = read_json(orbitai_data / "models_in_space_april.json")["results_learning"].values()
    flown = {run["end_row"]: run["models"] for run in runs}
    identical = 0
    for name in SAVED_MODELS:
        model = make_model(name)
        for count in trained(rows, model, name):
            if count in flown:
                state = compared_state(model, name, count=count)
                assert bits(state) == expected_state(state, flown[count][name]), f"{name} after row {count}"
                identical += 1
    assert identical == 120
    print(f"{identical}/120 flown models bit-identical ({request.node.callspec.id})")


def test_every_checkpoint_is_bit_identical(
    make_model: Callable[[str], Model], orbitai_data: Path, request: pytest.FixtureRequest
) -> None:
    rows = rows_of(orbitai_data / "train_stream_april.csv")
    checkpoints = read_json(orbitai_data / "golden_trace.json")["checkpoints"]
    last = max(map(int, checkpoints))
    identical = 0
    for name in MODELS:
        model = make_model(name)
        for count in trained(rows[:last], model, name):
            if str(count) in checkpoints:
                golden = checkpoints[str(count)][name]
                state = compared_state(model, name, count=count)
                assert bits(state) == expected_state(state, golden), f"{name} after row {count}"
                assert model.updates == golden["updates"], f"{name} after row {count}"
                identical += 1
    assert identical == 44 * 32
    print(f"{identical}/{44 * 32} checkpoints bit-identical ({request.node.callspec.id})")


def test_scores_predictions_and_published_sweep(
    make_model: Callable[[str], Model], orbitai_data: Path, request: pytest.FixtureRequest
) -> None:
    rows = rows_of(orbitai_data / "train_stream_april.csv")
    sweep = rows_of(orbitai_data / "validation_sweep.csv")
    golden = read_json(orbitai_data / "golden_april_as_flown.json")["models"]
    with (orbitai_data / "published_space_2021-04-18.csv").open(newline="") as file:
        published = {f"{row['algorithm']}_{row['dimension']}D": row for row in csv.DictReader(file)}
    reproduced = 0
    for name in MODELS:
        model = make_model(name)
        assert list(trained(rows, model, name))[-1] == 3854
        state = compared_state(model, name, count=3854)
        assert bits(state) == expected_state(state, golden[name]), name
        assert model.updates == golden[name]["updates"], name
        assert bits([model.score(values) for values, _ in sweep]) == bits(golden[name]["scores"]), name
        predicted = [model.predict(values) for values, _ in sweep]
        assert "".join("+" if label > 0 else "-" for label in predicted) == golden[name]["pred"], name
        counts = dict.fromkeys(PUBLISHED_COUNTS, 0)
        for label, (_, truth) in zip(predicted, sweep, strict=True):
            counts[{(1, 1): "TP", (-1, 1): "FN", (1, -1): "FP", (-1, -1): "TN"}[label, truth]] += 1
        assert counts == {key: golden[name][key] for key in PUBLISHED_COUNTS}, name
        reproduced += 1
        if name in SAVED_MODELS:
            assert counts == {key: int(published[name][key]) for key in PUBLISHED_COUNTS}, name
    assert reproduced == 32
    assert len(published) == len(SAVED_MODELS) == 20
    print(f"{reproduced}/32 states, scores and predictions of the flight's library, ", end="")
    print(f"{len(published)}/20 published confusion matrices reproduced ({request.node.callspec.id})")


def test_the_counter_that_the_flight_lost_holds_the_updates_of_the_last_run(
    make_model: Callable[[str], Model], orbitai_data: Path
) -> None:
    rows = rows_of(orbitai_data / "train_stream_april.csv")
    for name, updates in {"adam_1D": 539, "adam_2D": 539, "adam_3D": 539, "adam_5D": 140}.items():
        model = make_model(name)
        assert list(trained(rows, model, name))[-1] == 3854
        assert model.state()["timestep"] == updates, name


def test_the_flown_learners_are_all_here() -> None:
    assert set(LEARNERS.values()) <= set(learner_modules())
