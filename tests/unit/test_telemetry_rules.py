"""Alike channels, policies for readings that break a rule, and recordings without labels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.errors import RecordingError
from bench.telemetry import Channel, EvaluationRows, Policy, Recording, SampleFormat, load_recording, save_recording
from tests.unit.small_recording import make_recording, refused, rewrite

NAN = float("nan")


def unlabelled() -> Recording:
    return replace(make_recording(), labels=None, label_meanings={}, positive_label=None, evaluation=None)


def with_values(values: list[list[float]], policy: Policy) -> Recording:
    return replace(make_recording(), values=np.array(values, np.float32), policy=policy)


# --- alike channels ----------------------------------------------------------------------------------------------


def channels_of(folder: Path, lines: str) -> list[str]:
    """Names of the channels that `lines` declare, in a recording that fits them."""
    text = (folder / "recording.toml").read_text(encoding="utf-8")
    start, end = text.index("[[channel]]"), text.index("[[segment]]")
    (folder / "recording.toml").write_text(text[:start] + lines + text[end:], encoding="utf-8")
    return [channel.name for channel in load_recording(folder).channels]


@pytest.mark.parametrize(
    "names",
    [
        ("a", "b"),
        ("z0", "z1"),
        ("z1", "z2"),
        ("0", "1"),
        ("z0", "z2"),
        ("z00", "z01"),
        ("x0", "y0"),
    ],
)
def test_any_names_survive_saving(tmp_path: Path, names: tuple[str, str]) -> None:
    channels = tuple(Channel(name, "V", 0.0, 1.6) for name in names)
    wrote = replace(make_recording(), channels=channels, deciding_channel=names[1])
    assert load_recording(save_recording(wrote, tmp_path / "r")).channels == channels


def test_only_alike_channels_share_a_table(tmp_path: Path) -> None:
    channels = (Channel("z0", "V", 0.0, 1.6), Channel("z1", "V", 0.0, 1.5))
    folder = save_recording(replace(make_recording(), channels=channels, deciding_channel="z0"), tmp_path / "r")
    assert "count" not in (folder / "recording.toml").read_text(encoding="utf-8")
    assert load_recording(folder).channels == channels


@pytest.mark.parametrize(
    ("count", "message"),
    [
        ("0", "channel[0].count: is 0, expected a value in [1"),
        ("161", "channel[0].count: is 161, expected a value in [1"),
        ('"2"', "channel[0].count: is '2', expected an integer"),
    ],
)
def test_a_count_that_is_none_is_refused(tmp_path: Path, count: str, message: str) -> None:
    folder = save_recording(make_recording(), tmp_path / "r")
    rewrite(folder, "recording.toml", 'name = "a"\n', f'name = "a"\ncount = {count}\n')
    refused(folder, message)


def test_numbered_names_meet_no_other(tmp_path: Path) -> None:
    folder = save_recording(make_recording(), tmp_path / "r")
    rewrite(folder, "recording.toml", 'name = "a"\n', 'name = "a"\ncount = 2\n')
    rewrite(folder, "recording.toml", 'name = "b"\n', 'name = "a1"\n')
    rewrite(folder, "recording.toml", 'deciding_channel = "a"', 'deciding_channel = "a1"')
    refused(folder, "the column name 'a1' is used twice")


# --- policies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", ["csv", "npz"])
@pytest.mark.parametrize("reading", [NAN, float("inf"), float("-inf")])
def test_readings_that_are_no_number_are_streamed_if_the_recording_says_so(
    tmp_path: Path, samples: SampleFormat, *, reading: float
) -> None:
    wrote = with_values([[0.1, reading], [0.2, 1.0], [0.3, 0.5], [1.5, 0.0]], Policy(not_finite="stream"))
    read = load_recording(save_recording(wrote, tmp_path / "r", samples=samples))
    assert read.policy == wrote.policy
    np.testing.assert_array_equal(read.values, wrote.values)
    with pytest.raises(RecordingError, match=r"row 0: b is .* V, not a finite number") as caught:
        save_recording(replace(wrote, policy=Policy()), tmp_path / "r")
    assert '[policy] not_finite = "stream"' in caught.value.hint


def test_readings_outside_their_range_are_streamed_if_the_recording_says_so(tmp_path: Path) -> None:
    wrote = with_values([[0.1, 7.0], [0.2, 1.0], [0.3, 0.5], [1.5, 0.0]], Policy(out_of_range="stream"))
    read = load_recording(save_recording(wrote, tmp_path / "r"))
    assert read.values[0, 1] == 7.0
    with pytest.raises(RecordingError, match=r"row 0: b is 7.0 V, outside its range \[0.0, 1.0\]") as caught:
        save_recording(replace(wrote, policy=Policy(not_finite="stream")), tmp_path / "r")
    assert '[policy] out_of_range = "stream"' in caught.value.hint


def test_the_unit_of_plain_numbers_is_not_printed(tmp_path: Path) -> None:
    wrote = with_values([[0.1, 7.0], [0.2, 1.0], [0.3, 0.5], [1.5, 0.0]], Policy())
    plain = replace(wrote, channels=tuple(replace(channel, unit="1") for channel in wrote.channels))
    with pytest.raises(RecordingError, match=r"row 0: b is 7.0, outside its range \[0.0, 1.0\]"):
        save_recording(plain, tmp_path / "r")


def test_infinity_is_no_matter_of_the_range(tmp_path: Path) -> None:
    wrote = with_values([[0.1, float("inf")]] * 4, Policy(out_of_range="stream"))
    with pytest.raises(RecordingError, match=r"row 0: b is inf V, not a finite number"):
        save_recording(wrote, tmp_path / "r")


def test_held_out_rows_are_finite_in_any_case(tmp_path: Path) -> None:
    evaluation = EvaluationRows(np.array([[0.1, NAN]], np.float32), np.ones(1, np.int16))
    wrote = replace(make_recording(), evaluation=evaluation, policy=Policy("stream", "stream"))
    with pytest.raises(RecordingError, match=r"row 0: b is nan V, not a finite number") as caught:
        save_recording(wrote, tmp_path / "r")
    assert "policy" not in caught.value.hint


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('not_finite = "drop"', "policy.not_finite: is 'drop', expected one of 'refuse', 'stream'"),
        ('out_of_rage = "stream"', "policy.out_of_rage: unknown key"),
    ],
)
def test_an_unknown_policy_is_refused(tmp_path: Path, lines: str, message: str) -> None:
    folder = save_recording(make_recording(), tmp_path / "r")
    rewrite(folder, "recording.toml", "[files]", f"[policy]\n{lines}\n\n[files]")
    refused(folder, message)


# --- without labels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("samples", ["csv", "npz"])
def test_a_recording_without_labels_loads_without_them(tmp_path: Path, samples: SampleFormat) -> None:
    read = load_recording(save_recording(unlabelled(), tmp_path / "r", samples=samples))
    assert read.labels is None
    assert read.positive_label is None
    assert dict(read.label_meanings) == {}
    assert read.evaluation is None
    assert read.values.tobytes() == make_recording().values.tobytes()
    assert read.rows(1, 3).labels is None
    with pytest.raises(RecordingError, match=r"recording small has no labels") as caught:
        _ = read.known_labels
    assert "[labels] and positive_label" in caught.value.hint


def test_a_label_column_without_meanings_is_refused(tmp_path: Path) -> None:
    folder = save_recording(make_recording(), tmp_path / "r")
    rewrite(folder, "recording.toml", "positive_label = 1\n", "")
    rewrite(folder, "recording.toml", '[labels]\n"1" = "ON"\n"-1" = "OFF"\n', "")
    listed = refused(folder, "files: lists evaluation.csv, but the recording has no labels to score it by")
    assert "remove the held-out rows" in listed.hint
    (folder / "evaluation.csv").unlink()
    text = (folder / "recording.toml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith('"evaluation.csv"'))
    rewrite(folder, "recording.toml", line + "\n", "")
    assert "add [labels] and positive_label" in refused(folder, "column 'label' is not declared").hint


def test_half_a_labelling_is_refused(tmp_path: Path) -> None:
    folder = save_recording(make_recording(), tmp_path / "r")
    rewrite(folder, "recording.toml", "positive_label = 1\n", "")
    refused(folder, "positive_label: missing")
    rewrite(folder, "recording.toml", 'name = "small"\n', 'name = "small"\npositive_label = 1\n')
    rewrite(folder, "recording.toml", '[labels]\n"1" = "ON"\n"-1" = "OFF"\n', "")
    refused(folder, "positive_label: stands without [labels]")


@pytest.mark.parametrize(
    "half",
    [
        replace(make_recording(), labels=None),
        replace(make_recording(), positive_label=None),
        replace(unlabelled(), label_meanings={1: "ON", -1: "OFF"}),
        replace(unlabelled(), evaluation=make_recording().evaluation),
    ],
)
def test_half_a_labelling_is_not_saved(tmp_path: Path, half: Recording) -> None:
    with pytest.raises(RecordingError, match=r"labels"):
        save_recording(half, tmp_path / "r")


def test_samples_stand_in_one_file(tmp_path: Path) -> None:
    folder = save_recording(make_recording(), tmp_path / "r")
    digest = "0" * 64
    rewrite(folder, "recording.toml", "[files]", f'[files]\n"samples.npz" = "sha256:{digest}"')
    refused(folder, "files: lists samples.csv and samples.npz, expected one of samples.csv, samples.npz")
    rewrite(folder, "recording.toml", f'"samples.npz" = "sha256:{digest}"\n', "")
    rewrite(folder, "recording.toml", '"samples.csv"', '"evaluation.npz"')
    refused(folder, "files: lists no samples, expected one of samples.csv, samples.npz")
