"""The folder of a run: complete in itself, so that any verdict can be recomputed on another machine.

trace.jsonl and link.bin grow while the run goes on; verdicts.json, models.json and models/*.onnx are written, each at
once, when it is over. `initial/` holds the model files that the scenario names. A run that was killed has no
`run_ended` entry in its trace and no verdicts.json, and is judged as not completed.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TextIO

from bench.build import FirmwareImage
from bench.errors import ConfigurationError, RunFolderError
from bench.initial_models import InitialModel, load_initial_models, with_classes
from bench.measure import RunContext, measure
from bench.report.json import save_models, save_verdicts
from bench.report.onnx import save_onnx_models
from bench.scenario import Scenario, limits_for, load_scenario
from bench.selection import Selection, keep_models, load_selection, selection_text
from bench.target import Target, load_target
from bench.telemetry import Recording, load_recording, save_recording
from bench.trace import Entry, RunStarted, load_trace
from bench.transport import LINK
from bench.verdict import Verdict, judge
from firmware_if.reference import TwinError, learner_modules

TRACE = "trace.jsonl"
_SCENARIO = "scenario.toml"
_SELECTION = "selection.toml"
_FIRMWARE = "firmware.json"
_RECORDING = "recording"
_TARGET = "target"
INITIAL = "initial"
TWINS = "twins"


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


def new_run_folder(root: Path, name: str, *, started: datetime) -> Path:
    """Make an empty folder root/<time>-<name>; raises RunFolderError when that is impossible."""
    stem = f"{started:%Y%m%d-%H%M%S}-{name}"
    for number in range(1, 1000):
        folder = root / (stem if number == 1 else f"{stem}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise RunFolderError(f"cannot make {folder}: {error.strerror}", hint="choose another --out") from error
        return folder
    raise RunFolderError(f"there are already 999 runs called {stem}", hint="choose another --out")


def claim_folder(folder: Path) -> Path:
    """Make `folder` for one run; raises RunFolderError when something is in it already."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise RunFolderError(f"{folder} is not empty", hint="give --out a new folder; runs are never overwritten")
    except OSError as error:
        raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="choose another --out") from error
    return folder


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
        if files.selection is not None:
            (folder / _SELECTION).write_text(selection_text(files.selection), encoding="utf-8")
        if files.firmware is not None:
            (folder / _FIRMWARE).write_text(json.dumps(files.firmware.to_dict(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="is the disk full?") from error


def _copy_files(source: Path, folder: Path, *, pattern: str = "*") -> None:
    """Not shutil.copytree, which goes on after an error and reports all of them in one tuple of tuples."""
    folder.mkdir()
    for path in sorted(source.glob(pattern)):
        if path.is_file():
            shutil.copyfile(path, folder / path.name)


def discard_folder(folder: Path) -> None:
    """Remove a folder in which nothing happened."""
    shutil.rmtree(folder, ignore_errors=True)


def open_trace(folder: Path) -> TextIO:
    """A new trace in the folder; raises RunFolderError when it cannot be made."""
    try:
        return (folder / TRACE).open("x", encoding="utf-8")
    except OSError as error:
        raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="is the disk full?") from error


def open_link_file(folder: Path) -> BinaryIO:
    """A new recording of the link in the folder; raises RunFolderError when it cannot be made."""
    try:
        return (folder / LINK).open("xb")
    except OSError as error:
        raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="is the disk full?") from error


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
    )


def _load_firmware(path: Path) -> FirmwareImage:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{path} cannot be read: {error}", hint="the file was changed or cut short") from error
    return FirmwareImage.from_dict(values)


def judge_run(folder: Path, files: RunFiles, *, trace: Sequence[Entry] | None = None) -> tuple[Verdict, ...]:
    """Measure and judge a run and write verdicts.json, models.json and models/*.onnx into its folder.

    `trace` is the run's, where it is still in memory; else it is read from the folder.
    """
    entries = list(load_trace(folder / TRACE)) if trace is None else list(trace)
    if not entries or not isinstance(entries[0], RunStarted):
        raise RunFolderError(f"{folder / TRACE} does not begin with a run", hint="is this a run folder?")
    context = RunContext(
        recording=files.recording,
        sections=files.firmware.sections if files.firmware is not None else None,
        masks_interrupts=files.target.masks_interrupts,
        assumed_instructions_per_s=files.target.clock.assumed_instructions_per_s,
        interrupt_frame_bytes=files.target.memory.interrupt_frame_bytes,
        initial=files.initial,
        twins=files.twins,
    )
    limits = limits_for(files.scenario, files.target.name)
    verdicts = judge(measure(entries, context), limits, selection=files.selection)
    save_models(entries, folder / "models.json")
    save_onnx_models(entries, files.recording, folder / "models")
    save_verdicts(verdicts, folder / "verdicts.json")
    return verdicts
