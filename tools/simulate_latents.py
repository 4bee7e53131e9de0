#!/usr/bin/env python3
"""Simulate the latents that an image encoder hands to a classifier on board, and write the recording `image-latents`.

1305 training rows of 128 numbers and 300 held-out rows, each from a tile that is cloudy or clear. The two kinds have
overlapping Gaussian clouds; a few directions tell them apart, most do not. The shape is that of the data set on which
a linear cloud detector was trained aboard D-Orbit's ION SCV004 in 2023; the numbers are simulated. The same seed gives
the same bytes: noise comes from NumPy's legacy generator, which is frozen (NEP 19).

    .venv/bin/python tools/simulate_latents.py --out DIR [--seed N]
"""

import argparse
import sys
from pathlib import Path
from typing import Final

import numpy as np

from bench.errors import BenchError
from bench.telemetry import Channel, EvaluationRows, Recording, Segment, save_recording

ROWS: Final = 1305
HELD_OUT: Final = 300
DIMENSIONS: Final = 128
SEED: Final = 1
CLOUDY, CLEAR = 1, 0
SHARE_CLOUDY: Final = 0.4
TELLING: Final = 16  # directions whose mean depends on the kind of tile
SHIFT: Final = 0.5  # by as many standard deviations: single directions say little, together they say much
RANGE: Final = 8.0  # of a standard deviation: no draw in this number of them comes near


def make_recording(seed: int = SEED) -> Recording:
    """The recording with training and held-out rows."""
    noise = np.random.RandomState(seed)
    rows = ROWS + HELD_OUT
    labels = np.where(noise.random_sample(rows) < SHARE_CLOUDY, CLOUDY, CLEAR).astype(np.int16)
    values = noise.standard_normal((rows, DIMENSIONS))
    values[:, :TELLING] += np.where(labels[:, None] == CLOUDY, SHIFT, -SHIFT)
    values = values.astype(np.float32)
    return Recording(
        name="image-latents",
        title="Simulated latents of cloudy and clear image tiles",
        folder=None,
        channels=tuple(Channel(f"z{i}", "1", -RANGE, RANGE) for i in range(DIMENSIONS)),
        deciding_channel=None,
        values=np.ascontiguousarray(values[:ROWS]),
        labels=labels[:ROWS],
        times_ms=np.arange(ROWS, dtype=np.int64) * 1000,
        segments=(Segment("tiles", 0, ROWS),),
        label_meanings={CLOUDY: "cloudy", CLEAR: "clear"},
        positive_label=CLOUDY,
        period_s=1.0,
        provenance=f"Simulated by tools/simulate_latents.py with seed {seed}.",
        licence="Made by this project and under its licence; there is no other source.",
        evaluation=EvaluationRows(np.ascontiguousarray(values[ROWS:]), labels[ROWS:]),
    )


def main() -> int:
    """Write the recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the recording")
    parser.add_argument("--seed", type=int, default=SEED, help=f"default: {SEED}")
    options = parser.parse_args()
    try:
        folder = save_recording(make_recording(options.seed), options.out, samples="npz")
    except BenchError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    print(f"{folder}: {ROWS} rows and {HELD_OUT} held-out rows of {DIMENSIONS} numbers")
    print(f"next: bench run image-latents --recording {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
