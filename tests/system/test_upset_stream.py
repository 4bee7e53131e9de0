"""Upsets in a payload that learns row by row and guards itself: a window in stream mode."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.campaign.fault import COMPLETED, CORRECTED, MASKED, Fault, Flip, Observed, Region
from bench.campaign.injector import InjectorSetup
from bench.session.failures import ConnectError
from bench.upset import QemuInjector, open_injector
from bench.upset.golden import make_golden
from bench.upset.ladder import wanted_instants
from bench.upset.machine import Machine
from bench.upset.subject import load_subject

STRATA = ("weights", "covariance", "link", "stack", "code", "globals", "core_registers", "checkpoints", "protectors")
SCENARIO = """name = "guarded"
title = "AROW that guards itself"
recording = "sun-sensor"
[checkpoints]
rows = 30
[[models]]
name = "arow"
learner = "arow"
features = "identity"
arithmetic = "f64"
protection = { copies = 3, checksum = true, bound = 1e6 }
"""
INSTANTS = 5


def setup_in(folder: Path, *, instants: int = INSTANTS) -> InjectorSetup:
    path = folder / "guarded.toml"
    path.write_text(SCENARIO)
    return InjectorSetup(path, "qemu-mps2-an386", STRATA, 0.01, instants, folder / "golden-run.tar.xz")


@pytest.fixture(scope="module")
def injector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QemuInjector]:
    """Give an injector into a payload that guards itself."""
    folder = tmp_path_factory.mktemp("guarded")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIL_GOLDEN_RUNS", str(folder / "store"))
        with open_injector(setup_in(folder)) as opened:
            yield opened


def region(injector: QemuInjector, name: str) -> Region:
    return next(region for region in injector.golden().regions if region.name == name)


def upset(injector: QemuInjector, place: Region, bit: int, *, instant: int) -> Observed:
    """The same twice, whatever it is."""
    flip = Flip("memory", place.address + bit // 8, bit % 8)
    if place.space == "register":
        flip = Flip("register", place.address, bit)
    fault = Fault("f", place.stratum, injector.golden().instants[instant], (flip,), place.name, 0, bit)
    first, second = injector.inject(fault), injector.inject(fault)
    assert first == second
    return first


def test_the_window_holds_the_last_rows_and_its_rungs_stand_where_they_were_drawn(injector: QemuInjector) -> None:
    golden = injector.golden()
    assert golden.facts["window"] == f"training on rows {2880 - golden.samples} to 2879, {golden.samples} of them"
    assert golden.samples > 80
    assert golden.instants == wanted_instants(golden.instructions, INSTANTS)
    assert {region.stratum for region in golden.regions} == set(STRATA)


@pytest.mark.parametrize("name", ["arow.w", "arow.cov", "arow.copy2", "arow.copy3"])
def test_what_turns_over_between_two_rows_is_put_right_and_reported(injector: QemuInjector, name: str) -> None:
    place = region(injector, name)
    seen = upset(injector, place, place.bits - 2, instant=0)
    assert (seen.system, seen.learner, seen.detection) == (COMPLETED, MASKED, CORRECTED)


@pytest.mark.parametrize("name", ["checkpoint0", "service.checkpoints", "received"])
def test_what_is_not_looked_at_any_more_does_no_harm(injector: QemuInjector, name: str) -> None:
    place = region(injector, name)
    seen = upset(injector, place, place.bits - 1, instant=-1)
    assert (seen.system, seen.learner) == (COMPLETED, MASKED)


def test_upsets_in_every_stratum_repeat(injector: QemuInjector) -> None:
    for stratum in STRATA:
        place = next(region for region in injector.golden().regions if region.stratum == stratum)
        upset(injector, place, place.bits // 2, instant=2)


def test_a_campaign_s_own_golden_run_serves_where_no_other_is_known(
    injector: QemuInjector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIL_GOLDEN_RUNS", str(tmp_path))
    with open_injector(injector.setup) as other:
        assert other.golden() == injector.golden()


def test_an_elf_that_is_not_what_runs_is_refused(tmp_path: Path) -> None:
    subject = load_subject(setup_in(tmp_path))
    machine = Machine(subject.target, subject.elf, tmp_path)
    machine.open()
    try:
        with pytest.raises(ConnectError, match="not the expected firmware: "):
            make_golden(machine, replace(subject, build_id="00" * 16), instants=1)
    finally:
        machine.close()
