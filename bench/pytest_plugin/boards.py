"""The boards of a test session: each opened when a test first needs it, and shared from then on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from bench.board import Board
from bench.errors import BenchError, ConfigurationError, PortAbsent, ProgramAbsent
from bench.pytest_plugin import report, settings
from bench.station import Station, find_station, load_placed
from bench.strict import nearest_or
from bench.target import SerialSpec, Target, target_names
from firmware_if.messages import Hello


class Boards:
    """Targets and boards by the names that the user chose."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._targets: dict[str, Target] = {}
        self._boards: dict[str, Board] = {}
        self._station: Station | None = None
        self._answered: set[str] = set()
        self._given_up: dict[str, str] = {}

    def target(self, name: str) -> Target:
        """The target as it is reached here; raises UsageError for one that cannot be meant."""
        if name not in self._targets:
            if name not in self.known_names() and not name.endswith(".toml"):
                hint = nearest_or(name, self.known_names(), "Or give its .toml file.")
                raise pytest.UsageError(f"no target is named {name!r}\nhint: {hint}")
            try:
                port = settings.text(self._config, "port")
                self._targets[name] = load_placed(str(self._files().get(name, name)), self._find_station(), port=port)
            except ConfigurationError as error:
                raise _usage_error(error) from error
        return self._targets[name]

    def known_names(self) -> tuple[str, ...]:
        """Of targets that come with the bench, that the station file names, or that a hook gives."""
        return tuple(sorted({*target_names(), *self._find_station().targets, *self._files()}))

    def _files(self) -> dict[str, Path]:
        """What hooks give."""
        given = self._config.hook.pytest_hil_targets(config=self._config)
        return {name: path for known in reversed(given) for name, path in known.items()}

    def _find_station(self) -> Station:
        if self._station is None:
            given = settings.path(self._config, "station")
            beside = self._config.rootpath / "station.toml"
            try:
                self._station = find_station(given or (beside if beside.is_file() else None))
            except ConfigurationError as error:
                raise _usage_error(error) from error
        return self._station

    def board(self, name: str) -> Board:
        """The board of that target, not open yet unless a test has used it."""
        if name not in self._boards:
            hook = self._config.hook
            self._boards[name] = Board(
                self.target(name),
                lock_wait_s=settings.lock_wait_s(self._config),
                before_start=lambda board: hook.pytest_hil_before_start(config=self._config, board=board),
                after_start=lambda board: hook.pytest_hil_after_start(config=self._config, board=board),
            )
        return self._boards[name]

    @contextmanager
    def in_use(self, name: str, item: pytest.Item) -> Iterator[tuple[Board, Hello]]:
        """The board for one test, begun anew, so that its bank is empty, and what it says of itself.

        Where several processes share boards, one on a port is given back afterwards.
        """
        self.check(name)
        board = self.board(name)
        report.note_board(item, board)
        try:
            with self._found(name, item.nodeid):
                hello = board.reset()
            yield board, hello
        finally:
            self.give_back(name)

    def open(self, name: str, nodeid: str) -> Board:
        """The board, open; the test is skipped where it is not there at all."""
        self.check(name)
        board = self.board(name)
        with self._found(name, nodeid):
            board.open()
        return board

    def check(self, name: str) -> None:
        """Skip the test if the board was found absent, or in no state to be used."""
        if name in self._given_up:
            give_up(self._config, self._given_up[name])

    def give_back(self, name: str) -> None:
        """Close a board on a port if other processes share it."""
        board = self._boards.get(name)
        if board is not None and settings.is_worker(self._config) and isinstance(board.target.transport, SerialSpec):
            board.close()

    @contextmanager
    def _found(self, name: str, nodeid: str) -> Iterator[None]:
        """Skip where the board is not there at all; one that is there and does not answer is an error, once."""
        board = self._boards[name]
        try:
            yield
        except (PortAbsent, ProgramAbsent) as error:
            reason = f"{error.message} (hint: {error.hint})"
            if name not in self._answered:
                self._given_up[name] = reason
                give_up(self._config, reason)
            self._given_up[name] = f"{board.target.name} was there, and is gone since {nodeid}: {reason}"
            raise
        except BenchError as error:
            said = f"{board.target.name} is not tried again, since {nodeid} found: {error.message}"
            self._given_up[name] = said
            raise
        self._answered.add(name)

    def name_of(self, target: Target) -> str:
        """The name by which that target was chosen."""
        return next(name for name, known in self._targets.items() if known is target)

    def close(self, name: str) -> None:
        """End what was started for that target."""
        if name in self._boards:
            self._boards[name].close()

    def close_all(self) -> None:
        """End everything."""
        for board in self._boards.values():
            board.close()


def _usage_error(error: ConfigurationError) -> pytest.UsageError:
    return pytest.UsageError(f"{error.message}\nhint: {error.hint}")


_BOARDS: pytest.StashKey[Boards] = pytest.StashKey()
_TEMPORARY: pytest.StashKey[Path] = pytest.StashKey()


def boards_of(config: pytest.Config) -> Boards:
    """The boards of this test session."""
    if _BOARDS not in config.stash:
        config.stash[_BOARDS] = Boards(config)
    return config.stash[_BOARDS]


def runs_folder(config: pytest.Config) -> Path:
    """Where run folders go: kept, or among pytest's temporary folders, of which the last three sessions are kept."""
    chosen = settings.path(config, "runs")
    if chosen is not None:
        return chosen
    if _TEMPORARY not in config.stash:
        factory: pytest.TempPathFactory | None = getattr(config, "_tmp_path_factory", None)  # items have no fixtures
        if factory is None:
            message = "run folders go among pytest's temporary folders, and its plugin tmpdir is switched off"
            raise ConfigurationError(message, hint="give --hil-runs=DIR")
        config.stash[_TEMPORARY] = factory.mktemp("hil-runs")
    return config.stash[_TEMPORARY]


def give_up(config: pytest.Config, reason: str) -> NoReturn:
    """Skip the test, or fail it where skips are not allowed."""
    if settings.required(config):
        pytest.fail(f"required by --hil-require: {reason}", pytrace=False)
    pytest.skip(reason)
