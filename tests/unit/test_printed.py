"""Figures as people are shown them."""

from hypothesis import given
from hypothesis import strategies as st

from bench.cli.show import format_value
from bench.monitor.glyphs import number, share_text
from bench.printed import significant
from bench.report.figures import quantity


def test_what_is_almost_all_is_not_shown_as_all() -> None:
    for show in (significant, number, lambda value: quantity(value, "1"), lambda value: format_value(value, "1")):
        assert [show(one) for one in (99.2512, 99.996, 99.99999, 100.0)] == ["99.25", "99.996", "99.99999", "100"]
        assert [show(one) for one in (0.12345, 0.99996, 1.0, -0.99996)] == ["0.1235", "0.99996", "1", "-0.99996"]
    assert [share_text(done, 1000) for done in (0, 996, 1000, 1200)] == ["0%", "99%", "100%", "120%"]


@given(st.floats(-1000, 1000))
def test_a_short_figure_is_near_the_figure_and_1_and_100_are_never_reached_from_below(value: float) -> None:
    text = significant(value)
    assert abs(float(text) - value) <= 1e-3 * abs(value)
    if abs(float(text)) in {1.0, 100.0}:
        assert abs(value) >= abs(float(text))
