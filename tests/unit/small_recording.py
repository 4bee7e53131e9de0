"""A small recording for tests, and ways to spoil its folder."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from bench.errors import RecordingError
from bench.telemetry import Auxiliary, Channel, EvaluationRows, Recording, Segment, load_recording


def make_recording() -> Recording:
    values = np.array([[0.1, 1e-7], [0.25, 1.0], [0.3, 0.5], [1.57, 0.0]], dtype=np.float32)
    labels = np.array([1, 1, -1, 1], dtype=np.int16)
    return Recording(
        name="small",
        title='A "small" recording',
        folder=None,
        channels=(Channel("a", "rad", 0.0, 1.6, "the first"), Channel("b", "V", 0.0, 1.0)),
        deciding_channel="a",
        values=values,
        labels=labels,
        times_ms=np.array([10, 10, 5, 6], dtype=np.int64),
        segments=(Segment("one", 0, 2), Segment("two", 2, 4)),
        label_meanings={1: "ON", -1: "OFF"},
        positive_label=1,
        period_s=0.5,
        provenance='made here\nin two lines, with \\ and "quotes" and \x7f',
        licence="none",
        evaluation=EvaluationRows(values[:2], labels[:2]),
        reference_models={
            "segments": [
                {"end_row": 2, "models": {"m": {"w": [0.1, float("nan")], "timestep": [3.0]}}},
                {"end_row": 4, "models": {}},
            ]
        },
        auxiliary=(Auxiliary("mode", ("x", "a,b", 'q"', "")),),
    )


def rewrite(folder: Path, name: str, old: str, new: str) -> None:
    """Replace text of a file and record its new checksum, so that only the change itself is wrong."""
    path, toml = folder / name, folder / "recording.toml"
    before = path.read_text(encoding="utf-8")
    assert old in before
    after = before.replace(old, new, 1)
    if name != "recording.toml":
        old_sum, new_sum = (hashlib.sha256(text.encode()).hexdigest() for text in (before, after))
        toml.write_text(toml.read_text(encoding="utf-8").replace(old_sum, new_sum), encoding="utf-8")
    path.write_bytes(after.encode())


def refused(folder: Path, message: str) -> RecordingError:
    with pytest.raises(RecordingError, match=re.escape(message)) as caught:
        load_recording(folder)
    assert caught.value.hint
    return caught.value
