"""Hooks and fixtures. Loading it imports pytest and the standard library alone; the first use loads the bench."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.pytest_plugin import hookspecs, settings

if TYPE_CHECKING:
    from bench.board import Board
    from bench.pytest_plugin.boards import Boards
    from bench.pytest_plugin.payload import Payload
    from bench.target import Target
    from bench.telemetry import Recording

_MARKER = (
    "hil(targets=[...], needs=[...]): run only on these targets, and only where the target has these capabilities "
    "(stream, batch) or this clock (instructions, cycles, host)"
)

_REQUIREMENT_MARKER = "hil_req(ID, ...): requirements that the test shows; docs/requirements.md"


def pytest_addoption(parser: pytest.Parser) -> None:
    settings.add_options(parser)


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(hookspecs)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARKER)
    config.addinivalue_line("markers", _REQUIREMENT_MARKER)
    settings.check(config)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist starts its workers
def pytest_sessionstart(session: pytest.Session) -> None:
    """A target that cannot be meant ends everything at once, instead of each test."""
    chosen = settings.targets(session.config)
    if chosen:
        from bench.pytest_plugin.boards import boards_of

        for name in chosen:
            boards_of(session.config).target(name)
        if settings.text(session.config, "baseline") is not None:
            from bench.pytest_plugin.history import check_baseline

            check_baseline(session.config)
    if settings.monitored(session.config):
        from bench.pytest_plugin.monitor import start_monitor

        start_monitor(session.config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix != ".toml" or not settings.is_scenario(file_path, parent.config):
        return None
    from bench.pytest_plugin.collect import ScenarioFile

    return ScenarioFile.from_parent(parent, path=file_path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("hil_req") is not None:
        from bench.pytest_plugin import requirements

        requirements.check_marker(metafunc)
    if "hil_target" in metafunc.fixturenames:
        from bench.pytest_plugin.select import chosen_targets

        metafunc.parametrize("hil_target", chosen_targets(metafunc), indirect=True, scope="session")
    elif metafunc.definition.get_closest_marker("hil") is not None:
        from bench.pytest_plugin.select import refuse_marker

        refuse_marker(metafunc)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if "firmware_if.errors" in sys.modules:  # else nothing of the bench was used
        from bench.pytest_plugin.report import complete

        complete(report, item, call)
    if item.get_closest_marker("hil_req") is not None:
        from bench.pytest_plugin import requirements

        requirements.note_report(report, item)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Requirements are noted before anything can skip the test."""
    if item.get_closest_marker("hil_req") is not None:
        from bench.pytest_plugin import requirements

        requirements.note(item)
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Open the board for each test that has it, or skip; what was found of it once is not tried again."""
    name = _board_name(item)
    if name is not None:
        _boards(item.config).check(name)
    yield
    if name is not None and getattr(item, "funcargs", {}).get("hil_board") is not None:
        _boards(item.config).open(name, item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Runs of the test enter the history."""
    with _recorded(item):
        yield


@contextmanager
def _recorded(item: pytest.Item) -> Iterator[None]:
    """Around what may make runs, or judge them."""
    try:
        yield
    except (Exception, pytest.skip.Exception, pytest.fail.Exception):
        _record_runs(item, failed=True)
        raise
    _record_runs(item, failed=False)


def _record_runs(item: pytest.Item, *, failed: bool) -> None:
    if "bench.pytest_plugin.payload" in sys.modules:  # else nothing was run
        from bench.pytest_plugin.history import record_runs

        record_runs(item, failed=failed)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if "bench.pytest_plugin.history" in sys.modules:
        from bench.pytest_plugin.history import summary

        if said := summary(terminalreporter.config):
            terminalreporter.write_line(f"hil: {said}", yellow=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, None, None]:
    """A board that several processes share is given back after each test."""
    try:
        with _recorded(item):
            yield
    finally:
        if (name := _board_name(item)) is not None:
            _boards(item.config).give_back(name)


def _board_name(item: pytest.Item) -> str | None:
    """Of the target whose board the test has; None for one that has none."""
    if "hil_board" not in getattr(item, "fixturenames", ()):
        return None
    from bench.pytest_plugin.select import is_target

    name = item.callspec.params.get("hil_target") if hasattr(item, "callspec") else None
    return name if is_target(name) else None


def _boards(config: pytest.Config) -> Boards:
    from bench.pytest_plugin.boards import boards_of

    return boards_of(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    if "bench.pytest_plugin.boards" in sys.modules:
        from bench.pytest_plugin.boards import boards_of

        boards_of(config).close_all()


def _board_scope(fixture_name: str, config: pytest.Config) -> str:
    del fixture_name
    return settings.scope(config)


@pytest.fixture(scope="session")
def hil_target(request: pytest.FixtureRequest) -> Target:
    """The payload computer, as it is reached here: a frozen description."""
    from bench.errors import ConfigurationError
    from bench.pytest_plugin.boards import boards_of
    from bench.pytest_plugin.select import refuse

    if not hasattr(request, "param"):
        message = "a test without a payload computer asks for one by request.getfixturevalue"
        raise ConfigurationError(message, hint='add @pytest.mark.usefixtures("hil_target") to the test')
    refuse(request.config, request.param)
    return boards_of(request.config).target(request.param)


@pytest.fixture(scope=_board_scope)  # type: ignore[arg-type] # its names are checked when the run begins
def hil_board(request: pytest.FixtureRequest, hil_target: Target) -> Iterator[Board]:
    """The board, locked and open, whose bank tests share. Its scope is `hil_scope` of the configuration file."""
    from bench.pytest_plugin.boards import boards_of

    boards = boards_of(request.config)
    name = boards.name_of(hil_target)
    yield boards.open(name, settings.current_test())
    boards.close(name)


@pytest.fixture
def hil_payload(request: pytest.FixtureRequest, hil_board: Board) -> Iterator[Payload]:
    """The payload for one test: bank empty, peaks and counters begun anew, on a board that tests share."""
    from bench.pytest_plugin.boards import boards_of, runs_folder
    from bench.pytest_plugin.payload import Payload

    boards = boards_of(request.config)
    with boards.in_use(boards.name_of(hil_board.target), request.node) as (board, hello):
        folders = settings.recording_folders(request.config)
        yield Payload(board, request.node, hello=hello, runs=runs_folder(request.config), recordings=folders)


@pytest.fixture(scope="session")
def hil_recording(request: pytest.FixtureRequest) -> Callable[[str | Path], Recording]:
    """Recordings by name or folder; each is read once."""
    from bench.pytest_plugin.recordings import Recordings

    return Recordings(settings.recording_folders(request.config))
