"""What the three OrbitAI sources have in common: names, constants and the recording they become."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import RecordingError
from bench.telemetry.checks import check_label
from bench.telemetry.recording import Auxiliary, Channel, EvaluationRows, Recording, Segment, frozen_array

CHANNEL_NAMES: Final = ("pd1", "pd2", "pd3", "pd4", "pd5", "pd6")
FACES: Final = ("+X", "-X", "+Y", "-Y", "+Z", "-Z")
PERIOD_S: Final = 5.0  # the poll period of the on-board app
CAMERA_LIMIT: Final = np.float32(1.0472)  # 60 degrees: 90 degrees less the HD camera's field of view and a margin
MEANINGS: Final[Mapping[int, str]] = {1: "camera may be ON", -1: "camera must be OFF"}
# a run polls every 5 s and was never silent for more than 7.7 s; runs are at least 19 minutes apart
LONGEST_SILENCE_MS: Final = 600_000

# what the sweep holds in pd1 to pd5, and its 158 steps of PD6
SWEEP_CONSTANTS: Final = (0.11, 0.22, 0.33, 0.44, 0.55)
SWEEP_STEPS: Final = 158

# the state that came down and is compared at a run's end, per learner, in the order of the saved archive
SAVED_STATE: Final[Mapping[str, tuple[str, ...]]] = {
    "adam": ("w", "m", "v"),
    "rda": ("w", "h", "g", "timestep"),
    "arow": ("cov", "w"),
    "scw": ("cov", "w"),
    "nherd": ("cov", "w"),
}
DIMENSIONS: Final = ("1D", "2D", "3D", "5D")
MODEL_NAMES: Final = tuple(f"{learner}_{dimension}" for learner in SAVED_STATE for dimension in DIMENSIONS)

TITLE: Final = "Sun sensors and camera rule of OPS-SAT-1, {}"
CITATION: Final = (
    "OrbitAI experiment of ESA's OPS-SAT-1, recorded and trained in orbit; public repository\n"
    "georgeslabreche/opssat-orbitai. Cite: Labreche et al., IEEE Aerospace Conference 2022,\n"
    "doi 10.1109/AERO53065.2022.9843402."
)
LICENCE: Final = """MIT. Copyright (c) 2021 Georges Labrèche and others

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE."""


@dataclass(frozen=True, eq=False)
class Stream:
    """The training samples of a source; `segments` cut them into runs."""

    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    times_ms: NDArray[np.int64]
    segments: tuple[Segment, ...]
    auxiliary: tuple[Auxiliary, ...] = ()


def make_recording(
    name: str,
    stream: Stream,
    *,
    source: Path,
    title: str,
    provenance: str,
    licence: str = LICENCE,
    evaluation: EvaluationRows | None = None,
    reference_models: Mapping[str, Any] | None = None,
) -> Recording:
    """The recording of `stream`; raises RecordingError where a run is silent for longer than a run can be."""
    _check_silences(stream, source)
    for label in (stream.labels.min(), stream.labels.max()):
        check_label(int(label), source)
    return Recording(
        name=name,
        title=title,
        folder=None,
        channels=tuple(
            Channel(name, "rad", 0.0, math.pi / 2, f"sun elevation angle over the {face} face")
            for name, face in zip(CHANNEL_NAMES, FACES, strict=True)
        ),
        deciding_channel="pd6",
        values=frozen_array(stream.values, np.float32),
        labels=frozen_array(stream.labels, np.int16),
        times_ms=frozen_array(stream.times_ms, np.int64),
        segments=stream.segments,
        label_meanings=MEANINGS,
        positive_label=1,
        period_s=PERIOD_S,
        provenance=provenance,
        licence=licence,
        evaluation=evaluation,
        reference_models=reference_models,
        auxiliary=stream.auxiliary,
    )


def labels_by_rule(pd6: NDArray[np.float32]) -> NDArray[np.int64]:
    """-1 (camera must be OFF) above the limit, strictly and in float32, as in flight; else +1."""
    return np.where(pd6 > CAMERA_LIMIT, -1, 1)


def sweep_by_rule() -> EvaluationRows:
    """The sweep of every published accuracy: PD6 = 0.00 to 1.57, the other channels constant."""
    values = np.empty((SWEEP_STEPS, len(CHANNEL_NAMES)), dtype=np.float32)
    values[:, :-1] = SWEEP_CONSTANTS
    values[:, -1] = np.arange(SWEEP_STEPS) / 100
    return evaluation_rows(values, labels_by_rule(values[:, -1]), Path("sweep"))


def evaluation_rows(values: NDArray[np.float32], labels: NDArray[np.int64], source: Path) -> EvaluationRows:
    for label in (labels.min(), labels.max()):
        check_label(int(label), source)
    return EvaluationRows(frozen_array(values, np.float32), frozen_array(labels, np.int16))


def check_ends(ends: Sequence[int], source: Path) -> None:
    if list(ends) != sorted(set(ends)) or not ends or ends[0] <= 0:
        message = f"{source}: the runs end at rows {', '.join(map(str, ends)) or 'none'}, expected rising numbers"
        raise RecordingError(message, hint="restore the source: each run adds rows to the one before")


def _check_silences(stream: Stream, source: Path) -> None:
    for segment in stream.segments:
        times = stream.times_ms[segment.first_row : segment.end_row]
        long = np.flatnonzero(np.diff(times) > LONGEST_SILENCE_MS)
        if long.size:
            row = segment.first_row + int(long[0])
            silence = (stream.times_ms[row + 1] - stream.times_ms[row]) // 1000
            message = f"{source}: run {segment.name} is silent for {silence} s after row {row}"
            raise RecordingError(message, hint="two runs in one: a run's folder or its change of `run` is missing")
