"""Laws of what attempts amount to."""

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bench.nightly.outcome import Attempt, Outcome, Retries, classify, is_loud, varying, wants_another

ONE = [outcome for outcome in Outcome if outcome is not Outcome.FLAKY]
FIGURE = "timing.model.arow.train.mean"


def attempts(*outcomes: Outcome, figures: tuple[float, ...] = (), clock: str = "instructions") -> list[Attempt]:
    values = figures or (1.0,) * len(outcomes)
    return [
        Attempt("a@b", number, outcome, build_id="1234", clock=clock, repeatable={FIGURE: value})
        for number, (outcome, value) in enumerate(zip(outcomes, values, strict=True), 1)
    ]


sequences = st.lists(st.sampled_from(ONE), min_size=1, max_size=6)


@given(sequences)
def test_a_job_passes_only_if_every_attempt_did(outcomes: list[Outcome]) -> None:
    assert (classify(attempts(*outcomes)) is Outcome.PASS) == (set(outcomes) == {Outcome.PASS})


@given(sequences)
def test_a_further_pass_never_makes_a_job_green(outcomes: list[Outcome]) -> None:
    before = classify(attempts(*outcomes))
    after = classify(attempts(*outcomes, Outcome.PASS))
    assert before is Outcome.PASS or after is not Outcome.PASS


@given(sequences, st.randoms(use_true_random=False))
def test_the_order_of_attempts_does_not_matter(outcomes: list[Outcome], random: Random) -> None:
    shuffled = list(outcomes)
    random.shuffle(shuffled)
    assert classify(attempts(*outcomes)) is classify(attempts(*shuffled))


@given(sequences)
def test_what_disagrees_is_flaky_and_what_was_never_tried_cannot_disagree(outcomes: list[Outcome]) -> None:
    tried = set(outcomes) - {Outcome.BLOCKED}
    assert (classify(attempts(*outcomes)) is Outcome.FLAKY) == (len(tried) > 1)


@given(st.integers(1, 5), st.integers(0, 4), st.lists(st.sampled_from(ONE), min_size=20, max_size=20))
def test_there_are_never_more_attempts_than_repeats_and_retries(
    repeats: int, retries: int, script: list[Outcome]
) -> None:
    policy = Retries(repeats, retries)
    done: list[Attempt] = []
    while wants_another(done, policy):
        done = attempts(*script[: len(done) + 1])
    assert 1 <= len(done) <= repeats + retries
    if all(outcome is Outcome.PASS for outcome in script[:repeats]):
        assert len(done) == repeats


def test_failures_are_tried_again_only_to_find_flakes() -> None:
    policy = Retries(1, 2)
    assert wants_another(attempts(Outcome.FAIL), policy)
    assert not wants_another(attempts(Outcome.FAIL, Outcome.PASS), policy), "it is known to be flaky"
    assert wants_another(attempts(Outcome.FAIL, Outcome.FAIL), policy)
    assert not wants_another(attempts(Outcome.FAIL, Outcome.FAIL, Outcome.FAIL), policy)
    assert not wants_another(attempts(Outcome.UNMEASURED), policy)
    assert not wants_another(attempts(Outcome.BLOCKED), policy)


def test_a_bench_that_errs_is_not_tried_for_every_repeat() -> None:
    assert not wants_another(attempts(Outcome.BENCH_ERROR, Outcome.BENCH_ERROR), Retries(10, 1))


def test_a_figure_that_must_not_vary_and_does_makes_a_flake_of_passes() -> None:
    differing = attempts(Outcome.PASS, Outcome.PASS, figures=(118, 119))
    assert classify(differing) is Outcome.FLAKY
    assert varying(differing) == {FIGURE: (118, 119)}
    assert is_loud(differing, Outcome.FLAKY)
    assert classify(attempts(Outcome.PASS, Outcome.PASS, figures=(118, 118))) is Outcome.PASS


def test_figures_of_two_builds_or_of_a_run_that_failed_are_not_held_to_each_other() -> None:
    [first, second] = attempts(Outcome.PASS, Outcome.PASS, figures=(118, 119))
    other = Attempt("a@b", 2, Outcome.PASS, build_id="5678", repeatable=second.repeatable)
    assert varying([first, other]) == {}
    assert varying(attempts(Outcome.FAIL, Outcome.FAIL, figures=(118, 60))) == {}


def test_a_flake_is_loud_where_instructions_are_counted_and_one_of_them_varies() -> None:
    disagree = attempts(Outcome.PASS, Outcome.FAIL, figures=(118, 119))
    assert is_loud(disagree, Outcome.FLAKY)
    assert not is_loud(attempts(Outcome.PASS, Outcome.FAIL, figures=(118, 119), clock="host"), Outcome.FLAKY)
    assert not is_loud(attempts(Outcome.FAIL, Outcome.FAIL), Outcome.FAIL)


def test_a_flake_of_a_time_of_the_host_is_not_loud() -> None:
    disagree = attempts(Outcome.PASS, Outcome.FAIL, figures=(118, 118))
    assert classify(disagree) is Outcome.FLAKY
    assert not is_loud(disagree, Outcome.FLAKY)


def test_a_flake_of_a_run_that_did_not_get_to_its_end_is_not_loud() -> None:
    [passed, failed] = attempts(Outcome.PASS, Outcome.FAIL, figures=(118, 60))
    cut = replace(failed, bad={"run.completed": "the time was over"})
    assert not is_loud([passed, cut], Outcome.FLAKY)
