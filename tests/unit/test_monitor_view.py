"""Screens: what is seen at which size."""

import math
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from bench.monitor.basis import Basis
from bench.monitor.blocks import Look
from bench.monitor.crop import cropped
from bench.monitor.fold import fold
from bench.monitor.glyphs import ASCII, UNICODE, bar, duration, number, per_second, sparkline
from bench.monitor.plain import PlainLines
from bench.monitor.provisional import OPEN, Figure, Judge, figures_of, in_unit, unit_of
from bench.monitor.state import RunState
from bench.monitor.view import LEAST, screen
from bench.scenario import Limit
from bench.selection import Selection
from bench.trace import ModelCreated, PayloadConnected, RunStarted
from tests.unit.monitor_moments import BASIS, MODELS, MOMENTS, SIZES
from tools.gen_monitor_screens import CHECKOUT, goldens

HINT = "look at what has changed, then: python -m tools.gen_monitor_screens"


def text_of(look: Look, width: int = 80, height: int = 24) -> str:
    return "\n".join(line.plain.rstrip() for line in screen(look, width, height))


@pytest.mark.parametrize(("path", "text"), list(goldens()), ids=lambda one: one.stem if isinstance(one, Path) else "")
def test_screens_are_as_they_were_reviewed(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, f"{path.relative_to(CHECKOUT)}: {HINT}"


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_screen_fits_any_terminal(moment: str) -> None:
    look = MOMENTS[moment]()
    seed = random.randrange(1 << 32)
    print("seed", seed)
    source = random.Random(seed)
    sizes = [(source.randrange(1, 260), source.randrange(1, 70)) for _ in range(40)]
    for width, height in [*SIZES, (20, 5), (1, 1), LEAST, (38, 30), (39, 30), (110, 20), (109, 21), *sizes]:
        lines = screen(look, width, height)
        assert len(lines) == height
        assert max(cell_len(line.plain) for line in lines) <= width, (width, height)


_OF_THE_SIZE = re.compile(r"\(\d+ lines not shown\)|worst of \d+, \d+ not shown|worst \d+ of \d+|(?<=  )of \d+")
"""Numbers that say how much of something is shown; they follow from the size."""


def figures_in(lines: list[str], more: str) -> set[str]:
    """All words with digits, but for names that are marked as shortened."""
    words = {word.strip(",;") for line in lines for word in _OF_THE_SIZE.sub("", line).split()}
    return {word for word in words if re.search(r"\d", word) and more not in word}


@pytest.mark.parametrize("moment", MOMENTS)
def test_no_number_is_cut_at_any_size(moment: str) -> None:
    """Every figure on a screen is one of those that the same moment shows where there is room for all of them."""
    look, heights = replace(MOMENTS[moment](), folder="run"), (10, 11, 20, 24, 45)
    more = look.glyphs.more
    whole = figures_in([line for height in (*heights, 100) for line in text_of(look, 400, height).split("\n")], more)
    cut = re.compile(rf"(?:^|\s)[~+(-]?[\d,.:/%]+{re.escape(more)}")
    for width in range(LEAST[0], 121):
        for height in heights:
            lines = text_of(look, width, height).split("\n")
            assert figures_in(lines, more) <= whole, (width, height)
            assert not [line for line in lines if cut.search(line)], (width, height)


@given(st.text("ab 0123456789,.:/%~-", max_size=60), st.integers(0, 60))
def test_a_text_is_cut_between_its_numbers_and_says_that_it_is_cut(text: str, width: int) -> None:
    for glyphs in (UNICODE, ASCII):
        shown = cropped(Text(text), width, glyphs).plain
        assert cell_len(shown) <= width
        if len(text) <= width:
            assert shown == text
        elif width:
            assert shown.endswith(glyphs.more)
            kept = shown[:-1]
            assert text.startswith(kept)
            assert not (kept[-1:].isdigit() and text[len(kept)].isdigit())


def test_which_run_it_is_stands_on_every_screen() -> None:
    for moment in ("stream", "finished"):
        look = MOMENTS[moment]()
        assert f"{look.folder}  began 2026-11-21 05:53:21" in text_of(look)
        assert "20261121-055321" in text_of(look, *LEAST)
        assert look.folder in text_of(replace(look, keys=""), 44, 10)


def test_a_partial_run_is_marked_at_any_size_and_says_which_part_it_is() -> None:
    look = MOMENTS["part"]()
    for size in SIZES:
        assert text_of(look, *size).startswith("partial orbitai-flight")
    assert "partial run: rows 0:3854 of 130000, 32 of 34 models" in text_of(look)
    assert "; partial run: rows 0:3854 of 130000, 32 of 34 models;" in next(PlainLines().of(look))


def test_memories_of_which_nothing_is_known_say_so() -> None:
    look = Look(RunState(), Basis(), 0.0)
    assert "stack  not known" in text_of(look)
    assert "memory not known" in text_of(look, 80, 15)


def test_a_tiny_terminal_says_what_it_needs_and_how_far_the_run_is() -> None:
    text = text_of(MOMENTS["stream"](), 20, 5)
    assert text.split("\n")[:3] == ["20x5 is too small", "needs 39x10", "52% streaming"]


def test_of_32_models_the_worst_are_shown_and_the_others_counted() -> None:
    text = text_of(MOMENTS["stream"]())
    shown = [name for name in MODELS if f"\n{name} " in text]
    assert f"worst of 32, {32 - len(shown)} not shown" in text
    assert set(shown) >= {"adam_1D", "adam_2D"}
    wide = text_of(MOMENTS["stream"](), 200, 50)
    assert all(name in wide for name in MODELS)


def test_an_empty_state_has_a_screen() -> None:
    for size in SIZES:
        assert "a run on ?" in text_of(Look(RunState(), Basis(), 0.0), *size)


def test_names_of_a_stranger_move_no_cursor_and_break_no_line() -> None:
    state = RunState()
    entries = [
        RunStarted(1, "\x1b[2Jevil\nname", "t\x07", "r", 10**30, {}, []),
        PayloadConnected(1, "\u202e\x1b]0;x\x07", "0", "0", 1, "martian\x1b[5m", 10**40, 10**40, 1, 1),
        *[ModelCreated(n, f"模型\n{n}\x1b[1m" * 20, "l", "f", "f", [], {}, 1, 10**50, 10**50, []) for n in range(9)],
    ]
    for entry in entries:
        fold(state, entry, BASIS)
    look = Look(state, BASIS, math.inf, Judge(BASIS).judge(state))
    for width, height in SIZES:
        for line in screen(look, width, height):
            assert not any(character in line.plain for character in "\x1b\x07\n\u202e")
            assert cell_len(line.plain) <= width


def figures(state: RunState, basis: Basis = BASIS) -> dict[str, Figure]:
    return {one.name: one for one in figures_of(state, basis)}


def outcomes(moment: str, *limits: Limit, selection: Selection | None = None) -> dict[str, str]:
    look = MOMENTS[moment]()
    basis = replace(look.basis, limits=limits, selection=selection)
    return {one.name: one.outcome for one in Judge(basis).judge(look.state)}


def test_a_bound_on_what_only_grows_fails_as_soon_as_it_is_exceeded_and_passes_only_in_the_end() -> None:
    grows = [
        Limit("timing.train.max", at_most=2009, clock="instructions"),
        Limit("link.errors", at_most=1),
        Limit("events.medium", equal=0),
        Limit("memory.stack_peak_bytes", at_most=4096),
        Limit("run.rows", at_least=3000),
    ]
    assert outcomes("stream", *grows) == {
        "run.completed": OPEN,
        "timing.train.max": "FAIL",
        "link.errors": "FAIL",
        "events.medium": "FAIL",
        "memory.stack_peak_bytes": OPEN,
        "run.rows": OPEN,
    }


def test_what_may_move_either_way_stays_open_and_what_is_fixed_is_decided() -> None:
    found = outcomes(
        "stream",
        Limit("timing.train.p99", at_most=1, clock="instructions"),
        Limit("accuracy.prequential.arow_3D.balanced_accuracy", at_least=0.99),
        Limit("memory.text_bytes", at_most=10),
        Limit("memory.ram_static_bytes", at_most=10**6),
        Limit("parity.plain*", equal=0),
        Limit("timing.train.mean", at_most=1, clock="cycles"),
    )
    assert found["timing.train.p99"] == found["accuracy.prequential.arow_3D.balanced_accuracy"] == OPEN
    assert found["parity.plain*"] == OPEN
    assert (found["memory.text_bytes"], found["memory.ram_static_bytes"]) == ("FAIL", "PASS")
    assert found["timing.train.mean"] == "UNMEASURED"


def test_a_target_that_failed_decides_that_the_run_is_not_complete() -> None:
    assert outcomes("failed")["run.completed"] == "FAIL"
    assert "no result came" in text_of(MOMENTS["failed"](), 120, 40)


def test_limits_that_a_partial_run_cannot_be_held_to_are_not_shown() -> None:
    part = Selection(0, 10, 100, MODELS, ("other",))
    limit = Limit("accuracy.prequential.arow_3D.balanced_accuracy", at_least=0.99)
    assert set(outcomes("stream", limit, Limit("accuracy.*.other.recall", at_least=1), selection=part)) == {
        "run.completed"
    }


def test_costs_of_the_host_are_shown_in_nanoseconds() -> None:
    state = RunState(clock="host", clock_rate_hz=10_000_000)
    assert (in_unit(state, 7), unit_of(state)) == (700, "ns")
    state = RunState(clock="cycles")
    assert (in_unit(state, 7), unit_of(state)) == (7, "cycles")
    assert unit_of(RunState(clock="?")) == "counts"


def test_rates_of_a_model_are_those_of_its_counts() -> None:
    found = figures(MOMENTS["stream"]().state)
    recall, specificity = (found[f"accuracy.prequential.arow_3D.{key}"].value for key in ("recall", "specificity"))
    assert recall is not None
    assert specificity is not None
    assert found["accuracy.prequential.arow_3D.balanced_accuracy"].value == pytest.approx((recall + specificity) / 2)
    for key in ("precision", "f1"):
        value = found[f"accuracy.prequential.arow_3D.{key}"].value
        assert value is not None
        assert 0 < value < 1


def test_bars_and_curves_are_as_wide_as_they_should_be() -> None:
    for share in (-1.0, 0.0, 0.3, 0.999, 1.0, 7.0, math.nan, math.inf):
        for glyphs in (UNICODE, ASCII):
            assert len(bar(share, 13, glyphs)) == 13
    assert bar(0.5, 4, ASCII) == "##.."
    assert sparkline([0.0, 0.5, 1.0], 10, UNICODE) == "▁▅█"
    assert sparkline([1.0, math.nan, 1.0], 10, UNICODE) == "▁ ▁"
    assert sparkline([math.nan], 5, UNICODE) == " "
    assert sparkline([], 5, UNICODE) == sparkline([1.0], 0, UNICODE) == ""
    assert len(sparkline([float(n) for n in range(1000)], 17, UNICODE)) == 17
    assert sparkline([5.0, -5.0], 5, ASCII, low=0.0, high=1.0) == "#_"


def test_figures_are_short_whatever_they_are() -> None:
    assert [number(one) for one in (None, 1234, 0.12345, 1234.5, math.nan, math.inf)] == [
        "-",
        "1,234",
        "0.1235",
        "1,234",
        "nan",
        "inf",
    ]
    assert len(number(10**400)) < 12
    assert [duration(one) for one in (0, 61.9, 3723, -1, math.nan, math.inf)] == [
        "0:00",
        "1:01",
        "1:02:03",
        "-",
        "-",
        "-",
    ]
    assert [per_second(one) for one in (12, 1234, 123_456, 2_345_678)] == ["12 B/s", "1.2 kB/s", "123 kB/s", "2.3 MB/s"]


def test_plain_lines_tell_each_tenth_what_happened_and_how_it_ended() -> None:
    lines = PlainLines()
    first = list(lines.of(MOMENTS["stream"]()))
    assert first[0] == (
        "orbitai-flight on qemu-zynq-a9: 3,854 rows; run folder 20261121-055321-orbitai-flight-qemu-zynq-a9"
    )
    assert any("event (medium): RECEIVE_OVERRUN" in line for line in first)
    assert [line for line in first if "rows 2,011 of 3,854" in line]
    assert list(lines.of(MOMENTS["stream"]())) == []
    last = list(lines.end(MOMENTS["failed"]()))
    assert any(line.startswith("7.2 s: FAIL") or "target failed" in line for line in last)
    assert last[-1].startswith("0:17: target failed (rows 2021 to 2067")


def test_more_lines_than_are_kept_are_counted() -> None:
    look = MOMENTS["stream"]()
    look.state.logged = 100
    kept = len(look.state.log)
    assert f"({100 - kept} lines of console and events are not shown)" in list(PlainLines().of(look))
