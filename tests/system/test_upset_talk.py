"""What the bench does with a payload that sleeps after an upset and has not given all results: it talks on."""

from collections.abc import Iterator

import pytest

from bench.campaign.fault import (
    COMPLETED,
    CORRECTED,
    CRASH,
    LINK_LOST,
    MASKED,
    NOT_READ,
    RECOVERED,
    SAFE_STOP,
    UNCORRECTED,
    UNDETECTED,
    Fault,
    Flip,
    Observed,
)
from bench.campaign.injector import InjectorSetup
from bench.errors import BenchError
from bench.target import load_target
from bench.upset import QemuInjector, open_injector
from bench.upset.image import read_image
from tests.system.emulated import build

TARGET = "qemu-mps2-an386"
BATCH = """name = "short-batch"
title = "Two models, one of which stops where its memory changes"
recording = "sun-sensor"
mode = "batch"
epochs = 1
[[models]]
name = "plain"
learner = "logistic"
features = "identity"
arithmetic = "f32"
hyperparameters = { lr = 0.02, batch = 32 }
[[models]]
name = "guarded"
learner = "logistic"
features = "identity"
arithmetic = "f32"
hyperparameters = { lr = 0.03, batch = 32 }
protection = { copies = 2, action = "stop" }
"""
STREAM = """name = "short-stream"
title = "A model with checkpoints"
recording = "sun-sensor"
mode = "stream"
[checkpoints]
rows = 20
[[models]]
name = "arow"
learner = "arow"
features = "identity"
arithmetic = "f32"
protection = { copies = 3 }
"""


def opened(tmp_path_factory: pytest.TempPathFactory, text: str, *strata: str) -> Iterator[QemuInjector]:
    folder = tmp_path_factory.mktemp("talk")
    scenario = folder / "short.toml"
    scenario.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIL_GOLDEN_RUNS", str(folder / "golden"))
        with open_injector(InjectorSetup(scenario, TARGET, strata, 0.01, 4)) as injector:
            yield injector


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QemuInjector]:
    """Give an injector into two epochs."""
    yield from opened(tmp_path_factory, BATCH, "weights", "link", "globals")


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QemuInjector]:
    """Give an injector into the last rows of a stream, with checkpoints."""
    yield from opened(tmp_path_factory, STREAM, "weights", "link", "core_registers")


IMAGE = read_image(build(load_target(TARGET)))
NOTHING = Fault("null", "", 0, (), "", 0, 0)


def address(symbol: str) -> int:
    return IMAGE.symbols[symbol].address


def memory(place: int, bit: int = 0, *, time: int = 0) -> Fault:
    return Fault("f", "link", time, (Flip("memory", place, bit),), "", 0, bit)


def jump(injector: QemuInjector, symbol: str, *more: Flip, instant: int = 0) -> Fault:
    """Bits of the program counter turn over, so that it goes on at `symbol`."""
    time = injector.golden().instants[instant]
    changed = injector.stand_at(time).read_register(15) ^ address(symbol) & ~1
    flips = (Flip("register", 15, bit) for bit in range(32) if changed >> bit & 1)
    return Fault("f", "core_registers", time, (*flips, *more), "pc", 0, 0)


def in_queue(injector: QemuInjector) -> int:
    """Address of a byte of a request that waits in the payload's receive queue where the window begins."""
    gdb, queue = injector.stand_at(0), IMAGE.symbols["received"]
    words = gdb.read_memory(queue.address + 2048, 8)
    head, tail = int.from_bytes(words[:4], "little"), int.from_bytes(words[4:], "little")
    assert head - tail > 20
    return queue.address + (tail + 10) % 2048


def twice(injector: QemuInjector, fault: Fault) -> Observed:
    """What came of it, which must repeat, and leave nothing behind."""
    first = injector.inject(fault)
    assert injector.inject(fault) == first
    assert injector.inject(NOTHING).learner == MASKED
    return first


def test_a_request_that_the_upset_destroyed_is_sent_again(batch: QemuInjector) -> None:
    seen = twice(batch, memory(in_queue(batch)))
    assert (seen.system, seen.learner, seen.detection) == (COMPLETED, MASKED, UNDETECTED)
    assert seen.instructions is None


def test_whatever_is_destroyed_in_the_queue_comes_out_the_same_twice(batch: QemuInjector) -> None:
    first, queue = in_queue(batch) - 10, IMAGE.symbols["received"].address
    faults = [memory(first + place, place % 8) for place in range(0, 30, 3)]
    faults += [memory(queue + 2048 + place, place) for place in (0, 1, 4, 5)]  # where it begins and ends
    seen = [batch.inject(fault) for fault in faults]
    assert [batch.inject(fault) for fault in reversed(faults)] == seen[::-1]
    assert sum(one.system == COMPLETED and one.instructions is None for one in seen) >= 5


def test_a_payload_that_answers_as_somebody_else_cannot_be_talked_to(batch: QemuInjector) -> None:
    content = batch.stand_at(0).read_memory(address("service"), IMAGE.symbols["service"].size)
    tag = batch._run.window.connection._nonce.to_bytes(4, "little")  # noqa: SLF001 - what the payload calls the bench
    seen = twice(batch, memory(address("service") + content.index(tag)))
    assert (seen.system, seen.learner) == (LINK_LOST, NOT_READ)
    assert seen.detail == "no answer after 0 of 2 results"


def test_a_model_that_stops_training_is_a_safe_stop(batch: QemuInjector) -> None:
    weight = next(region for region in batch.golden().regions if region.name == "guarded.w")
    seen = twice(batch, memory(weight.address, 3))
    assert (seen.system, seen.detection) == (SAFE_STOP, UNCORRECTED)
    assert seen.detail == "stopped training after 1 of 2 results"
    assert seen.latency is not None
    assert 0 < seen.latency < batch.golden().instructions


def test_a_restart_without_a_checkpoint_is_a_crash(batch: QemuInjector) -> None:
    seen = twice(batch, jump(batch, "mps2_entry"))
    assert (seen.system, seen.learner, seen.detail) == (CRASH, NOT_READ, "the payload restarted and lost its models")


def test_a_payload_that_resumes_is_given_its_rows_again(stream: QemuInjector) -> None:
    seen = twice(stream, jump(stream, "mps2_entry", instant=-1))
    assert (seen.system, seen.learner, seen.detection) == (RECOVERED, MASKED, CORRECTED)
    assert seen.samples_lost is not None
    assert 0 <= seen.samples_lost <= 20
    assert seen.detail == f"{seen.samples_lost} rows had to be sent again"
    assert seen.latency is None


def test_rows_that_were_destroyed_in_the_queue_are_sent_again(stream: QemuInjector) -> None:
    seen = stream.inject(memory(in_queue(stream)))
    assert (seen.system, seen.learner, seen.samples_lost) == (COMPLETED, MASKED, 0)


def test_the_latency_of_a_correction_is_counted_in_instructions(stream: QemuInjector) -> None:
    weight = next(region for region in stream.golden().regions if region.name == "arow.w")
    seen = twice(stream, memory(weight.address, 7))  # before a row, where all is checked
    assert (seen.system, seen.learner, seen.detection) == (COMPLETED, MASKED, CORRECTED)
    assert seen.latency is not None
    per_row = stream.golden().instructions / stream.golden().samples
    assert seen.latency < 3 * per_row


def test_a_golden_run_without_all_results_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    text = BATCH.replace("epochs = 1", "epochs = 2").replace("copies = 2", "bound = 1e-9")
    with pytest.raises(BenchError, match="the golden run ended asleep after 3 of 4 results"):
        next(opened(tmp_path_factory, text, "weights"))
