"""Firmware for the tests that run it."""

from pathlib import Path

import pytest

from bench.build import build_firmware


@pytest.fixture(scope="session")
def sanitized_payload() -> Path:
    """The native payload under AddressSanitizer and UndefinedBehaviorSanitizer."""
    return build_firmware("host", sanitize=True).elf


@pytest.fixture(scope="session")
def host_payload() -> Path:
    """The native payload as the bench runs it."""
    return build_firmware("host").elf
