"""Firmware for the tests that run it."""

import subprocess
from pathlib import Path

import pytest

from bench.build import FIRMWARE, build_firmware


@pytest.fixture(scope="session")
def sanitized_payload() -> Path:
    """The native payload under AddressSanitizer and UndefinedBehaviorSanitizer."""
    return build_firmware("host", sanitize=True).elf


@pytest.fixture(scope="session")
def host_payload() -> Path:
    """The native payload as the bench runs it."""
    return build_firmware("host").elf


@pytest.fixture(scope="session")
def tiny_payload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a native payload whose arena holds 1 KiB."""
    folder = tmp_path_factory.mktemp("tiny")
    arguments = ["PORT=host", "ARENA_BYTES=1024", f"BUILD={folder}"]
    subprocess.run(["make", "-s", "-C", FIRMWARE, *arguments], check=True, stdout=subprocess.DEVNULL)
    return folder / "payload.elf"
