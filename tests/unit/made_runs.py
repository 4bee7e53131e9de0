"""A small recording and the trace of a run over it, made without a payload: the plain references play its part."""

from dataclasses import dataclass, replace

import numpy as np

from bench.learners import PlainModel, PlainRun, run_plain
from bench.telemetry import Channel, EvaluationRows, Recording, Segment
from bench.trace import (
    CatalogueListed,
    Entry,
    EvaluationScored,
    HousekeepingReported,
    LearnerInfo,
    LinkMeasured,
    ModelCreated,
    ModelDumped,
    ModelStatistics,
    OperationSum,
    PayloadConnected,
    RunEnded,
    RunStarted,
    SamplesTrained,
    StatisticsReported,
)
from firmware_if.reference import load_feature_map, load_learner

MODELS = (
    PlainModel("arow_3D", "arow", "orbitai-3d", "flight", (0,), {"r": 0.8}),
    PlainModel("rda_2D", "rda", "orbitai-2d", "flight", (0,), {"eta": 0.1, "lambda": 1e-6}),
)
ENDS = (30, 50)


def make_recording(rows: int = 50, ends: tuple[int, ...] = ENDS) -> Recording:
    """Angles in hundredths, positive while small."""
    angles = (np.arange(rows) * 37 % 157).astype(np.float32) / np.float32(100)
    values = np.stack([angles, angles[::-1]], axis=1).astype(np.float32)
    labels = np.where(angles > 1.0472, -1, 1).astype(np.int16)
    starts = (0, *ends[:-1])
    return Recording(
        name="made",
        title="made for a test",
        folder=None,
        channels=(Channel("a", "rad", 0.0, 1.6), Channel("b", "rad", 0.0, 1.6)),
        deciding_channel="a",
        values=values,
        labels=labels,
        times_ms=np.arange(rows, dtype=np.int64) * 5000,
        segments=tuple(Segment(f"s{first}", first, end) for first, end in zip(starts, ends, strict=True)),
        label_meanings={1: "ON", -1: "OFF"},
        positive_label=1,
        period_s=5.0,
        provenance="made",
        licence="none",
        evaluation=EvaluationRows(values[:4], np.array([1, 1, -1, -1], dtype=np.int16)),
    )


@dataclass(frozen=True)
class MadeRun:
    recording: Recording
    plain: PlainRun
    trace: list[Entry]

    def with_references(self, segments: list[dict[str, object]]) -> "MadeRun":
        return replace(self, recording=replace(self.recording, reference_models={"segments": segments}))


def connected(clock: str = "instructions", rate: int = 0) -> PayloadConnected:
    return PayloadConnected(1, "made", "00", "00", 1, clock, rate, 4096, 2048, 1024)


def created(handle: int, model: PlainModel) -> ModelCreated:
    return ModelCreated(
        handle,
        model.name,
        model.learner,
        model.features,
        model.arithmetic,
        list(model.channels),
        dict(model.hyperparameters),
        dimension=load_feature_map(model.features, arithmetic=model.arithmetic).dimension(len(model.channels)),
        state_bytes=48,
        arena_bytes=112,
        arrays=[],
    )


def catalogue(models: tuple[PlainModel, ...]) -> CatalogueListed:
    """The learners of `models`, as far as anybody reads their description."""
    kinds = dict.fromkeys((model.learner, model.arithmetic) for model in models)
    ties = {(name, arithmetic): load_learner(name, arithmetic=arithmetic).TIE for name, arithmetic in kinds}
    return CatalogueListed([LearnerInfo(*kind, tie, {}, {}) for kind, tie in ties.items()], [])


def trained(
    first_row: int, predictions: list[str], costs: list[int], *, status: list[int] | None = None
) -> SamplesTrained:
    """Rows whose train, predict, feature and dispatch costs are c, 2c, 3c and 4c."""
    return SamplesTrained(
        first_row,
        status or [0] * len(costs),
        link=7,
        train=costs,
        predict=[2 * cost for cost in costs],
        feature=[3 * cost for cost in costs],
        dispatch=[4 * cost for cost in costs],
        predictions=predictions,
        updated=["0" * len(text) for text in predictions],
    )


def make_run(
    recording: Recording | None = None, models: tuple[PlainModel, ...] = MODELS, *, batch_rows: int = 10
) -> MadeRun:
    """A completed run without fault: row r costs 100 + r counts to train."""
    recording = recording or make_recording()
    rows, ends = recording.row_count, tuple(segment.end_row for segment in recording.segments)
    plain = run_plain(models, recording, rows=rows, end_rows=ends)
    texts = ["".join(row) for row in zip(*(plain.predictions[model.name] for model in models), strict=True)]
    trace: list[Entry] = [RunStarted(1, "scenario", "target", "made", rows, {}, []), connected(), catalogue(models)]
    trace += [created(handle, model) for handle, model in enumerate(models)]
    for first in range(0, rows, batch_rows):
        end = min(first + batch_rows, rows)
        trace.append(trained(first, texts[first:end], [100 + row for row in range(first, end)]))
    for index, end_row in enumerate(ends):
        for model in models:
            snapshot = plain.snapshots[model.name, end_row]
            trace.append(ModelDumped(index, end_row, model.name, snapshot.updates, snapshot.state))
    trace.append(EvaluationScored(0, [[0.0] * len(models)] * 4, [digit * len(models) for digit in "1001"]))
    sums = {operation: OperationSum(2, 3, 9, 12) for operation in ("train", "predict", "feature")}
    statistics = [ModelStatistics(model.name, 1, sums) for model in models]
    trace.append(StatisticsReported(1, statistics, {}))
    counters = {"frames_resent": 1, "frames_corrupt": 2, "receive_overruns": 3}
    stacks = {"stack_bytes": 65536, "stack_peak_bytes": 1000, "handler_stack_peak_bytes": 200, "arena_used_bytes": 300}
    trace.append(HousekeepingReported(1, {**counters, **stacks}))
    counts = {"bytes_sent": 1200, "first_transmission_bytes": 1100, "bytes_received": 600}
    trace.append(LinkMeasured("stream s0", 3.0, 1.0, 1000, counts, 1000.0))
    trace.append(LinkMeasured("whole", 4.0, 0.0, 0, {"frames_resent": 4, "frames_corrupt": 5}, 1000.0))
    trace.append(RunEnded("completed", rows))
    return MadeRun(recording, plain, trace)
