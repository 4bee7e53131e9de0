"""A history file: runs are added to it, and read from it.

What a run's facts are made of is imported where facts are, so that a list or a trend is there at once.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from bench.errors import HistoryError
from bench.history.connection import BUSY_S, connect, explained, transaction
from bench.history.layout import Layout, read_layout, value_at
from bench.history.rows import RunRow, Trend, TrendPoint, moment_of
from bench.strict import nearest_hint

if TYPE_CHECKING:
    from bench.facts import RunFacts
    from bench.verdict import Verdict

_BASELINE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,47}")
_ROW: Final = tuple(item.name for item in fields(RunRow))
_DOCUMENTS: Final = ("layout", "remarks", "steady", "subject", "firmware", "environment", "digests")
_COLUMNS: Final = ("moment", *_ROW, *_DOCUMENTS, "varying")


def open_history(path: Path, *, create: bool = True, busy_s: float = BUSY_S) -> History:
    """The history at `path`, made where there is none if it may be; raises HistoryError."""
    return History(path, connect(path, create=create, busy_s=busy_s))


class History:
    """Runs, oldest and newest, by scenario and target. Every method raises HistoryError for a file that is broken."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection
        self._layouts: dict[int, Layout] = {}

    def add(self, facts: RunFacts) -> None:
        """Record a run, in one transaction; the same run, added before, is replaced."""
        from bench.history.encoding import documents_of, outcome_counts, varying_values

        documents = documents_of(facts)
        own = {
            "moment": moment_of(facts.started),
            **{name: _storable(getattr(facts, name)) for name in _ROW if hasattr(facts, name)},
            **outcome_counts(facts),
            "varying": varying_values(facts),
        }
        with explained(self.path), transaction(self._connection):
            values = own | {name: self._document(content) for name, content in documents.items()}
            changed = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "id")
            places = ", ".join(f":{name}" for name in _COLUMNS)
            self._connection.execute(
                f"INSERT INTO runs ({', '.join(_COLUMNS)}) VALUES ({places}) "  # noqa: S608 - our own column names
                f"ON CONFLICT (id) DO UPDATE SET {changed}",
                values,
            )

    def _document(self, content: bytes) -> int:
        digest = hashlib.sha256(content).digest()
        found = self._connection.execute("SELECT id FROM documents WHERE hash = ?", (digest,)).fetchone()
        if found is None:
            packed = zlib.compress(content)
            added = self._connection.execute("INSERT INTO documents (hash, content) VALUES (?, ?)", (digest, packed))
            return int(added.lastrowid or 0)
        return int(found[0])

    def runs(
        self,
        *,
        scenario: str | None = None,
        target: str | None = None,
        build_id: str | None = None,
        inputs: str | None = None,
        limit: int | None = None,
    ) -> tuple[RunRow, ...]:
        """The newest runs, oldest first. `build_id` may be the beginning of one."""
        return tuple(row for row, _ in self._rows((), scenario, target, build_id=build_id, inputs=inputs, limit=limit))

    def _rows(
        self,
        more: Sequence[str],
        scenario: str | None,
        target: str | None,
        *,
        build_id: str | None = None,
        inputs: str | None = None,
        limit: int | None = None,
    ) -> list[tuple[RunRow, tuple[Any, ...]]]:
        """With the columns `more` behind each row."""
        given = {"scenario": scenario, "target": target, "inputs": inputs}
        asked = {name: value for name, value in given.items() if value is not None}
        terms = [f"{name} = :{name}" for name in asked]
        if build_id is not None:
            terms.append("substr(build_id, 1, length(:build_id)) = :build_id")
            asked["build_id"] = build_id
        where = f"WHERE {' AND '.join(terms)}" if terms else ""
        query = (
            f"SELECT {', '.join((*_ROW, *more))} FROM runs {where} "  # noqa: S608 - our own column names
            "ORDER BY moment DESC, number DESC LIMIT :limit"
        )
        with explained(self.path):
            found = self._connection.execute(query, {**asked, "limit": -1 if limit is None else limit}).fetchall()
            return [(RunRow(*row[: len(_ROW)]), row[len(_ROW) :]) for row in reversed(found)]

    def trends(
        self,
        scenario: str,
        target: str,
        *,
        chosen: Callable[[str, str | None], bool],
        inputs: str | None = None,
        limit: int | None = None,
    ) -> tuple[Trend, ...]:
        """One trend for each measure `chosen` by name and limit, in the order of the newest run's figures.

        A measure with several limits is one trend.
        """
        rows = self._rows(("layout", "steady", "varying"), scenario, target, inputs=inputs, limit=limit)
        layouts = {columns[0]: self._layout(columns[0]) for _, columns in rows}
        steady = self._contents({columns[1] for _, columns in rows})
        places = {number: _places(layout, chosen) for number, layout in layouts.items()}
        names = dict.fromkeys(name for _, columns in reversed(rows) for name in places[columns[0]])
        with explained(self.path):
            return tuple(self._trend(name, rows, layouts, places=places, steady=steady) for name in names)

    def _trend(
        self,
        name: str,
        rows: Sequence[tuple[RunRow, tuple[Any, ...]]],
        layouts: dict[int, Layout],
        *,
        places: dict[int, dict[str, tuple[int, bool, int]]],
        steady: dict[int, bytes],
    ) -> Trend:
        points = []
        newest = (0, 0)
        for row, (number, shared, varying) in rows:
            if name not in places[number]:
                points.append(TrendPoint(row, None))
                continue
            index, repeats, place = places[number][name]
            points.append(TrendPoint(row, value_at(steady[shared] if repeats else varying, place)))
            newest = (number, index)
        layout, index = layouts[newest[0]], newest[1]
        return Trend(name, layout.units[index], layout.clocks[index], layout.repeatable[index], tuple(points))

    def trend(self, scenario: str, target: str, measure: str, limit: int | None = None) -> Trend | None:
        """The last `limit` values of one measure; None where no run has it."""
        found = self.trends(scenario, target, chosen=lambda name, _: name == measure, limit=limit)
        return found[0] if found else None

    def _layout(self, number: int) -> Layout:
        if number not in self._layouts:
            with explained(self.path):
                self._layouts[number] = read_layout(self._contents({number})[number])
        return self._layouts[number]

    def _contents(self, numbers: Iterable[int]) -> dict[int, bytes]:
        with explained(self.path):
            found = {}
            for number in numbers:
                row = self._connection.execute("SELECT content FROM documents WHERE id = ?", (number,)).fetchone()
                if row is None:
                    raise ValueError(f"document {number} is missing")
                found[number] = zlib.decompress(row[0])
            return found

    def figures(self, run_id: str) -> tuple[Verdict, ...]:
        """All figures of a run."""
        return self.facts(run_id).figures

    def facts(self, run_id: str) -> RunFacts:
        """All that is known of a run; raises HistoryError where there is no such run."""
        from bench.facts import RunFacts
        from bench.history.encoding import facts_fields, read_figures

        row, numbers, varying = self._find(run_id)
        contents = self._contents(set(numbers.values()))
        documents = {name: contents[number] for name, number in numbers.items()}
        with explained(self.path):
            layout = self._layout(numbers["layout"])
            figures = read_figures(layout, documents["remarks"], steady=documents["steady"], varying=varying)
            kept = {name: value for name in _ROW if (value := getattr(row, name)) is not None}
            own = {item.name: kept[item.name] for item in fields(RunFacts) if item.name in kept}
            return RunFacts(**own, **facts_fields(documents), figures=figures)

    def _find(self, run_id: str) -> tuple[RunRow, dict[str, int], bytes]:
        with explained(self.path):
            row = self._connection.execute(
                f"SELECT {', '.join((*_ROW, *_DOCUMENTS, 'varying'))} FROM runs WHERE id = ?",  # noqa: S608 - ours
                (run_id,),
            ).fetchone()
        if row is None:
            raise HistoryError(f"no run {run_id!r} is in {self.path}", hint="bench history lists those that are")
        numbers = dict(zip(_DOCUMENTS, row[len(_ROW) : -1], strict=True))
        return RunRow(*row[: len(_ROW)]), numbers, row[-1]

    def scenarios(self) -> tuple[str, ...]:
        """Names of all scenarios that were run."""
        with explained(self.path):
            found = self._connection.execute("SELECT DISTINCT scenario FROM runs ORDER BY scenario").fetchall()
        return tuple(name for (name,) in found)

    def targets(self, scenario: str | None = None) -> tuple[str, ...]:
        """Where a scenario, or any, was run."""
        query = "SELECT DISTINCT target FROM runs WHERE scenario = coalesce(?, scenario) ORDER BY target"
        with explained(self.path):
            return tuple(name for (name,) in self._connection.execute(query, (scenario,)).fetchall())

    def set_baseline(self, name: str, run_ids: Sequence[str]) -> None:
        """Make these runs the baseline of their scenarios and targets; what it has of other ones stays.

        Raises HistoryError for a name that could not be told from other words for runs.
        """
        if not _BASELINE_NAME.fullmatch(name) or name == "last":
            hint = "1 to 48 letters, digits, '.', '_' and '-', the first a letter or digit; not 'last'"
            raise HistoryError(f"{name!r} cannot be the name of a baseline", hint=hint)
        if any(row.id.startswith(name) for row in self.runs()):
            raise HistoryError(f"{name!r} cannot be the name of a baseline", hint="the id of a run begins with it")
        rows = [self._find(run_id)[0] for run_id in run_ids]
        with explained(self.path), transaction(self._connection):
            for scenario, target in dict.fromkeys((row.scenario, row.target) for row in rows):
                self._connection.execute(
                    "DELETE FROM baselines WHERE name = ? AND run IN "
                    "(SELECT number FROM runs WHERE scenario = ? AND target = ?)",
                    (name, scenario, target),
                )
            for row in rows:
                self._connection.execute(
                    "INSERT OR IGNORE INTO baselines SELECT ?, number FROM runs WHERE id = ?", (name, row.id)
                )

    def baseline(self, name: str, scenario: str | None = None, target: str | None = None) -> tuple[RunRow, ...]:
        """Runs of a baseline, oldest first; raises HistoryError for a name that is none, empty where it has none."""
        if name not in self.baselines():
            hint = nearest_hint(name, self.baselines()) if self.baselines() else "bench baseline set NAME RUN..."
            raise HistoryError(f"no baseline is named {name!r} in {self.path}", hint=hint)
        query = (
            f"SELECT {', '.join(_ROW)} FROM runs JOIN baselines ON run = number WHERE name = ? "  # noqa: S608 - ours
            "AND scenario = coalesce(?, scenario) AND target = coalesce(?, target) ORDER BY moment, number"
        )
        with explained(self.path):
            found = self._connection.execute(query, (name, scenario, target)).fetchall()
        return tuple(RunRow(*row) for row in found)

    def baselines(self) -> tuple[str, ...]:
        """Names of all baselines."""
        with explained(self.path):
            found = self._connection.execute("SELECT DISTINCT name FROM baselines ORDER BY name").fetchall()
        return tuple(name for (name,) in found)

    def remove_baseline(self, name: str) -> None:
        """Forget a baseline; its runs stay. Raises HistoryError for a name that is none."""
        self.baseline(name)
        with explained(self.path), transaction(self._connection):
            self._connection.execute("DELETE FROM baselines WHERE name = ?", (name,))

    def close(self) -> None:
        """May be repeated."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _storable(value: object) -> object:
    """Text as SQLite takes it: halves of characters, which a trace may hold, become question marks."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _places(layout: Layout, chosen: Callable[[str, str | None], bool]) -> dict[str, tuple[int, bool, int]]:
    """Chosen name -> its first index, whether it repeats, and its place among those that do, or do not."""
    found: dict[str, tuple[int, bool, int]] = {}
    for index, (name, (repeats, place)) in enumerate(zip(layout.names, layout.places(), strict=True)):
        if name not in found and chosen(name, layout.limits[index]):
            found[name] = (index, repeats, place)
    return found
