#!/usr/bin/env python3
"""Simulate six photodiodes of a small satellite in orbit and write the recording `sun-sensor`.

A circular, sun-synchronous orbit, a cylindrical shadow, four training segments of different attitude (and one held out
for evaluation), sensor noise and the camera rule of OPS-SAT-1. The same seed gives the same bytes: noise comes from the
raw PCG64 stream, which NumPy promises not to change (NEP 19), and readings are rounded to 0.01 rad.

    python tools/simulate_orbit.py [--out DIR] [--seed N] [--check]
"""

import argparse
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import BenchError
from bench.telemetry import Channel, EvaluationRows, Recording, Segment, recording_files, save_recording

Vectors = NDArray[np.float64]  # (rows, 3), unit length where a direction
Rotations = NDArray[np.float64]  # (rows, 3, 3): columns are the body axes in the inertial frame

FIXTURE: Final = Path(__file__).resolve().parents[1] / "fixtures" / "telemetry" / "sun-sensor"
SEED: Final = 1
START: Final = datetime(2025, 4, 16, 17, 0, tzinfo=UTC)
PERIOD_S: Final = 5.0  # the poll period of the OPS-SAT-1 experiment
ROWS: Final = 720  # an hour per segment, between the 45 and 71 minutes of the flown runs
EVALUATION_ROWS: Final = 600  # 50 minutes, five sweeps, within the 59 minutes of sunlight of an orbit
GAP_S: Final = 7200.0  # from the start of one segment to the next

EARTH_RADIUS_KM: Final = 6378.137  # WGS 84
MU_KM3_S2: Final = 398600.4418  # WGS 84
J2: Final = 1.08262668e-3  # EGM-96
ALTITUDE_KM: Final = 515.0  # OPS-SAT-1 after launch
NODE_AFTER_SUN_RAD: Final = math.radians(
    30.0
)  # ascending node at 14:00 mean local time; the Sun is 28 degrees off the orbit plane
TROPICAL_YEAR_S: Final = 365.2422 * 86400.0
J2000: Final = datetime(2000, 1, 1, 12, 0, tzinfo=UTC)

NOISE_RAD: Final = 0.01  # one sigma; the flown readings of a steady attitude scatter by 0.01 to 0.02 rad
STEP_RAD: Final = 0.01  # readings are rounded half-up to hundredths, as on board
CAMERA_LIMIT: Final = np.float32(1.0472)  # 60 degrees over the -Z face, where the HD camera looks
# outward normals of the six faces in body axes, in the order of the channels
FACES: Final = ("+X", "-X", "+Y", "-Y", "+Z", "-Z")
NORMALS: Final = np.array(
    [[1.0, 0, 0], [-1.0, 0, 0], [0, 1.0, 0], [0, -1.0, 0], [0, 0, 1.0], [0, 0, -1.0]], dtype=np.float64
)


def semi_major_axis_km() -> float:
    return EARTH_RADIUS_KM + ALTITUDE_KM


def orbit_period_s() -> float:
    """Kepler's third law."""
    return 2 * math.pi * math.sqrt(semi_major_axis_km() ** 3 / MU_KM3_S2)


def sun_synchronous_inclination_rad() -> float:
    """The inclination whose J2 drift of the node is one turn a year (Vallado, Fundamentals, section 11.4.1)."""
    motion = 2 * math.pi / orbit_period_s()
    drift = 2 * math.pi / TROPICAL_YEAR_S
    shape = 1.5 * J2 * (EARTH_RADIUS_KM / semi_major_axis_km()) ** 2
    return math.acos(-drift / (shape * motion))


def sun_direction(seconds: NDArray[np.float64]) -> Vectors:
    """Toward the Sun from the Earth's centre, equatorial axes, `seconds` after START.

    Low-precision formulas of the Astronomical Almanac (page C5), good to 0.01 degree.
    """
    days = ((START - J2000).total_seconds() + seconds) / 86400.0
    mean_longitude = np.radians(280.460 + 0.9856474 * days)
    anomaly = np.radians(357.528 + 0.9856003 * days)
    longitude = mean_longitude + np.radians(1.915) * np.sin(anomaly) + np.radians(0.020) * np.sin(2 * anomaly)
    obliquity = np.radians(23.439 - 0.0000004 * days)
    return np.stack(
        [np.cos(longitude), np.cos(obliquity) * np.sin(longitude), np.sin(obliquity) * np.sin(longitude)], axis=-1
    )


def orbit_axes() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors of the orbit plane: toward the ascending node, and 90 degrees further along the motion."""
    sun = sun_direction(np.zeros(1))[0]
    node = math.atan2(sun[1], sun[0]) + NODE_AFTER_SUN_RAD
    tilt = sun_synchronous_inclination_rad()
    along_node = np.array([math.cos(node), math.sin(node), 0.0])
    ahead = np.array([-math.sin(node) * math.cos(tilt), math.cos(node) * math.cos(tilt), math.sin(tilt)])
    return along_node, ahead


def zenith_direction(seconds: NDArray[np.float64]) -> Vectors:
    """From the Earth's centre to the satellite. The node's drift, 0.04 degree an hour, is neglected."""
    along_node, ahead = orbit_axes()
    angle = (2 * math.pi / orbit_period_s() * seconds)[:, None]
    return np.cos(angle) * along_node + np.sin(angle) * ahead


def in_shadow(zenith: Vectors, sun: Vectors) -> NDArray[np.bool_]:
    """Cylindrical shadow without penumbra (Vallado, section 5.3): behind the Earth, within its radius of the axis."""
    along = np.einsum("ij,ij->i", zenith, sun)
    off_axis_km = semi_major_axis_km() * np.sqrt(np.maximum(0.0, 1.0 - along**2))
    shadow: NDArray[np.bool_] = (along < 0) & (off_axis_km < EARTH_RADIUS_KM)
    return shadow


def shadow_fraction(beta_rad: float) -> float:
    """Share of a circular orbit inside the cylindrical shadow, for the Sun at beta over the orbit plane."""
    horizon = math.sqrt(ALTITUDE_KM**2 + 2 * EARTH_RADIUS_KM * ALTITUDE_KM) / semi_major_axis_km()
    return math.acos(min(1.0, horizon / math.cos(beta_rad))) / math.pi


def uniform(bits: np.random.PCG64, count: int) -> NDArray[np.float64]:
    """[0, 1) from the upper 53 bits of the raw stream."""
    numbers: NDArray[np.float64] = (bits.random_raw(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return numbers


def normal(bits: np.random.PCG64, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Mean 0, variance 1: the sum of 12 uniform numbers less 6 (Irwin-Hall), free of any library's logarithm."""
    numbers: NDArray[np.float64] = uniform(bits, 12 * shape[0] * shape[1]).reshape(*shape, 12).sum(axis=-1) - 6.0
    return numbers


def unit(vectors: Vectors) -> Vectors:
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return scaled


def rotation(axis: Vectors, angle: NDArray[np.float64]) -> Rotations:
    """Rodrigues' formula: turn by `angle` (rows,) about the unit vectors `axis` (rows, 3)."""
    x, y, z = axis.T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=-1).reshape(-1, 3, 3)
    sine, versine = np.sin(angle)[:, None, None], (1 - np.cos(angle))[:, None, None]
    turn: Rotations = np.eye(3) + sine * cross + versine * (cross @ cross)
    return turn


def sun_elevation(attitude: Rotations, sun: Vectors) -> NDArray[np.float64]:
    """(rows, faces) angle of the Sun over each face's plane: pi/2 along its normal, negative behind the face."""
    in_body = np.einsum("nji,nj->ni", attitude, sun)
    elevation: NDArray[np.float64] = np.arcsin(np.clip(in_body @ NORMALS.T, -1.0, 1.0))
    return elevation


@dataclass(frozen=True, eq=False)
class Scene:
    """What an attitude law may look at; all arrays have one entry per row."""

    seconds: NDArray[np.float64]  # since the segment's start
    zenith: Vectors
    sun: Vectors


def nadir(scene: Scene, bits: np.random.PCG64) -> Rotations:
    """The camera (-Z) looks down, +X along the motion; the control error is a slow wobble of 3 degrees."""
    along_node, ahead = orbit_axes()
    z = scene.zenith
    y = np.broadcast_to(-np.cross(along_node, ahead), z.shape)
    pointing = np.stack([np.cross(y, z), y, z], axis=-1)
    phase = 2 * math.pi * uniform(bits, 2)
    wobble = np.radians(3.0) * np.sin(2 * math.pi * scene.seconds / 400.0 + phase[0])
    heading = 2 * math.pi * scene.seconds / 5400.0 + phase[1]
    about_z = np.broadcast_to([0.0, 0.0, 1.0], z.shape)
    about_x = np.broadcast_to([1.0, 0.0, 0.0], z.shape)
    return pointing @ rotation(about_z, heading) @ rotation(about_x, wobble)


def nadir_with_slews(scene: Scene, bits: np.random.PCG64) -> Rotations:
    """Nadir pointing, left every 12 minutes for 6 minutes to swing the camera up to 5 degrees short of the Sun."""
    attitude = nadir(scene, bits)
    camera = -attitude[:, :, 2]
    away = np.arccos(np.clip(np.einsum("ij,ij->i", camera, scene.sun), -1.0, 1.0))
    turns = np.mod(scene.seconds / 360.0 + 2 * uniform(bits, 1), 2)  # [0, 1) away from nadir, [1, 2) at nadir
    swing = np.where(turns < 1, 0.5 - 0.5 * np.cos(2 * math.pi * turns), 0.0)
    axis = unit(np.cross(camera, scene.sun))
    return rotation(axis, swing * np.maximum(0.0, away - np.radians(5.0))) @ attitude


def tumble(scene: Scene, bits: np.random.PCG64) -> Rotations:
    """No control: a turn at 0.6 degree a second about an axis fixed in the body and in space, at random."""
    start, axis = unit(normal(bits, (2, 3)))
    rows = len(scene.seconds)
    begin = rotation(np.broadcast_to(start, (rows, 3)), np.full(rows, 2 * math.pi) * uniform(bits, 1))
    return begin @ rotation(np.broadcast_to(axis, (rows, 3)), np.radians(0.6) * scene.seconds)


def sun_sweep(scene: Scene, bits: np.random.PCG64) -> Rotations:
    """The camera nods between 3 and 92 degrees off the Sun every 10 minutes, while the body rolls about its axis."""
    side = unit(np.cross(scene.sun, normal(bits, (1, 3))))
    phase = 2 * math.pi * uniform(bits, 2)
    off_sun = np.radians(47.5) + np.radians(44.5) * np.cos(2 * math.pi * scene.seconds / 600.0 + phase[0])
    camera = np.einsum("nij,nj->ni", rotation(side, off_sun), scene.sun)
    pointing = np.stack([side, np.cross(-camera, side), -camera], axis=-1)
    about_z = np.broadcast_to([0.0, 0.0, 1.0], camera.shape)
    return pointing @ rotation(about_z, 2 * math.pi * scene.seconds / 1500.0 + phase[1])


def next_sunrise_s(after_s: float) -> float:
    """The first multiple of the period after `after_s` at which the satellite has just left the shadow."""
    seconds = after_s + PERIOD_S * np.arange(math.ceil(orbit_period_s() / PERIOD_S) + 1, dtype=np.float64)
    shadow = in_shadow(zenith_direction(seconds), sun_direction(seconds))
    return float(seconds[1:][shadow[:-1] & ~shadow[1:]][0])


AttitudeLaw = Callable[[Scene, np.random.PCG64], Rotations]
TRAINING: Final[tuple[tuple[str, AttitudeLaw], ...]] = (
    ("nadir", nadir),
    ("tumble", tumble),
    ("nadir-with-slews", nadir_with_slews),
    ("sun-sweep", sun_sweep),
)


def simulate(law: AttitudeLaw, start_s: float, bits: np.random.PCG64, *, rows: int = ROWS) -> NDArray[np.float32]:
    """Readings (rows, 6) in radians of one segment that begins `start_s` after START."""
    seconds = PERIOD_S * np.arange(rows, dtype=np.float64)
    zenith, sun = zenith_direction(start_s + seconds), sun_direction(start_s + seconds)
    elevation = sun_elevation(law(Scene(seconds, zenith, sun), bits), sun)
    noisy = np.clip(elevation + NOISE_RAD * normal(bits, elevation.shape), 0.0, math.pi / 2)
    lit = (elevation > 0) & ~in_shadow(zenith, sun)[:, None]
    steps = np.floor(np.where(lit, noisy, 0.0) / STEP_RAD + 0.5)
    return (np.minimum(steps, math.floor(math.pi / 2 / STEP_RAD)) / 100.0).astype(np.float32)


def camera_labels(values: NDArray[np.float32]) -> NDArray[np.int16]:
    """-1 (camera must be OFF) where PD6 exceeds the limit, compared as float32; else +1."""
    return np.where(values[:, 5] > CAMERA_LIMIT, -1, 1).astype(np.int16)


def make_recording(seed: int) -> Recording:
    starts = [GAP_S * index for index in range(len(TRAINING))]
    parts = [
        simulate(law, start, np.random.PCG64([seed, index]))
        for index, (start, (_, law)) in enumerate(zip(starts, TRAINING, strict=True))
    ]
    values = np.concatenate(parts)
    # the sweep again with another roll, phase and noise, in sunlight: in the shadow there is nothing to tell apart
    sunrise = next_sunrise_s(GAP_S * len(TRAINING))
    held_out = simulate(sun_sweep, sunrise, np.random.PCG64([seed, len(TRAINING)]), rows=EVALUATION_ROWS)
    seconds = np.concatenate([start + PERIOD_S * np.arange(ROWS, dtype=np.float64) for start in starts])
    return Recording(
        name="sun-sensor",
        title="Six simulated sun sensors and a camera rule",
        folder=None,
        channels=tuple(
            Channel(f"pd{number}", "rad", 0.0, math.pi / 2, f"sun elevation angle over the {face} face")
            for number, face in enumerate(FACES, start=1)
        ),
        deciding_channel="pd6",
        values=values,
        labels=camera_labels(values),
        times_ms=np.round(1000 * (START.timestamp() + seconds)).astype(np.int64),
        segments=tuple(Segment(name, ROWS * i, ROWS * (i + 1)) for i, (name, _) in enumerate(TRAINING)),
        label_meanings={1: "camera may be ON", -1: "camera must be OFF"},
        positive_label=1,
        period_s=PERIOD_S,
        provenance=f"Simulated by tools/simulate_orbit.py with seed {seed}; the physics is described there.",
        licence="Made by this project and under its licence; there is no other source.",
        evaluation=EvaluationRows(held_out, camera_labels(held_out)),
    )


def differences(recording: Recording, folder: Path) -> list[str]:
    """Names of the files in `folder` that differ from what `recording` would write, or are missing."""
    held = {path.name: path.read_bytes() for path in folder.glob("*.*")}
    return [name for name, content in recording_files(recording).items() if held.get(name) != content]


def main() -> int:
    parser = argparse.ArgumentParser(description="Simulate the recording sun-sensor.")
    parser.add_argument("--out", type=Path, default=FIXTURE, help="recording folder (default: the committed fixture)")
    parser.add_argument("--seed", type=int, default=SEED, help="default: %(default)s")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the folder differs")
    arguments = parser.parse_args()
    recording = make_recording(arguments.seed)
    if arguments.check:
        changed = differences(recording, arguments.out)
        print(f"{arguments.out}: {'differs in ' + ', '.join(changed) if changed else 'equals a fresh simulation'}")
        return 1 if changed else 0
    try:
        save_recording(recording, arguments.out)
    except BenchError as error:
        print(f"{error.message}\nhint: {error.hint}", file=sys.stderr)
        return 2
    off = int((recording.known_labels == -1).sum())
    print(f"{arguments.out}: {recording.row_count} rows, {off} of them camera OFF")
    return 0


if __name__ == "__main__":
    sys.exit(main())
