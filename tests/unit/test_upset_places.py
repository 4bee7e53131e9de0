"""Where upsets may fall: each bit in use in one stratum; and what a payload is asked to do in the window."""

import struct
import zlib
from dataclasses import replace

import pytest

from bench.campaign.fault import STRATA
from bench.errors import ConfigurationError
from bench.gdb import Register
from bench.plan import Plan, StreamSegment, make_plan
from bench.scenario import SCENARIOS, load_scenario
from bench.target import FlashPlace, load_target
from bench.upset.accuracy import ModelFacts, Scorer
from bench.upset.image import SERVICE, Image, Section, Symbol
from bench.upset.kept import STORAGE, find_records
from bench.upset.readout import PlacedModel
from bench.upset.regions import Guard, Known, available, list_regions, unused
from bench.upset.work import epochs_work, rows_before, rows_work, steps_before
from firmware_if.messages import ArrayPlace, ArrayType, ModelCreated, Samples
from tests.unit.small_recording import make_recording

RAM = 0x20000000
ADAM = ModelCreated(
    0, 2, 1, 56, 200, 200, 1,
    (
        ArrayPlace("w", ArrayType.F64, 0, 2),
        ArrayPlace("m", ArrayType.F64, 16, 2),
        ArrayPlace("v", ArrayType.F64, 32, 2),
        ArrayPlace("timestep", ArrayType.U32, 48, 1),
    ),
)  # fmt: skip
MODEL = PlacedModel("adam", ADAM, RAM + 0x1000 + 96)
IMAGE = Image(
    {
        section.name: section
        for section in (
            Section(".text", 0, 0x1000, writable=False, stored=True),
            Section(".stack", RAM, 0x100, writable=True, stored=False),
            Section(".arena", RAM + 0x1000, 0x1000, writable=True, stored=False),
            Section(".bss", RAM + 0x2000, 0x1000, writable=True, stored=False),
            Section(".data_region", RAM + 0x4000, 0x1000, writable=True, stored=False),
            Section(".kept", RAM + 0x6000, 0x1004, writable=True, stored=False),
        )
    },
    {
        symbol.name: symbol
        for symbol in (
            Symbol("received", RAM + 0x2800, 0x20, ".bss", "STT_OBJECT"),
            Symbol("watched", RAM + 0x2900, 4, ".bss", "STT_OBJECT"),
            Symbol("mark", RAM + 0x6000, 4, ".kept", "STT_OBJECT"),
            Symbol(STORAGE, RAM + 0x6004, 0x1000, ".kept", "STT_OBJECT"),
            Symbol(SERVICE, RAM + 0x2000, 0x800, ".bss", "STT_OBJECT"),
        )
    },
    thumb=True,
    sleeps=(0x10,),
    service={"link": (8, 0x400), "bank": (0x408, 0x100), "bank.protection": (0x4C0, 36), "checkpoints": (0x600, 120)},
)
REGISTERS = {"r0": Register("r0", 0, 32, "org.gnu.gdb.arm.m-profile")}
PLAIN = Known(IMAGE, (MODEL,), REGISTERS, 0, 200)
GUARDED = replace(PLAIN, arena_bytes=520, guards=(Guard("adam", RAM + 0x1000 + 200, 320, 2, 96),))
KEPT = replace(GUARDED, records=((RAM + 0x6004, 500), (RAM + 0x6804, 500)))


@pytest.mark.parametrize(
    "known", [PLAIN, GUARDED, KEPT, replace(KEPT, data_bytes=77), replace(KEPT, data_bytes=1 << 30)]
)
def test_every_byte_of_ram_in_use_is_in_exactly_one_stratum(known: Known) -> None:
    counts: dict[int, int] = {}
    for region in list_regions(known, available(known)):
        if region.space == "memory":
            for address in range(region.address, region.address + region.bits // 8):
                counts[address] = counts.get(address, 0) + 1
    empty = {address for start, end in unused(known) for address in range(start, end)}
    for section in IMAGE.sections.values():
        for address in range(section.address, section.address + section.size):
            assert counts.get(address, 0) == (address not in empty), hex(address)
    names = [region.name for region in list_regions(known, available(known))]
    assert len(set(names)) == len(names)


def test_what_guards_own_is_a_stratum_where_something_is_guarded_alone() -> None:
    assert {"protectors", "checkpoints"}.isdisjoint(available(PLAIN))
    assert set(STRATA) - set(available(replace(KEPT, data_bytes=1))) == {"covariance", "fp_registers"}
    found = {region.name: region.bits // 8 for region in list_regions(KEPT, ("protectors", "checkpoints"))}
    assert found == {
        "checkpoint0": 500,
        "checkpoint1": 500,
        "adam.guard": 128,
        "adam.copy2": 96,
        "adam.copy3": 96,
        "watched": 4,
        "mark": 4,
        "service.bank.protection": 36,
        "service.checkpoints": 120,
    }
    for name in ("protectors", "checkpoints"):
        with pytest.raises(ConfigurationError, match=f"nothing of the stratum '{name}'"):
            list_regions(PLAIN, (name,))


def test_firmware_that_tells_no_parts_of_its_variables_has_them_among_the_globals() -> None:
    known = replace(KEPT, image=replace(IMAGE, service={}))
    assert "service.checkpoints" not in {region.name for region in list_regions(known, available(known))}
    assert sum(region.bits for region in list_regions(known, ("globals",))) > 8 * 0x800


class Storage:
    """As a debugger's stub reads it."""

    def __init__(self, content: dict[int, bytes]) -> None:
        self._content = content

    def read_memory(self, address: int, count: int) -> bytes:
        return self._content.get(address, b"\xff" * 32)[:count]


def header(count: int, *, damage: int = 0) -> bytes:
    head = struct.pack(">IIII", 0x48434B31, 7, count, 0)
    return head + struct.pack(">I", zlib.crc32(head) ^ damage)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ({}, ()),
        ({RAM + 0x6004: header(500)}, ((RAM + 0x6004, 532),)),
        ({RAM + 0x6804: header(9)}, ((RAM + 0x6804, 41),)),
        ({RAM + 0x6004: header(500, damage=1), RAM + 0x6804: header(0x1000)}, ()),
    ],
)
def test_checkpoints_are_found_by_their_headers(content: dict[int, bytes], found: tuple[tuple[int, int], ...]) -> None:
    assert find_records(Storage(content), IMAGE) == found  # type: ignore[arg-type]
    assert find_records(Storage(content), replace(IMAGE, symbols={})) == ()  # type: ignore[arg-type]
    flash = FlashPlace(RAM + 0x6004, 0x1000)  # as a flash that lay there
    assert find_records(Storage(content), replace(IMAGE, symbols={}), flash) == found  # type: ignore[arg-type]


def plan_of(mode: str) -> Plan:
    scenario = replace(load_scenario(SCENARIOS / "sun-sensor-upsets.toml"), mode=mode)
    return make_plan(scenario, make_recording(), target=load_target("qemu-mps2-an386"))


def test_the_last_rows_that_the_payload_takes_at_once_are_the_work() -> None:
    recording = make_recording()  # two segments of two rows, 14 bytes each
    steps = list(steps_before(plan_of("stream"), replace(load_scenario("sun-sensor"), mode="stream")))
    assert [step.index for step in steps if isinstance(step, StreamSegment)] == [0]
    assert rows_before(recording, 2000) == StreamSegment(1, 2, 2)
    work = rows_work(recording, 2000, models=3)
    assert (work.results, work.samples, work.described) == (2, 6, "training on rows 2 to 3, 2 of them")
    assert [order.first_row for order in work.orders if isinstance(order, Samples)] == [2]
    work = rows_work(recording, 41 + 14, models=1)
    assert [order.first_row for order in work.orders if isinstance(order, Samples)] == [2, 3]


def test_rows_that_do_not_fit_are_refused() -> None:
    with pytest.raises(
        ConfigurationError, match="no row of recording small fits: a row is 14 bytes, and the payload takes 54 bytes"
    ):
        rows_work(make_recording(), 54, models=1)


def test_the_work_of_batch_mode_are_all_epochs_of_all_models() -> None:
    scenario = replace(load_scenario(SCENARIOS / "sun-sensor-upsets.toml"), epochs=3)
    assert not any(
        isinstance(step, StreamSegment) and step.index > 1 for step in steps_before(plan_of("batch"), scenario)
    )
    work = epochs_work(scenario, make_recording(), (("a", ADAM), ("b", ADAM)))
    assert (work.results, work.samples, work.answers) == (6, 24, 1)


@pytest.mark.parametrize("bias", [False, True])
def test_online_learners_are_scored_by_their_twins(*, bias: bool) -> None:
    """Rows (0.1, 1e-7) and (0.25, 1.0), both ON: a second weight that says OFF costs the second."""
    count = 2 + bias
    arrays = [ArrayPlace(name, ArrayType.F64, 8 * count * place, count) for place, name in enumerate(("w", "m", "v"))]
    places = (*arrays, ArrayPlace("timestep", ArrayType.U32, 24 * count, 1))
    model = PlacedModel("adam", replace(ADAM, arrays=places, state_bytes=24 * count + 8), RAM)
    scorer = Scorer({"adam": ModelFacts("adam", "identity", "f64", (0, 1), {}, bias)}, make_recording())
    scores = []
    for second in (1.0, -1.0):
        weights = struct.pack("<2d", 1.0, second) + bytes(8 * bias)
        scores.append(scorer.score(model, weights + bytes(16 * count) + struct.pack("<II", 3, 0)))
    assert scores == [1.0, 0.5]
