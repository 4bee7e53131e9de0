"""Firmware for the tests that run it."""

import subprocess
from pathlib import Path

import pytest

FIRMWARE = Path(__file__).parents[2] / "firmware_if" / "firmware"


def build(port: str) -> Path:
    """The payload's ELF for a port; make sees to it that it is current."""
    subprocess.run(["make", "-s", "-C", str(FIRMWARE), f"PORT={port}"], check=True, stdout=subprocess.DEVNULL)
    return FIRMWARE / "build" / port / "payload.elf"


@pytest.fixture(scope="session")
def host_payload() -> Path:
    return build("host")
