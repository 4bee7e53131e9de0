"""What is known of a run when its folder is gone: what a history keeps, and what comparisons are made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Final

import numpy as np

from bench.initial_models import InitialModel
from bench.measure.measurement import entries_of
from bench.run_folder import JudgedRun
from bench.scenario import ModelSpec, Scenario
from bench.target import QemuTransportSpec, Target
from bench.telemetry import Recording
from bench.trace import Entry, LinkFaultsBegan, ModelDumped, PayloadConnected, RunEnded, SamplesTrained, TargetFailed
from bench.verdict import Verdict, exit_status

COMPLETED: Final = "completed"
KILLED: Final = "killed"
INPUTS: Final = ("recording", "models", "settings", "part")
"""Conditions that say what was asked of the payload; runs that differ in one of them did not do the same."""
ROW_OPERATIONS: Final = ("train", "predict", "feature")
"""What the payload measures of every row, over all its models."""
_ID_LENGTH: Final = 16
_DIGEST_LENGTH: Final = 16


@dataclass(frozen=True)
class RunFacts:
    """One judged run, complete without its folder. Two of them are the same run if they have the same `id`."""

    id: str
    """Of the run itself: it stays when the folder is moved, or judged again."""
    folder: str
    path: str
    """Where the folder was when the run was judged."""
    started: str
    """Date and time of day, ISO 8601; empty where the trace does not tell."""
    scenario: str
    target: str
    mode: str
    recording: str
    rows: int
    partial: str
    """What part of its scenario the run was; empty = all of it."""
    build_id: str
    fingerprint: str
    clock: str
    """The three are empty where the payload never connected."""
    versions: Mapping[str, str]
    revision: str
    command: tuple[str, ...]
    outcome: str
    """completed, aborted, target_failed or killed."""
    exit_status: int
    """By its verdicts: 0, 1 or 3."""
    figures: tuple[Verdict, ...]
    """Every figure, judged or not, in the order of verdicts.json."""
    digests: Mapping[str, str]
    """`MODEL@ROW` -> hash of the model's state at that segment end."""
    sections: Mapping[str, int]
    symbols: Mapping[str, Mapping[str, int]]
    """Bytes by section and name; both are empty where no image of the payload was at hand."""
    conditions: Mapping[str, str]
    """Hashes, or texts, of what a second run must share to be the same again: INPUTS, target, emulator."""
    requirements: tuple[str, ...] = field(default=())
    series: Mapping[str, str] = field(default_factory=dict)
    """Operation -> hash of its cost in every row, in order; empty where costs do not repeat."""

    @property
    def inputs(self) -> str:
        """One hash of all INPUTS."""
        return _digest([self.conditions.get(name, "") for name in INPUTS])

    @property
    def is_whole(self) -> bool:
        """Whether all of its scenario was run to its end."""
        return self.outcome == COMPLETED and not self.partial


def facts_of(run: JudgedRun) -> RunFacts:
    """Everything of the run that outlives its folder."""
    files, started = run.files, run.started
    connected = next(iter(entries_of(run.trace, PayloadConnected)), None)
    image = files.firmware
    return RunFacts(
        id=_run_id(run, connected),
        folder=run.folder.name,
        path=str(run.folder.absolute()),
        started=started.started,
        scenario=started.scenario,
        target=started.target,
        mode=started.mode,
        recording=started.recording,
        rows=started.rows,
        partial=str(files.selection) if files.selection is not None else "",
        build_id=connected.build_id if connected else "",
        fingerprint=connected.fingerprint if connected else "",
        clock=connected.clock if connected else "",
        versions=dict(started.versions),
        revision=started.revision,
        command=tuple(started.command),
        outcome=_outcome(run.trace),
        exit_status=exit_status(run.verdicts),
        figures=tuple(run.verdicts),
        digests=state_digests(run.trace),
        sections=dict(image.sections) if image else {},
        symbols={section: dict(members) for section, members in image.symbols.items()} if image else {},
        conditions=_conditions(run),
        requirements=files.scenario.requirements,
        series=_series(run),
    )


def state_digests(trace: Sequence[Entry]) -> dict[str, str]:
    """`MODEL@ROW` -> hash of name, shape and value of every state array, and of the number of updates.

    Values count by the bits of their doubles, as models.json writes them: -0 and 0 differ, all NaN are the same.
    """
    return {f"{dump.name}@{dump.end_row}": _state_digest(dump) for dump in entries_of(trace, ModelDumped)}


def _state_digest(dump: ModelDumped) -> str:
    content = hashlib.sha256(f"{dump.updates} {dump.complete}".encode())
    for name in sorted(dump.state):
        values = np.atleast_1d(np.asarray(dump.state[name], dtype=np.float64))
        content.update(f"\0{name}\0{len(values)}\0".encode(errors="replace"))
        content.update(np.where(np.isnan(values), np.nan, values).astype("<f8").tobytes())
    return content.hexdigest()


def _series(run: JudgedRun) -> dict[str, str]:
    """Of the operations whose figures repeat: two rows that swap their costs change no figure."""
    reports = entries_of(run.trace, SamplesTrained)
    repeat = {figure.name.split(".")[1] for figure in run.verdicts if figure.repeatable and _is_cost(figure.name)}
    hashes = {name: hashlib.sha256() for name in ROW_OPERATIONS if name in repeat and reports}
    for report in reports:
        for name, content in hashes.items():
            content.update(np.asarray(getattr(report, name), dtype="<i8").tobytes())
    return {name: content.hexdigest()[:_DIGEST_LENGTH] for name, content in hashes.items()}


def _is_cost(name: str) -> bool:
    return name.startswith("timing.") and name.endswith(".max")


def _run_id(run: JudgedRun, connected: PayloadConnected | None) -> str:
    """The nonce of a payload that went on running is that of earlier runs too, so the times count with it.

    They are rounded as the trace is, so that a run read from its folder is the one that was in memory.
    """
    started = run.started
    said: list[object] = [started.scenario, started.target, started.started, round(started.t, 6)]
    if connected is None:  # nothing random is in such a trace but, by its time, the folder's name
        return _digest([*said, run.folder.name], length=_ID_LENGTH)
    return _digest([*said, connected.nonce, round(connected.t, 6)], length=_ID_LENGTH)


def _outcome(trace: Sequence[Entry]) -> str:
    ended = entries_of(trace, RunEnded)
    if ended:
        return ended[-1].outcome
    return "target_failed" if entries_of(trace, TargetFailed) else KILLED


def _conditions(run: JudgedRun) -> dict[str, str]:
    files = run.files
    conditions = {
        "recording": recording_digest(files.recording),
        "models": _models_digest(files.scenario.models, files.initial),
        "settings": _digest([*_settings(files.scenario), *_link_faults(run.trace)]),
        "part": str(files.selection) if files.selection is not None else "",
        "target": _target_digest(files.target),
    }
    emulator = run.started.versions.get("emulator")
    return conditions | ({"emulator": emulator} if emulator else {})


def recording_digest(recording: Recording) -> str:
    """Of everything that is streamed or scored, and of what it is judged by."""
    content = hashlib.sha256()
    described = [
        [[channel.name, channel.unit] for channel in recording.channels],
        recording.deciding_channel,
        [[segment.first_row, segment.end_row] for segment in recording.segments],
        recording.positive_label,
        recording.reference_models is not None,
    ]
    content.update(json.dumps(described).encode())
    evaluation = recording.evaluation
    arrays = (recording.values, recording.labels, recording.times_ms)
    scored = (evaluation.values, evaluation.labels) if evaluation is not None else (None, None)
    for array in (*arrays, *scored):
        content.update(b"\0" if array is None else f"\0{array.shape}{array.dtype}\0".encode())
        content.update(b"" if array is None else np.ascontiguousarray(array).tobytes())
    return content.hexdigest()[:_DIGEST_LENGTH]


def _models_digest(models: Sequence[ModelSpec], initial: Mapping[str, InitialModel]) -> str:
    described = []
    for model in models:
        values = {item.name: getattr(model, item.name) for item in fields(model) if item.name != "initial"}
        values["hyperparameters"] = sorted(model.hyperparameters.items())
        file = initial.get(model.name)
        described.append([values, hashlib.sha256(file.graph.content).hexdigest() if file else None])
    return _digest(described)


def _settings(scenario: Scenario) -> list[object]:
    pace = scenario.speed
    settings: list[object] = [
        scenario.mode,
        scenario.epochs,
        scenario.restart_between_segments,
        scenario.evaluate,
        pace,
    ]
    kept = scenario.checkpoints  # nothing where there are none: such runs did the same as those before there were any
    return settings if kept is None else [*settings, kept.rows, kept.watchdog, kept.power_cuts]


def _link_faults(trace: Sequence[Entry]) -> list[object]:
    """Nothing for a clean line: such runs did the same as those before there were link faults."""
    return [
        [began.profile, began.seed, began.light_time_s, began.settings]
        for began in entries_of(trace, LinkFaultsBegan)
        if began.settings or began.light_time_s or began.seed is None
    ]


def _target_digest(target: Target) -> str:
    """Of what the figures depend on; not of where a board is plugged in, nor of what it is expected to run."""
    plain = replace(target, path=None, build_id=None)
    transport = plain.transport
    started_as: tuple[object, ...] = ()
    if isinstance(transport, QemuTransportSpec):
        started_as = (transport.binary, transport.machine, transport.arguments)
    return _digest(
        [
            plain.name,
            str(plain.clock),
            str(plain.memory),
            sorted(plain.capabilities),
            plain.masks_interrupts,
            type(transport).__name__,
            started_as,
        ]
    )


def _digest(described: object, *, length: int = _DIGEST_LENGTH) -> str:
    text = json.dumps(described, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def folder_of(facts: RunFacts) -> Path | None:
    """The run folder, if it still is where it was."""
    path = Path(facts.path)
    return path if path.is_dir() else None
