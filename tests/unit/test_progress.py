"""What people see of a run while it goes on."""

import io
import re

import pytest
from rich.console import Console

from bench.cli.progress import RunProgress
from bench.trace import (
    ConsolePrinted,
    EpochTrained,
    LinkCut,
    LinkFaultInjected,
    LinkResumed,
    ModelEpoch,
    PayloadRestarted,
    PayloadResumed,
    PowerCut,
    SamplesTrained,
)

ROWS = 5


def watch(epochs: int, *, terminal: bool) -> str:
    """Return what is printed of a batch run with these epochs."""
    console = Console(file=io.StringIO(), width=100, force_terminal=terminal, no_color=True)
    none: list[int] = [0] * ROWS
    with RunProgress(console, rows=ROWS, epochs=epochs) as progress:
        progress.observe(SamplesTrained(0, [3] * ROWS, 0, none, none, none, none, [""] * ROWS, [""] * ROWS))
        for epoch in range(epochs):
            progress.observe(EpochTrained(epoch, 0.1, [ModelEpoch("m", 1 / (epoch + 1), 1, ROWS, 1)]))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def epochs_told(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"epoch (\d+) of \d+: loss m", text)]


def test_about_ten_epochs_have_a_line_where_there_is_no_terminal() -> None:
    text = watch(400, terminal=False)
    assert epochs_told(text) == [1, *range(40, 401, 40)]
    assert text.splitlines()[1] == "epoch 40 of 400: loss m 0.025"
    assert epochs_told(watch(7, terminal=False)) == list(range(1, 8))


def test_the_bar_counts_epochs_once_all_rows_are_there() -> None:
    text = watch(400, terminal=True)
    assert epochs_told(text) == [400]
    last = re.findall(r"(rows|epochs) .*?(\d+)/(\d+)", text)[-1]
    assert last == ("epochs", "400", "400")


def told(*texts: str, terminal: bool) -> str:
    """What is shown of what a board printed."""
    screen = io.StringIO()
    console = Console(file=screen, width=40, force_terminal=terminal, no_color=True)
    with RunProgress(console, rows=ROWS) as progress:
        for text in texts:
            progress.observe(ConsolePrinted(text))
            assert text.split("\n", 1)[0][:7] in screen.getvalue(), "live, not in the end"
    return screen.getvalue()


def test_each_line_of_a_board_is_told_as_such_and_stays_whole() -> None:
    text = told("boot ok\n", "\n", f"{'long ' * 20}\nsecond\r\nthird \tcolumn\n", terminal=False)
    lines = ["console: boot ok", f"console: {'long ' * 20}".rstrip(), "console: second", "console: third   column"]
    assert text.splitlines() == lines


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J", "\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\x08\x08", "\x1bc", "\u202e", "\x1b[?1049h"]
)
def test_nothing_that_a_board_prints_is_obeyed_by_the_terminal(hostile: str) -> None:
    plain, text = told("board: ok\n", terminal=True), told(f"board: {hostile}ok\n", terminal=True)
    assert "ok" in text
    ours = set(re.findall(r"\x1b\[[0-?]*[ -/]*[@-~]", plain))
    assert set(re.findall(r"\x1b\[[0-?]*[ -/]*[@-~]", text)) <= ours, "only what the progress bar itself uses"
    left = re.sub(r"\x1b\[[0-?]*[ -/]*[@-~]", "", text)
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202e]", left)


def test_a_cut_line_and_its_return_are_told_as_they_happen() -> None:
    console = Console(file=io.StringIO(), width=200, no_color=True)
    with RunProgress(console, rows=ROWS) as progress:
        progress.observe(LinkCut("/dev/ttyUSB0 is gone: end of stream", 10.0))
        progress.observe(LinkResumed("usb:0403:6001 = /dev/ttyUSB1", 2.5, resumed=True))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().splitlines() == [
        "row 0: /dev/ttyUSB0 is gone: end of stream; waiting up to 10 s for it",
        "usb:0403:6001 = /dev/ttyUSB1: the payload answers again after 2.5 s",
    ]


def test_a_reset_that_was_injected_is_not_the_payloads_own() -> None:
    screen = io.StringIO()
    with RunProgress(Console(file=screen, width=100, force_terminal=False), rows=ROWS) as progress:
        progress.observe(LinkFaultInjected("to_payload", "reset", 9, 0, "", 0.0))
        progress.observe(PayloadRestarted(planned=False, reason="an injected reset started it anew"))
    assert screen.getvalue().splitlines()[0] == "row 0: payload restarted: an injected reset started it anew"


def test_a_power_cut_and_what_came_of_it_are_told() -> None:
    screen = io.StringIO()
    with RunProgress(Console(file=screen, width=100, force_terminal=False), rows=ROWS) as progress:
        progress.observe(PowerCut(3))
        progress.observe(PayloadRestarted(planned=False, reason="its power was cut", power_cut=True))
        progress.observe(PayloadResumed(2, 2, 1, 0))
        progress.observe(PayloadRestarted(planned=False, reason="it said Hello anew"))
        progress.observe(PayloadResumed(3, 5, 0, 2))
    assert screen.getvalue().splitlines()[:5] == [
        "row 3: the power is cut",
        "row 0: payload restarted",
        "resumed at row 2: 1 rows are trained again",
        "row 0: payload restarted by itself: it said Hello anew",
        "resumed at row 5: 0 rows are trained again, the results of 2 are lost",
    ]
