"""`--hil-monitor`: one screen for the session, with the test and the run that it makes; plain lines elsewhere.

While the screen is there what pytest prints is kept, and follows when the session is over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from bench.pytest_plugin import settings

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter

    from bench.monitor.watcher import Watcher

_OUTCOMES: Final = ("passed", "failed", "error", "skipped")


class SessionMonitor:
    """A plugin of pytest for one session; the watcher is started by the first run."""

    def __init__(self, config: pytest.Config, reporter: TerminalReporter) -> None:
        self._config = config
        self._reporter = reporter
        self._terminal = os.dup(1)  # before anything is captured
        self._takes_screen = reporter.isatty and _is_captured(config)
        self._watcher: Watcher | None = None
        self._kept: StringIO | None = None
        self._file = reporter._tw._file  # noqa: SLF001 - where pytest writes, which it offers no other way to hold back
        self._test = ""
        self._counts = dict.fromkeys(_OUTCOMES, 0)

    def watch(self, folder: Path) -> None:
        """The run that begins in `folder` is the one to be shown."""
        if self._watcher is None:
            self._begin()
        if self._watcher is not None:
            self._say_test()
            with _uncaptured(self._config):
                self._end_line()
            self._watcher.watch(folder)

    def _begin(self) -> None:
        from bench.monitor.watcher import Watcher

        if self._takes_screen:
            self._reporter._tw._file = self._kept = StringIO()  # noqa: SLF001 - see above
        else:  # it would stand behind the last letter of a line, where a line of the monitor's may come next
            self._reporter._show_progress_info = False  # noqa: SLF001 - as above
        self._watcher = Watcher(stdout=self._terminal)
        self._watcher.__enter__()

    def _end_line(self) -> None:
        """Lines of the monitor's begin on lines of their own: what pytest has printed ends before they come."""
        if self._watcher is None or self._kept is not None:
            return
        writer = self._reporter._tw  # noqa: SLF001 - as above
        if writer.width_of_current_line:
            writer.line()
        if self._reporter.verbosity > 0:  # the name comes once more, before its outcome
            self._reporter.currentfspath = None
        self._reporter.flush()

    def _say_test(self) -> None:
        said = ", ".join(f"{count} {outcome}" for outcome, count in self._counts.items() if count)
        if self._watcher is not None:
            self._watcher.say_test("  ".join(part for part in (self._test, said) if part))

    @pytest.hookimpl(trylast=True)  # behind the name that it prints
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._test = nodeid
        self._say_test()
        self._end_line()

    @pytest.hookimpl(trylast=True)  # behind the letter that it prints
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        failed = report.failed and report.when != "call"
        if report.when == "call" or failed or (report.skipped and report.when == "setup"):
            self._counts["error" if failed else report.outcome] += 1
            self._say_test()
            self._end_line()

    @pytest.hookimpl(tryfirst=True)  # before the summary
    def pytest_sessionfinish(self) -> None:
        self.close()

    def pytest_unconfigure(self) -> None:
        """However the session ended."""
        self.close()
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1

    def close(self) -> None:
        """Give the terminal back, and print what was kept."""
        self._end_line()
        watcher, self._watcher = self._watcher, None
        if watcher is None:
            return
        watcher.__exit__(None, None, None)
        kept, self._kept = self._kept, None
        if kept is not None:
            self._reporter._tw._file = self._file  # noqa: SLF001 - see above
            self._file.write(kept.getvalue())
            self._file.flush()
        if watcher.fault:
            self._reporter.write_line(f"{watcher.fault}; the tests went on", yellow=True)


def _is_captured(config: pytest.Config) -> bool:
    """Whether what tests print stays away from the terminal, and no debugger will want it."""
    return config.getoption("capture") != "no" and not config.getoption("usepdb") and not config.getoption("trace")


@contextmanager
def _uncaptured(config: pytest.Config) -> Iterator[None]:
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is None:
        yield
        return
    with capture.global_and_fixture_disabled():
        yield


_MONITOR: pytest.StashKey[SessionMonitor] = pytest.StashKey()


def start_monitor(config: pytest.Config) -> None:
    """Have the session's runs shown."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if reporter is not None and not settings.is_worker(config):
        monitor = SessionMonitor(config, reporter)
        config.stash[_MONITOR] = monitor
        config.pluginmanager.register(monitor, "hil-monitor")


def note_begin(config: pytest.Config, folder: Path) -> None:
    """A run begins in `folder`."""
    if _MONITOR in config.stash:
        config.stash[_MONITOR].watch(folder)
