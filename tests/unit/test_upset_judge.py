"""What came of an injection, and what can be hit, out of values that the test makes up."""

import re
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.campaign.fault import (
    BENIGN,
    COMPLETED,
    CRASH,
    CRITICAL,
    HANG,
    LINK_LOST,
    LOCKUP,
    MASKED,
    NAN,
    NOT_READ,
    RECOVERED,
    SAFE_STOP,
    UNDETECTED,
)
from bench.errors import BenchError, BuildError, ConfigurationError
from bench.gdb import Register
from bench.protection import Checkpoints
from bench.scenario import SCENARIOS, load_scenario
from bench.target import load_target
from bench.upset.accuracy import ModelFacts, Scorer
from bench.upset.detection import EVENTS, detect
from bench.upset.ending import Ending
from bench.upset.golden import GoldenRun, that_repeat
from bench.upset.heard import Heard, Report
from bench.upset.image import Image, Section, Symbol, read_image
from bench.upset.judge import Judge
from bench.upset.ladder import Rung, wanted_instants
from bench.upset.live import Talk
from bench.upset.machine import Machine
from bench.upset.readout import PlacedModel, place_models
from bench.upset.regions import Known, available, list_regions
from bench.upset.resume import Rows
from bench.upset.self_test import test_injector as self_test
from bench.upset.stamps import Stamps
from bench.upset.store import fetch_golden
from bench.upset.subject import Subject
from bench.upset.window import Window, open_window, still_copy
from firmware_if.connection import Connection
from firmware_if.messages import ArrayPlace, ArrayType, EventId, FailureCode, ModelCreated, ProtectionReport
from tests.unit.small_recording import make_recording

CREATED = ModelCreated(
    0, 2, 1, 16, 64, 64, 1,
    (
        ArrayPlace("w", ArrayType.F32, 0, 2),
        ArrayPlace("b", ArrayType.F32, 8, 1),
        ArrayPlace("timestep", ArrayType.U32, 12, 1),
    ),
)  # fmt: skip
MODEL = PlacedModel("m", CREATED, 0x20000000)
FACTS = {"m": ModelFacts("logistic", "identity", "f32", (0, 1), {})}
GOOD = struct.pack("<fffI", -1.0, 0.0, 0.2, 9)
"""Says ON, the higher class, where a < 0.2: right on both rows that the recording evaluates but for the second."""


def make_run() -> GoldenRun:
    window = Window(
        still_copy(Connection(lambda: 1)),
        (("m", CREATED),),
        FACTS,
        3,
        3 * 4,
        "three epochs",
        100,
        64,
        {},
        keeps_checkpoints=False,
    )
    rungs = (Rung("rung0", 0, b""), Rung("rung50", 50, b"begin"))
    return GoldenRun(window, 0, 100, 0x100, b"begin end", (MODEL,), (GOOD,), {}, (), rungs)


def make_judge() -> Judge:
    scorer = Scorer(FACTS, make_recording())
    return Judge(make_run(), scorer, (scorer.score(MODEL, GOOD),), 0.1)


DONE = Heard(3, settled=True)
ENDED = Ending("asleep", b" end", 100, 0x100)


STOPPED = Report(EventId.TRAINING_STOPPED, 0, 1.0)
FAULT = "\nfault: bus error pc=0x00000001\n"
LOCKED = "qemu: fatal: Lockup: can't escalate 3 to HardFault\nR00=0"
REPORT = ProtectionReport(0, 0, 0, 0, 0, 0, 0, 20, 1, 0, 1, 40, 1, 0)
"""Of a payload that has resumed."""
STREAM = Rows(make_recording(), 2)


def heard(results: int = 1, *, settled: bool = True, **more: Any) -> Heard:  # noqa: ANN401 - any of Heard's fields
    return Heard(results, settled=settled, **more)


def resumed(rows_end: int | None) -> Heard:
    return heard(restarts=1, rows_end=rows_end, protection=REPORT, rows_again=2)


@pytest.mark.parametrize(
    ("ending", "seen", "talk", "system", "detail"),
    [
        (ENDED, DONE, None, COMPLETED, ""),
        (ENDED, DONE, Talk("answered"), COMPLETED, ""),
        (ENDED, heard(2), Talk("answered"), HANG, "asleep, and answering, after 2 of 3 results"),
        (ENDED, heard(2, refusals=[(4, 0)]), Talk("answered"), HANG, "refused"),
        (ENDED, heard(2, refusals=[(4227, 9)]), Talk("answered"), HANG, r"refused: 4227 \(9\)"),
        (ENDED, heard(3, settled=False), Talk("silent"), LINK_LOST, "no answer after 3 of 3 results"),
        (ENDED, heard(2), Talk("overrun"), HANG, "more than 2 times .* talked to"),
        (ENDED, heard(2), Talk("overrun", "no end of answers"), HANG, "^no end of answers$"),
        (ENDED, heard(2), Talk("died", LOCKED), LOCKUP, "Lockup"),
        (ENDED, heard(2, reports=[STOPPED]), Talk("answered"), SAFE_STOP, "stopped training after 2 of 3 results"),
        (ENDED, heard(3, reports=[STOPPED]), None, SAFE_STOP, "stopped training"),
        (
            ENDED,
            heard(2, refusals=[(FailureCode.TRAINING_STOPPED, 0)]),
            Talk("answered"),
            SAFE_STOP,
            "stopped training",
        ),
        (replace(ENDED, how="overrun"), DONE, None, HANG, "more than 2 times"),
        (replace(ENDED, how="overrun"), heard(console=FAULT), None, HANG, "more than 2 times"),
        (ENDED, heard(console=FAULT), None, CRASH, "fault: bus error pc=0x00000001"),
        (ENDED, heard(console=FAULT), Talk("silent"), CRASH, "fault: bus error"),
        (ENDED, heard(restarts=1), Talk("answered"), CRASH, "the payload restarted and lost its models"),
        (ENDED, heard(restarts=1, console=FAULT), Talk("answered"), CRASH, "fault: bus error"),
        (ENDED, heard(restarts=1, connected=False), Talk("silent"), LINK_LOST, "row None of 4, 1 times started anew"),
        (ENDED, resumed(4), Talk("answered"), RECOVERED, "2 rows had to be sent again"),
        (ENDED, resumed(3), Talk("answered"), HANG, "row 3 of 4, 1 times started anew"),
        (ENDED, replace(resumed(4), console=FAULT), Talk("answered"), RECOVERED, "2 rows"),
        (ENDED, replace(resumed(4), reports=[STOPPED]), Talk("answered"), SAFE_STOP, "stopped training"),
        (Ending("died", b"", 0, words=LOCKED), DONE, None, LOCKUP, "Lockup"),
        (Ending("died", b"", 0, words="qemu: hardware error"), DONE, None, CRASH, "hardware error"),
    ],
)
def test_the_system_axis_goes_by_what_the_core_does(
    ending: Ending, seen: Heard, talk: Talk | None, system: str, detail: str
) -> None:
    judge = replace(make_judge(), rows=STREAM)
    observed = judge.observe(ending, seen, (GOOD,), time=50, talk=talk)
    assert observed.system == system
    assert re.search(detail, observed.detail)
    assert (observed.learner == NOT_READ) == (system not in {COMPLETED, SAFE_STOP, RECOVERED})
    assert (observed.samples_lost is None) == (observed.learner == NOT_READ)
    assert observed.digest


def test_only_a_payload_that_sleeps_without_its_results_is_talked_to() -> None:
    judge = make_judge()
    assert judge.is_owed(ENDED, heard(2))
    assert judge.is_owed(ENDED, heard(3, settled=False))
    assert judge.is_owed(ENDED, heard(3, restarts=1))
    assert judge.is_owed(ENDED, heard(0, restarts=1, console=FAULT))
    assert not judge.is_owed(ENDED, heard(0, console=FAULT))
    assert not judge.is_owed(ENDED, DONE)
    assert not judge.is_owed(replace(ENDED, how="overrun"), heard(2))


def test_a_watchdog_is_waited_for() -> None:
    judge = make_judge()
    watched = replace(judge, run=replace(judge.run, watchdog=1000))
    assert (judge.limit, watched.limit) == (200, 2200)
    assert judge.is_over(FAULT.encode())
    assert not watched.is_over(FAULT.encode())
    observed = watched.observe(replace(ENDED, how="overrun"), DONE, None, time=50)
    assert observed.detail == "more than 2 times the instructions of the golden run and of its watchdog's wait"


@pytest.mark.parametrize(
    ("target", "checkpoints", "runs"),
    [
        ("qemu-mps2-an386", None, False),
        ("qemu-mps2-an386", Checkpoints(30), False),
        ("qemu-mps2-an386", Checkpoints(30, watchdog=True), True),
        ("qemu-zynq-a9", None, False),
        ("qemu-zynq-a9", Checkpoints(30), True),
    ],
)
def test_where_timers_run_no_breakpoint_may_stand(target: str, checkpoints: Checkpoints | None, *, runs: bool) -> None:
    scenario = replace(load_scenario(SCENARIOS / "sun-sensor-upsets.toml"), checkpoints=checkpoints)
    subject = Subject(scenario, make_recording(), load_target(target), Path("x.elf"), "", IMAGE, "key")
    assert subject.runs_timers == runs


def test_samples_lost_are_rows_sent_again_and_rows_that_models_went_back_by() -> None:
    back = Report(EventId.ROLLED_BACK, 1 << 24 | 7, 1.0)
    seen = replace(resumed(4), reports=[back])
    assert (
        replace(make_judge(), rows=STREAM).observe(ENDED, seen, (GOOD,), time=0, talk=Talk("answered")).samples_lost
        == 9
    )


@pytest.mark.parametrize(
    ("reports", "latency"),
    [
        ([], None),
        ([Report(EventId.STATE_CORRECTED, 0, 10.0 + 128e-9 * 90)], 40),
        ([Report(EventId.STATE_CORRECTED, 0, 10.0)], 0),  # a stamp may be early by its grain
        ([Report(EventId.STATE_CORRECTED, 0, 9.0)], None),
        ([Report(EventId.STATE_CORRECTED, 0, 99.0)], None),
        ([Report(EventId.RESUMED, 0, 10.00001, 1)], None),
        ([Report(EventId.RECEIVE_OVERRUN, 5, 10.0), Report(EventId.STATE_CORRUPT, 0, 10.0 + 128e-9 * 60)], 10),
    ],
)
def test_latency_is_from_the_fault_to_the_stamp_of_the_first_new_event(
    reports: list[Report], latency: int | None
) -> None:
    usual = (Report(EventId.RECEIVE_OVERRUN, 5, 10.0),)
    judge = replace(make_judge(), stamps=Stamps(10.0, 128e-9), reports=usual)
    assert judge.observe(ENDED, heard(3, reports=reports), (GOOD,), time=50).latency == latency
    assert replace(judge, stamps=None).observe(ENDED, heard(3, reports=reports), (GOOD,), time=50).latency is None


@pytest.mark.parametrize(
    ("state", "learner"),
    [
        (GOOD, MASKED),
        (struct.pack("<fffI", -1.0, 0.0, 0.2, 10), BENIGN),
        (struct.pack("<fffI", 0.0, 0.0, -1.0, 9), CRITICAL),
        (struct.pack("<fffI", float("inf"), 0.0, 0.2, 9), NAN),
        (struct.pack("<fffI", -1.0, float("nan"), 0.2, 9), NAN),
    ],
)
def test_the_learner_axis_goes_by_the_models(state: bytes, learner: str) -> None:
    observed = make_judge().observe(ENDED, DONE, (state,), time=50)
    assert (observed.system, observed.learner, observed.instructions) == (COMPLETED, learner, 50)


def test_when_the_bench_looks_decides_nothing_that_is_kept() -> None:
    judge = make_judge()
    early, late = (judge.observe(Ending("overrun", b"", time), DONE, None, time=0) for time in (201, 999))
    assert early == late


@pytest.mark.parametrize(
    ("events", "detection"),
    [
        ([], "none"),
        (["NOT_FINITE_STATE"], "uncorrected"),
        (["STATE_CORRECTED"], "corrected"),
        (["STATE_CORRUPT"], "uncorrected"),
        (["STATE_CORRUPT", "ROLLED_BACK"], "corrected"),
        (["STATE_CORRUPT", "TRAINING_STOPPED"], "uncorrected"),
        (["STATE_CORRECTED", "TRAINING_STOPPED"], "uncorrected"),
        (["WATCHDOG_RESET", "RESUMED"], "corrected"),
        (["WATCHDOG_RESET"], "uncorrected"),
    ],
)
def test_detection_goes_by_the_payload_s_events(events: list[str], detection: str) -> None:
    reports = [Report(EventId[name], 0, 1.0) for name in events]
    judge = make_judge()
    assert judge.observe(ENDED, heard(3, reports=reports), (GOOD,), time=0).detection == detection
    usual = replace(judge, reports=tuple(reports))
    assert usual.observe(ENDED, heard(3, reports=reports), (GOOD,), time=0).detection == UNDETECTED
    assert usual.observe(ENDED, heard(3, reports=2 * reports), (GOOD,), time=0).detection == detection
    assert detect([], refused=True) == "uncorrected"
    assert detect([60000], refused=False) == "uncorrected"


def test_every_event_of_the_contract_has_its_verdict() -> None:
    assert set(EVENTS) == set(EventId)


def test_rungs_from_which_the_run_goes_on_otherwise_are_dropped_unless_they_are_nearly_all() -> None:
    rungs = [Rung(f"rung{time}", time, b"") for time in range(20)]
    assert that_repeat(rungs, lambda rung: rung.time % 2 == 0) == tuple(rungs[::2])
    with pytest.raises(BenchError, match="from 19 of 20 snapshots the golden run does not go on as it did") as caught:
        that_repeat(rungs, lambda rung: rung.time == 0)
    assert "restore its UART" in caught.value.hint


def test_instants_ascend_from_0_within_the_window_and_repeat() -> None:
    instants = wanted_instants(4_000_000, 64)
    assert len(instants) == 64
    assert instants[0] == 0
    assert list(instants) == sorted(set(instants))
    assert instants[-1] < 4_000_000
    assert instants == wanted_instants(4_000_000, 64)
    assert wanted_instants(5, 64) == (0, *sorted(set(wanted_instants(5, 64)) - {0}))


IMAGE = Image(
    {
        ".text": Section(".text", 0, 0x1000, writable=False, stored=True),
        ".stack": Section(".stack", 0x20000000, 0x100, writable=True, stored=False),
        ".bss": Section(".bss", 0x20001000, 0x100, writable=True, stored=False),
    },
    {"received": Symbol("received", 0x20001040, 0x20, ".bss", "STT_OBJECT")},
    thumb=True,
    sleeps=(0x10,),
)
REGISTERS = {
    "r0": Register("r0", 0, 32, "org.gnu.gdb.arm.m-profile"),
    "d0": Register("d0", 26, 64, "org.gnu.gdb.arm.vfp"),
}


def test_regions_are_disjoint_and_of_the_strata_asked_for() -> None:
    known = Known(IMAGE, (MODEL,), REGISTERS, 0, 64)
    regions = list_regions(known, ("globals", "link", "weights", "optimizer", "fp_registers"))
    assert [(region.name, region.address, region.bits) for region in regions] == [
        ("m.w", 0x20000000, 64),
        ("m.b", 0x20000008, 32),
        ("m.timestep", 0x2000000C, 32),
        ("received", 0x20001040, 256),
        (".bss", 0x20001000, 512),
        (".bss+0x60", 0x20001060, 160 * 8),
        ("d0", 26, 64),
    ]
    assert available(known) == (
        *("weights", "optimizer", "link", "stack", "code", "globals", "core_registers", "fp_registers"),
    )
    with pytest.raises(ConfigurationError, match="nothing of the stratum 'covariance'"):
        list_regions(known, ("covariance",))


class Memory:
    """As a debugger's stub reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read_memory(self, address: int, count: int) -> bytes:
        start = address - 0x20000000
        return self._content[start : start + count]


@pytest.mark.parametrize(
    ("content", "times"), [(bytes(64), "not"), (GOOD + GOOD + bytes(32), "more than once"), (bytes(64) + GOOD, "not")]
)
def test_a_model_that_is_not_found_once_is_an_error(content: bytes, times: str) -> None:
    arena = Section(".arena", 0x20000000, 64, writable=True, stored=False)
    image = replace(IMAGE, sections={".arena": arena})
    with pytest.raises(BenchError, match=f"the state of model m stands {times} in the payload's arena"):
        place_models(Memory(content), image, (("m", CREATED),), {"m": GOOD})  # type: ignore[arg-type]
    with pytest.raises(BenchError, match=r"no section \.arena"):
        place_models(Memory(content), IMAGE, (("m", CREATED),), {"m": GOOD})  # type: ignore[arg-type]


def test_files_that_are_no_firmware_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="cannot be read"):
        read_image(tmp_path / "absent")
    (tmp_path / "text").write_text("no ELF")
    with pytest.raises(BuildError, match="is no ELF file"):
        read_image(tmp_path / "text")


class Played:
    """An injector that sees what the test wants."""

    def __init__(
        self, *, learners: list[str], instructions: int = 0, changing: bool = False, deaf: bool = False
    ) -> None:
        self._is_deaf = deaf
        self._learners = learners
        self._instructions = instructions
        self._changing = changing
        self._count = 0

    def answers(self) -> bool:
        return not self._is_deaf

    def inject(self, fault):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
        self._count += 1
        judge = make_judge()
        state = GOOD if not fault.flips else {"masked": GOOD, "critical": bytes(16)}[self._learners[0]]
        observed = judge.observe(ENDED, DONE, (state,), time=fault.time)
        digest = str(self._count) if self._changing else observed.digest
        took = (observed.instructions or 0) + self._instructions
        return replace(observed, instructions=took, digest=digest)


def test_the_self_test_refuses_a_machine_that_cannot_be_trusted() -> None:
    run = make_run()
    self_test(Played(learners=["critical"]), run)
    with pytest.raises(
        BenchError, match="without a fault the run from instruction 0 ends completed, masked, after 101"
    ):
        self_test(Played(learners=["critical"], instructions=1), run)
    with pytest.raises(BenchError, match="the same fault gave 3 and then 4"):
        self_test(Played(learners=["critical"], changing=True), run)
    with pytest.raises(BenchError, match="after a run from a snapshot the payload does not answer"):
        self_test(Played(learners=["critical"], deaf=True), run)
    with pytest.raises(BenchError, match="no flip in a model's memory was found"):
        self_test(Played(learners=["masked"]), run)


def test_a_golden_run_is_made_once_and_shared(tmp_path: Path) -> None:
    made = []

    def make(into: Path) -> GoldenRun:
        made.append(into)
        (into / "ladder.qcow2").write_bytes(b"snapshots")
        return make_run()

    for name in ("a", "b"):
        into = tmp_path / name
        into.mkdir()
        run = fetch_golden("key", into, lambda into=into: make(into), folder=tmp_path / "store")  # type: ignore[misc]
        assert run.states == (GOOD,)
        assert (into / "ladder.qcow2").read_bytes() == b"snapshots"
    assert made == [tmp_path / "a"]


def test_a_store_that_others_may_write_is_refused(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    store.chmod(0o777)
    with pytest.raises(BenchError, match="can be written by others"):
        fetch_golden("key", tmp_path, make_run, folder=store)
    (tmp_path / "file").write_text("")
    with pytest.raises(BenchError, match="cannot be used for golden runs"):
        fetch_golden("key", tmp_path, make_run, folder=tmp_path / "file")


def open_with(image: Image, **changes: object) -> None:
    scenario = replace(load_scenario(SCENARIOS / "sun-sensor-upsets.toml"), **changes)  # type: ignore[arg-type]
    target = load_target("qemu-mps2-an386")
    open_window(None, image, scenario, make_recording(), target=target, build_id="")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mode": "score"}, "has mode 'score', in which nothing is trained"),
        ({"restart_between_segments": True}, "restarts the payload between segments"),
        ({"link_faults": "harsh"}, "has faults of its own"),
        ({"checkpoints": Checkpoints(30, power_cuts=(7,))}, "has faults of its own"),
        ({"mode": "stream"}, "has no function hil_request_samples"),
        ({"mode": "batch"}, "has no function hil_request_train_epoch"),
    ],
)
def test_what_cannot_have_a_window_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        open_with(IMAGE, **changes)


def test_a_machine_without_a_counter_is_refused(tmp_path: Path) -> None:
    target = replace(load_target("qemu-zynq-a9"), counter=None)
    with pytest.raises(ConfigurationError, match="qemu-zynq-a9 has no capability 'upsets': no emulated machine"):
        Machine(target, tmp_path / "x.elf", tmp_path)
