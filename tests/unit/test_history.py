"""What a history keeps of runs, and what it says of files that are broken."""

import math
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import HistoryError
from bench.facts import RunFacts
from bench.history import open_history
from bench.history.choose import choose_runs
from bench.history.schema import MIGRATIONS
from bench.verdict import Verdict


def figure(name: str, value: float | None, *, repeatable: bool = True, outcome: str | None = None) -> Verdict:
    limit = "<= 5" if outcome else None
    interval = (0.1, math.inf) if repeatable else None
    return Verdict(name, outcome, value, limit, "bytes", None, bool(outcome), repeatable, "said", interval, "why")


def make_facts(number: int = 1, *, value: float | None = 7, build: str = "ab12") -> RunFacts:
    figures = (
        figure("memory.a", value, outcome="FAIL"),
        figure("link.b", number / 3, repeatable=False),
        figure("memory.a", value),
        figure("link.c", math.nan, repeatable=False),
        figure("memory.d", None),
    )
    return RunFacts(
        id=f"run{number}",
        folder="folder",
        path="elsewhere/folder",
        started=f"2026-01-01T00:00:{number:02}+00:00",
        scenario="s",
        target="t",
        mode="stream",
        recording="r",
        rows=3,
        partial="",
        build_id=build,
        fingerprint="00",
        clock="instructions",
        versions={"bench": "1"},
        revision="",
        command=("a", "b"),
        outcome="completed",
        exit_status=1,
        figures=figures,
        digests={"m@3": "00"},
        sections={".text": 5},
        symbols={".text": {"main": 5}},
        conditions={"recording": "00"},
        requirements=("PL-1",),
        series={"train": "ab"},
    )


def test_a_run_comes_back_as_it_was_added(tmp_path: Path) -> None:
    facts = make_facts()
    with open_history(tmp_path / "new" / "h.sqlite") as history:
        history.add(facts)
        assert repr(history.facts("run1")) == repr(facts)  # NaN is not equal to itself


def test_the_same_run_replaces_itself_and_stays_in_its_baseline(tmp_path: Path) -> None:
    with open_history(tmp_path / "h.sqlite") as history:
        history.add(make_facts())
        history.set_baseline("good", ["run1"])
        history.add(make_facts(value=8))
        assert [row.id for row in history.runs()] == ["run1"]
        assert history.figures("run1")[0].value == 8
        assert [row.id for row in history.baseline("good", "s", "t")] == ["run1"]


@pytest.mark.parametrize("name", ["", "last", "a,b", "s@1", "red\x1b[31m", "two\nlines", "-x", "n" * 49])
def test_a_baseline_cannot_have_a_name_that_means_something_else(tmp_path: Path, name: str) -> None:
    with open_history(tmp_path / "h.sqlite") as history:
        history.add(make_facts())
        with pytest.raises(HistoryError, match="cannot be the name of a baseline"):
            history.set_baseline(name, ["run1"])
        assert history.baselines() == ()


def test_a_run_that_is_named_twice_is_no_repeat(tmp_path: Path) -> None:
    with open_history(tmp_path / "h.sqlite") as history:
        for number in (1, 2):
            history.add(make_facts(number))
        history.set_baseline("good", ["run1"])
        assert [facts.id for facts in choose_runs("run1,good,run2,s@ab12", history)] == ["run1", "run2"]


def test_the_newest_run_is_the_last_however_runs_are_named(tmp_path: Path) -> None:
    with open_history(tmp_path / "h.sqlite") as history:
        for number in (1, 2, 3):
            history.add(make_facts(number))
        assert [facts.id for facts in choose_runs("run3,run1,run2", history)] == ["run1", "run2", "run3"]


def test_the_last_of_a_scenario_is_that_of_each_target_and_only_whole_runs_are_taken(tmp_path: Path) -> None:
    with open_history(tmp_path / "h.sqlite") as history:
        history.add(make_facts(1))
        history.add(make_facts(2))
        history.add(replace(make_facts(3), target="other"))
        history.add(replace(make_facts(4), partial="rows 0:9 of 99"))
        history.add(replace(make_facts(5), outcome="aborted"))
        history.add(replace(make_facts(6), scenario="cut", outcome="killed"))
        assert [facts.id for facts in choose_runs("s@last", history)] == ["run2", "run3"]
        assert [facts.id for facts in choose_runs("s@ab", history)] == ["run1", "run2", "run3"]
        assert [facts.id for facts in choose_runs("last", history)] == ["run6"]
        with pytest.raises(HistoryError, match="none of the 1 runs that cut@last names is a whole one"):
            choose_runs("cut@last", history)


def test_a_baseline_cannot_be_named_like_a_run(tmp_path: Path) -> None:
    with open_history(tmp_path / "h.sqlite") as history:
        history.add(make_facts(1))
        with pytest.raises(HistoryError, match="'run' cannot be the name of a baseline"):
            history.set_baseline("run", ["run1"])


def test_a_trend_has_the_last_values_oldest_first(tmp_path: Path) -> None:
    with open_history(tmp_path / "h.sqlite") as history:
        for number in (3, 1, 2):
            history.add(make_facts(number, value=number))
        [trend] = history.trends("s", "t", chosen=lambda name, _: name == "memory.a", limit=2)
        assert trend.values == (2, 3)


def test_what_is_no_history_is_left_as_it_is(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no database " * 100)
    with pytest.raises(HistoryError, match=r"is damaged, or no history: file is not a database"):
        open_history(text)
    assert text.read_text().startswith("no database")
    other = tmp_path / "other"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (a)")
    with pytest.raises(HistoryError, match="is an SQLite file of another program"):
        open_history(other)


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    open_history(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(HistoryError, match="was written by a newer bench"):
        open_history(path)


def test_a_file_that_somebody_keeps_locked_is_named(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    with open_history(path, busy_s=0.01) as history:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(HistoryError, match="in use by another process for too long"):
            history.add(make_facts())
        holder.close()
        history.add(make_facts())


def test_a_full_disk_keeps_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite"
    with open_history(path) as history:
        history.add(make_facts())
        history._connection.execute("PRAGMA max_page_count = 1")  # noqa: SLF001 - a disk of one page
        big = {f"m@{row}": "0" * 64 + str(hash(row)) for row in range(5000)}
        with pytest.raises(HistoryError, match=r"cannot write .*full"):
            history.add(replace(make_facts(2), digests=big, command=tuple(big)))
        assert [row.id for row in history.runs()] == ["run1"]


def test_names_that_are_none_are_errors(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="there is no history at"):
        open_history(tmp_path / "none", create=False)
    with open_history(tmp_path / "h.sqlite") as history:
        history.add(make_facts())
        history.set_baseline("good", ["run1"])
        with pytest.raises(HistoryError, match="no run 'run9'"):
            history.facts("run9")
        with pytest.raises(HistoryError, match="no baseline is named 'god'") as caught:
            history.baseline("god")
        assert caught.value.hint == "did you mean 'good'?"
        history.remove_baseline("good")
        assert history.baselines() == ()
