"""Size of the payload on each core, and which part of it takes how much; with the deepest stack of a run.

From the ELF and the linker's map of the reference payload with everything in it. `flash` is text + rodata + data,
`RAM` is data + bss + stacks: arena and data region are as large as one makes them. The stack peaks are those of
`bench run sun-sensor`; `unprotected` is without guards, checkpoints and watchdog. The parts are those of a build
without link-time optimisation, which folds what is alike in two of them: where a port uses it, their sum is more than
the flash of the payload.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from bench.build import FIRMWARE, build_firmware, make_variables
from bench.target import Target, load_target
from tools.benchmarks.common import print_method, print_table, qemu_targets

SECTIONS = ("text", "rodata", "data", "bss", "stack", "handler_stack")
FLASH = ("text", "rodata", "data")
RAM = ("data", "bss", "stack", "handler_stack")
PEAKS = ("stack_peak_bytes", "handler_stack_peak_bytes")
ARITHMETICS = ("flight", "f64", "f32")
_INPUT = re.compile(r"^ (\.[\w.]+|COMMON)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+\.(?:o|a\(\S+\)))$", re.MULTILINE)
"""An input section in GNU ld's map; a long name stands on a line of its own, which is joined before."""
_JOINED = re.compile(r"^ (\.[\w.$*-]+)\n\s+", re.MULTILINE)
_PARTS = (
    (re.compile(r"/learners/(\w+)_(\w+)\.o$"), "learner"),
    (re.compile(r"/features/(\w+)_(\w+)\.o$"), "feature map"),
    (re.compile(r"/(?:c|app)/(\w+)\.c\.o$|/(registry|build_id-\w+)\.o$"), "link, bank, service"),
    (re.compile(r"/ports/"), "port"),
    (re.compile(r"lib(\w+)\.a\("), "library"),
)


def input_sections(map_file: Path) -> list[tuple[str, int, str]]:
    """(section, bytes, object) of everything that was linked, discarded sections left out."""
    text = map_file.read_text(encoding="utf-8").partition("Linker script and memory map")[2]
    return [(name, int(size, 16), file) for name, size, file in _INPUT.findall(_JOINED.sub(r" \1 ", text))]


def flash_of_parts(map_file: Path) -> tuple[Counter[tuple[str, str, str]], Counter[str]]:
    """Bytes of code and constants by (kind, name, arithmetic), and by kind."""
    single: Counter[tuple[str, str, str]] = Counter()
    kinds: Counter[str] = Counter()
    for section, size, file in input_sections(map_file):
        if not section.startswith((".text", ".rodata", ".data")):
            continue
        for pattern, kind in _PARTS:
            if found := pattern.search(file):
                kinds[kind] += size
                if kind in ("learner", "feature map"):
                    single[kind, found[1].replace("_", "-"), found[2]] += size
                break
    return single, kinds


def peaks(target: Target) -> dict[str, int | None]:
    """Deepest use of the stacks in one run of the demonstration."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [str(Path(sys.executable).parent / "bench"), "run", "sun-sensor", "--target", target.name]
        subprocess.run([*command, "--out", str(out)], capture_output=True, check=False)
        verdicts = json.loads((out / "verdicts.json").read_text(encoding="utf-8"))
    values = {verdict["name"]: verdict["value"] for verdict in verdicts}
    return {peak: values[f"memory.{peak}"] for peak in PEAKS}


def map_of_parts(target: Target, folder: Path) -> Path:
    """The linker's map of the payload, built into `folder` without link-time optimisation."""
    words = [*make_variables(target.port or "", target.board), "LTO=", f"BUILD={folder}"]
    command = ["make", "--no-print-directory", "-s", "-C", str(FIRMWARE), *words]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "payload.map"


def print_parts(target: Target, map_file: Path) -> None:
    """Tables of one core: learners and feature maps by arithmetic, then everything by kind."""
    single, kinds = flash_of_parts(map_file)
    names = sorted({(kind, name) for kind, name, _ in single}, reverse=True)
    table = [
        [
            name,
            kind,
            *(
                f"{single[kind, name, arithmetic]:,}" if (kind, name, arithmetic) in single else "-"
                for arithmetic in ARITHMETICS
            ),
        ]
        for kind, name in sorted(names, key=lambda pair: (pair[0] != "learner", pair[1]))
    ]
    print_table([target.name, "bytes of flash", *ARITHMETICS], table)
    print()
    print_table([target.name, "bytes of flash"], [[kind, f"{size:,}"] for kind, size in kinds.most_common()])
    print()


def main() -> int:
    """Build, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=qemu_targets(), action="append", help="may be repeated (default: all)")
    options = parser.parse_args()
    targets = [load_target(name) for name in options.target or qemu_targets()]
    built = [
        (target, protection, build_firmware(target.port or "", board=target.board, protection=protection))
        for target in targets
        for protection in (True, False)
    ]
    print_method("sizes in bytes; compiler " + ", ".join(sorted({firmware.image.compiler for *_, firmware in built})))
    rows = []
    for target, protection, firmware in built:
        sizes = {name: firmware.image.sections.get(f".{name}", 0) for name in SECTIONS}
        totals = [sum(sizes[name] for name in names) for names in (FLASH, RAM)]
        found = peaks(target) if protection else dict.fromkeys(PEAKS)
        deepest = [peak if peak is not None else "-" for peak in found.values()]
        rows.append(
            [
                target.name if protection else "    unprotected",
                *(f"{value:,}" for value in [*sizes.values(), *totals]),
                *map(str, deepest),
            ]
        )
    print_table(["", *SECTIONS, "flash", "RAM", "stack peak", "handler stack peak"], rows)
    print()
    for target in targets:
        with tempfile.TemporaryDirectory() as folder:
            print_parts(target, map_of_parts(target, Path(folder)))
    print("wanted on mps2: flash at most 51,200, unprotected under 49,152; RAM under 16,384")
    return 0


if __name__ == "__main__":
    sys.exit(main())
