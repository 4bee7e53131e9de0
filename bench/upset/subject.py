"""What is upset: a scenario with its recording, on a target with its firmware; checked before anything is started."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.build import Firmware, build_firmware, read_firmware
from bench.campaign.injector import InjectorSetup
from bench.errors import ConfigurationError
from bench.scenario import Scenario, load_scenario
from bench.target import Target, load_target, own_firmware
from bench.telemetry import Recording, find_recording, load_recording
from bench.upset.image import Image, read_image

_RECORDINGS: Final = Path(__file__).parents[2] / "fixtures" / "telemetry"
_FORMAT: Final = "7"
"""Of what is kept of a golden run; counts up when an older one can no longer be read."""


@dataclass(frozen=True)
class Subject:
    """`key`: SHA-256 over everything that a golden run depends on but the emulator."""

    scenario: Scenario
    recording: Recording
    target: Target
    elf: Path
    build_id: str
    image: Image
    key: str

    @property
    def runs_timers(self) -> bool:
        """Whether a timer runs in the payload while it works: a breakpoint would let its clock jump to the deadline."""
        kept = self.scenario.checkpoints
        return kept is not None and (kept.watchdog or self.target.flash is not None)


def load_subject(setup: InjectorSetup) -> Subject:
    """Raises BenchError for what does not exist or cannot be upset."""
    target = load_target(setup.target)
    if target.counter is None:
        raise ConfigurationError(
            f"target {target.name} has no capability 'upsets': its file has no table [upsets]",
            hint="choose a target whose file has one, such as qemu-mps2-an386",
        )
    scenario = load_scenario(setup.scenario)
    if scenario.recording is None:
        hint = "add recording = ... to it"
        raise ConfigurationError(f"scenario {scenario.name} has no recording of its own", hint=hint)
    folder = find_recording(scenario.recording, [_RECORDINGS], beside=setup.scenario.parent)
    recording = load_recording(folder)
    firmware = _firmware(target)
    key = hashlib.sha256()
    files = [setup.scenario, firmware.elf, *([target.path] if target.path else []), *sorted(folder.iterdir())]
    for path in files:
        if path.is_file():
            key.update(hashlib.sha256(path.read_bytes()).digest())
    key.update(f"{_FORMAT} {setup.instants}".encode())
    image = read_image(firmware.elf)
    return Subject(scenario, recording, target, firmware.elf, firmware.image.build_id, image, key.hexdigest())


def _firmware(target: Target) -> Firmware:
    own = own_firmware(target)
    if own is not None:
        return read_firmware(own)
    if target.port is None:
        raise ConfigurationError(f"target {target.name} names no firmware that the bench could start")
    return build_firmware(target.port, board=target.board, protection=target.has_protection)
