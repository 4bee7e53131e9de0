"""`--hil-monitor`: the runs of tests on a screen, and in lines where there is no terminal."""

import re
import signal
import sys

import pytest

from tests.plugin.lab import TRAIN, Lab, printed
from tests.system.on_terminal import FIRST_SCREEN, SECOND_SCREEN, OnTerminal

PACED = "evaluate=False, speed={}"
"""Times the recorded pace of sixty rows in five minutes."""
TWO = (
    TRAIN.replace("evaluate=False", PACED.format(150.0))
    + TRAIN.replace("test_train", "test_again")
    + "\n\ndef test_no_run():\n    assert 0, 'on purpose'\n"
)
LINE = re.compile(r"([\d.]+ s|\d+:\d+): (rows \d+ of 60, |completed$)")
"""One of the monitor's."""
SLOW = TRAIN.replace("evaluate=False", PACED.format(50.0))
PYTEST = (sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", "--hil-target=host", "--hil-monitor")


@pytest.fixture
def ready(lab: Lab) -> Lab:
    lab.write_rows()
    lab.write("test_it.py", TWO)
    return lab


def test_without_a_terminal_there_are_lines_between_those_of_pytest(ready: Lab) -> None:
    result = ready.run_apart("--hil-target=host", "--hil-monitor", "-q")
    result.assert_outcomes(passed=2, failed=1)
    lines = result.outlines
    assert sum("completed" in line for line in lines) == 2, lines
    assert not any("\x1b" in line for line in lines)
    assert [line for line in lines if line in {".", "F"}] == [".", ".", "F"], "lines are not glued together"
    assert all(LINE.match(line) for line in lines if " of 60" in line or "completed" in line), lines


def test_on_a_terminal_the_screen_shows_the_runs_and_then_pytest_what_it_has_to_say(ready: Lab) -> None:
    with OnTerminal(ready.path, *PYTEST) as terminal:
        assert terminal.end() == 1
        assert terminal.is_tidy()
        screen, _, after = terminal.drawn[terminal.drawn.find(SECOND_SCREEN) :].rpartition(FIRST_SCREEN)
    assert b"test_it.py::test_train" in screen
    assert b"on purpose" not in screen, "what pytest prints waits for the end of the screen"
    assert b"on purpose" in after
    assert b"1 failed, 2 passed" in after


@pytest.mark.parametrize("keys", [b"\x03", b""])
def test_a_session_that_is_stopped_leaves_the_terminal_as_it_was(ready: Lab, keys: bytes) -> None:
    ready.write("test_it.py", SLOW)
    with OnTerminal(ready.path, *PYTEST) as terminal:
        terminal.read_until(b"streaming")
        if keys:
            terminal.press(keys)
        else:
            terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == pytest.ExitCode.INTERRUPTED
        assert terminal.is_tidy()


def test_it_is_refused_for_several_workers(ready: Lab) -> None:
    result = ready.run_apart("--hil-target=host", "--hil-monitor", "-n2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "--hil-monitor shows one run at a time, and -n makes several" in printed(result)
