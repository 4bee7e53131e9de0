"""Building the firmware and reading its ELF back, and what is said when either cannot be done."""

import os
import re
import select
import shutil
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock

from bench.build import FIRMWARE, FirmwareImage, build_firmware, read_firmware
from bench.errors import BuildError, RunFolderError

SOURCE = (
    "#include <stdint.h>\nconst uint8_t hil_build_id[16] = {0xAB, 1, 2};\nint main(void) { return hil_build_id[0]; }\n"
)
MAKEFILE = """
build/$(PORT)/payload.elf: main.c
	@mkdir -p $(@D)
	@echo built >> build/log
	@{compiler} $(CFLAGS) $< -o $@
"""


def make_project(folder: Path, *, source: str = SOURCE, compiler: str = "gcc", makefile: str = "") -> Path:
    """Lay out a firmware of one file, with a port named tiny."""
    (folder / "ports" / "tiny").mkdir(parents=True)
    (folder / "ports" / "tiny" / "port.mk").write_text("")
    (folder / "main.c").write_text(source)
    (folder / "Makefile").write_text(makefile or MAKEFILE.format(compiler=compiler))
    return folder


def test_the_payload_is_built_and_read_back() -> None:
    firmware = build_firmware("host")
    assert firmware.elf == FIRMWARE / "build" / "host" / "payload.elf"
    assert len(bytes.fromhex(firmware.image.build_id)) == 16
    assert firmware.image.compiler.startswith("GCC: ")
    assert firmware.image.sections[".text"] > 1000
    assert ".debug_info" not in firmware.image.sections


def test_sections_of_an_arm_payload_are_those_that_its_linker_laid_out() -> None:
    sections = build_firmware("zynq").image.sections
    assert sections[".stack"] == 65536
    assert sections[".arena"] == 1048576
    assert {".text", ".rodata", ".data", ".bss", ".handler_stack"} <= set(sections)


def test_each_board_of_a_port_has_a_build_of_its_own() -> None:
    builds = [build_firmware("mps2", board=board) for board in ("an386", "an500")]
    assert [build.elf.parent.name for build in builds] == ["mps2-an386", "mps2-an500"]
    assert builds[0].image.build_id != builds[1].image.build_id
    assert all(".data_region" in build.image.sections for build in builds)


def flash_bytes(sections: dict[str, int]) -> int:
    return sum(sections[name] for name in (".text", ".rodata", ".data"))


@pytest.mark.parametrize("board", ["an386", "an500"])
@pytest.mark.parametrize(
    ("protection", "most_flash"),
    [
        (False, 48 * 1024),
        # A Cortex-M4F's flash begins at 64 KiB: a boot loader and a mission's own code have 14 of them.
        (True, 50 * 1024),
    ],
)
def test_everything_fits_a_small_microcontroller(board: str, *, protection: bool, most_flash: int) -> None:
    """Apart from models and data sets, 16 KiB of RAM, stacks included."""
    sections = build_firmware("mps2", board=board, protection=protection).image.sections
    ram = sum(sections[name] for name in (".data", ".bss", ".stack", ".handler_stack"))
    print(f"{board}: flash {flash_bytes(sections)}, RAM {ram} bytes")
    assert flash_bytes(sections) <= most_flash
    assert ram <= 16 * 1024
    assert set(sections) <= {
        *(".text", ".rodata", ".data", ".bss", ".stack", ".handler_stack", ".arena", ".data_region", ".kept"),
    }, "nothing else takes memory"
    assert protection or sections[".kept"] == 4, "the mark of a watchdog that forced a start, and no checkpoints"


@pytest.mark.parametrize("board", ["an386", "an500"])
def test_protections_cost_no_more_flash_than_the_documents_say(board: str) -> None:
    whole, without = (
        flash_bytes(build_firmware("mps2", board=board, protection=protection).image.sections)
        for protection in (True, False)
    )
    assert whole - without <= 7 * 1024


def test_protections_are_there_or_not() -> None:
    command = ["make", "-C", str(FIRMWARE), "PORT=host", "PROTECTION=maybe"]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert 'PROTECTION is yes or no, not "maybe"' in made.stderr


@pytest.mark.parametrize(
    ("port", "board", "message"),
    [
        ("mps2", None, 'port "mps2" needs a BOARD: an386 an500'),
        ("mps2", "an385", 'port "mps2" has no board "an385"; its boards are: an386 an500'),
        ("zynq", "an386", 'port "zynq" has no boards, BOARD=an386 means nothing to it'),
    ],
)
def test_a_board_that_a_port_does_not_have_is_refused(port: str, board: str | None, message: str) -> None:
    with pytest.raises(BuildError, match=re.escape(message)):
        build_firmware(port, board=board)


def test_the_build_id_is_the_bytes_of_its_symbol(tmp_path: Path) -> None:
    firmware = build_firmware("tiny", folder=make_project(tmp_path))
    assert firmware.image.build_id == "ab0102" + 13 * "00"


def test_only_what_changed_is_built(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    build_firmware("tiny", folder=folder)
    build_firmware("tiny", folder=folder)
    assert (folder / "build" / "log").read_text() == "built\n"


def test_builds_at_once_take_turns(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    builds = [threading.Thread(target=build_firmware, args=("tiny",), kwargs={"folder": folder}) for _ in range(4)]
    for build in builds:
        build.start()
    for build in builds:
        build.join()
    assert (folder / "build" / "log").read_text() == "built\n"


def test_flags_of_the_environment_do_not_reach_the_payload(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CFLAGS", "-not-an-option")
    build_firmware("tiny", folder=make_project(tmp_path))


def test_an_unknown_port_names_the_nearest() -> None:
    with pytest.raises(BuildError, match="there is no firmware for a port 'zinq'") as caught:
        build_firmware("zinq")
    assert caught.value.hint == "did you mean 'zynq'?"


def test_a_compile_error_is_told_in_the_compilers_words(tmp_path: Path) -> None:
    folder = make_project(tmp_path, source="int main(void) { return missing; }\n")
    with pytest.raises(BuildError, match=r"could not be built: main\.c:1:\d+: error: .missing. undeclared") as caught:
        build_firmware("tiny", folder=folder)
    assert "correct the source" in caught.value.hint


def test_a_missing_compiler_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for part in ("c", "learners", "features"):
        shutil.copytree(FIRMWARE.parent / part, tmp_path / part)
    shutil.copytree(FIRMWARE, tmp_path / "firmware", ignore=shutil.ignore_patterns("build"))
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("make", "sh", "sed", "cut", "sha256sum", "wc", "head", "mkdir", "cmp", "printf", "mv", "rm"):
        (programs / name).symlink_to(shutil.which(name) or "")
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(BuildError, match="arm-none-eabi-gcc: not found") as caught:
        build_firmware("zynq", folder=tmp_path / "firmware")
    assert caught.value.hint.startswith("arm-none-eabi-gcc is missing: sudo apt-get install gcc-arm-none-eabi")


def test_a_missing_library_names_its_package(tmp_path: Path) -> None:
    folder = make_project(tmp_path, makefile="all:\n\t@echo 'gcc: fatal error: cannot read nosys.specs' >&2; exit 1\n")
    with pytest.raises(BuildError, match=r"cannot read nosys\.specs") as caught:
        build_firmware("tiny", folder=folder)
    assert "libnewlib-arm-none-eabi" in caught.value.hint


def test_a_silent_failure_is_still_told(tmp_path: Path) -> None:
    folder = make_project(tmp_path, makefile=".SILENT:\nMAKEFLAGS += -s\nall:\n\t@exit 1\n")
    with pytest.raises(BuildError, match=r"for tiny could not be built: \S"):
        build_firmware("tiny", folder=folder)


def test_missing_make_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="make is not installed") as caught:
        build_firmware("host")
    assert "apt-get install make" in caught.value.hint


def test_a_build_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    folder = make_project(tmp_path, makefile="all:\n\t@echo $$$$ > build/pid; sleep 60\n")
    with pytest.raises(BuildError, match=r"PORT=tiny: make has not ended within 0.3 s") as caught:
        build_firmware("tiny", folder=folder, deadline_s=0.3)
    assert "try: make" in caught.value.hint
    pid = int((folder / "build" / "pid").read_text())
    with suppress(ProcessLookupError):  # it has gone; else it was told to, and a busy machine lets it later
        ended = os.pidfd_open(pid)
        assert select.select([ended], [], [], 30.0)[0], "what make started goes on"
        os.close(ended)


def test_a_lock_that_is_never_released_is_named(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "build").mkdir()
    with (
        FileLock(folder / "build" / ".lock"),
        pytest.raises(BuildError, match=r"another build has held .*\.lock for 0.1 s"),
    ):
        build_firmware("tiny", folder=folder, deadline_s=0.1)


def test_a_build_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    folder = make_project(tmp_path)
    (folder / "build").write_text("in the way")
    with pytest.raises(BuildError, match="build cannot be written: File exists"):
        build_firmware("tiny", folder=folder)


def test_an_elf_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"absent\.elf cannot be read: No such file"):
        read_firmware(tmp_path / "absent.elf")
    (tmp_path / "text.elf").write_text("not an ELF file")
    with pytest.raises(BuildError, match=r"text\.elf is no ELF file"):
        read_firmware(tmp_path / "text.elf")
    with pytest.raises(BuildError, match="has no symbol hil_build_id"):
        read_firmware(Path(os.path.realpath("/bin/sh")))


@pytest.mark.parametrize(("port", "board"), [("zynq", None), ("mps2", "an386"), ("host", None)])
def test_symbols_fit_into_their_sections(port: str, board: str | None) -> None:
    image = build_firmware(port, board=board).image
    assert sum(image.symbols[".text"].values()) > image.sections[".text"] / 2  # the rest: literals, libm in assembly
    for section, members in image.symbols.items():
        assert sum(members.values()) <= image.sections[section], section


def test_symbols_are_listed_by_section_and_source_file() -> None:
    image = build_firmware("zynq").image
    assert image.symbols[".text"]["hil_bank_create"] > 0
    assert image.symbols[".text"]["arow.c:train"] > 0  # a static function of one source file
    assert image.symbols[".arena"] == {"main.c:arena": image.sections[".arena"]}


def test_an_image_survives_json() -> None:
    image = FirmwareImage("00ff", "GCC 12", {".text": 4, ".bss": 8}, {".text": {"main": 4}})
    assert FirmwareImage.from_dict(image.to_dict()) == image


CHANGED: dict[str, object] = {"build_id": "", "compiler": "", "sections": {}, "symbols": {".text": 3}}


@pytest.mark.parametrize(
    "values", [{}, {"build_id": "", "compiler": ""}, {"build_id": "", "compiler": "", "sections": 3}, CHANGED]
)
def test_a_changed_image_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(RunFolderError, match=r"firmware\.json is not what a run writes"):
        FirmwareImage.from_dict(values)
