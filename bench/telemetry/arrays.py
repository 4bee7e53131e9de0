"""Rows as NumPy arrays in an .npz file: a ZIP archive with one .npy member per array.

Members are parsed here rather than by numpy.load: nothing is unpickled, and a header that claims more than its member
holds sizes no memory. Conversions that lose nothing are made; the others are refused with the line that makes them.
"""

import io
import math
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from bench.errors import RecordingError
from bench.strict import nearest_hint
from bench.telemetry.recording import Auxiliary, Labels, Times, Values, frozen_array
from bench.telemetry.rows import UNDECLARED_LABELS_HINT, Rows, Wanted, int16_labels

VALUES: Final = "values"
LABELS: Final = "labels"
TIMES: Final = "times_ms"
_SUFFIX: Final = ".npy"
_SAVE_HINT: Final = "write it again: numpy.savez(FILE, values=..., labels=..., times_ms=...)"
_HEADERS: Final = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_HEADER_ERRORS: Final = (UserWarning, SyntaxError, TypeError, RecursionError, MemoryError, tokenize.TokenError)
"""What ast.literal_eval and numpy's rewriting of headers raise for text that is none, besides ValueError."""
_COMPRESSIONS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What numpy.savez and numpy.savez_compressed write."""
_ENCRYPTED: Final = 0x1
"""General purpose bit flag, bit 0 (APPNOTE 6.3.10, section 4.4.4)."""


def npz_rows(content: bytes, path: Path, wanted: Wanted) -> Rows:
    """The rows of an .npz; raises RecordingError with the array that is wrong. Times may be left out."""
    arrays = _read_arrays(content, path)
    _check_names(arrays, path, wanted)
    values = _values(arrays[VALUES], path, channels=len(wanted.channels))
    for name in (LABELS, TIMES, *wanted.auxiliary):
        if name in arrays and arrays[name].shape != (len(values),):
            message = f"{path}: {name} has shape {arrays[name].shape}, expected ({len(values)},): one for each row"
            raise RecordingError(message, hint=f"values has {len(values)} rows; give {name} as many")
    if not len(values):
        message = f"{path}: no rows"
        raise RecordingError(message, hint="values must hold at least one row")
    return Rows(
        values,
        int16_labels(_integers(arrays[LABELS], path, LABELS), path) if wanted.labelled else None,
        _times(arrays[TIMES], path) if TIMES in arrays else None,
        tuple(_auxiliary(arrays[name], path, name) for name in wanted.auxiliary),
    )


def npz_bytes(values: Values, labels: Labels | None, times_ms: Times | None, auxiliary: tuple[Auxiliary, ...]) -> bytes:
    """The same arrays give the same bytes: members carry no time of writing."""
    arrays: dict[str, NDArray[Any]] = {VALUES: values}
    if labels is not None:
        arrays[LABELS] = labels
    if times_ms is not None:
        arrays[TIMES] = times_ms
    for column in auxiliary:
        arrays[column.name] = np.array(column.texts, dtype=np.str_)
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def _read_arrays(content: bytes, path: Path) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                name = member.filename.removesuffix(_SUFFIX)
                if name in arrays:
                    raise _unreadable(path, f"array {name!r} is in it twice")
                arrays[name] = _read_member(archive, member, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as cause:
        raise _unreadable(path, str(cause) or "it ends too early") from cause
    return arrays


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> NDArray[Any]:
    """One array; raises ValueError or an error of zipfile for what is none."""
    if member.compress_type not in _COMPRESSIONS or member.flag_bits & _ENCRYPTED:
        raise _unreadable(path, f"{member.filename} is encrypted, or packed in another way than numpy does")
    content = archive.read(member)
    stream = io.BytesIO(content)
    shape, fortran_order, dtype = _read_array_header(stream, path, member.filename)
    if dtype.hasobject:
        name = member.filename.removesuffix(_SUFFIX)
        message = f"{path}: {name} holds Python objects (dtype {dtype}), which are never unpickled"
        raise RecordingError(message, hint=f"save plain numbers: {name} = numpy.array({name}.tolist())")
    size = math.prod(shape) * dtype.itemsize
    if len(content) - stream.tell() != size:
        what = f"{member.filename} holds {len(content) - stream.tell()} bytes, its header says {size}"
        raise _unreadable(path, what)
    flat = np.frombuffer(content, dtype, math.prod(shape), stream.tell())
    return flat.reshape(shape, order="F" if fortran_order else "C")


def _read_array_header(stream: io.BytesIO, path: Path, member: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise _unreadable(path, f"{member} has .npy version {version[0]}.{version[1]}")
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # a header of Python 2 is read by rewriting it: not here
        try:
            return _HEADERS[version](stream)
        except _HEADER_ERRORS as cause:
            raise _unreadable(path, f"the header of {member} is not plain") from cause


def _unreadable(path: Path, why: str) -> RecordingError:
    return RecordingError(f"{path}: not a readable .npz file: {why}", hint=f"was it cut short? {_SAVE_HINT}")


def _check_names(arrays: Mapping[str, object], path: Path, wanted: Wanted) -> None:
    needed = (VALUES, *((LABELS,) * wanted.labelled), *wanted.auxiliary)
    known = (*needed, *((TIMES,) * wanted.timed))
    for name in arrays:
        if name not in known:
            message = f"{path}: array {name!r} is not expected (expected: {', '.join(known)})"
            hint = nearest_hint(name, known) + " or leave it out"
            raise RecordingError(message, hint=UNDECLARED_LABELS_HINT if name == LABELS else hint)
    for name in needed:
        if name not in arrays:
            message = f"{path}: no array {name!r} (arrays: {', '.join(arrays) or 'none'})"
            raise RecordingError(message, hint=_SAVE_HINT)


def _values(array: NDArray[Any], path: Path, *, channels: int) -> Values:
    if array.ndim != 2 or array.shape[1] != channels:  # noqa: PLR2004  # rows and channels
        message = f"{path}: values has shape {array.shape}, expected (rows, {channels})"
        turned = array.ndim == 2 and array.shape[0] == channels  # noqa: PLR2004  # rows and channels
        flat = "values = values.T" if turned else "values = values.reshape(rows, channels)"
        hint = f"{flat}; recording.toml declares a [[channel]] for each column"
        raise RecordingError(message, hint=hint)
    if array.dtype.newbyteorder("=") != np.float32:
        message = f"{path}: values has dtype {array.dtype}, expected float32, which is what is streamed"
        raise RecordingError(message, hint="round it yourself: values = values.astype(numpy.float32)")
    return frozen_array(array, np.float32)


def _integers(array: NDArray[Any], path: Path, name: str) -> NDArray[Any]:
    if array.dtype.kind not in "iu":
        message = f"{path}: {name} has dtype {array.dtype}, expected an integer type"
        raise RecordingError(message, hint=f"{name} = {name}.astype(numpy.int64)")
    return array


def _times(array: NDArray[Any], path: Path) -> Times:
    times = _integers(array, path, TIMES)
    if times.max() > np.iinfo(np.int64).max:
        message = f"{path}: times_ms holds {times.max()}, beyond 64-bit signed integers"
        raise RecordingError(message, hint="times are Unix milliseconds, or milliseconds since the start")
    return frozen_array(times, np.int64)


def _auxiliary(array: NDArray[Any], path: Path, name: str) -> Auxiliary:
    if array.dtype.kind != "U":
        message = f"{path}: auxiliary {name} has dtype {array.dtype}, expected text"
        raise RecordingError(message, hint=f"{name} = {name}.astype(str)")
    return Auxiliary(name, tuple(array.tolist()))
