"""What a float32 training step costs on each emulated core, so that a slower kernel does not pass unseen."""

import pytest

from bench.target import load_target
from tests.system.emulated import CORTEX_M, QEMU_TARGETS
from tools.benchmarks.kernels import DIMENSIONS, build, count, limits, rows_of

EPOCH_ROWS = 1305
BATCH_ROWS = 32
EPOCH_INSTRUCTIONS = 1_800_000
"""For logistic regression of 128 features on a Cortex-M7."""


@pytest.mark.parametrize("name", QEMU_TARGETS)
def test_arow_in_float32_stays_within_its_limits(name: str) -> None:
    target = load_target(name)
    costs = count(target, build(target))
    arow = rows_of(cost for cost in costs if cost.kind == "train")["arow", "f32"]
    assert sorted(arow) == list(DIMENSIONS)
    bounds = limits(target)
    for dimension, cost in arow.items():
        assert cost.calls == 16, "a step did not change the model"
        assert cost.maximum <= bounds["at most"][dimension], f"{name}, {dimension} features"
    if name in CORTEX_M:
        assert arow[128].maximum <= bounds["in blocks"][128]
    print(f"{name}: AROW f32 " + ", ".join(f"{d}: {cost.mean}" for d, cost in sorted(arow.items())))
    batch = rows_of(cost for cost in costs if cost.kind == "batch")["logistic", "f32"][128]
    epoch = -(-EPOCH_ROWS // BATCH_ROWS) * batch.maximum
    print(f"{name}: logistic f32, an epoch of {EPOCH_ROWS} rows of 128: at most {epoch} instructions")
    if name == "qemu-mps2-an500":
        assert epoch <= EPOCH_INSTRUCTIONS
