"""Runs by the words that a user has for them."""

from collections.abc import Sequence
from pathlib import Path

from bench.errors import HistoryError
from bench.facts import COMPLETED, RunFacts, facts_of
from bench.history.history import History
from bench.history.rows import RunRow, moment_of
from bench.pack import is_pack, unpacked
from bench.run_folder import load_judged_run
from bench.strict import nearest_or

_HINT = "Or give a run folder, a pack, an id, SCENARIO@last, SCENARIO@BUILD or last."


def choose_runs(words: str, history: History | None) -> tuple[RunFacts, ...]:
    """What a list with commas names: run folders, packs, ids, a baseline, SCENARIO@BUILD or SCENARIO@last, last.

    SCENARIO@last is the newest whole run on each target, SCENARIO@BUILD every whole run of that build; what was
    aborted, or was only a part, has to be named itself.

    Oldest first, however they are named, and each once: as two it would pass for a repeat. Raises HistoryError for a
    word that is none of them.
    """
    chosen = (facts for word in words.split(",") if word for facts in _choose(word, history))
    once = {facts.id: facts for facts in chosen}
    return tuple(sorted(once.values(), key=lambda facts: moment_of(facts.started)))


def _choose(word: str, history: History | None) -> Sequence[RunFacts]:
    path = Path(word)
    if path.is_dir():
        return [facts_of(load_judged_run(path))]
    if path.is_file() and is_pack(path):
        with unpacked(path, None) as folder:
            return [facts_of(load_judged_run(folder))]
    if history is None:
        raise HistoryError(f"{word} is no run folder and no pack", hint="there is no history to look it up in")
    return [history.facts(row.id) for row in _rows(word, history)]


def _rows(word: str, history: History) -> Sequence[RunRow]:
    if word in history.baselines():
        return history.baseline(word)
    scenario, at, build = word.partition("@")
    if word == "last":
        found = history.runs(limit=1)
    elif at:
        every = history.runs(scenario=scenario, build_id=None if build == "last" else build)
        whole = [row for row in every if row.outcome == COMPLETED and not row.partial]
        if every and not whole:
            message = f"none of the {len(every)} runs that {word} names is a whole one"
            raise HistoryError(message, hint="bench history lists them: name one by its id")
        found = tuple({row.target: row for row in whole}.values()) if build == "last" else tuple(whole)
    else:
        found = tuple(row for row in history.runs() if row.id.startswith(word))
        if len(found) > 1:
            raise HistoryError(f"{len(found)} runs have an id that begins with {word}", hint="write more of it")
    if not found:
        known = [*history.baselines(), "last", *history.scenarios()]
        hint = nearest_or(scenario, known, _HINT)
        raise HistoryError(f"nothing is called {word!r} in {history.path}", hint=hint)
    return found
