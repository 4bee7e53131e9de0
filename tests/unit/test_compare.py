"""What two sets of runs are said to differ in."""

import json
import math
import random
from dataclasses import replace

import pytest
from scipy.stats import mannwhitneyu

from bench.compare import (
    NOT_REPEATABLE,
    WORSE,
    Comparison,
    compare_runs,
    comparison_json,
    comparison_markdown,
    comparison_text,
)
from bench.compare.direction import judge_change
from bench.compare.rank_test import ALPHA, enough_repeats, least_p, rank_test, significant
from bench.errors import ConfigurationError
from bench.facts import RunFacts
from bench.verdict import Verdict
from tests.unit.test_history import make_facts

TRAIN = "timing.model.m.train"


def exact(name: str, value: float | None, *, outcome: str | None = None) -> Verdict:
    return Verdict(name, outcome, value, "<= 9" if outcome else None, "instructions", None, bool(outcome), True, "")  # noqa: FBT003


def varying(value: float) -> Verdict:
    return Verdict("link.goodput_bytes_per_s", None, value, None, "bytes/s", "host", False, False, "")  # noqa: FBT003


def facts(*figures: Verdict, number: int = 1, build: str = "aa", state: str = "00") -> RunFacts:
    return replace(make_facts(number, build=build), figures=figures, digests={"m@3": state})


def changes(comparison: Comparison) -> dict[str, str]:
    return {finding.what: finding.change for finding in comparison.findings}


def test_equal_runs_have_no_difference() -> None:
    run = facts(exact("run.rows", 3), exact("accuracy.x.y", math.nan))
    comparison = compare_runs([run], [replace(run, id="other")])
    assert comparison.findings == ()
    assert comparison.status == 0


def test_one_instruction_in_one_row_is_reported_with_operation_and_model() -> None:
    old = [exact(f"{TRAIN}.count", 2880), exact(f"{TRAIN}.mean", 339_840 / 2880)]
    new = [exact(f"{TRAIN}.count", 2880), exact(f"{TRAIN}.mean", 339_841 / 2880)]
    comparison = compare_runs([facts(*old)], [facts(*new, build="bb")])
    [operation] = [finding for finding in comparison.findings if finding.kind == "operation"]
    assert (operation.what, operation.change) == ("train of m", WORSE)
    assert operation.text.startswith("339,840 -> 339,841 instructions, +1")
    assert comparison.status == 1


def test_rows_that_swap_their_costs_are_seen_though_every_figure_is_the_same() -> None:
    old = replace(facts(exact("run.rows", 3)), series={"train": "00", "predict": "11"})
    comparison = compare_runs([old], [replace(old, id="other", series={"train": "01", "predict": "11"})])
    [operation] = comparison.findings
    assert (operation.what, operation.change) == ("train of all models", NOT_REPEATABLE)
    assert operation.text == "other costs in single rows, and the same in all"
    assert comparison.status == 1
    with_sum = (
        [exact(f"{TRAIN}.count", 2), exact(f"{TRAIN}.mean", 5)],
        [exact(f"{TRAIN}.count", 2), exact(f"{TRAIN}.mean", 6)],
    )
    grown = compare_runs([facts(*with_sum[0])], [replace(facts(*with_sum[1]), series={"train": "02"})])
    assert [finding.what for finding in grown.findings if finding.kind == "operation"] == ["train of m"]


def test_a_difference_of_the_same_build_is_not_repeatable_and_one_of_another_input_is_a_change() -> None:
    old, new = facts(exact("memory.a", 1)), facts(exact("memory.a", 0), state="01")
    assert changes(compare_runs([old], [new])) == {"m": NOT_REPEATABLE, "memory.a": NOT_REPEATABLE}
    other = replace(new, conditions={**new.conditions, "emulator": "11"})
    comparison = compare_runs([old], [other])
    assert changes(comparison)["memory.a"] == "better"
    assert comparison.notes[0].startswith("emulator differs")


@pytest.mark.parametrize("condition", ["recording", "part"])
def test_of_other_work_nothing_is_better_or_worse(condition: str) -> None:
    old, new = facts(exact("memory.a", 1)), facts(exact("memory.a", 0), state="01")
    comparison = compare_runs([old], [replace(new, conditions={**new.conditions, condition: "11"})])
    assert set(changes(comparison).values()) == {"changed"}
    assert "it is other work, so nothing is called better or worse" in comparison.notes
    assert comparison.status == 3


def test_figures_that_follow_from_an_operation_are_counted_and_not_told() -> None:
    old = facts(*(exact(f"{TRAIN}.{name}", value) for name, value in (("count", 2), ("mean", 5), ("max", 6))))
    new = facts(
        *(exact(f"{TRAIN}.{name}", value) for name, value in (("count", 2), ("mean", 6), ("max", 7))), build="bb"
    )
    comparison = compare_runs([old], [new])
    assert changes(comparison) == {"train of m": WORSE}
    assert "3 figures that must not vary were compared: 2 differ, 2 of them because of the operations above" in (
        comparison_text(comparison)
    )


def test_one_run_of_each_is_compared_exactly_unless_more_is_asked_for() -> None:
    old, new = facts(exact("run.rows", 3), varying(100)), facts(exact("run.rows", 3), varying(50), number=2)
    comparison = compare_runs([old], [new])
    assert comparison.status == 0
    assert "figures that vary were not tested: that needs several runs of each" in comparison_text(comparison)
    assert compare_runs([old], [new], varying=("link.*",)).status == 3


@pytest.mark.parametrize("pattern", ["nonsense", "run.rows"])
def test_a_pattern_that_nothing_which_varies_has_is_an_error(pattern: str) -> None:
    run = facts(exact("run.rows", 3), varying(100))
    with pytest.raises(ConfigurationError, match=f"no figure of these runs that varies is called {pattern}"):
        compare_runs([run], [run], varying=(pattern,))


def test_a_run_on_both_sides_is_told() -> None:
    run = facts(exact("run.rows", 3))
    assert "note: a run stands on both sides" in comparison_text(compare_runs([run], [run]))


def test_repeats_of_one_build_must_be_alike_too() -> None:
    comparison = compare_runs([facts(exact("memory.a", 1)), facts(exact("memory.a", 2))], [facts(exact("memory.a", 2))])
    assert changes(comparison) == {"memory.a": NOT_REPEATABLE}


def test_a_verdict_that_is_lost_is_worse() -> None:
    old, new = (
        facts(exact("memory.a", 1, outcome="PASS")),
        facts(exact("memory.a", None, outcome="UNMEASURED"), build="bb"),
    )
    assert changes(compare_runs([old], [new])) == {"memory.a": WORSE}


def test_too_few_repeats_are_unmeasured_and_never_the_same() -> None:
    old, new = facts(exact("run.rows", 3), varying(100)), facts(exact("run.rows", 3), varying(50), number=2)
    comparison = compare_runs([old] * 4, [new] * 4)
    assert comparison.untested == ("link.goodput_bytes_per_s: not enough repeats: 4 and 4, needs 5 and 5",)
    assert comparison.status == 3


def test_enough_repeats_show_what_moved_and_how_far() -> None:
    old = [facts(varying(100 + number)) for number in range(5)]
    new = [facts(varying(80 + number)) for number in range(5)]
    [finding] = compare_runs(old, new).findings
    assert (finding.change, finding.p) == (WORSE, 2 / 252)
    assert "Cliff's delta -1.00" in finding.text
    barely = [facts(varying(101.5 + number / 100)) for number in range(5)]
    wide = [facts(varying(100 + number / 100)) for number in range(5)]
    assert compare_runs(wide, barely).findings == ()  # certain, and below 2 %


def test_runs_of_two_scenarios_cannot_be_compared() -> None:
    with pytest.raises(ConfigurationError, match="only runs of one scenario on one target"):
        compare_runs([facts()], [replace(facts(), scenario="other")])
    with pytest.raises(ConfigurationError, match="only runs of one scenario"):
        compare_runs([], [facts()])


def test_which_way_is_worse() -> None:
    assert judge_change("timing.train.p99", 1, 2) == "worse"
    assert judge_change("timing.train.count", 1, 2) == "changed"
    assert judge_change("link.goodput_bytes_per_s", 1, 2) == "better"
    assert judge_change("accuracy.evaluation.m.fn", 1, 2) == "changed", "the rates say which way is better"
    assert judge_change("accuracy.evaluation.m.recall", 1, math.nan) == "worse"
    assert judge_change("something.new", 1, 2) == "changed"


def test_p_is_scipys_exact_one_without_ties() -> None:
    chance = random.Random(5)
    for _ in range(30):
        before = [chance.random() for _ in range(chance.randint(2, 9))]
        after = [chance.random() + 0.3 for _ in range(chance.randint(2, 9))]
        expected = float(mannwhitneyu(before, after, alternative="two-sided", method="exact").pvalue)
        assert rank_test(before, after).p == pytest.approx(expected, rel=1e-12)


def test_ties_make_it_no_surer_and_all_alike_is_no_difference() -> None:
    assert rank_test([1] * 6, [1] * 6).p == 1
    assert rank_test([1, 1, 1, 1, 2], [2, 2, 2, 2, 1]).p > least_p(5, 5)
    assert rank_test([1] * 40, [1] * 40).p == 1


def test_false_alarms_stay_below_alpha_and_a_shift_of_four_sigma_is_found() -> None:
    """Ten figures, as many repeats as they need, 400 comparisons without and 100 with a difference in one figure."""
    chance, figures = random.Random(11), 10
    repeats = enough_repeats(figures)

    def named(shift: float) -> list[bool]:
        draws = [[[chance.gauss(0, 1) for _ in range(repeats)] for _ in range(2)] for _ in range(figures)]
        draws[0][1] = [value + shift for value in draws[0][1]]
        return significant([rank_test(*pair).p for pair in draws])

    alarms = sum(any(named(0.0)) for _ in range(400))
    assert alarms <= 11  # of Binomial(400, 0.01) 99.8 % are at most that
    assert sum(named(4.0)[0] for _ in range(100)) >= 80
    assert least_p(repeats, repeats) <= ALPHA / figures


def test_what_a_stranger_wrote_is_escaped_and_json_is_strict() -> None:
    old, new = facts(exact("<b>|`x`", 1)), facts(exact("<b>|`x`", math.inf), build="bb")
    comparison = compare_runs([old], [new])
    assert "&lt;b&gt;\\|\\`x\\`" in comparison_markdown(comparison)
    found = json.loads(comparison_json([comparison]))
    assert found["comparisons"][0]["findings"][0]["after"] == "Infinity"
