"""A recording folder is read back as written, and every malformed one is refused with its place."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from bench.errors import RecordingError
from bench.telemetry import (
    Channel,
    Recording,
    Segment,
    check_recording,
    find_recording,
    list_recordings,
    load_recording,
    save_recording,
)
from tests.unit.small_recording import make_recording, refused, rewrite

FIXTURES = Path(__file__).parents[2] / "fixtures" / "telemetry"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_recording(make_recording(), tmp_path / "small")


def test_a_saved_recording_loads_equal(folder: Path) -> None:
    wrote, read = make_recording(), load_recording(folder)
    for name in ("name", "title", "channels", "deciding_channel", "segments", "label_meanings", "positive_label"):
        assert getattr(read, name) == getattr(wrote, name)
    for name in ("period_s", "provenance", "licence", "auxiliary"):
        assert getattr(read, name) == getattr(wrote, name)
    assert read.folder == folder
    assert read.values.dtype == np.float32
    assert read.values.tobytes() == wrote.values.tobytes()
    assert read.known_labels.tolist() == wrote.known_labels.tolist()
    assert read.times_ms.tolist() == wrote.times_ms.tolist()
    assert read.evaluation is not None
    assert read.evaluation.values.tobytes() == wrote.values[:2].tobytes()
    assert read.reference_models is not None
    assert repr(read.reference_models) == repr(wrote.reference_models)


def test_arrays_are_contiguous_and_read_only(folder: Path) -> None:
    recording = load_recording(folder)
    assert recording.values.flags.c_contiguous
    for array in (recording.values, recording.known_labels, recording.times_ms):
        assert not array.flags.writeable
    assert recording.known_labels.dtype == np.dtype(np.int16)
    assert recording.times_ms.dtype == np.dtype(np.int64)


def test_any_float32_survives_the_text(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    values = rng.integers(0, 0x7F7FFFFF, size=(500, 2), dtype=np.uint32).view(np.float32)
    base = make_recording()
    recording = Recording(
        **{
            **{name: getattr(base, name) for name in base.__dataclass_fields__},
            "channels": tuple(Channel(name, "1", 0.0, 3.5e38) for name in "ab"),
            "values": values,
            "labels": np.ones(500, dtype=np.int16),
            "times_ms": np.arange(500),
            "segments": (Segment("all", 0, 500),),
            "evaluation": None,
            "reference_models": None,
            "auxiliary": (),
        }
    )
    assert load_recording(save_recording(recording, tmp_path / "r")).values.tobytes() == values.tobytes()


def test_rows_restricts_everything(folder: Path) -> None:
    recording = load_recording(folder)
    part = recording.rows(1, 3)
    assert part.segments == (Segment("one", 0, 1), Segment("two", 1, 2))
    assert part.known_labels.tolist() == [1, -1]
    assert part.auxiliary[0].texts == ("a,b", 'q"')
    assert part.reference_models is None
    head = recording.rows(0, 3)
    assert head.reference_models is not None
    assert [entry["end_row"] for entry in head.reference_models["segments"]] == [2]
    assert recording.rows(0, 1).reference_models is None
    check_recording(part, folder)
    with pytest.raises(RecordingError, match="rows 3 to 3 are not inside 0 to 4"):
        recording.rows(3, 3)


def test_a_byte_order_mark_and_crlf_are_harmless(folder: Path) -> None:
    text = (folder / "samples.csv").read_text(encoding="utf-8")
    rewrite(folder, "samples.csv", text, "\ufeff" + text.replace("\n", "\r\n"))
    assert load_recording(folder).row_count == 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("timestamp_ms,a,b", "timestamp_ms,a,c", "column 'c' is not declared in recording.toml"),
        ("timestamp_ms,a,b", "timestamp_ms,a,a", "column name 'a' is empty or repeated"),
        ("timestamp_ms,a,b,", "timestamp_ms,a,b,,", "column name '' is empty or repeated"),
        ("10,0.25,1.0,1", "10,0.25,1.0,1,7,8", "line 3 has 7 values, expected 5"),
        ("10,0.25,1.0,1", "10,0.25,1.0,", "label is '', not an integer"),
        ("10,0.25,1.0", "10,abc,1.0", "row 1 (line 3): a is 'abc', not a number"),
        ("10,0.25,1.0", "10,0_1.25,1.0", "row 1 (line 3): a is '0_1.25', not a number"),
        ("10,0.25,1.0", "1.5,0.25,1.0", "row 1 (line 3): timestamp_ms is '1.5', not an integer"),
        ("10,0.25,1.0", "1" + "0" * 20 + ",0.25,1.0", "not a 64-bit integer"),
        ("10,0.25,1.0", "10,nan,1.0", "row 1: a is nan rad, not a finite number"),
        ("10,0.25,1.0", "10,1e39,1.0", "row 1: a is inf rad, not a finite number"),
        ("10,0.25,1.0", "10,0.25,1.5", "row 1: b is 1.5 V, outside its range [0.0, 1.0]"),
        ("10,0.25,1.0,1", "10,0.25,1.0,2", "row 1: label is 2, expected one of -1, 1"),
        ("10,0.25,1.0,1", "10,0.25,1.0,70000", "label 70000 is outside -32768 to 32767"),
        ("10,0.25,1.0", "9,0.25,1.0", "row 1: time goes backwards inside a segment, from 10 to 9 ms"),
        ('"a,b"', '"a,b', "not CSV"),
        ("a,b", "a,b", ""),
    ],
)
def test_malformed_samples_are_refused_with_their_place(folder: Path, old: str, *, new: str, message: str) -> None:
    rewrite(folder, "samples.csv", old, new)
    if message:
        assert str(folder / "samples.csv") in refused(folder, message).message
    else:
        load_recording(folder)


def test_a_header_without_rows_is_refused(folder: Path) -> None:
    text = (folder / "samples.csv").read_text(encoding="utf-8")
    rewrite(folder, "samples.csv", text, text.splitlines()[0] + "\n")
    refused(folder, "samples.csv: no rows")


def test_a_missing_column_is_refused(folder: Path) -> None:
    text = (folder / "samples.csv").read_text(encoding="utf-8")
    rewrite(folder, "samples.csv", text, "timestamp_ms,a,label,mode\n1,0.5,1,x\n")
    refused(folder, "no column 'b'")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("period_s", "periods", "period_s: missing"),
        ("format = 1", "format = 2", "format: is 2, expected one of 1"),
        ("title = ", "colour = 3\ntitle = ", "colour: unknown key"),
        ('name = "small"', 'name = "a/b"', "name: is 'a/b', expected letters"),
        ('deciding_channel = "a"', 'deciding_channel = "c"', "is 'c', expected one of 'a', 'b'"),
        ("positive_label = 1", "positive_label = 3", "positive_label: is 3, expected one of 1, -1"),
        ("period_s = 0.5", "period_s = 0.0", "period_s: is 0.0, expected a value of at least 1e-06"),
        ('"-1" = "OFF"', '"minus" = "OFF"', "labels.minus: the label is not an integer"),
        ('"-1" = "OFF"', '"70000" = "OFF"', "label 70000 is outside"),
        ('"-1" = "OFF"\n', "", "labels: 1 labels, expected at least 2"),
        ("high = 1.6", "high = -1.0", "channel[0].high: is -1.0, below low = 0.0"),
        ('name = "b"', 'name = "label"', "channel: the column name 'label' is used twice"),
        ("end_row = 2", "end_row = 1", "segment 'two' covers rows 2 to 4, expected a first row of 1"),
        ("first_row = 2", "first_row = 1", "segment 'two' covers rows 1 to 4, expected a first row of 2"),
        ("end_row = 4", "end_row = 3", "the segments end at row 3, the samples at row 4"),
        ('name = "two"', 'name = "one"', "2 segments are named 'one'"),
        ('"samples.csv" = "sha256:', '"samples.csv" = "md5:', "expected 'sha256:' and 64 hexadecimal digits"),
        ('"evaluation.csv"', '"evalation.csv"', "files.evalation.csv: unknown key"),
    ],
)
def test_a_malformed_description_is_refused(folder: Path, old: str, *, new: str, message: str) -> None:
    rewrite(folder, "recording.toml", old, new)
    assert str(folder) in refused(folder, message).message


def test_a_recording_without_channels_is_refused(folder: Path) -> None:
    text = (folder / "recording.toml").read_text(encoding="utf-8")
    start, end = text.index("[[channel]]"), text.index("[[segment]]")
    without = text[:start].replace('deciding_channel = "a"\n', "channel = []\n") + text[end:]
    (folder / "recording.toml").write_text(without, encoding="utf-8")
    refused(folder, "channel: there is none")


def test_changed_missing_and_unlisted_files_are_refused(folder: Path) -> None:
    toml = (folder / "recording.toml").read_text(encoding="utf-8")
    (folder / "evaluation.csv").write_text("a,b,label\n0,0,1\n", encoding="utf-8")
    refused(folder, "evaluation.csv: checksum is sha256:")
    (folder / "evaluation.csv").unlink()
    refused(folder, "evaluation.csv: no such file")
    (folder / "evaluation.csv").mkdir()
    refused(folder, "evaluation.csv: cannot be read")
    listed = next(line for line in toml.splitlines() if line.startswith('"evaluation.csv"'))
    (folder / "recording.toml").write_text(toml.replace(listed, ""), encoding="utf-8")
    refused(folder, "evaluation.csv: not listed in recording.toml [files]")


def test_a_folder_without_a_description_is_no_recording(tmp_path: Path) -> None:
    refused(tmp_path, "recording.toml: no such file")
    refused(tmp_path / "absent", "absent: no such recording folder")


def test_samples_that_are_no_text_are_refused(folder: Path) -> None:
    content = b"timestamp_ms\xff"
    toml = folder / "recording.toml"
    old = hashlib.sha256((folder / "samples.csv").read_bytes()).hexdigest()
    toml.write_text(
        toml.read_text(encoding="utf-8").replace(old, hashlib.sha256(content).hexdigest()), encoding="utf-8"
    )
    (folder / "samples.csv").write_bytes(content)
    refused(folder, "not UTF-8 text (byte 12)")


def test_evaluation_rows_are_checked_like_samples(folder: Path) -> None:
    rewrite(folder, "evaluation.csv", "0.25,1.0", "0.25,9.0")
    refused(folder, "evaluation.csv: row 1: b is 9.0 V, outside its range")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"end_row": 2', '"end_row": 3', "end_row 3 is the end of no segment"),
        ('"end_row": 2', '"end_row": true', "segments[0].end_row is 'True', expected int"),
        ('"NaN"', '"nan"', "segments[0].models.m.w[1] is 'nan', expected a number"),
        ("[3]", "3", "segments[0].models.m.timestep is '3', expected list"),
        ('"models"', '"model"', "segments[0] has the keys end_row, model, expected end_row, models"),
        ("{", "", "not valid JSON"),
    ],
)
def test_malformed_references_are_refused(folder: Path, old: str, *, new: str, message: str) -> None:
    rewrite(folder, "reference_models.json", old, new)
    refused(folder, message)


def test_references_keep_every_bit(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    numbers = [*rng.standard_normal(50).tolist(), 5e-324, 1.7976931348623157e308, float("inf"), float("-inf"), -0.0]
    base = make_recording()
    fields = {name: getattr(base, name) for name in base.__dataclass_fields__}
    fields["reference_models"] = {"segments": [{"end_row": 4, "models": {"m": {"w": numbers}}}]}
    read = load_recording(save_recording(Recording(**fields), tmp_path / "r")).reference_models
    assert read is not None
    assert np.array(read["segments"][0]["models"]["m"]["w"]).tobytes() == np.array(numbers).tobytes()


def test_saving_replaces_a_recording_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    save_recording(make_recording(), folder)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small"]
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RecordingError, match=r"not only a recording \(it holds notes.txt\)"):
        save_recording(make_recording(), folder)
    (tmp_path / "other").mkdir()
    save_recording(make_recording(), tmp_path / "other")
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    with pytest.raises(RecordingError, match="exists and is not a folder"):
        save_recording(make_recording(), file)


def test_an_unwritable_place_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(RecordingError, match="cannot be written"):
        save_recording(make_recording(), tmp_path / "file" / "recording")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_empty_recording_is_refused(tmp_path: Path) -> None:
    base = make_recording()
    fields = {name: getattr(base, name) for name in base.__dataclass_fields__}
    fields.update(values=np.empty((0, 2), np.float32), labels=np.empty(0, np.int16), times_ms=np.empty(0, np.int64))
    with pytest.raises(RecordingError, match="the recording has no rows"):
        save_recording(Recording(**fields), tmp_path / "r")


def test_recordings_are_found_by_name_and_by_path(folder: Path, tmp_path: Path) -> None:
    assert list_recordings([tmp_path]) == {"small": folder}
    assert find_recording("small", [tmp_path]) == folder
    assert find_recording(str(folder), []) == folder
    with pytest.raises(RecordingError, match="no recording 'smal'") as caught:
        find_recording("smal", [tmp_path])
    assert "did you mean 'small'?" in caught.value.hint
    with pytest.raises(RecordingError, match=r"the folder holds no recording\.toml"):
        find_recording(str(tmp_path), [tmp_path])


def test_what_is_no_recording_is_told_apart(folder: Path, tmp_path: Path) -> None:
    def refused(given: str, message: str, hint: str, beside: Path | None = None) -> None:
        with pytest.raises(RecordingError) as caught:
            find_recording(given, [tmp_path], beside=beside)
        assert (caught.value.message, caught.value.hint) == (message, hint)

    samples = folder / "samples.csv"
    refused(str(samples), f"{samples}: a file, and a recording is a folder", f"give its folder: {folder}")
    (tmp_path / "notes.txt").touch()
    a_folder = "a recording is a folder with recording.toml and samples"
    refused(str(tmp_path / "notes.txt"), f"{tmp_path / 'notes.txt'}: a file, and a recording is a folder", a_folder)
    check = "check the path; to make a recording of a table: bench import csv FILE --out DIR"
    refused(str(tmp_path / "gone"), f"{tmp_path / 'gone'}: no such folder", check)
    known = "known: small. Or give the path of a recording folder."
    refused("npz", "no recording 'npz'", known)
    (tmp_path / "scenarios" / "npz").mkdir(parents=True)
    refused("npz", "no recording 'npz'", known, beside=tmp_path)
    beside = 'for the folder beside the scenario write recording = "./npz"'
    refused("npz", "no recording 'npz'", beside, beside=tmp_path / "scenarios")


@pytest.mark.parametrize("folder", sorted(FIXTURES.glob("*/")), ids=lambda path: path.name)
def test_every_committed_recording_loads(folder: Path) -> None:
    assert load_recording(folder).name == folder.name
