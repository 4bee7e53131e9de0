"""Rows as arrays load as those of text do; every array of another form is refused with the line that mends it."""

import hashlib
import io
import random
import re
import struct
import zipfile
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.errors import RecordingError
from bench.telemetry import Channel, Recording, Segment, load_recording, save_recording
from tests.unit.small_recording import make_recording, refused

Arrays = dict[str, NDArray[Any]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_recording(make_recording(), tmp_path / "small", samples="npz")


def seal(folder: Path, name: str, content: bytes) -> None:
    """Write a data file and its new checksum, so that only the content is wrong."""
    toml = folder / "recording.toml"
    digest = hashlib.sha256(content).hexdigest()
    toml.write_text(re.sub(rf'("{name}" = "sha256:)\w+', rf"\g<1>{digest}", toml.read_text(encoding="utf-8")))
    (folder / name).write_bytes(content)


def arrays_of(folder: Path, name: str = "samples.npz") -> Arrays:
    with np.load(folder / name) as arrays:
        return dict(arrays)


def resave(folder: Path, changed: Arrays, *, name: str = "samples.npz", without: str = "") -> None:
    """Replace or add arrays of a file."""
    arrays = {**arrays_of(folder, name), **changed}
    arrays.pop(without, None)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=True, **arrays)
    seal(folder, name, stream.getvalue())


def repack(folder: Path, edit: Callable[[bytes], bytes], *, member: str = "values.npy", **options: Any) -> None:  # noqa: ANN401  # options of ZipFile
    """Write the archive anew with one member's bytes edited."""
    stream = io.BytesIO()
    with zipfile.ZipFile(folder / "samples.npz") as old, zipfile.ZipFile(stream, "w", **options) as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info.filename, edit(content) if info.filename == member else content)
    seal(folder, "samples.npz", stream.getvalue())


def reheaded(content: bytes, old: bytes, new: bytes) -> bytes:
    """A member with other text in its header, which keeps its length at the cost of its padding."""
    assert old in content
    return content.replace(old, new).replace(b" " * (len(new) - len(old)) + b"\n", b"\n", 1)


def assert_same(read: Recording, wrote: Recording) -> None:
    for name in (field.name for field in fields(Recording)):
        seen, expected = getattr(read, name), getattr(wrote, name)
        if isinstance(expected, np.ndarray):
            assert seen.dtype == expected.dtype
            assert seen.tobytes() == expected.tobytes()
            assert not seen.flags.writeable
            assert seen.flags.c_contiguous
        elif name == "evaluation" and expected is not None:
            assert seen.values.tobytes() == expected.values.tobytes()
            assert seen.labels.tolist() == expected.labels.tolist()
        elif name not in {"folder", "reference_models"}:
            assert seen == expected


def test_arrays_and_text_hold_the_same_recording(folder: Path, tmp_path: Path) -> None:
    text = save_recording(make_recording(), tmp_path / "text")
    assert {path.name for path in folder.iterdir()} >= {"samples.npz", "evaluation.npz"}
    assert_same(load_recording(folder), load_recording(text))
    assert_same(load_recording(folder), make_recording())


def test_the_same_recording_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = save_recording(make_recording(), tmp_path / "again", samples="npz")
    for path in folder.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes()


def test_saving_as_text_replaces_arrays(folder: Path) -> None:
    save_recording(make_recording(), folder)
    assert not (folder / "samples.npz").exists()
    assert load_recording(folder).row_count == 4


@pytest.mark.parametrize(
    "changed",
    [
        {"values": make_recording().values.astype(">f4")},
        {"values": np.asfortranarray(make_recording().values)},
        {"labels": make_recording().known_labels.astype(np.int64)},
        {"times_ms": make_recording().times_ms.astype(np.uint32)},
    ],
    ids=["big-endian", "fortran", "int64 labels", "uint32 times"],
)
def test_conversions_that_lose_nothing_are_made(folder: Path, changed: Arrays) -> None:
    resave(folder, changed)
    assert_same(load_recording(folder), make_recording())


def test_compressed_arrays_are_read(folder: Path) -> None:
    repack(folder, bytes, compression=zipfile.ZIP_DEFLATED)
    assert_same(load_recording(folder), make_recording())


def test_without_times_rows_are_a_period_apart(folder: Path) -> None:
    resave(folder, {}, without="times_ms")
    assert load_recording(folder).times_ms.tolist() == [0, 500, 1000, 1500]


@pytest.mark.parametrize(
    ("changed", "message", "hint"),
    [
        ({"values": np.zeros((4, 2))}, "values has dtype float64, expected float32", "values.astype(numpy.float32)"),
        ({"values": np.zeros((4, 2), np.float16)}, "values has dtype float16", "values.astype(numpy.float32)"),
        ({"values": np.zeros((4, 2), int)}, "values has dtype int64, expected float32", "values.astype(numpy.float32)"),
        ({"values": np.zeros((4, 3), np.float32)}, "values has shape (4, 3), expected (rows, 2)", "[[channel]]"),
        ({"values": np.zeros((2, 4), np.float32)}, "values has shape (2, 4), expected (rows, 2)", "values = values.T"),
        ({"values": np.zeros(8, np.float32)}, "values has shape (8,), expected (rows, 2)", "values.reshape"),
        ({"values": np.float32(3)}, "values has shape (), expected (rows, 2)", "values.reshape"),
        ({"values": np.zeros((5, 2), np.float32)}, "labels has shape (4,), expected (5,)", "values has 5 rows"),
        ({"labels": np.ones((4, 1), int)}, "labels has shape (4, 1), expected (4,)", "values has 4 rows"),
        ({"labels": np.ones(4)}, "labels has dtype float64, expected an integer type", "labels.astype(numpy.int64)"),
        ({"labels": np.ones(4, bool)}, "labels has dtype bool, expected an integer", "labels.astype(numpy.int64)"),
        ({"labels": np.full(4, 70000)}, "label 70000 is outside -32768 to 32767", "small integers"),
        ({"labels": np.full(4, 7)}, "row 0: label is 7, expected one of -1, 1", "correct the label"),
        ({"times_ms": np.zeros(3, int)}, "times_ms has shape (3,), expected (4,)", "values has 4 rows"),
        ({"times_ms": np.zeros(4)}, "times_ms has dtype float64", "times_ms.astype(numpy.int64)"),
        ({"times_ms": np.full(4, 2**63, np.uint64)}, "times_ms holds 9223372036854775808", "Unix milliseconds"),
        ({"times_ms": np.array([9, 5, 5, 6])}, "row 1: time goes backwards inside a segment", "sort the rows"),
        ({"mode": np.zeros(4, int)}, "auxiliary mode has dtype int64, expected text", "mode.astype(str)"),
        ({"mode": np.array(["x"])}, "mode has shape (1,), expected (4,)", "values has 4 rows"),
        ({"weights": np.zeros(4)}, "array 'weights' is not expected", "or leave it out"),
        ({"values": np.array([[1, "x"]] * 4, dtype=object)}, "values holds Python objects", "never unpickled"),
        ({"values": np.full((4, 2), np.nan, np.float32)}, "row 0: a is nan rad, not a finite", '"stream"'),
        ({"values": np.full((4, 2), np.inf, np.float32)}, "row 0: a is inf rad, not a finite", "not_finite"),
        ({"values": np.full((4, 2), 1.5, np.float32)}, "row 0: b is 1.5 V, outside its range", "out_of_range"),
        (
            {
                "values": np.zeros((0, 2), np.float32),
                **dict.fromkeys(("labels", "times_ms"), np.zeros(0, int)),
                "mode": np.zeros(0, str),
            },
            "samples.npz: no rows",
            "at least one row",
        ),
    ],
)
def test_an_array_of_another_form_is_refused(folder: Path, changed: Arrays, *, message: str, hint: str) -> None:
    resave(folder, changed)
    error = refused(folder, message)
    assert str(folder / "samples.npz") in error.message
    assert hint in error.hint + error.message


@pytest.mark.parametrize("name", ["values", "labels", "mode"])
def test_a_missing_array_is_named(folder: Path, name: str) -> None:
    resave(folder, {}, without=name)
    assert "numpy.savez" in refused(folder, f"no array {name!r} (arrays: ").hint


def test_held_out_rows_are_checked_like_samples(folder: Path) -> None:
    resave(folder, {"values": np.full((2, 2), 9, np.float32)}, name="evaluation.npz")
    refused(folder, "evaluation.npz: row 0: a is 9.0 rad, outside its range")
    resave(folder, {"values": np.zeros((2, 2))}, name="evaluation.npz")
    refused(folder, "evaluation.npz: values has dtype float64")
    resave(folder, {"values": np.zeros((2, 2), np.float32), "times_ms": np.zeros(2, int)}, name="evaluation.npz")
    refused(folder, "evaluation.npz: array 'times_ms' is not expected")


def test_labels_of_a_recording_that_declares_none_are_refused(tmp_path: Path) -> None:
    bare = replace(make_recording(), labels=None, label_meanings={}, positive_label=None, evaluation=None)
    folder = save_recording(bare, tmp_path / "bare", samples="npz")
    resave(folder, {"labels": np.ones(4, int)})
    assert "add [labels] and positive_label" in refused(folder, "array 'labels' is not expected").hint


class TestArchive:
    def test_text_is_no_archive(self, folder: Path) -> None:
        seal(folder, "samples.npz", b"timestamp_ms,a,b,label\n")
        assert "numpy.savez" in refused(folder, "not a readable .npz file: File is not a zip file").hint

    def test_a_single_array_is_no_archive(self, folder: Path) -> None:
        stream = io.BytesIO()
        np.save(stream, np.zeros((4, 2), np.float32))
        seal(folder, "samples.npz", stream.getvalue())
        refused(folder, "not a readable .npz file: File is not a zip file")

    def test_a_pickle_is_no_archive(self, folder: Path) -> None:
        seal(folder, "samples.npz", b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.")
        refused(folder, "not a readable .npz file: File is not a zip file")

    def test_an_array_twice(self, folder: Path) -> None:
        stream = io.BytesIO((folder / "samples.npz").read_bytes())
        with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(stream, "a") as archive:
            archive.writestr("values.npy", b"")
        seal(folder, "samples.npz", stream.getvalue())
        refused(folder, "array 'values' is in it twice")

    def test_a_compression_that_numpy_does_not_write(self, folder: Path) -> None:
        repack(folder, bytes, compression=zipfile.ZIP_LZMA)
        refused(folder, "values.npy is encrypted, or packed in another way than numpy does")

    def test_a_header_that_claims_more_than_there_is(self, folder: Path) -> None:
        repack(folder, lambda content: reheaded(content, b"(4, 2)", b"(9999999999999, 2)"))
        refused(folder, "values.npy holds 32 bytes, its header says 79999999999992")

    def test_a_header_that_claims_less_than_there_is(self, folder: Path) -> None:
        repack(folder, lambda content: content + b"surplus!")
        refused(folder, "values.npy holds 40 bytes, its header says 32")

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            (b"\x93NUMPY", b"\x93NUMPI", "the magic string is not correct"),
            (b"\x93NUMPY\x01", b"\x93NUMPY\x09", "values.npy has .npy version 9.0"),
            (b"'<f4'", b"'<q9'", "not a valid dtype descriptor"),
            (b"'shape'", b"'shame'", "Header does not contain the correct keys"),
            (b"(4, 2)", b"(4L,2)", "the header of values.npy is not plain"),
            (b"(4, 2)", b"(-4,-2)", "not a readable .npz file"),
        ],
    )
    def test_a_member_that_is_no_array(self, folder: Path, old: bytes, *, new: bytes, message: str) -> None:
        repack(folder, lambda content: reheaded(content, old, new))
        refused(folder, message)


def check_clean(folder: Path) -> bool:
    """Load; a refusal must be ours. Whether it loaded."""
    try:
        load_recording(folder)
    except RecordingError as error:
        refusal = error
    else:
        return True
    assert refusal.hint
    return False


def test_every_truncation_is_one_clear_error(folder: Path) -> None:
    content = (folder / "samples.npz").read_bytes()
    for length in range(len(content)):
        seal(folder, "samples.npz", content[:length])
        assert not check_clean(folder), length


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_damaged_archives_load_or_are_one_clear_error(folder: Path, compression: int) -> None:
    """Damage of bits, cut-out pieces and zeroed stretches; the CRC of ZIP lets none of the values through."""
    repack(folder, bytes, compression=compression)
    whole = (folder / "samples.npz").read_bytes()
    wrote = make_recording()
    seed = 20_260
    rng = random.Random(seed)
    loaded = 0
    for _ in range(3000):
        content = bytearray(whole)
        for _ in range(rng.randrange(1, 4)):
            at, length = rng.randrange(len(content)), rng.randrange(1, 9)
            match rng.randrange(3):
                case 0:
                    content[at] ^= 1 << rng.randrange(8)
                case 1:
                    del content[at : at + length]
                case _:
                    content[at : at + length] = bytes(length)
        seal(folder, "samples.npz", bytes(content))
        if check_clean(folder):
            loaded += 1
            assert load_recording(folder).values.tobytes() == wrote.values.tobytes(), seed
    print(f"seed {seed}: {loaded} of 3000 damaged archives load, with the same values")


def test_damaged_members_load_or_are_one_clear_error(folder: Path) -> None:
    """Inside a sound archive: the .npy header and data are what is damaged."""
    seed = 7
    rng = random.Random(seed)
    whole = (folder / "samples.npz").read_bytes()
    for _ in range(1500):
        seal(folder, "samples.npz", whole)

        def edit(content: bytes) -> bytes:
            damaged = bytearray(content)
            for _ in range(rng.randrange(1, 3)):
                damaged[rng.randrange(min(len(damaged), 128))] = rng.choice((*b"()[]{}',:0<>|OVSUMfi8 \n\x00\xff", 200))
            return bytes(damaged)

        repack(folder, edit, member=rng.choice(("values.npy", "labels.npy", "times_ms.npy", "mode.npy")))
        check_clean(folder)


def test_a_claimed_size_allocates_nothing(folder: Path) -> None:
    """The size that the archive's directory claims for a member is not taken on trust either."""
    content = bytearray((folder / "samples.npz").read_bytes())
    at = content.index(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 0xFFFFFF00)
    seal(folder, "samples.npz", bytes(content))
    assert_same(load_recording(folder), make_recording())


def test_a_header_of_endless_nesting_is_refused(folder: Path) -> None:
    text = b"-" * 9000
    member = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text
    repack(folder, lambda _: member)
    refused(folder, "the header of values.npy is not plain")


def test_128_alike_channels_take_one_table(tmp_path: Path) -> None:
    """A data set of the shape that image latents have: 1305 rows of 128 float32."""
    values = np.random.default_rng(1).standard_normal((1305, 128), np.float32)
    many = replace(
        make_recording(),
        channels=tuple(Channel(f"z{index}", "1", -10.0, 10.0, "latent") for index in range(128)),
        deciding_channel=None,
        values=values,
        labels=np.where(values[:, 0] > 0, 1, -1).astype(np.int16),
        times_ms=np.arange(1305) * 500,
        segments=(Segment("all", 0, 1305),),
        evaluation=None,
        reference_models=None,
        auxiliary=(),
    )
    folder = save_recording(many, tmp_path / "latents", samples="npz")
    toml = (folder / "recording.toml").read_text(encoding="utf-8")
    assert toml.count("[[channel]]") == 1
    assert 'name = "z"\ncount = 128\nunit = "1"' in toml
    assert_same(load_recording(folder), many)
