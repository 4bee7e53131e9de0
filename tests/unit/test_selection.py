"""A part of a scenario keeps what holds for it, and says which limits do not."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import ConfigurationError, RunFolderError
from bench.measure import Measurement
from bench.scenario import Limit, ModelSpec, Scenario
from bench.selection import (
    Part,
    Selection,
    describe_part,
    keep_models,
    keep_rows,
    load_selection,
    selection_text,
)
from bench.verdict import FAIL, PASS, UNMEASURED, exit_status, judge
from tests.unit.small_recording import make_recording

MODELS = tuple(ModelSpec(name, "arow", "identity") for name in ("m", "arow_1D", "arow_3D"))
WHOLE = Scenario("whole", "whole", MODELS, ())
CUT = Selection(0, 2, 4, ("m", "arow_1D", "arow_3D"), ())
FEWER = Selection(0, 4, 4, ("arow_1D",), ("m", "arow_3D"))


def selected(part: Part, scenario: Scenario = WHOLE) -> tuple[Selection | None, list[str]]:
    recording, kept = make_recording(), keep_models(scenario, part.models)
    rows = keep_rows(recording, part)
    selection = describe_part((scenario, recording), (kept, rows), first_row=part.first_row or 0)
    return selection, [model.name for model in kept.models]


@pytest.mark.parametrize(
    ("part", "text", "models"),
    [
        (Part(1, 3), "rows 1:3 of 4", ["m", "arow_1D", "arow_3D"]),
        (Part(None, 3), "rows 0:3 of 4", ["m", "arow_1D", "arow_3D"]),
        (Part(3), "rows 3:4 of 4", ["m", "arow_1D", "arow_3D"]),
        (Part(models=("arow*",)), "2 of 3 models", ["arow_1D", "arow_3D"]),
        (Part(0, 2, ("*3D", "m")), "rows 0:2 of 4, 2 of 3 models", ["m", "arow_3D"]),
        (Part(0, 4, ("*",)), "None", ["m", "arow_1D", "arow_3D"]),
        (Part(), "None", ["m", "arow_1D", "arow_3D"]),
    ],
)
def test_a_part_has_its_rows_and_models_and_says_so(part: Part, text: str, models: list[str]) -> None:
    selection, kept = selected(part)
    assert str(selection) == text
    assert kept == models


@pytest.mark.parametrize("rows", [(0, 5), (4, None), (2, 2), (3, 2), (None, 0)])
def test_rows_that_the_recording_does_not_have_are_refused(rows: tuple[int | None, int | None]) -> None:
    with pytest.raises(ConfigurationError, match="are not within small, which has the rows 0:4") as caught:
        keep_rows(make_recording(), Part(*rows))
    assert "0 <= A < B" in caught.value.hint


def test_a_pattern_without_a_model_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="no model of scenario whole matches 'arow_2D'") as caught:
        keep_models(WHOLE, ["m", "arow_2D"])
    assert "did you mean 'arow_" in caught.value.hint


def test_what_nothing_in_the_part_can_have_is_known() -> None:
    """The recording has references of m at rows 2 and 4; only arow_3D begins as a file has it."""
    with_file = replace(WHOLE, models=(*MODELS[:2], replace(MODELS[2], initial=Path("a.onnx"))))
    assert selected(Part(models=("arow*",)))[0] == Selection(
        0, 4, 4, ("arow_1D", "arow_3D"), ("m",), ("parity.reference",)
    )
    for part, lost in (
        (Part(0, 2), ()),
        (Part(0, 1), ("parity.reference",)),
        (Part(1, 4), ("parity.reference",)),
        (Part(models=("m",)), ("parity.original",)),
        (Part(1, 4, ("arow_1D",)), ("parity.original", "parity.reference")),
    ):
        selection, _ = selected(part, with_file)
        assert selection is not None
        assert selection.lost == lost


def outcomes(selection: Selection, measured: dict[str, float | None], *limits: Limit) -> dict[str, str | None]:
    measurements = [Measurement("run.completed", 1, "1")]
    measurements += [Measurement(name, value, "1") for name, value in measured.items()]
    verdicts = judge(measurements, limits, selection=selection)
    assert {verdict.partial for verdict in verdicts} == {str(selection)}
    assert all("not applied" in v.because for v in verdicts if v.outcome is None and v.limit)
    assert exit_status([v for v in verdicts if v.outcome is None]) == 0
    return {verdict.name: verdict.outcome for verdict in verdicts if verdict.limit and verdict.name != "run.completed"}


def test_fewer_rows_are_not_held_to_what_all_of_them_must_reach() -> None:
    measured: dict[str, float | None] = {
        "accuracy.evaluation.m": 0.2,
        "run.rows": 2,
        "parity.plain.m": 1,
        "parity.compared.plain": 1,
    }
    limits = [Limit("accuracy.*", at_least=0.9), Limit("run.rows", equal=4), Limit("accuracy.late.m", at_least=1)]
    limits += [Limit("parity.plain.*", equal=0), Limit("parity.compared.plain", equal=6)]
    expected = dict.fromkeys(measured) | {"parity.plain.m": FAIL, "accuracy.late.m": None}
    assert outcomes(CUT, measured, *limits) == expected


def test_models_left_out_are_not_missed_and_those_that_are_there_are_judged() -> None:
    measured = {"accuracy.evaluation.arow_1D.balanced": 0.2, "parity.plain.arow_1D": 0, "parity.reference": None}
    found = outcomes(
        replace(FEWER, lost=("parity.reference",)),
        measured,
        Limit("accuracy.evaluation.arow_3D.balanced", at_least=0.9),
        Limit("accuracy.*.arow_*.balanced", at_least=0.9),
        Limit("parity.plain*", equal=0),
        Limit("*arow_3D.updates", equal=0),
        Limit("accuracy.evaluation.m.*", at_least=0.9),
        Limit("parity.reference*", equal=0),
        Limit("memory.model.arow_1D.bites", at_most=1),
        Limit("no.such.measure", equal=0),
    )
    assert found == {
        "accuracy.evaluation.arow_3D.balanced": None,
        "accuracy.evaluation.arow_1D.balanced": FAIL,
        "parity.plain.arow_1D": PASS,
        "*arow_3D.updates": None,
        "accuracy.evaluation.m.*": None,
        "parity.reference": None,
        "memory.model.arow_1D.bites": UNMEASURED,
        "no.such.measure": UNMEASURED,
    }


def test_a_run_that_did_not_complete_fails_however_little_of_it_there_is() -> None:
    [verdict] = judge([Measurement("run.completed", 0, "1")], [], selection=CUT)
    assert verdict.outcome == FAIL


def test_the_file_reads_back_and_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "selection.toml"
    selection = replace(FEWER, lost=("parity.original",))
    path.write_text(selection_text(selection))
    assert load_selection(path) == selection
    path.write_text(selection_text(selection).replace("of_rows = 4", "of_rows = 0"))
    with pytest.raises(RunFolderError, match=r"selection\.toml: of_rows: is 0"):
        load_selection(path)
