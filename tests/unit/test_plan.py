"""A plan is a value: what the session will do, in order."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.errors import ConfigurationError, RecordingError
from bench.plan import (
    ConfigureStream,
    Connect,
    CreateModels,
    DumpModels,
    Evaluate,
    ListCatalogue,
    OpenDataSet,
    ReadHousekeeping,
    Restart,
    RestoreModels,
    Step,
    StreamSegment,
    TrainEpochs,
    default_channels,
    make_plan,
)
from bench.protection import Checkpoints, Protection
from bench.scenario import ModelSpec, Scenario
from bench.target import load_target
from bench.telemetry import Channel, EvaluationRows, Recording, Segment

SPECS = (ModelSpec("arow_3D", "arow", "orbitai-3d", "flight"),)
SCENARIO = Scenario("demo", "A demonstration", SPECS, ())
HOST = load_target("host")
TWO_LABELS: Mapping[int, str] = {-1: "OFF", 1: "ON"}


def recording(channels: int = 3, *, deciding: str | None = "c2", evaluation: bool = True) -> Recording:
    """Five rows in the segments "first" (2) and "second" (3); channels c0, c1, ..."""
    return Recording(
        name="small",
        title="Small",
        folder=Path("small"),
        channels=tuple(Channel(f"c{index}", "V", 0.0, 1.0) for index in range(channels)),
        deciding_channel=deciding,
        values=np.zeros((5, channels), np.float32),
        labels=np.array([1, -1, 1, -1, 1], np.int16),
        times_ms=np.arange(5, dtype=np.int64),
        segments=(Segment("first", 0, 2), Segment("second", 2, 5)),
        label_meanings=TWO_LABELS,
        positive_label=1,
        period_s=1.0,
        provenance="",
        licence="",
        evaluation=EvaluationRows(np.zeros((2, channels), np.float32), np.ones(2, np.int16)) if evaluation else None,
    )


def steps(scenario: Scenario, of: Recording) -> tuple[Step, ...]:
    return make_plan(scenario, of, target=HOST).steps


def test_a_plan_without_restarts_streams_every_segment_into_one_bank() -> None:
    assert steps(SCENARIO, recording()) == (
        Connect(),
        ListCatalogue(),
        ConfigureStream(next_row=0),
        CreateModels(SPECS),
        ReadHousekeeping(),
        StreamSegment(0, 0, 2),
        DumpModels(0, 2),
        ReadHousekeeping(),
        StreamSegment(1, 2, 5),
        DumpModels(1, 5),
        Evaluate(),
        ReadHousekeeping(),
    )


def test_before_a_restart_everything_that_it_loses_is_read() -> None:
    planned = steps(replace(SCENARIO, restart_between_segments=True), recording())
    assert planned[5:] == (
        StreamSegment(0, 0, 2),
        DumpModels(0, 2),
        ReadHousekeeping(),
        Restart("as the scenario has it after segment first"),
        ConfigureStream(next_row=2),
        RestoreModels(),
        StreamSegment(1, 2, 5),
        DumpModels(1, 5),
        Evaluate(),
        ReadHousekeeping(),
    )


def test_batch_mode_fills_a_data_set_and_trains_epochs_on_it() -> None:
    planned = steps(replace(SCENARIO, mode="batch", epochs=3), recording())
    assert planned[2:] == (
        ConfigureStream(next_row=0, mode="batch"),
        CreateModels(SPECS),
        ReadHousekeeping(),
        OpenDataSet(5),
        StreamSegment(0, 0, 2),
        StreamSegment(1, 2, 5),
        ReadHousekeeping(),
        TrainEpochs(3),
        DumpModels(1, 5),
        Evaluate(),
        ReadHousekeeping(),
    )


def test_score_mode_streams_nothing() -> None:
    planned = steps(replace(SCENARIO, mode="score"), recording())
    assert planned[2:] == (
        ConfigureStream(next_row=0, mode="score"),
        CreateModels(SPECS),
        ReadHousekeeping(),
        DumpModels(0, 0),
        Evaluate(),
        ReadHousekeeping(),
    )


def test_scoring_needs_models_and_the_wish() -> None:
    assert Evaluate() in steps(SCENARIO, recording(evaluation=False))
    assert Evaluate() not in steps(replace(SCENARIO, evaluate=False), recording())
    assert Evaluate() not in steps(replace(SCENARIO, models=()), recording())


def test_a_plan_without_models_still_streams_every_row() -> None:
    planned = steps(replace(SCENARIO, models=()), recording())
    assert CreateModels(()) in planned
    assert [step for step in planned if isinstance(step, StreamSegment)] == [
        StreamSegment(0, 0, 2),
        StreamSegment(1, 2, 5),
    ]


def test_more_classes_than_a_payload_takes_are_refused() -> None:
    many = replace(recording(), label_meanings={label: f"class {label}" for label in range(17)})
    with pytest.raises(RecordingError, match="recording small has 17 classes; a payload takes 2 to 16"):
        make_plan(SCENARIO, many, target=HOST)


def test_more_rows_than_a_data_set_holds_are_refused() -> None:
    many = recording()
    many = replace(many, values=np.zeros((65536, many.values.shape[1]), np.float32), labels=np.zeros(65536, np.int16))
    with pytest.raises(RecordingError, match="recording small has 65,536 rows; a data set holds 65,535 at the most"):
        make_plan(replace(SCENARIO, mode="batch", epochs=1), many, target=HOST)


def test_more_channels_than_a_sample_carries_are_refused() -> None:
    assert make_plan(SCENARIO, recording(160), target=HOST).steps
    with pytest.raises(RecordingError, match="recording small has 161 channels; a sample carries at most 160"):
        make_plan(SCENARIO, recording(161), target=HOST)


def test_a_channel_that_the_recording_lacks_is_named() -> None:
    scenario = replace(SCENARIO, models=(replace(SPECS[0], channels=("c22",)),))
    with pytest.raises(ConfigurationError, match="model arow_3D: recording small has no channel 'c22'") as caught:
        make_plan(scenario, recording(), target=HOST)
    assert caught.value.hint == "did you mean 'c2'?"


def test_a_target_that_cannot_stream_is_refused() -> None:
    deaf = replace(HOST, capabilities=frozenset({"batch"}))
    with pytest.raises(ConfigurationError, match="target host has no capability 'stream': every sample"):
        make_plan(SCENARIO, recording(), target=deaf)


def test_a_target_without_protections_is_refused_before_it_is_built() -> None:
    bare = replace(HOST, capabilities=HOST.capabilities - {"protection"})
    scenario = replace(SCENARIO, models=(replace(SPECS[0], protection=Protection(copies=3)),))
    with pytest.raises(ConfigurationError, match="target host has no capability 'protection': models guard") as caught:
        make_plan(scenario, recording(), target=bare)
    assert caught.value.hint.startswith("leave out `protection` of the models and `[checkpoints]`; or")
    with pytest.raises(ConfigurationError, match="has no capability 'protection'"):
        make_plan(replace(SCENARIO, checkpoints=Checkpoints(rows=8)), recording(), target=bare)
    assert make_plan(SCENARIO, recording(), target=bare).steps


@pytest.mark.parametrize(
    ("inputs", "names"),
    [(1, ("c2",)), (0, ("c0", "c1", "c2")), (3, ("c0", "c1", "c2")), (2, ("c0", "c1"))],
)
def test_channels_that_a_model_need_not_name(*, inputs: int, names: tuple[str, ...]) -> None:
    assert default_channels(inputs, recording(), model="m") == names


def test_a_single_channel_needs_no_deciding_one() -> None:
    assert default_channels(1, recording(1, deciding=None), model="m") == ("c0",)


def test_the_deciding_channel_is_left_out_in_place() -> None:
    assert default_channels(2, recording(deciding="c0"), model="m") == ("c1", "c2")


@pytest.mark.parametrize(("inputs", "deciding"), [(4, "c2"), (1, None), (2, None)])
def test_channels_that_a_model_must_name(*, inputs: int, deciding: str | None) -> None:
    with pytest.raises(
        ConfigurationError, match=f"^model heater_3D: the feature map reads {inputs} channels, recording small has 3"
    ) as caught:
        default_channels(inputs, recording(deciding=deciding), model="heater_3D")
    assert caught.value.hint == "add channels = [...] to the model, from: c0, c1, c2"


def unlabelled() -> Recording:
    return replace(recording(evaluation=False), labels=None, label_meanings={}, positive_label=None)


def test_a_learner_that_needs_labels_is_named_with_the_recording_that_has_none() -> None:
    message = "model arow_3D: learner arow needs labels to train, and recording small has none"
    with pytest.raises(RecordingError, match=message) as caught:
        make_plan(SCENARIO, unlabelled(), target=HOST)
    assert "positive_label" in caught.value.hint


def test_without_models_a_recording_without_labels_is_streamed() -> None:
    planned = steps(replace(SCENARIO, models=()), unlabelled())
    assert StreamSegment(0, 0, 2) in planned
    assert Evaluate() not in planned
