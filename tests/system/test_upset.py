"""Upsets in an emulated payload: the golden run, what flips do to it, and what is refused."""

import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.campaign.fault import COMPLETED, CRASH, CRITICAL, HANG, LOCKUP, MASKED, NAN, Fault, Flip, Region
from bench.campaign.injector import InjectorSetup
from bench.errors import BenchError, ConfigurationError, TransportError
from bench.scenario import SCENARIOS
from bench.target import QemuTransportSpec, load_target
from bench.upset import QemuInjector, open_injector
from bench.upset.machine import Machine
from tests.system.command_line import write_target
from tests.system.emulated import CORTEX_M, QEMU_TARGETS, build, read_function

STRATA = ("weights", "optimizer", "link", "stack", "code", "core_registers", "fp_registers")
SCENARIO = """name = "short"
title = "One short epoch"
recording = "sun-sensor"
mode = "{mode}"
epochs = {epochs}
[[models]]
name = "logistic"
learner = "logistic"
features = "identity"
arithmetic = "f32"
hyperparameters = {{ lr = 0.02, batch = 32 }}
"""


WFI = {"mps2": bytes.fromhex("30bf"), "zynq": bytes.fromhex("03f020e3")}
UDF = {"mps2": bytes.fromhex("00de"), "zynq": bytes.fromhex("f000f0e7")}
"""Instructions of ARMv7-M and of ARMv7-A, as they lie in memory: to sleep, and permanently undefined."""


@pytest.fixture(scope="module", params=QEMU_TARGETS)
def injector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[QemuInjector]:
    """Give an injector into the payload that comes with the bench."""
    folder = tmp_path_factory.mktemp("golden-runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HIL_GOLDEN_RUNS", str(folder))
        setup = InjectorSetup(SCENARIOS / "sun-sensor-upsets.toml", request.param, STRATA, 0.01, 5)
        with open_injector(setup) as opened:
            yield opened


def region(injector: QemuInjector, name: str) -> Region:
    return next(region for region in injector.golden().regions if region.name == name)


def flip(injector: QemuInjector, name: str, bit: int, *, instant: int = -1) -> Fault:
    place = region(injector, name)
    one = Flip("register", place.address, bit) if place.space == "register" else None
    one = one or Flip("memory", place.address + bit // 8, bit % 8)
    return Fault("f", place.stratum, injector.golden().instants[instant], (one,), name, 0, bit)


def test_the_golden_run_has_the_instants_and_regions_that_were_asked_for(injector: QemuInjector) -> None:
    golden = injector.golden()
    assert golden.instants[0] == 0
    assert 3 <= len(golden.instants) <= 5
    assert golden.instants[-1] < golden.instructions
    assert {region.stratum for region in golden.regions} == set(STRATA)
    assert golden.samples == 3 * 2880


@pytest.mark.parametrize("instant", [0, 1, -1])
def test_a_low_bit_and_a_high_bit_of_a_weight_do_what_they_must(injector: QemuInjector, instant: int) -> None:
    low = injector.inject(flip(injector, "logistic.w", 0, instant=instant))
    assert low.system == COMPLETED
    assert low.learner not in {CRITICAL, NAN}
    if instant:
        assert injector.inject(flip(injector, "logistic.w", 30, instant=instant)).learner in {CRITICAL, NAN}


def test_repeats_are_equal_whatever_happened_in_between(injector: QemuInjector) -> None:
    faults = [flip(injector, name, 2) for name in ("logistic.w", "logistic.v", ".text", "r4", "sp", "pc", "received")]
    first = [injector.inject(fault) for fault in faults]
    assert [injector.inject(fault) for fault in reversed(faults)] == first[::-1]


def first_instruction(injector: QemuInjector, new: dict[str, bytes], *functions: str) -> Fault:
    """Make a fault that puts another instruction where the window begins, and first in other functions."""
    target = load_target(injector.setup.target)
    wanted = new[target.port or ""]
    flips = []
    for name in ("hil_request_train_epoch", *functions):
        address, code = read_function(build(target), name)
        bits = [bit for bit in range(8 * len(wanted)) if (code[bit // 8] ^ wanted[bit // 8]) >> bit % 8 & 1]
        flips += [Flip("memory", address + bit // 8, bit % 8) for bit in bits]
    return Fault("f", "code", 0, tuple(flips), "", 0, 0)


def test_an_undefined_instruction_ends_in_the_fault_handler(injector: QemuInjector) -> None:
    observed = injector.inject(first_instruction(injector, UDF))
    assert observed.system == CRASH
    assert observed.detail.startswith("fault: ")
    nothing = replace(flip(injector, "logistic.w", 0), flips=())
    assert injector.inject(nothing).learner == MASKED


def test_a_core_that_is_put_to_sleep_where_no_code_does_so_is_woken_by_what_the_bench_says(
    injector: QemuInjector,
) -> None:
    observed = injector.inject(first_instruction(injector, WFI))
    assert observed.system == (CRASH if injector.setup.target in CORTEX_M else HANG)  # it goes on without its first one
    assert observed.instructions is None
    assert injector.inject(first_instruction(injector, WFI)) == observed


def test_a_core_that_executes_zeros_where_nothing_is_hangs(injector: QemuInjector) -> None:
    astray = flip(injector, "pc", 28)
    observed = injector.inject(astray)
    assert (observed.system, observed.detail) == (HANG, "more than 2 times the instructions of the golden run")
    assert injector.inject(astray) == observed
    assert injector.inject(replace(astray, flips=())).learner == MASKED


def test_a_fault_of_the_fault_handler_goes_round_where_a_core_does_not_lock_up(injector: QemuInjector) -> None:
    if injector.setup.target in CORTEX_M:
        pytest.skip("cores of the M profile lock up")
    observed = injector.inject(first_instruction(injector, UDF, "zynq_fault"))
    assert observed.system == HANG
    assert observed.detail.startswith("more than 2 times the instructions")


def test_a_lockup_is_the_target_s_and_the_next_injection_has_a_new_emulator(injector: QemuInjector) -> None:
    if injector.setup.target not in CORTEX_M:
        pytest.skip("only cores of the M profile lock up")
    wild = flip(injector, "pc", 30)
    handlers = tuple(Flip("memory", address, bit) for address in range(0x0C, 0x1C) for bit in range(8))
    emulator = injector.pid
    observed = injector.inject(replace(wild, flips=(*wild.flips, *handlers)))
    assert observed.system == LOCKUP
    assert observed.detail.startswith("qemu: fatal: Lockup")
    assert injector.pid != emulator
    assert injector.inject(replace(wild, flips=())).learner == MASKED


FREE_RAM = {"qemu-mps2-an386": 0x2102_0000, "qemu-mps2-an500": 0x6002_0000}
"""In the PSRAM, behind all that the payload uses."""
COUNT_AND_LOCK_UP = bytes.fromhex("72b6 71b6 0138 fdd1 00de")
"""cpsid i; cpsid f; 1: subs r0, #1; bne 1b; udf"""


def program_that_dies_after(injector: QemuInjector, instructions: int) -> Fault:
    """Write a program by upsets where nothing lies, and let the core go there."""
    gdb = injector.stand_at(injector.golden().instants[0])
    begin = FREE_RAM[injector.setup.target]
    registers = {"pc": begin, "r0": instructions // 2}
    flips = [
        Flip("memory", begin + place, bit)
        for place, (is_, wanted) in enumerate(
            zip(gdb.read_memory(begin, len(COUNT_AND_LOCK_UP)), COUNT_AND_LOCK_UP, strict=True)
        )
        for bit in range(8)
        if (is_ ^ wanted) >> bit & 1
    ]
    for name, wanted in registers.items():
        number = gdb.registers[name].number
        flips += [Flip("register", number, bit) for bit in range(32) if (gdb.read_register(number) ^ wanted) >> bit & 1]
    return Fault("dies-late", "", injector.golden().instants[0], tuple(flips), "", 0, 0)


@pytest.mark.parametrize(("share", "outcome"), [(0.5, LOCKUP), (0.97, LOCKUP), (1.6, HANG)])
def test_a_lockup_behind_the_limit_is_a_hang_however_late_the_bench_looks(
    injector: QemuInjector, share: float, outcome: str
) -> None:
    if injector.setup.target not in CORTEX_M:
        pytest.skip("only cores of the M profile lock up")
    fault = program_that_dies_after(injector, int(share * 2 * injector.golden().instructions))
    assert injector.inject(fault).system == outcome


def test_an_emulator_that_is_ended_from_outside_is_no_outcome(injector: QemuInjector) -> None:
    if injector.setup.target not in CORTEX_M:
        pytest.skip("the program is one for the M profile")
    with open_injector(injector.setup) as own:
        endless = program_that_dies_after(own, (1 << 32) - 2)
        assert own.pid is not None
        ending = threading.Timer(0.005, os.kill, (own.pid, signal.SIGTERM))
        ending.start()
        with pytest.raises(
            BenchError, match=r"ended from outside|ended while injecting dies-late|the debugger's stub .*W00"
        ):
            own.inject(endless)
        ending.join()
    with open_injector(injector.setup) as own:
        assert own.pid is not None
        os.kill(own.pid, signal.SIGKILL)
        with pytest.raises(BenchError, match=r"the emulator ended while injecting f: |from outside"):
            own.inject(flip(own, "logistic.w", 0))


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("f", "weights", 1, (), "", 0, 0), "fault f falls at instruction 1, which is no instant"),
        (Fault("f", "code", 0, (Flip("memory", 0, 8),), "", 0, 8), "a byte has no bit 8"),
        (Fault("f", "core_registers", 0, (Flip("register", 0, 32),), "", 0, 32), "no bit 32 of a register 0"),
        (Fault("f", "core_registers", 0, (Flip("register", 999, 0),), "", 0, 0), "no bit 0 of a register 999"),
        (Fault("f", "code", 0, (Flip("memory", 0x90000000, 0),), "", 0, 0), "refused a read of 1 bytes"),
    ],
)
def test_faults_that_cannot_be_are_errors_of_the_bench(injector: QemuInjector, fault: Fault, words: str) -> None:
    with pytest.raises(BenchError, match=words):
        injector.inject(fault)


def test_a_second_worker_has_the_same_golden_run_and_sees_the_same(injector: QemuInjector) -> None:
    setup = injector.setup
    fault = flip(injector, "logistic.w", 21)
    with open_injector(setup) as other:
        assert other.golden() == injector.golden()
        assert other.inject(fault) == injector.inject(fault)


def setup_of(tmp_path: Path, *, target: str = "qemu-mps2-an386", mode: str = "batch", epochs: int = 1) -> InjectorSetup:
    path = tmp_path / "short.toml"
    text = SCENARIO.format(mode=mode, epochs=epochs)
    path.write_text(text if mode == "batch" else text.replace(f"epochs = {epochs}\n", ""))
    return InjectorSetup(path, target, ("weights",), 0.01, 1)


def test_a_target_without_the_capability_is_refused(tmp_path: Path) -> None:
    place = "flash = { address = 0xE2000000, bytes = 1_048_576 }"
    without = {"[upsets]": "", 'counter = "icount"': "", place: ""}
    target = write_target(tmp_path, "no-upsets", like="qemu-zynq-a9", replaced=without)
    with pytest.raises(
        ConfigurationError, match="no-upsets has no capability 'upsets': its file has no table"
    ) as caught:
        open_injector(setup_of(tmp_path, target=str(target))).__enter__()
    assert "such as qemu-mps2-an386" in caught.value.hint


@pytest.mark.parametrize("name", QEMU_TARGETS)
def test_an_emulator_that_does_not_count_is_refused(tmp_path: Path, name: str) -> None:
    target = load_target(name)
    assert isinstance(target.transport, QemuTransportSpec)
    options = list(target.transport.arguments)
    place = options.index("-icount")
    silent = replace(target, transport=replace(target.transport, arguments=(*options[:place], *options[place + 2 :])))
    with pytest.raises(TransportError, match="counts 0 instructions after one, from 0"):
        Machine(silent, build(target), tmp_path).open()


def test_more_epochs_than_the_payload_can_be_asked_for_at_once_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIL_GOLDEN_RUNS", str(tmp_path / "store"))
    with pytest.raises(ConfigurationError, match="90 requests cannot be sent at once"):
        open_injector(setup_of(tmp_path, epochs=90)).__enter__()
