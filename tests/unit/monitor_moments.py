"""Moments of made runs, as the monitor shows them. Everything follows from seeds: the screens are compared as text."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from bench.monitor.basis import Basis, Rows
from bench.monitor.blocks import Look
from bench.monitor.fold import fold
from bench.monitor.glyphs import ASCII
from bench.monitor.provisional import Judge, final
from bench.monitor.state import RunState
from bench.scenario import Limit
from bench.selection import Selection
from bench.trace import (
    ConsolePrinted,
    Entry,
    EpochTrained,
    EventReported,
    HousekeepingReported,
    LinkCounted,
    LinkCut,
    LinkMeasured,
    ModelCreated,
    ModelEpoch,
    PayloadConnected,
    PayloadRestarted,
    RunEnded,
    RunStarted,
    SamplesTrained,
    SegmentEnded,
    SegmentStarted,
    TargetFailed,
)
from bench.verdict import Verdict

SIZES: Final = ((80, 24), (120, 40), (200, 50), (39, 10))
ROWS: Final = 3854
STARTED: Final = "2026-11-21T05:53:21+01:00"
FOLDER_TIME: Final = "20261121-055321"
_BATCH: Final = 47
_RATE: Final = 330
"""Rows per second: 86 % of a line of 115200 baud."""
_SEGMENTS: Final = ((0, 1400), (1400, 2600), (2600, ROWS))
_LEARNERS: Final = ("adam", "arow", "nherd", "pa", "pa1", "pa2", "rda", "scw")
MODELS: Final = tuple(f"{learner}_{features}" for learner in _LEARNERS for features in ("1D", "2D", "3D", "5D"))
LIMITS: Final = (
    Limit("timing.train.max", at_most=2600, clock="instructions", because="what the task has"),
    Limit("timing.row.p99", at_most=9000, clock="instructions"),
    Limit("memory.stack_peak_bytes", at_most=4096),
    Limit("memory.arena_used_bytes", at_most=8192),
    Limit("memory.text_bytes", at_most=49152),
    Limit("accuracy.prequential.arow_3D.balanced_accuracy", at_least=0.85),
    Limit("accuracy.prequential.scw_*.balanced_accuracy", at_least=0.5, required=False),
    Limit("link.retransmissions", at_most=3),
    Limit("time.row_s.max", at_most=0.01, clock="host"),
    Limit("parity.plain*", equal=0),
)


def _rows() -> Rows:
    source = np.random.default_rng(1)
    codes = np.where(source.random(ROWS) < 0.3, ord("1"), ord("0")).astype(np.uint8)
    return Rows((-1, 1), codes, codes[:400], 1, 30)


_ROWS: Final = _rows()
BASIS: Final = Basis(
    title="made",
    limits=LIMITS,
    segments=len(_SEGMENTS),
    sections={"text": 43756, "data": 1200, "bss": 9800, "arena": 131072, "data_region": 65536, "stack": 4096},
    ram_bytes=262144,
    assumed_instructions_per_s=1e8,
    read_rows=lambda: _ROWS,
)


def _begin(mode: str = "stream", scenario: str = "orbitai-flight") -> Iterator[Entry]:
    yield RunStarted(1, scenario, "qemu-zynq-a9", "april", ROWS, {}, [], mode, started=STARTED, t=0.0)
    yield PayloadConnected(1, "payload", "481a25cb2ec6aa", "F", 7, "instructions", 0, 131072, 8192, 1024, t=0.31)
    for handle, name in enumerate(MODELS if mode == "stream" else ("sigmoid", "softmax")):
        learner = name.partition("_")[0]
        yield ModelCreated(handle, name, learner, "orbitai-3d", "flight", [0], {}, 3, 48, 112, [], t=0.32)
    yield _housekeeping(1, 800, t=0.33)


def _housekeeping(start: int, stack: int, *, t: float) -> HousekeepingReported:
    values = {"stack_bytes": 4096, "stack_peak_bytes": stack, "arena_bytes": 131072, "arena_used_bytes": 3720}
    return HousekeepingReported(start, {**values, "data_bytes": 65536, "data_used_bytes": 40960}, t=t)


def _batch(first: int, end: int, t: float, source: random.Random) -> SamplesTrained:
    count = min(_BATCH, end - first)
    skill = [0.45 + 0.5 * handle / len(MODELS) * min(1.0, 0.4 + first / ROWS) for handle in range(len(MODELS))]
    labels = [chr(_ROWS.codes[first + row]) for row in range(count)]
    predictions = ["".join(label if source.random() < one else "10"[label == "1"] for one in skill) for label in labels]
    train = [source.choice((1910, 1942, 1973, 2010)) for _ in range(count)]
    if first > 3000:
        train[-1] = 2715  # one row that costs too much
    return SamplesTrained(
        first,
        [0] * count,
        link=300,
        train=train,
        predict=[480] * count,
        feature=[source.choice((301, 567)) for _ in range(count)],
        dispatch=[4643] * count,
        predictions=predictions,
        updated=["".join(str(int(source.random() < 0.6)) for _ in MODELS) for _ in range(count)],
        t=t,
    )


def _stream(until: int) -> Iterator[Entry]:
    """Rows up to `until`, with what happens on the way."""
    source = random.Random(2)
    yield from _begin()
    for index, (first, end) in enumerate(_SEGMENTS):
        if first >= until:
            break
        yield SegmentStarted(index, f"run-{index + 1}", first, end, t=1 + first / _RATE)
        for row in range(first, min(end, until), _BATCH):
            t = 1 + row / _RATE
            yield _batch(row, end, t, source)
            if row == 5 * _BATCH * 4:
                yield EventReported("medium", "RECEIVE_OVERRUN", 3, 2.5, t=t)
            if row % (10 * _BATCH) == 0:
                yield ConsolePrinted(f"heap check at row {row}: ok\n", t=t)
        if end <= until:
            counts = {"frames_resent": 1, "frames_corrupt": 0}
            yield LinkMeasured(
                f"stream {index}", (end - first) / _RATE, 0.0, 30 * (end - first), counts, 11520.0, t=1 + end / _RATE
            )
            yield SegmentEnded(index, end, t=1 + end / _RATE)
            yield _housekeeping(index + 1, 1024, t=1 + end / _RATE)
            if end < ROWS:
                yield PayloadRestarted(planned=True, reason="as the scenario has it", t=1 + end / _RATE)
    if until < ROWS:
        yield LinkCounted({"frames_resent": 3, "frames_corrupt": 2}, t=1 + until / _RATE)


def _epochs() -> Iterator[Entry]:
    yield from _begin("batch", "image-latents")
    for row in range(0, ROWS, _BATCH):
        count = min(_BATCH, ROWS - row)
        costs: list[int] = [0] * count
        empty = [""] * count
        yield SamplesTrained(
            row, [3] * count, 300, costs, costs, [600] * count, [900] * count, empty, empty, t=1 + row / 900
        )
    for epoch in range(7):
        models = [
            ModelEpoch("sigmoid", 0.69 / (epoch + 1), 120, ROWS, 932_162 + epoch),
            ModelEpoch("softmax", float("nan") if epoch > 4 else 1.1 / (epoch + 1), 120, ROWS, 1_238_022),
        ]
        yield EpochTrained(epoch, 0.8, models, t=6 + 0.8 * epoch)


def _look(entries: Iterator[Entry], basis: Basis = BASIS, **more: object) -> Look:
    state = RunState()
    for entry in entries:
        fold(state, entry, basis)
    verdicts = () if not state.scenario else Judge(basis).judge(state)
    folder = f"{FOLDER_TIME}-{state.scenario}-{state.target}" if state.scenario else ""
    look = Look(state, basis, state.t, verdicts, folder=folder, keys="q leaves the run alone")
    return replace(look, **more)  # type: ignore[arg-type]


def start() -> Look:
    """Models are there, and no row yet."""
    return _look(_begin())


def stream() -> Look:
    """In the midst of the second segment."""
    return _look(_stream(2000))


def part() -> Look:
    """The same of some rows and models, on a machine with much memory and many cores, where figures are long."""
    selection = Selection(0, ROWS, 130_000, MODELS, ("other", "another"))
    basis = replace(
        BASIS,
        selection=selection,
        sections={**BASIS.sections, "bss": 5_348_216, "arena": 1_048_576, "stack": 16_777_216},
        ram_bytes=133_169_152,
    )
    state = _stream(2000)
    long = HousekeepingReported(1, {"stack_peak_bytes": 12_345_678, "arena_used_bytes": 103_720}, t=7.0)
    dear = replace(_batch(2000, 2010, 7.1, random.Random(3)), train=[1_234_567_890] * 10, dispatch=[987_654_321] * 10)
    return _look(iter([*state, long, dear]), basis)


def cut() -> Look:
    """The line is gone."""
    gone = LinkCut("/dev/ttyUSB0 is gone", 30.0, t=7.2)
    look = _look(iter([*_stream(2000), gone]))
    return replace(look, now=look.now + 8, quiet_s=8.0)


def epochs() -> Look:
    """Batch mode, of ten epochs; the loss of a model is no number any more."""
    return _look(_epochs(), replace(BASIS, epochs=10, segments=1, limits=LIMITS[2:5]))


def failed() -> Look:
    """The payload hung."""
    reason = "rows 2021 to 2067 were sent, but no result came for 10 s"
    counts = {"frames_resent": 4, "frames_corrupt": 2}
    measured = LinkMeasured("stream run-2", 620 / _RATE + 10, 0.0, 30 * 621, counts, 11520.0, t=17.1)
    end = [measured, TargetFailed(reason, t=17.2), RunEnded("target_failed", 2021, reason, t=17.3)]
    return _look(iter([*_stream(2000), *end]))


def killed() -> Look:
    """Nobody writes the trace any more, and it has no end."""
    return _look(_stream(900), is_written=False)


def finished() -> Look:
    """Completed and judged."""
    look = _look(iter([*_stream(ROWS), RunEnded("completed", ROWS, t=13.1)]))
    verdicts = [
        Verdict(
            one.name,
            "PASS" if one.outcome == "open" else one.outcome,
            one.value,
            one.limit,
            one.unit,
            None,
            required=one.required,
            repeatable=True,
            because=one.because,
        )
        for one in look.verdicts
    ]
    return replace(look, verdicts=final(verdicts))


def in_ascii() -> Look:
    """On a terminal that is not known to show more, in a session of tests, with a notice."""
    test = "test_bank.py::test_arow[qemu-zynq-a9]  2 passed, 1 failed"
    notice = "stopping: fetching the models (Ctrl-C again: stop now)"
    return replace(stream(), glyphs=ASCII, test=test, notices=(notice,), keys="Ctrl-C stops the run")


MOMENTS: Final[dict[str, Callable[[], Look]]] = {
    one.__name__: one for one in (start, stream, part, cut, epochs, failed, killed, finished, in_ascii)
}
