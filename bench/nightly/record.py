"""night.json: what is known of a night, written anew after each thing that happens, so that a killed night keeps it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from bench.errors import RunFolderError
from bench.nightly.outcome import Attempt, Outcome
from bench.replace import replace_content

VERSION: Final = 1
NIGHT: Final = "night.json"
RUNNING: Final = "running"
DONE: Final = "done"
ABORTED: Final = "aborted"
_KEPT: Final = tuple(item.name for item in fields(Attempt) if item.name != "repeatable")
"""Of an attempt: all but the figures, which are in its run folder."""


@dataclass(frozen=True)
class QuarantineRecord:
    """An entry of the quarantine list. `state` is active, expired or unused."""

    key: str
    reason: str
    until: str
    link: str = ""
    state: str = "active"


@dataclass(frozen=True)
class JobRecord:
    """A job and what came of it; an `outcome` of None: it was not carried out."""

    job: str
    required: bool = True
    outcome: Outcome | None = None
    reason: str = ""
    since: str = ""
    """The night in which this outcome began."""
    quarantine: str = ""
    """Key of the entry that excuses it."""
    loud: bool = False
    varying: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    attempts: tuple[Attempt, ...] = ()

    @property
    def is_green(self) -> bool:
        return self.outcome is Outcome.PASS


@dataclass(frozen=True)
class NightRecord:
    """A night. `name` is its folder's."""

    name: str
    matrix: str
    started: str
    jobs: tuple[JobRecord, ...]
    quarantine: tuple[QuarantineRecord, ...] = ()
    title: str = ""
    outcome: str = RUNNING
    ended: str = ""
    exit_status: int | None = None
    only: tuple[str, ...] = ()
    pid: int = 0
    host: str = ""
    notes: tuple[str, ...] = ()

    def job(self, name: str) -> JobRecord | None:
        """The job of that name."""
        return next((job for job in self.jobs if job.job == name), None)

    def with_job(self, job: JobRecord) -> "NightRecord":
        """The night with another record of one job."""
        return replace(self, jobs=tuple(job if one.job == job.job else one for one in self.jobs))


def attempt_object(attempt: Attempt) -> dict[str, Any]:
    """As JSON has it."""
    return {name: _plain(getattr(attempt, name)) for name in _KEPT}


def night_json(night: NightRecord) -> str:
    """The whole file."""
    values = {item.name: _plain(getattr(night, item.name)) for item in fields(night)}
    values["jobs"] = [_job_object(job) for job in night.jobs]
    values["quarantine"] = [vars(entry) for entry in night.quarantine]
    return json.dumps({"version": VERSION, **values}, indent=1, allow_nan=False) + "\n"


def save_night(night: NightRecord, folder: Path) -> None:
    """Replace night.json as a whole; raises RunFolderError."""
    replace_content(folder / NIGHT, night_json(night).encode())


def load_night(folder: Path) -> NightRecord:
    """Back from `save_night`; raises RunFolderError for what is none, or was written by a newer version."""
    path = folder / NIGHT
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        version = raw["version"]
        if isinstance(version, int) and version > VERSION:
            message = f"{path} was written by a newer version ({version}; this one reads up to {VERSION})"
            raise RunFolderError(message, hint="update the bench")
        return _night(raw, folder.name)
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror}", hint="is this the folder of a night?") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        message = f"{path} is not what a night writes: {error!r}"
        raise RunFolderError(message, hint="it was changed or cut short; what its runs left is still there") from error


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): list(item) if isinstance(item, tuple) else item for key, item in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _job_object(job: JobRecord) -> dict[str, Any]:
    values = {item.name: _plain(getattr(job, item.name)) for item in fields(job)}
    return {**values, "attempts": [attempt_object(attempt) for attempt in job.attempts]}


def _night(raw: Mapping[str, Any], name: str) -> NightRecord:
    values = _known(raw, NightRecord)
    values["name"] = name
    values["jobs"] = tuple(_job(job) for job in raw["jobs"])
    values["quarantine"] = tuple(QuarantineRecord(**_known(one, QuarantineRecord)) for one in raw["quarantine"])
    for key in ("only", "notes"):
        values[key] = tuple(map(str, values.get(key, ())))
    _check_texts(values, ("matrix", "started", "title", "outcome", "ended", "host"))
    return NightRecord(**values)


def _job(raw: Mapping[str, Any]) -> JobRecord:
    values = _known(raw, JobRecord)
    values["outcome"] = Outcome(values["outcome"]) if values.get("outcome") is not None else None
    values["attempts"] = tuple(_attempt(one) for one in raw.get("attempts", ()))
    values["varying"] = {str(key): (float(low), float(high)) for key, (low, high) in raw.get("varying", {}).items()}
    _check_texts(values, ("job", "reason", "since", "quarantine"))
    return JobRecord(**values)


def _attempt(raw: Mapping[str, Any]) -> Attempt:
    values = {key: value for key, value in _known(raw, Attempt).items() if key in _KEPT}
    values["outcome"] = Outcome(values["outcome"])
    values["bad"] = {str(key): str(value) for key, value in values.get("bad", {}).items()}
    _check_texts(values, ("job", "reason", "hint", "kind", "started", "folder", "log", "build_id", "clock"))
    return Attempt(**values)


def _known(raw: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """Keys that are not known are skipped."""
    return {item.name: raw[item.name] for item in fields(kind) if item.name in raw}


def _check_texts(values: Mapping[str, object], names: Sequence[str]) -> None:
    for name in names:
        if not isinstance(values.get(name, ""), str):
            raise TypeError(f"{name} is {values[name]!r}")
