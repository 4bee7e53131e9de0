"""From what is in a run folder to verdicts, which are put beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.errors import RunFolderError
from bench.measure import MarginBasis, RunContext, measure
from bench.results.models import save_models
from bench.results.onnx import save_onnx_models
from bench.results.verdicts import load_verdicts, save_verdicts
from bench.run_folder.files import RunFiles, load_run_files
from bench.run_folder.folder import TRACE
from bench.scenario import Limit, limits_for, with_checkpoints, with_margins
from bench.trace import Entry, RunStarted, load_trace
from bench.verdict import Verdict, judge

VERDICTS: Final = "verdicts.json"


@dataclass(frozen=True, eq=False)
class JudgedRun:
    """A run that is over with all that is known of it: what reports, history and comparisons are made from."""

    folder: Path
    files: RunFiles
    trace: Sequence[Entry]
    """It begins with RunStarted."""
    verdicts: tuple[Verdict, ...]

    @property
    def started(self) -> RunStarted:
        """How it began."""
        first = self.trace[0]
        if not isinstance(first, RunStarted):
            raise TypeError("a judged run's trace begins with RunStarted")
        return first


def judge_run(folder: Path, files: RunFiles, *, trace: Sequence[Entry] | None = None) -> tuple[Verdict, ...]:
    """Measure and judge a run and write verdicts.json, models.json and models/*.onnx into its folder.

    `trace` is the run's, where it is still in memory; else it is read from the folder.
    """
    entries = list(load_trace(folder / TRACE)) if trace is None else list(trace)
    _check_beginning(entries, folder)
    context = RunContext(
        recording=files.recording,
        sections=files.firmware.sections if files.firmware is not None else None,
        masks_interrupts=files.target.masks_interrupts,
        assumed_instructions_per_s=files.target.clock.assumed_instructions_per_s,
        interrupt_frame_bytes=files.target.memory.interrupt_frame_bytes,
        initial=files.initial,
        twins=files.twins,
        margins=_margin_basis(files),
    )
    verdicts = judge(measure(entries, context), _limits(files), selection=files.selection)
    save_models(entries, folder / "models.json")
    save_onnx_models(entries, files.recording, folder / "models")
    save_verdicts(verdicts, folder / VERDICTS)
    return verdicts


def _limits(files: RunFiles) -> Sequence[Limit]:
    limits = with_checkpoints(limits_for(files.scenario, files.target.name), files.scenario.checkpoints)
    if files.scenario.margins is None or files.margins is None:
        return limits
    return with_margins(limits, files.scenario.margins, files.margins, clock=files.target.clock.kind)


def _margin_basis(files: RunFiles) -> MarginBasis | None:
    if files.scenario.margins is None:
        return None
    memory, firmware = files.target.memory, files.firmware
    return MarginBasis(
        spec=files.scenario.margins,
        ram_bytes=memory.ram_bytes,
        flash_bytes=memory.flash_bytes,
        data_region_in_ram=memory.data_region_in_ram,
        unstored=firmware.unstored if firmware is not None else (),
    )


def load_judged_run(folder: Path) -> JudgedRun:
    """A run from its folder, with the verdicts that are there; it is judged only where there are none.

    Raises RunFolderError for a folder that is none.
    """
    files = load_run_files(folder)
    trace = list(load_trace(folder / TRACE))
    _check_beginning(trace, folder)
    if (folder / VERDICTS).exists():
        return JudgedRun(folder, files, trace, load_verdicts(folder / VERDICTS))
    return JudgedRun(folder, files, trace, judge_run(folder, files, trace=trace))


def _check_beginning(trace: Sequence[Entry], folder: Path) -> None:
    if not trace or not isinstance(trace[0], RunStarted):
        raise RunFolderError(f"{folder / TRACE} does not begin with a run", hint="is this a run folder?")
