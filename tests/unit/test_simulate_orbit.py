"""The simulation's physics, and that the committed recording is what it makes."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from bench.telemetry import Recording
from tools import simulate_orbit as orbit

ORBIT_S = np.arange(0.0, orbit.orbit_period_s(), 1.0)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return orbit.make_recording(orbit.SEED)


def beta_rad() -> float:
    """Angle of the Sun over the orbit plane."""
    return math.asin(float(np.cross(*orbit.orbit_axes()) @ orbit.sun_direction(np.zeros(1))[0]))


def test_the_committed_fixture_equals_a_fresh_simulation(recording: Recording) -> None:
    assert orbit.differences(recording, orbit.FIXTURE) == []
    assert sum(path.stat().st_size for path in orbit.FIXTURE.iterdir()) < 300_000


def test_check_mode_tells_a_difference(tmp_path: Path) -> None:
    tool = [sys.executable, orbit.__file__, "--out", str(tmp_path / "r")]
    written = subprocess.run(tool, capture_output=True, text=True, check=True)
    assert f"{4 * orbit.ROWS} rows" in written.stdout
    same = subprocess.run([*tool, "--check"], capture_output=True, text=True, check=False)
    other = subprocess.run([*tool, "--check", "--seed", "2"], capture_output=True, text=True, check=False)
    assert (same.returncode, other.returncode) == (0, 1)
    assert "differs in recording.toml, samples.csv, evaluation.csv" in other.stdout
    (tmp_path / "r" / "mine").write_text("", encoding="utf-8")
    assert subprocess.run(tool, capture_output=True, check=False).returncode == 2


def test_orbit_of_the_satellite_that_flew() -> None:
    assert orbit.orbit_period_s() / 60 == pytest.approx(94.9, abs=0.1)
    # OPS-SAT-1's published inclination is 97.5 degrees
    assert math.degrees(orbit.sun_synchronous_inclination_rad()) == pytest.approx(97.5, abs=0.1)


def test_directions_are_unit_vectors() -> None:
    for vectors in (orbit.sun_direction(ORBIT_S), orbit.zenith_direction(ORBIT_S)):
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-12)


def test_the_sun_of_an_equinox_is_on_the_equator() -> None:
    """2025-03-20 09:01 UTC: right ascension and declination are 0 within the formula's 0.01 degree."""
    before = -(orbit.START.timestamp() - 1742461260.0)
    sun = orbit.sun_direction(np.array([before]))[0]
    assert sun == pytest.approx([1.0, 0.0, 0.0], abs=math.radians(0.012))


def test_shadow_lasts_as_long_as_theory_says() -> None:
    shadow = orbit.in_shadow(orbit.zenith_direction(ORBIT_S), orbit.sun_direction(ORBIT_S))
    # the Sun moves 0.07 degree in an orbit, which the closed formula does not know
    assert shadow.mean() == pytest.approx(orbit.shadow_fraction(beta_rad()), abs=5e-4)
    assert orbit.shadow_fraction(math.radians(80)) == 0.0


@pytest.mark.parametrize("law", [orbit.nadir, orbit.nadir_with_slews, orbit.tumble, orbit.sun_sweep])
def test_every_attitude_is_a_rotation(law: orbit.AttitudeLaw) -> None:
    zenith, sun = orbit.zenith_direction(ORBIT_S), orbit.sun_direction(ORBIT_S)
    attitude = law(orbit.Scene(ORBIT_S, zenith, sun), np.random.PCG64([1, 2]))
    assert attitude @ np.swapaxes(attitude, 1, 2) == pytest.approx(np.broadcast_to(np.eye(3), attitude.shape), abs=1e-9)
    assert np.linalg.det(attitude) == pytest.approx(1.0, abs=1e-9)
    # no attitude jumps: a second turns the body by less than 2 degrees
    turned = np.einsum("nij,nij->n", attitude[1:], attitude[:-1])
    assert turned.min() > 1 + 2 * math.cos(math.radians(2.0))


def test_nadir_pointing_keeps_the_camera_down() -> None:
    zenith, sun = orbit.zenith_direction(ORBIT_S), orbit.sun_direction(ORBIT_S)
    attitude = orbit.nadir(orbit.Scene(ORBIT_S, zenith, sun), np.random.PCG64([1, 2]))
    off = np.degrees(np.arccos(np.einsum("ni,ni->n", attitude[:, :, 2], zenith)))
    assert off.max() == pytest.approx(3.0, abs=0.01)


def test_elevation_is_a_right_angle_at_normal_incidence_and_negative_behind() -> None:
    body = np.broadcast_to(np.eye(3), (6, 3, 3))
    elevation = orbit.sun_elevation(body, orbit.NORMALS)
    assert np.diag(elevation) == pytest.approx(math.pi / 2)
    assert elevation[0] == pytest.approx([math.pi / 2, -math.pi / 2, 0, 0, 0, 0])


def test_noise_has_unit_variance_and_no_correlation_with_another_seed() -> None:
    one = orbit.normal(np.random.PCG64([1, 0]), (20_000, 1))[:, 0]
    other = orbit.normal(np.random.PCG64([2, 0]), (20_000, 1))[:, 0]
    # five standard errors of 20000 draws
    assert one.mean() == pytest.approx(0.0, abs=5 / math.sqrt(20_000))
    assert one.std() == pytest.approx(1.0, abs=5 / math.sqrt(40_000))
    assert np.mean(one * other) == pytest.approx(0.0, abs=5 / math.sqrt(20_000))


def test_readings_are_hundredths_inside_the_range_and_dark_in_the_shadow(recording: Recording) -> None:
    hundredths = recording.values.astype(np.float64) * 100
    assert np.abs(hundredths - np.round(hundredths)).max() < 1e-4
    assert recording.values.min() == 0
    assert 1.5 < recording.values.max() <= np.float32(1.57)
    seconds = recording.times_ms / 1000 - orbit.START.timestamp()
    shadow = orbit.in_shadow(orbit.zenith_direction(seconds), orbit.sun_direction(seconds))
    assert shadow.any()
    assert not recording.values[shadow].any()
    # opposite faces are never both lit by more than the noise
    assert np.minimum(recording.values[:, ::2], recording.values[:, 1::2]).max() < 0.1


def test_labels_follow_the_camera_rule_and_both_occur(recording: Recording) -> None:
    limit = np.float32(1.0472)
    assert recording.known_labels.tolist() == [-1 if reading > limit else 1 for reading in recording.values[:, 5]]
    assert 0.05 < np.mean(recording.known_labels == -1) < 0.15


def test_arow_learns_the_rule(recording: Recording) -> None:
    """AROW r = 0.8 on PD6, its square and its cube, without bias: the flown 3D model."""
    weights, spread = np.zeros(3), np.ones(3)
    labels = recording.known_labels.astype(float)
    for reading, label in zip(recording.values[:, 5].astype(np.float64), labels, strict=True):
        x = reading ** np.arange(1, 4)
        margin = label * (weights @ x)
        if margin < 1:
            beta = 1 / (spread @ (x * x) + 0.8)
            weights += (1 - margin) * beta * label * spread * x
            spread -= beta * (spread * x) ** 2
    assert recording.evaluation is not None
    truth = recording.evaluation.labels
    readings = recording.evaluation.values[:, 5:].astype(np.float64)
    answers = np.where(readings ** np.arange(1, 4) @ weights > 0, 1, -1)
    recalls = [float(np.mean(answers[truth == label] == label)) for label in (1, -1)]
    print(f"balanced accuracy {np.mean(recalls):.3f}, recalls ON {recalls[0]:.3f} OFF {recalls[1]:.3f}")
    assert np.mean(recalls) > 0.85
