"""Margins: profiles, what they are measured of, and the limits that they add."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import ConfigurationError
from bench.margins import RESOURCES, MarginSpec, find_profile, load_profile, profile_names
from bench.measure import MarginBasis, Measurement, RunContext, measure
from bench.measure.margins import margin_percent, measure_margins
from bench.scenario import Limit, load_scenario, with_margins
from bench.selection import Selection
from bench.trace import (
    Entry,
    EpochTrained,
    HousekeepingReported,
    LinkMeasured,
    ModelEpoch,
    RunStarted,
    SamplesTrained,
)
from bench.verdict import FAIL, PASS, UNMEASURED, judge
from tests.unit.made_runs import connected, make_recording, make_run, trained

GSFC = "gsfc-golden-rules-3.07"
SPEC = MarginSpec(GSFC, "PDR")
SECTIONS = {
    ".text": 600,
    ".rodata": 100,
    ".data": 50,
    ".bss": 100,
    ".arena": 200,
    ".data_region": 4000,
    ".stack": 40,
    ".handler_stack": 10,
}
BASIS = MarginBasis(SPEC, ram_bytes=1000, flash_bytes=1000, data_region_in_ram=False)
CONTEXT = RunContext(make_recording(), SECTIONS, assumed_instructions_per_s=1000.0, margins=BASIS)
PEAKS: dict[str, int | None] = {
    "stack_peak_bytes": 20,
    "handler_stack_peak_bytes": 5,
    "arena_used_bytes": 100,
    "data_used_bytes": 0,
}


def context(basis: MarginBasis = BASIS, **spec: Any) -> RunContext:  # noqa: ANN401 - fields of a MarginSpec
    return replace(CONTEXT, margins=replace(basis, spec=replace(basis.spec, **spec)))


def figures(trace: list[Entry], given: RunContext = CONTEXT) -> dict[str, Measurement]:
    return {one.name.removeprefix("margin."): one for one in measure_margins(trace, given)}


def rows(*costs: int, clock: str = "instructions", rate: int = 0) -> list[Entry]:
    """Rows whose training costs this much, and nothing else anything."""
    batch = trained(0, ["0"] * len(costs), list(costs))
    nothing = [0] * len(costs)
    return [connected(clock, rate), replace(batch, predict=nothing, feature=nothing, dispatch=nothing)]


@pytest.mark.parametrize(
    ("allocated", "used", "percent"),
    [(100, 50, 50.0), (100, 0, 100.0), (100, 150, -50.0), (0, 1, None), (math.nan, 1, None), (1, math.inf, None)],
)
def test_a_margin_by_hand(allocated: float, used: float, percent: float | None) -> None:
    assert margin_percent(allocated, used) == percent


@given(st.floats(1e-6, 1e12), st.floats(0, 1e12))
def test_a_margin_is_never_more_than_all_and_falls_below_zero_with_the_last_byte(allocated: float, used: float) -> None:
    percent = margin_percent(allocated, used)
    assert percent is not None
    assert percent <= 100  # percent
    assert (percent < 0) == (used / allocated > 1)


def test_a_scenario_without_margins_has_no_figures_of_them() -> None:
    assert not figures(make_run().trace, replace(CONTEXT, margins=None))
    assert not any(one.name.startswith("margin.") for one in measure(make_run().trace, RunContext(make_recording())))


def test_the_processor_and_its_deadline_by_hand() -> None:
    """Rows of 1 s and 2 s, one every 5 s: 30 % on average, 40 % at worst."""
    found = figures(rows(1000, 2000))
    assert found["cpu"].value == pytest.approx(70.0)
    assert found["deadline"].value == pytest.approx(60.0)
    assert found["cpu"].clock == found["deadline"].clock == "instructions"
    assert found["cpu"].because == "1.5 s of 5 s for each row; assumed: 1000 instructions per second"
    shared = figures(rows(1000, 2000), context(cpu_share=0.5, row_period_s=10.0, deadline_s=2.5))
    assert shared["cpu"].value == pytest.approx(70.0)
    assert shared["cpu"].because.startswith("1.5 s of 5 s for each row, 0.5 of a processor;")
    assert shared["deadline"].value == pytest.approx(20.0)


def test_cycles_are_no_assumption() -> None:
    found = figures(rows(1000, 2000, clock="cycles", rate=1000))
    assert found["cpu"].value == pytest.approx(70.0)
    assert "assumed" not in found["cpu"].because


@pytest.mark.parametrize(
    ("trace", "because"),
    [
        (rows(1000, clock="host", rate=1000), "the host's clock says nothing about the flight computer"),
        ([connected()], "no row was trained"),
        ([], "the payload never connected"),
        ([RunStarted(1, "s", "t", "r", 1, {}, [], mode="score"), *rows()], "in score mode nothing is trained"),
    ],
)
def test_what_tells_nothing_of_the_processor_is_unmeasured(trace: list[Entry], because: str) -> None:
    for name in ("cpu", "deadline"):
        one = figures(trace)[name]
        assert one.value is None
        assert because in one.because
    unknown = figures(rows(1000), replace(CONTEXT, assumed_instructions_per_s=None))["cpu"]
    assert (unknown.value, unknown.because) == (None, "the target assumes no instruction rate")


def test_a_batch_run_has_a_deadline_only_if_the_scenario_gives_one() -> None:
    epochs = [
        EpochTrained(0, 1.0, [ModelEpoch("a", 0.1, 1, 9, cost), ModelEpoch("b", 0.1, 1, 9, 500)]) for cost in (1, 500)
    ]
    trace = [RunStarted(1, "s", "t", "r", 1, {}, [], mode="batch"), connected(), *epochs]
    assert figures(trace)["cpu"].value is None
    assert "batch mode" in figures(trace)["cpu"].because
    assert "[margins] deadline_s" in figures(trace)["deadline"].because
    found = figures(trace, context(deadline_s=4.0))["deadline"]
    assert found.value == pytest.approx(75.0)
    assert found.because.startswith("the costliest epoch took 1 s of 4 s")
    assert figures(trace[:2], context(deadline_s=4.0))["deadline"].because.startswith("no epoch ended")


def test_memory_by_hand() -> None:
    """Stored are code, constants and first values; data, bss, arena and stacks lie in RAM, the data region does not."""
    found = figures([connected(), HousekeepingReported(1, PEAKS)])
    assert (found["prom"].value, found["prom"].because) == (25.0, "750 of 1,000 bytes")
    assert found["ram"].value == pytest.approx(60.0)
    assert found["ram"].repeatable
    assert found["ram_peak"].value == pytest.approx(100 - 27.5)  # 50 + 100 + 100 + 20 + 5


def test_without_flash_code_lies_in_ram_and_there_is_no_margin_of_a_prom() -> None:
    found = figures([connected()], context(replace(BASIS, flash_bytes=None, ram_bytes=2000)))
    assert found["prom"].because == "the target names no flash ([memory] flash_bytes)"
    assert found["ram"].because == "1,100 of 2,000 bytes; the target has no flash, so code lies in RAM"
    assert found["ram_peak"].because == "the payload did not report stack_peak_bytes"


def test_a_data_region_in_ram_counts_and_may_be_too_much() -> None:
    found = figures([connected()], context(replace(BASIS, data_region_in_ram=True)))
    assert found["ram"].value == pytest.approx(-340.0)


def test_memory_that_stands_in_for_flash_is_no_ram() -> None:
    sections = {".text": 100, ".kept": 700, ".bss": 30}
    known = context(replace(BASIS, unstored=(".kept", ".bss"), data_region_in_ram=True))
    found = figures([connected()], replace(known, sections=sections))
    assert found["prom"].because == "100 of 1,000 bytes"
    assert found["ram"].because == "30 of 1,000 bytes"


def test_the_elf_file_says_which_sections_have_no_place_in_it() -> None:
    sections = {".text": 100, ".pool": 300, ".data": 10}
    known = context(replace(BASIS, unstored=(".pool",)))
    found = figures([connected()], replace(known, sections=sections))
    assert found["prom"].because == "110 of 1,000 bytes"
    assert found["ram"].because == "310 of 1,000 bytes"


def test_memory_that_nobody_knows_is_unmeasured() -> None:
    none = figures([connected()], context(replace(BASIS, ram_bytes=None)))
    assert none["ram"].because == none["ram_peak"].because == "the target names no RAM ([memory] ram_bytes)"
    bare = figures([connected()], replace(CONTEXT, sections=None))
    assert {bare[name].because for name in ("prom", "ram", "ram_peak")} == {
        "the run holds no section table of the firmware"
    }


def test_the_line_by_hand() -> None:
    """50 rows, one every 5 s, with 24 bytes each; the line of an emulator has no rate of its own."""
    trace = make_run().trace
    found = figures(trace)["uart"]
    assert found.value == pytest.approx(100 * (1 - 4.8 / 1000))
    assert found.because == "24.0 bytes for each row to the payload, 4.8 of 1000 bytes/s"
    assert figures(trace, context(uart_baud=100.0))["uart"].value == pytest.approx(52.0)
    unrated = [replace(one, line_bytes_per_s=None) if isinstance(one, LinkMeasured) else one for one in trace]
    assert "uart_baud" in figures(unrated)["uart"].because
    assert figures(trace[:3], context(uart_baud=100.0))["uart"].because == "no samples were streamed"
    silent = [one for one in trace if not isinstance(one, SamplesTrained)]
    assert figures(silent)["uart"].because == "no row was streamed"


def test_every_profile_that_comes_with_the_bench_has_a_source_for_each_figure() -> None:
    assert GSFC in profile_names()
    for name in profile_names():
        profile = load_profile(find_profile(name, beside=Path()))
        assert profile.name == name
        assert profile.source
        assert all(floor.source for floor in profile.floors.values())


@pytest.mark.parametrize(
    ("phase", "wanted"),
    [
        ("SRR", {"cpu": 50, "deadline": 50, "prom": 50, "ram": 50, "uart": 50}),
        ("PDR", {"cpu": 50, "deadline": 50, "prom": 30, "ram": 50, "uart": 50}),
        ("CDR", {"cpu": 40, "deadline": 40, "prom": 20, "ram": 40, "uart": 40}),
        ("ship", {"cpu": 30, "deadline": 30, "prom": 0, "ram": 30, "uart": 30}),
    ],
)
def test_the_figures_of_goddard(phase: str, wanted: dict[str, float]) -> None:
    floors = load_profile(find_profile(GSFC, beside=Path())).at(phase)
    assert {name.removeprefix("margin."): percent for name, (percent, _) in floors.items()} == wanted
    assert set(wanted) == set(RESOURCES)


OWN = """
name = "mine"
source = "our plan, issue 2"
phases = ["mid", "end"]
[margin.cpu]
percent = { end = 20 }
source = "section 4"
"""


@pytest.mark.parametrize(
    ("before", "after", "message", "hint"),
    [
        ('["mid", "end"]', "[]", "phases: is empty", "name the phases"),
        ("[margin.cpu]", "[margin.cpus]", "cpus: is no resource that the bench measures", "did you mean 'cpu'?"),
        ("end = 20", "ende = 20", "percent.ende: is none of the phases", "did you mean 'end'?"),
        ("end = 20", "end = 120", "expected a value in", "give"),
        ('"section 4"', '" "', "source: is empty", "say where the figures are from"),
    ],
)
def test_a_profile_that_cannot_be_meant_is_refused(
    tmp_path: Path, before: str, after: str, message: str, hint: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(OWN.replace(before, after), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_profile(path)
    assert hint in caught.value.hint


def test_a_phase_may_ask_nothing_of_a_resource_and_must_be_one_of_the_profile(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(OWN, encoding="utf-8")
    profile = load_profile(path)
    assert profile.at("mid") == {}
    assert profile.at("end") == {"margin.cpu": (20.0, "mine at end: section 4")}
    with pytest.raises(ConfigurationError, match="margin profile mine has no phase 'ende'") as caught:
        profile.check_phase("ende")
    assert caught.value.hint.startswith("did you mean 'end'?")


SCENARIO = 'name = "s"\ntitle = "t"\n[margins]\nprofile = "gsfc-golden-rules-3.07"\nphase = "PDR"\n'


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("3.07", "3.08", "margins.profile: is 'gsfc-golden-rules-3.08', which is no margin profile"),
        ("PDR", "PRD", "margins.phase: is 'PRD', which gsfc-golden-rules-3.07 does not have"),
        ("phase", "cpu_share = 0\nphase", "margins.cpu_share: is 0"),
        ("phase", "uart_baud = nan\nphase", "margins.uart_baud: is nan"),
        ("phase", "row_period_s = -1\nphase", "margins.row_period_s: is -1"),
        ("phase", "period_s = 1\nphase", "margins.period_s: unknown key"),
        ("[margins]", '[[limits]]\nmeasure = "margin.*"\nat_least = 1\n[margins]', "clock: missing for margin"),
    ],
)
def test_margins_that_cannot_be_meant_are_refused(tmp_path: Path, before: str, after: str, message: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(SCENARIO.replace(before, after), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        load_scenario(path)


def test_a_limit_of_the_scenario_stands_in_place_of_the_profiles_and_says_so() -> None:
    profile = load_profile(find_profile(GSFC, beside=Path()))
    own = Limit("margin.ram", at_least=10, because="a heritage board", requirements=("A-1",))
    spec = replace(SPEC, requirements=("A-2",))
    joined = {limit.measure: limit for limit in with_margins([own], spec, profile, clock="cycles")}
    assert joined["margin.ram"].at_least == 10  # as above
    assert joined["margin.ram"].because.startswith("a heritage board; stands in place of margin.ram >= 50 %, gsfc")
    assert joined["margin.ram"].requirements == ("A-1", "A-2")
    assert joined["margin.cpu"] == Limit(
        "margin.cpu",
        at_least=50,
        clock="cycles",
        because=f"{GSFC} at PDR: GSFC-STD-1000, Table 3.07-1, Average CPU Usage",
        requirements=("A-2",),
    )
    assert joined["margin.prom"].clock is None
    assert len(joined) == len(RESOURCES)


def test_margins_are_judged_and_what_is_unmeasured_is_never_green() -> None:
    limits = with_margins([], SPEC, load_profile(find_profile(GSFC, beside=Path())), clock="instructions")
    outcomes = {
        verdict.name: verdict.outcome
        for verdict in judge(list(measure_margins(rows(1000, 4000), CONTEXT)), limits)
        if verdict.outcome
    }
    assert outcomes == {
        "run.completed": UNMEASURED,
        "margin.cpu": PASS,
        "margin.deadline": FAIL,
        "margin.prom": FAIL,
        "margin.ram": PASS,
        "margin.uart": UNMEASURED,
    }


def test_a_run_without_some_models_is_held_to_no_margin() -> None:
    part = Selection(0, 9, 9, ("a",), ("b",))
    assert part.excuse("margin.ram") == "models were left out that need their part of what there is"
    assert not Selection(0, 5, 9, ("a",), ()).excuse("margin.ram")
