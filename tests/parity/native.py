"""The payload's learners and feature maps, compiled for this machine and driven through their C structs."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from firmware_if.reference import State

CHECKOUT = Path(__file__).parents[2]
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Werror"
MAX_ARRAYS = 5
REAL = 1
SCALAR = 1
WHOLE = 1
_Entry = TypeVar("_Entry", "LearnerC", "FeatureC")


class ArrayC(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("type", ctypes.c_int), ("shape", ctypes.c_int))


class ParameterC(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("initial", ctypes.c_double),
        ("minimum", ctypes.c_double),
        ("maximum", ctypes.c_double),
        ("kind", ctypes.c_int),
    )


class StateC(ctypes.Structure):
    _fields_ = (
        ("dimension", ctypes.c_size_t),
        ("outputs", ctypes.c_size_t),
        ("parameters", ctypes.c_void_p),
        ("arrays", ctypes.c_void_p * MAX_ARRAYS),
        ("scratch", ctypes.c_void_p),
    )


class BatchC(ctypes.Structure):
    _fields_ = (
        ("x", ctypes.c_void_p),
        ("classes", ctypes.POINTER(ctypes.c_uint8)),
        ("rows", ctypes.POINTER(ctypes.c_uint16)),
        ("count", ctypes.c_size_t),
    )


class LearnerC(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("arithmetic", ctypes.c_char_p),
        ("parameters", ctypes.POINTER(ParameterC)),
        ("parameter_count", ctypes.c_size_t),
        ("arrays", ctypes.POINTER(ArrayC)),
        ("array_count", ctypes.c_size_t),
        ("tie", ctypes.c_int),
        ("batch_parameter", ctypes.c_size_t),
        ("seed_parameter", ctypes.c_size_t),
        ("scratch", ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_size_t, ctypes.c_size_t)),
        ("start", ctypes.CFUNCTYPE(None, ctypes.POINTER(StateC))),
        ("score", ctypes.CFUNCTYPE(ctypes.c_double, ctypes.POINTER(StateC), ctypes.c_void_p, ctypes.c_size_t)),
        ("train", ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.POINTER(StateC), ctypes.c_void_p, ctypes.c_int)),
        ("train_batch", ctypes.CFUNCTYPE(ctypes.c_double, ctypes.POINTER(StateC), ctypes.POINTER(BatchC))),
    )


class FeatureC(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("arithmetic", ctypes.c_char_p),
        ("inputs", ctypes.c_size_t),
        ("dimension", ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_size_t)),
        ("map", ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.POINTER(ctypes.c_float), ctypes.c_size_t, ctypes.c_void_p)),
    )


@dataclass(frozen=True)
class Native:
    """What one compiler made of the sources, by (name, arithmetic), in the registry's order."""

    compiler: str
    learners: Mapping[tuple[str, str], LearnerC]
    features: Mapping[tuple[str, str], FeatureC]

    def map(self, name: str, arithmetic: str, values: Sequence[float]) -> tuple[bool, list[float]]:
        feature = self.features[name, arithmetic]
        x = (real_type(arithmetic) * feature.dimension(len(values)))()
        finite = feature.map((ctypes.c_float * len(values))(*values), len(values), ctypes.addressof(x))
        return finite, list(x)


class NativeModel:
    """A model in C, with the interface of its Python twin."""

    def __init__(self, learner: LearnerC, dimension: int, parameters: Mapping[str, float]) -> None:
        self._learner = learner
        real = real_type(learner.arithmetic.decode())
        self._tables = [learner.arrays[i] for i in range(learner.array_count)]
        reals = [parameters[learner.parameters[i].name.decode()] for i in range(learner.parameter_count)]
        self._parameters = (real * len(reals))(*reals)
        self._arrays = [
            ((real if table.type == REAL else ctypes.c_uint32) * elements(table.shape, dimension, 1))()
            for table in self._tables
        ]
        self._scratch = (real * (learner.scratch(dimension, 1) if learner.scratch else 0))()
        self._state = StateC(dimension, 1, ctypes.addressof(self._parameters))
        self._state.scratch = ctypes.addressof(self._scratch)
        for index, array in enumerate(self._arrays):
            self._state.arrays[index] = ctypes.addressof(array)
        self._x = (real * dimension)()
        learner.start(ctypes.byref(self._state))

    def score(self, x: Sequence[float]) -> float:
        self._x[:] = list(x)
        return float(self._learner.score(ctypes.byref(self._state), ctypes.addressof(self._x), 0))

    def train(self, x: Sequence[float], label: int) -> bool:
        self._x[:] = list(x)
        return bool(self._learner.train(ctypes.byref(self._state), ctypes.addressof(self._x), label))

    def state(self) -> State:
        state: State = {}
        for table, array in zip(self._tables, self._arrays, strict=True):
            state[table.name.decode()] = int(array[0]) if table.shape == SCALAR else [float(value) for value in array]
        return state

    def scratch(self) -> list[float]:
        return list(self._scratch)

    def load(self, state: State) -> None:
        for table, array in zip(self._tables, self._arrays, strict=True):
            value = state[table.name.decode()]
            array[:] = value if isinstance(value, list) else [value]
        self._scratch[:] = [0.0] * len(self._scratch)


def real_type(arithmetic: str) -> type[ctypes.c_float | ctypes.c_double]:
    return ctypes.c_float if arithmetic == "f32" else ctypes.c_double


def elements(shape: int, dimension: int, outputs: int) -> int:
    """As hil_elements of learner.h."""
    return (1, dimension, outputs, outputs * dimension, outputs * (dimension + 1))[shape - 1]


class NativeBatchModel:
    """A model in C that trains on mini-batches, with the interface of its Python twin."""

    def __init__(self, learner: LearnerC, dimension: int, outputs: int, parameters: Mapping[str, float]) -> None:
        self._learner = learner
        self._real = real_type(learner.arithmetic.decode())
        self._dimension, self._outputs = dimension, outputs
        self._tables = [learner.arrays[i] for i in range(learner.array_count)]
        reals = [parameters[learner.parameters[i].name.decode()] for i in range(learner.parameter_count)]
        self._parameters = (self._real * len(reals))(*reals)
        self._arrays = [
            ((self._real if table.type == REAL else ctypes.c_uint32) * elements(table.shape, dimension, outputs))()
            for table in self._tables
        ]
        self._scratch = (self._real * learner.scratch(dimension, outputs))()
        self._state = StateC(dimension, outputs, ctypes.addressof(self._parameters))
        self._state.scratch = ctypes.addressof(self._scratch)
        for index, array in enumerate(self._arrays):
            self._state.arrays[index] = ctypes.addressof(array)
        learner.start(ctypes.byref(self._state))

    def scores(self, x: Sequence[float]) -> list[float]:
        features = (self._real * self._dimension)(*x)
        place = ctypes.addressof(features)
        return [float(self._learner.score(ctypes.byref(self._state), place, k)) for k in range(self._outputs)]

    def train_batch(self, rows: Sequence[Sequence[float]], classes: Sequence[int]) -> float:
        """The rows lie in memory behind one another and are visited from the last one backwards."""
        flat = [value for row in reversed(rows) for value in row]
        x = (self._real * len(flat))(*flat)
        held = (ctypes.c_uint8 * len(rows))(*reversed(classes))
        order = (ctypes.c_uint16 * len(rows))(*reversed(range(len(rows))))
        batch = BatchC(ctypes.addressof(x), held, order, len(rows))
        return float(self._learner.train_batch(ctypes.byref(self._state), ctypes.byref(batch)))

    def state(self) -> State:
        return {
            table.name.decode(): int(array[0]) if table.shape == SCALAR else [float(value) for value in array]
            for table, array in zip(self._tables, self._arrays, strict=True)
        }

    def load(self, state: State) -> None:
        for table, array in zip(self._tables, self._arrays, strict=True):
            value = state[table.name.decode()]
            array[:] = value if isinstance(value, list) else [value]
        self._scratch[:] = [0.0] * len(self._scratch)


def build(target: str, *, folder: Path, compiler: str, flags: str, root: Path = CHECKOUT / "firmware_if") -> Path:
    """Make `target` of registry.mk in `folder` from the sources under `root`."""
    command = ["make", "-s", "-f", str(CHECKOUT / "tests" / "parity" / "registry.mk"), str(folder / target)]
    settings = [
        f"ROOT={root}",
        f"BUILD={folder}",
        f"CC={compiler}",
        f"CFLAGS=-std=c11 {WARNINGS} {flags}",
        f"DRIVER={CHECKOUT / 'tests' / 'c' / 'learners_driver.c'}",
    ]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    made = subprocess.run([*command, *settings], capture_output=True, text=True, check=False, env=plain)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / target


def load(library: Path, *, compiler: str) -> Native:
    handle = ctypes.CDLL(str(library))
    return Native(
        compiler, _registered(handle, "hil_learners", kind=LearnerC), _registered(handle, "hil_features", kind=FeatureC)
    )


def bits(value: State | Sequence[float]) -> object:
    """A comparable form in which only equal bits are equal: -0.0 differs from 0.0."""
    if isinstance(value, dict):
        return {name: float(part).hex() if isinstance(part, int) else bits(part) for name, part in value.items()}
    return [float(element).hex() for element in value]


def _registered(handle: ctypes.CDLL, symbol: str, *, kind: type[_Entry]) -> dict[tuple[str, str], _Entry]:
    """Follow a table of pointers that NULL ends."""
    entries: dict[tuple[str, str], _Entry] = {}
    table = ctypes.addressof(ctypes.c_void_p.in_dll(handle, symbol))
    while address := ctypes.c_void_p.from_address(table).value:
        entry = kind.from_address(address)
        entries[entry.name.decode(), entry.arithmetic.decode()] = entry
        table += ctypes.sizeof(ctypes.c_void_p)
    return entries
