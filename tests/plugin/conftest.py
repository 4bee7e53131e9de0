"""Pytest runs of their own, in a folder of their own."""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path

# A run within this process forgets in the end what it imported, and some of this cannot be imported twice.
import onnx.helper
import onnx.numpy_helper
import onnxruntime
import pytest

import bench
from bench.build import build_firmware
from tests.plugin.lab import Lab

del onnx, onnxruntime
for module in pkgutil.walk_packages(bench.__path__, "bench."):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)


@pytest.fixture
def lab(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A folder for tests, and the environment of somebody who never heard of the bench."""
    for name in [name for name in os.environ if name.startswith(("HIL_", "PYTEST_XDIST", "PYTEST_ADDOPTS"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HIL_HISTORY", "off")  # tests count what is in the folder of runs
    locks = tmp_path / "locks"
    monkeypatch.setenv("HIL_LOCKS", str(locks))
    return Lab(pytester)


@pytest.fixture(scope="session")
def host_payload() -> Path:
    """The native payload as the bench runs it."""
    return build_firmware("host").elf
