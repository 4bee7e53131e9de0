"""What a run folder keeps beside its trace: copies of everything that the verdicts depend on."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.build import FirmwareImage
from bench.errors import ConfigurationError, RunFolderError
from bench.initial_models import InitialModel, load_initial_models, with_classes
from bench.margins import MarginProfile, load_profile
from bench.run_folder.folder import TRACE
from bench.scenario import Scenario, load_scenario
from bench.selection import Selection, keep_models, load_selection, selection_text
from bench.sensor_faults import SensorFault, sensor_faults_text
from bench.target import Target, load_target
from bench.telemetry import Recording, load_recording, save_recording
from firmware_if.reference import TwinError, learner_modules

_SCENARIO: Final = "scenario.toml"
_SELECTION: Final = "selection.toml"
_FIRMWARE: Final = "firmware.json"
_RECORDING: Final = "recording"
_TARGET: Final = "target"
_MARGINS: Final = "margins.toml"
SENSOR_FAULTS: Final = "sensor-faults.json"
INITIAL: Final = "initial"
TWINS: Final = "twins"


@dataclass(frozen=True)
class RunFiles:
    """What a run folder holds beside its trace. `firmware` is None where no image of the payload is at hand.

    `twins` is the folder whose Python may be executed to judge the run; None where there is none, or none is trusted.
    """

    scenario: Scenario
    target: Target
    recording: Recording
    firmware: FirmwareImage | None
    initial: Mapping[str, InitialModel] = field(default_factory=dict)
    """Model files that the scenario names, by model name."""
    twins: Path | None = None
    selection: Selection | None = None
    """Which part of its scenario the run is; None = all of it."""
    margins: MarginProfile | None = None
    """The margin profile that the scenario names."""
    sensor_faults: tuple[SensorFault, ...] = ()
    """Put into the recording on purpose: a list for people, on which no verdict depends."""


def save_run_files(folder: Path, files: RunFiles) -> None:
    """Copy what the verdicts depend on into the folder."""
    try:
        if files.scenario.path is not None:
            shutil.copyfile(files.scenario.path, folder / _SCENARIO)
        else:
            (folder / _SCENARIO).write_text(files.scenario.text, encoding="utf-8")
        for name, initial in files.initial.items():
            (folder / INITIAL).mkdir(exist_ok=True)
            (folder / INITIAL / f"{name}.onnx").write_bytes(initial.graph.content)
        if files.target.path is not None:
            (folder / _TARGET).mkdir()
            shutil.copyfile(files.target.path, folder / _TARGET / files.target.path.name)
        if files.recording.folder is not None:
            _copy_files(files.recording.folder, folder / _RECORDING)
        else:
            save_recording(files.recording, folder / _RECORDING)
        if files.twins is not None:
            _copy_files(files.twins, folder / TWINS, pattern="*.py")
        _save_changes(folder, files)
        if files.margins is not None:
            shutil.copyfile(files.margins.path, folder / _MARGINS)
        if files.firmware is not None:
            (folder / _FIRMWARE).write_text(json.dumps(files.firmware.to_dict(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="is the disk full?") from error


def _save_changes(folder: Path, files: RunFiles) -> None:
    """How the run differs from its scenario on the whole recording as it was."""
    if files.selection is not None:
        (folder / _SELECTION).write_text(selection_text(files.selection), encoding="utf-8")
    if files.sensor_faults:
        (folder / SENSOR_FAULTS).write_text(sensor_faults_text(files.sensor_faults), encoding="utf-8")


def _copy_files(source: Path, folder: Path, *, pattern: str = "*") -> None:
    """Not shutil.copytree, which goes on after an error and reports all of them in one tuple of tuples."""
    folder.mkdir()
    for path in sorted(source.glob(pattern)):
        if path.is_file():
            shutil.copyfile(path, folder / path.name)


def check_twins(scenario: Scenario) -> Path | None:
    """The scenario's folder of twins, all of which can be imported; raises ConfigurationError where not."""
    if scenario.twins is None:
        return None
    if not any(scenario.twins.glob("*.py")):
        message = f"scenario {scenario.name}: no .py file is in twins = {str(scenario.twins)!r}"
        raise ConfigurationError(message, hint="it is a path from the folder of the scenario file")
    try:
        learner_modules(scenario.twins)
    except TwinError as error:
        raise ConfigurationError(error.message, hint=error.hint) from error
    return scenario.twins


def has_twins(folder: Path) -> bool:
    """Whether a run brought Python of its own."""
    return (folder / TWINS).is_dir()


def load_run_files(folder: Path, *, trust_twins: bool = False) -> RunFiles:
    """Back from `save_run_files`; raises RunFolderError for a folder that is none or lacks a part.

    Twins in the folder are code: only with `trust_twins` is it executed to judge the run.
    """
    if not folder.is_dir():
        what = "is neither a run folder nor a pack of one" if folder.exists() else "does not exist"
        raise RunFolderError(f"{folder} {what}", hint="give a folder that `bench run` wrote, or a file of `bench pack`")
    targets = sorted((folder / _TARGET).glob("*.toml"))
    for path in (folder / TRACE, folder / _SCENARIO, folder / _RECORDING):
        if not path.exists():
            raise RunFolderError(
                f"{folder} is no complete run folder: {path.name} is missing", hint="see: bench run --out"
            )
    if len(targets) != 1:
        raise RunFolderError(
            f"{folder} is no complete run folder: it has {len(targets)} targets", hint="see: bench run"
        )
    firmware = folder / _FIRMWARE
    selection = load_selection(folder / _SELECTION) if (folder / _SELECTION).exists() else None
    scenario = keep_models(load_scenario(folder / _SCENARIO), selection.models if selection else ())
    initial = load_initial_models(scenario, folder / INITIAL)
    return RunFiles(
        scenario=scenario,
        target=load_target(targets[0]),
        recording=with_classes(load_recording(folder / _RECORDING), initial),
        firmware=_load_firmware(firmware) if firmware.exists() else None,
        initial=initial,
        twins=folder / TWINS if trust_twins and has_twins(folder) else None,
        selection=selection,
        margins=load_profile(folder / _MARGINS, error=RunFolderError) if scenario.margins is not None else None,
    )


def _load_firmware(path: Path) -> FirmwareImage:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read: {error}", hint="the file was changed or cut short") from error
    return FirmwareImage.from_dict(values)
