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

LEARNERS = ("arow", "nherd", "rda")
CHANNELS = {"1D": (5,), "2D": (5,), "3D": (5,), "5D": (0, 1, 2, 3, 4)}
MODELS = [f"{learner}_{dimension}" for learner in LEARNERS for dimension in CHANNELS]
PUBLISHED_COUNTS = ("TP", "FN", "FP", "TN")

Row = tuple[list[float], int]


class NativeReference:
    """A C model on rows, with the part of Reference's interface that these tests use."""

    def __init__(self, native: Native, name: str) -> None:
        learner, dimension = name.split("_")
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


Model = Reference | NativeReference


def python_model(name: str) -> Model:
    learner, dimension = name.split("_")
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


def trained(rows: list[Row], model: Model) -> Iterator[int]:
    """Train row after row; yield how many rows are done, beginning with 0."""
    yield 0
    for count, (values, label) in enumerate(rows, start=1):
        model.train(values, label)
        yield count


def expected_state(model: Model, golden: dict[str, Any]) -> object:
    return bits({name: golden[name] for name in model.state()})


def test_every_model_that_came_down_is_bit_identical(
    make_model: Callable[[str], Model], orbitai_data: Path, request: pytest.FixtureRequest
) -> None:
    rows = rows_of(orbitai_data / "train_stream_april.csv")
    runs = read_json(orbitai_data / "models_in_space_april.json")["results_learning"].values()
    flown = {run["end_row"]: run["models"] for run in runs}
    identical = 0
    for name in MODELS:
        model = make_model(name)
        for count in trained(rows, model):
            if count in flown:
                golden = flown[count][name]
                assert bits(model.state()) == expected_state(model, golden), f"{name} after row {count}"
                identical += 1
    assert identical == 72
    print(f"{identical}/72 flown models bit-identical ({request.node.callspec.id})")


def test_every_checkpoint_is_bit_identical(
    make_model: Callable[[str], Model], orbitai_data: Path, request: pytest.FixtureRequest
) -> None:
    rows = rows_of(orbitai_data / "train_stream_april.csv")
    checkpoints = read_json(orbitai_data / "golden_trace.json")["checkpoints"]
    last = max(map(int, checkpoints))
    identical = 0
    for name in MODELS:
        model = make_model(name)
        for count in trained(rows[:last], model):
            if str(count) in checkpoints:
                golden = checkpoints[str(count)][name]
                assert bits(model.state()) == expected_state(model, golden), f"{name} after row {count}"
                assert model.updates == golden["updates"], f"{name} after row {count}"
                identical += 1
    assert identical == 44 * 12
    print(f"{identical}/{44 * 12} checkpoints bit-identical ({request.node.callspec.id})")


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
        assert list(trained(rows, model))[-1] == 3854
        assert bits(model.state()) == expected_state(model, golden[name]), name
        assert model.updates == golden[name]["updates"], name
        assert bits([model.score(values) for values, _ in sweep]) == bits(golden[name]["scores"]), name
        predicted = [model.predict(values) for values, _ in sweep]
        assert "".join("+" if label > 0 else "-" for label in predicted) == golden[name]["pred"], name
        counts = dict.fromkeys(PUBLISHED_COUNTS, 0)
        for label, (_, truth) in zip(predicted, sweep, strict=True):
            counts[{(1, 1): "TP", (-1, 1): "FN", (1, -1): "FP", (-1, -1): "TN"}[label, truth]] += 1
        assert counts == {key: golden[name][key] for key in PUBLISHED_COUNTS}, name
        assert counts == {key: int(published[name][key]) for key in PUBLISHED_COUNTS}, name
        reproduced += 1
    assert reproduced == 12
    print(f"{reproduced}/12 sweep scores and published confusion matrices reproduced ({request.node.callspec.id})")


def test_the_flown_learners_are_all_here() -> None:
    assert set(LEARNERS) <= set(learner_modules())
