"""What a night consists of (`MATRIX.toml`). docs/nightly.md lists every key."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from bench.errors import ConfigurationError
from bench.nightly.outcome import Retries
from bench.scenario import Scenario, load_scenario, scenario_names
from bench.station import NO_STATION, Station, find_station, load_station
from bench.strict import StrictTable, nearest_hint, nearest_or, read_toml
from bench.target import target_names

USUAL_TIMEOUT_S: Final = 600.0
USUAL_LOCK_WAIT_S: Final = 600.0
BESIDE_S: Final = 300.0
"""What an attempt may take beside the run on the payload and as long again for judging it: building, flashing."""
_LONGEST_S: Final = 7 * 86400.0
_MOST: Final = 1000


@dataclass(frozen=True)
class Settings:
    """How a job is carried out."""

    retries: Retries = field(default_factory=Retries)
    timeout_s: float = USUAL_TIMEOUT_S
    """On the payload; a run that takes longer is a FAIL."""
    deadline_s: float | None = None
    """Of the attempt's process, which is ended then; None = what follows from timeout_s."""
    recording: str | None = None
    link_faults: str | None = None
    """PROFILE[:SEED] put into the link; None = the scenario's."""
    required: bool = True
    alone: bool | None = None
    """Nothing else runs beside it; None = where a limit for its target is on the host's clock."""
    needs: tuple[str, ...] = ()
    """Scenarios whose job on the same target must have passed before."""

    @property
    def process_s(self) -> float:
        return self.deadline_s if self.deadline_s is not None else 2 * self.timeout_s + BESIDE_S


@dataclass(frozen=True)
class Cell:
    """A scenario on a target, with its settings."""

    scenario: Scenario
    target: str
    """As the matrix names it: a name, or the path of a file."""
    settings: Settings

    @property
    def target_name(self) -> str:
        return Path(self.target).stem if self.target.endswith(".toml") else self.target

    @property
    def name(self) -> str:
        return f"{self.scenario.name}@{self.target_name}"


@dataclass(frozen=True)
class Quarantine:
    """A failure that is known: it is shown apart and does not decide, up to and including the day `until`."""

    reason: str
    until: dt.date
    scenario: str | None = None
    target: str | None = None
    measure: str | None = None
    """Pattern of the verdicts it excuses; None = whatever the job does wrong."""
    link: str = ""

    def covers(self, job: str) -> bool:
        """Whether it is about that job."""
        scenario, _, target = job.partition("@")
        return self.scenario in (None, scenario) and self.target in (None, target)

    def excuses(self, verdict: str) -> bool:
        return self.measure is None or fnmatchcase(verdict, self.measure)

    def holds(self, today: dt.date) -> bool:
        return today <= self.until

    @property
    def key(self) -> str:
        """What it is about, for people, and the same from night to night."""
        about = f"{self.scenario or '*'}@{self.target or '*'}"
        return f"{about} {self.measure}" if self.measure else about


@dataclass(frozen=True)
class Matrix:
    name: str
    cells: tuple[Cell, ...]
    quarantine: tuple[Quarantine, ...] = ()
    jobs: int | None = None
    title: str = ""
    station: Station = NO_STATION
    station_path: Path | None = None
    lock_wait_s: float = USUAL_LOCK_WAIT_S
    """For a board that somebody else uses."""
    path: Path | None = field(default=None, compare=False)


def load_matrix(path: Path) -> Matrix:
    """The matrix at `path`; every scenario that it names has been read. Raises ConfigurationError."""
    root = read_toml(path, error=ConfigurationError)
    named = root.take("station", str, None)
    station_path = path.parent / named if named is not None else None
    station = load_station(station_path) if station_path is not None else find_station()
    reader = _Reader(root, station)
    cells = reader.cells()
    matrix = Matrix(
        name=path.stem,
        title=root.take("title", str, ""),
        jobs=root.take_number("jobs", int, None, low=1, high=_MOST),
        cells=tuple(cells.values()),
        quarantine=tuple(
            _read_quarantine(table, list(cells)) for table in root.take_tables("quarantine", optional=True)
        ),
        station=station,
        station_path=station_path,
        lock_wait_s=root.take_number("lock_wait_s", float, USUAL_LOCK_WAIT_S, low=0.0, high=_LONGEST_S),
        path=path,
    )
    root.finish()
    if not cells:
        raise root.problem("scenarios", "no job is left", hint="name scenarios, or add [[include]]")
    return matrix


class _Reader:
    """Scenarios x targets, less what is excluded, with what is included."""

    def __init__(self, root: StrictTable, station: Station) -> None:
        self._root = root
        self._targets_known = sorted({*target_names(), *station.targets})
        self._by_word: dict[str, Scenario] = {}
        self._word_of: dict[str, str] = {}

    def cells(self) -> dict[str, Cell]:
        root = self._root
        usual = _take_settings(root, Settings())
        words = root.take_list("scenarios", str, ())
        scenarios = [self._scenario(root, f"scenarios[{index}]", word) for index, word in enumerate(words)]
        targets = self._take_targets(root)
        made = [
            Cell(scenario, target, usual) for scenario in scenarios for target in targets or [self._own(scenario, root)]
        ]
        cells: dict[str, Cell] = {}
        for cell in made:
            if cell.name in cells:
                raise root.problem("scenarios", f"{cell.name} is there twice", hint="name each job once")
            cells[cell.name] = cell
        for table in root.take_tables("exclude", optional=True):
            self._exclude(table, cells)
        for table in root.take_tables("include", optional=True):
            self._include(table, cells, targets, usual)
        self._check_needs(cells)
        return cells

    def _take_targets(self, root: StrictTable) -> list[str]:
        named = root.take_list("targets", str, ())
        return [self._target(root, f"targets[{index}]", word) for index, word in enumerate(named)]

    def _scenario(self, table: StrictTable, key: str, word: str) -> Scenario:
        if word in self._by_word:
            return self._by_word[word]
        names = scenario_names()
        if word not in names and not word.endswith(".toml"):
            hint = nearest_or(word, names, "Or give a .toml file, as a path from the matrix's folder.")
            raise table.problem(key, f"is {word!r}, which is no scenario", hint=hint)
        scenario = load_scenario(table.path.parent / word if word.endswith(".toml") else word)
        other = self._word_of.setdefault(scenario.name, word)
        if other != word:
            what = f"is {word!r}, whose scenario has the name of {other!r}: {scenario.name}"
            raise table.problem(key, what, hint="rename one of the two scenarios")
        self._by_word[word] = scenario
        return scenario

    def _target(self, table: StrictTable, key: str, word: str) -> str:
        if word.endswith(".toml"):
            path = table.path.parent / word
            if not path.is_file():
                raise table.problem(key, f"is {word!r}, and there is no such file", hint=f"looked for {path}")
            return str(path)
        if word not in self._targets_known:
            hint = nearest_or(word, self._targets_known, "Or give its .toml file.")
            raise table.problem(key, f"is {word!r}, which is no target", hint=hint)
        return word

    def _own(self, scenario: Scenario, table: StrictTable) -> str:
        """The target that a scenario names, where the matrix names none."""
        return scenario.target if scenario.target.endswith(".toml") else self._target(table, "targets", scenario.target)

    def _exclude(self, table: StrictTable, cells: dict[str, Cell]) -> None:
        scenario, target = table.take("scenario", str, None), table.take("target", str, None)
        table.finish()
        gone = [
            name
            for name, cell in cells.items()
            if scenario in (None, cell.scenario.name) and target in (None, cell.target_name)
        ]
        if not gone or (scenario is None and target is None):
            what = "excludes nothing" if not gone else "excludes everything"
            raise table.problem("scenario", what, hint=f"jobs are SCENARIO@TARGET: {', '.join(list(cells)[:8])}")
        for name in gone:
            del cells[name]

    def _include(self, table: StrictTable, cells: dict[str, Cell], targets: Sequence[str], usual: Settings) -> None:
        scenario = self._scenario(table, "scenario", table.take("scenario", str))
        word = table.take("target", str, None)
        chosen = [self._target(table, "target", word)] if word is not None else list(targets)
        for target in chosen or [self._own(scenario, table)]:
            cell = Cell(scenario, target, usual)
            before = cells.get(cell.name, cell)
            cells[cell.name] = replace(before, settings=_take_settings(table, before.settings))
        table.finish()

    def _check_needs(self, cells: Mapping[str, Cell]) -> None:
        """What a job needs is there, and does not need the job itself."""
        for cell in cells.values():
            for needed in cell.settings.needs:
                if f"{needed}@{cell.target_name}" not in cells:
                    known = [other.scenario.name for other in cells.values() if other.target_name == cell.target_name]
                    what = f"{cell.name} needs {needed!r}, which is not run on that target"
                    raise self._root.problem("needs", what, hint=nearest_hint(needed, known))
        for name in cells:
            if name in _needed(name, cells):
                raise self._root.problem("needs", f"{name} needs itself", hint="no circle can begin")


def _needed(name: str, cells: Mapping[str, Cell]) -> set[str]:
    """Jobs that one needs, directly or not."""
    found: set[str] = set()
    left = [name]
    while left:
        cell = cells[left.pop()]
        new = {f"{needed}@{cell.target_name}" for needed in cell.settings.needs} - found
        found |= new
        left += new
    return found


def _take_settings(table: StrictTable, usual: Settings) -> Settings:
    recording = table.take("recording", str, None)
    if recording is not None and "/" in recording:
        recording = str(table.path.parent / recording)
    link_faults = table.take("link_faults", str, None)
    if link_faults is not None and "/" in link_faults:
        link_faults = str(table.path.parent / link_faults)
    given: dict[str, Any] = {
        "retries": Retries(
            table.take_number("repeats", int, usual.retries.repeats, low=1, high=_MOST),
            table.take_number("retries", int, usual.retries.retries, low=0, high=_MOST),
        ),
        "timeout_s": table.take_number("timeout_s", float, usual.timeout_s, low=0.001, high=_LONGEST_S),
        "deadline_s": table.take_number("deadline_s", float, usual.deadline_s, low=0.001, high=_LONGEST_S),
        "recording": recording or usual.recording,
        "link_faults": link_faults or usual.link_faults,
        "required": table.take("required", bool, default=usual.required),
        "alone": table.take("alone", bool, usual.alone),
        "needs": table.take_list("needs", str, usual.needs),
    }
    return Settings(**given)


def _read_quarantine(table: StrictTable, jobs: Sequence[str]) -> Quarantine:
    until = table.take("until", dt.date)
    if isinstance(until, dt.datetime):
        raise table.problem("until", f"is {until}, expected a day alone", hint="for example: until = 2026-12-01")
    quarantine = Quarantine(
        reason=table.take("reason", str),
        until=until,
        scenario=table.take("scenario", str, None),
        target=table.take("target", str, None),
        measure=table.take("measure", str, None),
        link=table.take("link", str, ""),
    )
    table.finish()
    if not quarantine.reason.strip():
        raise table.problem("reason", "is empty", hint="say what is known of the failure")
    if quarantine.scenario is None and quarantine.target is None:
        raise table.problem("scenario", "missing, and target too", hint="say which jobs it is about")
    for key, part in (("scenario", 0), ("target", 2)):
        known = {job.partition("@")[part] for job in jobs}
        value = getattr(quarantine, key)
        if value is not None and value not in known:
            raise table.problem(key, f"is {value!r}, which no job of this matrix has", hint=nearest_hint(value, known))
    if not any(quarantine.covers(job) for job in jobs):
        raise table.problem("scenario", f"there is no job {quarantine.key}", hint=nearest_hint(quarantine.key, jobs))
    return quarantine
