"""Upsets in a payload whose watchdog waits: what hangs or faults is started anew and goes on from its checkpoint."""

from collections.abc import Iterator

import pytest

from bench.campaign.fault import COMPLETED, CORRECTED, HANG, MASKED, RECOVERED, Fault, Flip, Observed
from bench.campaign.injector import InjectorSetup
from bench.target import load_target
from bench.upset import QemuInjector, open_injector
from bench.upset.image import read_image
from tests.system.emulated import build

TARGET = "qemu-mps2-an386"
ROWS = 20
SCENARIO = f"""name = "watched"
title = "A watchdog and checkpoints"
recording = "sun-sensor"
[checkpoints]
rows = {ROWS}
watchdog = true
[[models]]
name = "arow"
learner = "arow"
features = "identity"
arithmetic = "f32"
protection = {{ copies = 3 }}
"""
IMAGE = read_image(build(load_target(TARGET)))
STAND_STILL = bytes.fromhex("fee7")
"""A branch to itself."""
UNDEFINED = bytes.fromhex("00de")


@pytest.fixture(scope="module")
def injector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QemuInjector]:
    """Give an injector into the last rows of a stream, with a watchdog."""
    folder = tmp_path_factory.mktemp("watched")
    (folder / "watched.toml").write_text(SCENARIO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIL_GOLDEN_RUNS", str(folder / "golden-runs"))
        setup = InjectorSetup(folder / "watched.toml", TARGET, ("weights", "code"), 0.01, 8)
        with open_injector(setup) as opened:
            yield opened


def written(injector: QemuInjector, instant: int, code: bytes, *places: int) -> Fault:
    """Bits of the code turn over, so that `code` stands where the core is, or at all `places`."""
    time = injector.golden().instants[instant]
    gdb = injector.stand_at(time)
    flips = []
    for place in places or (gdb.read_register(15),):
        changed = int.from_bytes(gdb.read_memory(place, 2), "little") ^ int.from_bytes(code, "little")
        flips += [Flip("memory", place + bit // 8, bit % 8) for bit in range(16) if changed >> bit & 1]
    return Fault("f", "code", time, tuple(flips), "", 0, 0)


def twice(injector: QemuInjector, fault: Fault) -> Observed:
    first = injector.inject(fault)
    assert injector.inject(fault) == first
    return first


def function(name: str) -> int:
    return IMAGE.symbols[name].address & ~1


def test_from_every_rung_the_run_goes_on_as_it_did(injector: QemuInjector) -> None:
    golden = injector.golden()
    assert len(golden.instants) == 8
    for instant in golden.instants:
        found = injector.inject(Fault("null", "", instant, (), "", 0, 0))
        assert (found.system, found.learner, found.instructions) == (COMPLETED, MASKED, golden.instructions - instant)


@pytest.mark.parametrize("code", [STAND_STILL, UNDEFINED])
@pytest.mark.parametrize("instant", [0, 3, -1])
def test_what_hangs_or_faults_goes_on_from_its_checkpoint(injector: QemuInjector, instant: int, code: bytes) -> None:
    seen = twice(injector, written(injector, instant, code))
    assert (seen.system, seen.learner, seen.detection) == (RECOVERED, MASKED, CORRECTED)
    assert seen.samples_lost is not None
    assert 0 <= seen.samples_lost <= ROWS


def test_what_hangs_while_it_sends_is_started_anew_as_well(injector: QemuInjector) -> None:
    assert twice(injector, written(injector, 3, STAND_STILL, function("transmit"))).system == RECOVERED


def test_a_payload_whose_watchdog_is_gone_hangs(injector: QemuInjector) -> None:
    places = (function("transmit"), function("mps2_watchdog"))
    seen = twice(injector, written(injector, 3, STAND_STILL, *places))
    assert seen.system == HANG
    assert seen.detail == "more than 2 times the instructions of the golden run and of its watchdog's wait"


def test_latency_is_known_beside_a_watchdog(injector: QemuInjector) -> None:
    weight = next(region for region in injector.golden().regions if region.name == "arow.w")
    seen = twice(injector, Fault("f", "weights", 0, (Flip("memory", weight.address, 7),), weight.name, 0, 7))
    assert (seen.system, seen.learner, seen.detection) == (COMPLETED, MASKED, CORRECTED)
    assert seen.latency is not None
    assert seen.latency < 3 * injector.golden().instructions / injector.golden().samples
