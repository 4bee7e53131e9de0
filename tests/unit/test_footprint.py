"""The footprint's reading of a linker map."""

from pathlib import Path

import pytest

from tools.benchmarks.footprint import flash_of_parts, input_sections
from tools.benchmarks.kernels import Cost, Limit, cells, rows_of

MAP = """
Discarded input sections

 .text.unused   0x00000000      0x100 build/x/learners/arow_f32.o

Linker script and memory map

.text           0x00000000     0x2000
 *(.text .text.*)
 .text.train    0x00000000      0x7c build/x/learners/arow_f32.o
 .text.hil_a_function_with_a_long_name
                0x0000007c       0x10 build/x/learners/pa_ii_flight.o
 *fill*         0x0000008c        0x4
 .text          0x00000090       0x20 /lib/libgcc.a(_arm_muldf3.o)
 .rodata.POWERS
                0x000000b0       0x30 build/x/features/orbitai_flight.o
 .text.hil_bank_create
                0x000000e0       0x40 build/x/c/bank.c.o
 .bss.rows      0x20000000     0x1000 build/x/learners/arow_f32.o
 .debug_info    0x00000000      0x999 build/x/learners/arow_f32.o
"""


@pytest.fixture
def map_file(tmp_path: Path) -> Path:
    path = tmp_path / "payload.map"
    path.write_text(MAP)
    return path


def test_discarded_sections_and_fill_take_no_space(map_file: Path) -> None:
    found = input_sections(map_file)
    assert (".text.train", 0x7C, "build/x/learners/arow_f32.o") in found
    assert (".text.hil_a_function_with_a_long_name", 0x10, "build/x/learners/pa_ii_flight.o") in found
    assert not [section for section, _, _ in found if section in (".text.unused", "*fill*")]


def test_flash_is_told_by_learner_and_kind(map_file: Path) -> None:
    single, kinds = flash_of_parts(map_file)
    assert single == {
        ("learner", "arow", "f32"): 0x7C,
        ("learner", "pa-ii", "flight"): 0x10,
        ("feature map", "orbitai", "flight"): 0x30,
    }
    assert kinds == {"learner": 0x8C, "library": 0x20, "feature map": 0x30, "link, bank, service": 0x40}


def test_the_cost_of_a_feature_is_the_slope_between_many_and_more() -> None:
    rows = rows_of(Cost("train", "arow", "f32", d, 16, 10 * d + 7, 0, 0) for d in (3, 5, 32, 128))
    means = {d: cost.mean for d, cost in rows["arow", "f32"].items()}
    assert cells(means) == ["37", "57", "327", "1,287", "10.00"]
    assert cells({3: 1.0}) == ["1", "-", "-", "-", "-"]
    assert Limit(9.5, 30).at(32) == 334.0
