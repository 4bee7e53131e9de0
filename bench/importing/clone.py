"""A clone of the public repository georgeslabreche/opssat-orbitai.

The training log of a run holds every row since the models were new: the app appended to it and downlinked the whole of
it after each run. So a run's rows are those that its log has beyond the log of the run before, and a log that does not
continue the one before begins a new sequence, with new models. The repository has two sequences: April 2021 (six runs;
the one whose accuracies were published) and May 2021 (eight runs).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.errors import RecordingError
from bench.importing.archive import read_archive
from bench.importing.source import (
    CHANNEL_NAMES,
    CITATION,
    MODEL_NAMES,
    Stream,
    check_ends,
    evaluation_rows,
    labels_by_rule,
    make_recording,
    sweep_by_rule,
)
from bench.strict import nearest_hint
from bench.telemetry.recording import EvaluationRows, Recording, Segment
from bench.telemetry.table import decode, parse_csv, read_bytes

LEARNING: Final = Path("results/learning")
COMMANDS: Final = Path("Mochi/tools/cmds/generated_A.txt")
# times of training, one column per model, follow the label in the log and are not imported
LOG_COLUMNS: Final = ("timestamp_ms", *CHANNEL_NAMES, "label")
# the log writes OFF as 0, the trainer and every other file as -1
LOGGED_LABELS: Final = {1: 1, 0: -1, -1: -1}
_RUN_NAME: Final = re.compile(r"mochi-(\d{4}-\d{2}-\d{2}_\d{2}-\d{2}-\d{2})\Z")
_HINT: Final = "restore the clone: git checkout -- results"


@dataclass(frozen=True)
class Run:
    folder: Path
    log: bytes
    started: datetime

    @property
    def row_count(self) -> int:
        return len(self.log.splitlines())


def import_clone(clone: Path, sequence: str) -> Recording:
    """The runs of `sequence` (month and year of its first run, such as april-2021) as one recording."""
    runs = _choose(_sequences(_runs(clone / LEARNING)), sequence, clone)
    ends = [run.row_count for run in runs]
    check_ends(ends, clone / LEARNING)
    segments = tuple(
        Segment(run.folder.name, first, end) for run, first, end in zip(runs, [0, *ends[:-1]], ends, strict=True)
    )
    references = [{"end_row": end, "models": _models(run.folder)} for run, end in zip(runs, ends, strict=True)]
    return make_recording(
        f"orbitai-{sequence}",
        _stream(runs[-1], segments),
        source=clone,
        title=title_of(sequence),
        provenance=CITATION,
        evaluation=_sweep(clone / COMMANDS),
        reference_models={"segments": references},
    )


def title_of(sequence: str) -> str:
    return f"Sun sensors and camera rule of OPS-SAT-1, {sequence.replace('-', ' ').capitalize()}"


def _runs(learning: Path) -> list[Run]:
    """The runs that have a training log and models, in order of time."""
    runs = []
    for folder in sorted(learning.iterdir()):
        match = _RUN_NAME.match(folder.name)
        log = folder / "logs" / "training.csv"
        if match and log.is_file() and (folder / "models").is_dir():
            try:
                started = datetime.strptime(match[1], "%Y-%m-%d_%H-%M-%S")  # noqa: DTZ007  # only month and order are used
            except ValueError as cause:
                message = f"{folder}: the folder's name holds no date"
                raise RecordingError(message, hint=_HINT) from cause
            runs.append(Run(folder, read_bytes(log, _HINT), started))
    if not runs:
        message = f"{learning}: no run with logs/training.csv and models/"
        raise RecordingError(message, hint=_HINT)
    return sorted(runs, key=lambda run: run.started)


def _sequences(runs: Sequence[Run]) -> dict[str, list[Run]]:
    sequences: list[list[Run]] = []
    for run in runs:
        if sequences and run.log.startswith(sequences[-1][-1].log):
            sequences[-1].append(run)
        else:
            sequences.append([run])
    named: dict[str, list[Run]] = {}
    for chain in sequences:
        name = chain[0].started.strftime("%B-%Y").lower()
        if name in named:
            message = f"{chain[0].folder}: the training log does not continue that of {named[name][-1].folder.name}"
            raise RecordingError(message, hint=_HINT)
        named[name] = chain
    return named


def _choose(sequences: dict[str, list[Run]], name: str, clone: Path) -> list[Run]:
    if name not in sequences:
        message = f"{clone}: no training sequence {name!r} (there is: {', '.join(sequences)})"
        raise RecordingError(message, hint=nearest_hint(name, sequences))
    return sequences[name]


def _stream(last: Run, segments: tuple[Segment, ...]) -> Stream:
    path = last.folder / "logs" / "training.csv"
    table = parse_csv(decode(last.log, path), path, header=LOG_COLUMNS)
    logged = table.integers("label")
    unknown = np.flatnonzero(~np.isin(logged, list(LOGGED_LABELS)))
    if unknown.size:
        message = f"{path}: line {unknown[0] + 1}: label is {logged[unknown[0]]}, expected 1 or 0"
        raise RecordingError(message, hint=_HINT)
    labels = np.array([LOGGED_LABELS[label] for label in logged.tolist()])
    return Stream(table.float32(CHANNEL_NAMES), labels, table.integers("timestamp_ms"), segments)


def _models(run: Path) -> dict[str, dict[str, list[float]]]:
    """Every saved model; a run that lacks one is an incomplete copy."""
    return {name: read_archive(run / "models" / name, hint=_HINT) for name in MODEL_NAMES}


def _sweep(commands: Path) -> EvaluationRows:
    """The sweep from the repository's own commands `infer LABEL PD1 .. PD6 TIME`; by its rule where they are absent."""
    if not commands.is_file():
        return sweep_by_rule()
    lines = decode(read_bytes(commands, _HINT), commands).splitlines()
    rows = [line.split()[1:8] for line in lines if line.startswith("infer ")]
    text = "\n".join(",".join(row) for row in rows)
    table = parse_csv(text, commands, header=("label", *CHANNEL_NAMES))
    values, labels = table.float32(CHANNEL_NAMES), table.integers("label")
    wrong: Any = np.flatnonzero(labels != labels_by_rule(values[:, -1]))
    if wrong.size:
        message = f"{commands}: infer command {wrong[0] + 1} has label {labels[wrong[0]]} against the camera rule"
        raise RecordingError(message, hint=_HINT)
    return evaluation_rows(values, labels, commands)
