"""What a board printed, in the report of a test that failed."""

from bench.pytest_plugin.report import payload_sections
from bench.trace import ConsolePrinted


def test_a_board_s_colours_and_cursor_moves_are_not_in_the_report() -> None:
    trace = [ConsolePrinted("\x1b[31mhot\x1b[0m\x1b[2J: 90 °C\n"), ConsolePrinted("\x07next\n")]
    assert list(payload_sections(trace)) == [("payload: console", "hot: 90 °C\nnext")]
