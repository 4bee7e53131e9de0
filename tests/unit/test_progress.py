"""What people see of a run while it goes on."""

import io
import re

from rich.console import Console

from bench.cli.progress import RunProgress
from bench.trace import EpochTrained, ModelEpoch, SamplesTrained

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
