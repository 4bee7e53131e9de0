"""A clone of the public repository georgeslabreche/opssat-orbitai.

The app appended to its training log and downlinked the whole of it after each run, so a run's rows are those that its
log has beyond the log of the run before. The repository holds 14 runs: six of April 2021, which begin with new models
and whose accuracies were published, and eight of May 2021, before which the log was started anew but the models were
kept (checked: AROW 1D to 3D over all 14 runs gives the last saved May models bit for bit, over May alone not).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.errors import RecordingError
from bench.importing.archive import read_archive
from bench.importing.source import (
    CHANNEL_NAMES,
    CITATION,
    MODEL_NAMES,
    TITLE,
    Stream,
    check_ends,
    evaluation_rows,
    labels_by_rule,
    make_recording,
    sweep_by_rule,
)
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


def import_clone(clone: Path, *, all_runs: bool) -> Recording:
    """The runs of the first training log (April 2021) as one recording, or those of every log."""
    logs = _logs(_runs(clone / LEARNING))
    chosen = logs if all_runs else logs[:1]
    runs = [run for log in chosen for run in log]
    ends = _ends(chosen)
    check_ends(ends, clone / LEARNING)
    segments = tuple(
        Segment(run.folder.name, first, end) for run, first, end in zip(runs, [0, *ends[:-1]], ends, strict=True)
    )
    references = [{"end_row": end, "models": _models(run.folder)} for run, end in zip(runs, ends, strict=True)]
    months = list(dict.fromkeys(f"{log[0].started:%B}" for log in chosen))
    return make_recording(
        "-".join(("orbitai", *months, f"{runs[-1].started:%Y}")).lower(),
        _stream(chosen, segments),
        source=clone,
        title=TITLE.format(" and ".join(months) + f" {runs[-1].started:%Y}"),
        provenance=CITATION,
        evaluation=_sweep(clone / COMMANDS),
        reference_models={"segments": references},
    )


def _runs(learning: Path) -> list[Run]:
    """The runs that have a training log and models, in order of time."""
    runs = []
    for folder in sorted(learning.iterdir()):
        match = _RUN_NAME.match(folder.name)
        log = folder / "logs" / "training.csv"
        if match and log.is_file() and (folder / "models").is_dir():
            try:
                started = datetime.strptime(match[1], "%Y-%m-%d_%H-%M-%S")  # noqa: DTZ007  # only month, year and order are used
            except ValueError as cause:
                message = f"{folder}: the folder's name holds no date"
                raise RecordingError(message, hint=_HINT) from cause
            runs.append(Run(folder, read_bytes(log, _HINT), started))
    if not runs:
        message = f"{learning}: no run with logs/training.csv and models/"
        raise RecordingError(message, hint=_HINT)
    return sorted(runs, key=lambda run: run.started)


def _logs(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs that share a training log; a log that begins at another time is a new one."""
    logs: list[list[Run]] = []
    for run in runs:
        if logs and run.log.startswith(logs[-1][-1].log):
            logs[-1].append(run)
        elif logs and run.log.partition(b",")[0] == logs[-1][-1].log.partition(b",")[0]:
            message = f"{run.folder}: the training log does not continue that of {logs[-1][-1].folder.name}"
            raise RecordingError(message, hint=_HINT)
        else:
            logs.append([run])
    return logs


def _ends(logs: Sequence[Sequence[Run]]) -> list[int]:
    ends: list[int] = []
    for log in logs:
        before = ends[-1] if ends else 0
        ends += [before + run.row_count for run in log]
    return ends


def _stream(logs: Sequence[Sequence[Run]], segments: tuple[Segment, ...]) -> Stream:
    parts = [_rows(log[-1]) for log in logs]
    values, labels, times = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    return Stream(values, labels, times, segments)


def _rows(last: Run) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Values, labels and times of a log, which its last run holds whole."""
    path = last.folder / "logs" / "training.csv"
    table = parse_csv(decode(last.log, path), path, header=LOG_COLUMNS)
    logged = table.integers("label")
    unknown = np.flatnonzero(~np.isin(logged, list(LOGGED_LABELS)))
    if unknown.size:
        message = f"{path}: line {unknown[0] + 1}: label is {logged[unknown[0]]}, expected 1 or 0"
        raise RecordingError(message, hint=_HINT)
    labels = np.array([LOGGED_LABELS[label] for label in logged.tolist()], dtype=np.int64)
    return table.float32(CHANNEL_NAMES), labels, table.integers("timestamp_ms")


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
