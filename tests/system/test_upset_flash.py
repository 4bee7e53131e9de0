"""Upsets in a payload that keeps checkpoints in flash, which is busy for some of the guest's time."""

from collections.abc import Iterator

import pytest

from bench.campaign.fault import COMPLETED, MASKED, Fault, Flip
from bench.campaign.injector import InjectorSetup
from bench.upset import QemuInjector, open_injector

STRATA = ("weights", "checkpoints", "protectors")
SCENARIO = """name = "kept"
title = "Checkpoints in flash"
recording = "sun-sensor"
[checkpoints]
rows = 150
[[models]]
name = "arow"
learner = "arow"
features = "identity"
arithmetic = "f32"
protection = { copies = 3, checksum = true, bound = 1e6 }
"""


@pytest.fixture(scope="module")
def injector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QemuInjector]:
    """Give an injector into a Cortex-A9 with NOR flash."""
    folder = tmp_path_factory.mktemp("kept")
    (folder / "kept.toml").write_text(SCENARIO)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIL_GOLDEN_RUNS", str(folder / "golden-runs"))
        with open_injector(InjectorSetup(folder / "kept.toml", "qemu-zynq-a9", STRATA, 0.01, 24)) as opened:
            yield opened


def test_from_every_rung_the_run_goes_on_as_it_did(injector: QemuInjector) -> None:
    golden = injector.golden()
    assert golden.instants[0] == 0
    assert len(golden.instants) > 1
    for instant in golden.instants:
        found = injector.inject(Fault("null", "", instant, (), "", 0, 0))
        assert (found.system, found.learner, found.instructions) == (COMPLETED, MASKED, golden.instructions - instant)


def test_checkpoints_in_flash_are_hit_and_restored(injector: QemuInjector) -> None:
    golden = injector.golden()
    records = [region for region in golden.regions if region.stratum == "checkpoints"]
    assert {region.address & ~0x7FFFF for region in records} <= {0xE2000000, 0xE2080000}
    faults = [
        Fault("f", "checkpoints", instant, (Flip("memory", records[0].address + 8, 1),), records[0].name, 0, 1)
        for instant in golden.instants[-2:]
    ]
    first = [injector.inject(fault) for fault in faults]
    assert [found.system for found in first] == [COMPLETED] * len(faults)
    assert [injector.inject(fault) for fault in reversed(faults)] == first[::-1]
