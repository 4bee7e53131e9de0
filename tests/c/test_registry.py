"""The learners' and feature maps' build: clean under every compiler, rebuilt only with a reason, safe on memory."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.parity.native import CHECKOUT, build

CORTEX_A9 = "-mcpu=cortex-a9 -mfpu=neon-vfpv3 -mfloat-abi=hard -marm -O2"
CORTEX_M4 = "-mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -mthumb -Os"
BUILDS = [
    ("gcc", "-O2"),
    ("gcc", "-O3"),
    ("clang", "-O2 -Wno-unused-command-line-argument"),
    ("arm-none-eabi-gcc", CORTEX_A9),
    ("arm-none-eabi-gcc", CORTEX_M4),
]
SANITIZED = "-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all"


def objects(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*.o")}


def copy_of_sources(folder: Path) -> Path:
    for part in ("c", "learners", "features", "firmware"):
        shutil.copytree(CHECKOUT / "firmware_if" / part, folder / part, ignore=shutil.ignore_patterns("build"))
    return folder


@pytest.mark.parametrize(("compiler", "flags"), BUILDS)
def test_every_source_compiles_without_a_warning(compiler: str, flags: str, tmp_path: Path) -> None:
    build("objects", folder=tmp_path, compiler=compiler, flags=flags)
    assert len(objects(tmp_path)) > 5


def test_the_second_build_compiles_nothing(tmp_path: Path) -> None:
    root = copy_of_sources(tmp_path / "root")
    out = tmp_path / "out"
    build("objects", folder=out, compiler="gcc", flags="-O1", root=root)
    first = objects(out)
    build("objects", folder=out, compiler="gcc", flags="-O1", root=root)
    assert objects(out) == first


def test_a_new_source_is_registered_in_order_and_a_removed_one_leaves(tmp_path: Path) -> None:
    root = copy_of_sources(tmp_path / "root")
    out = tmp_path / "out"
    (root / "learners" / "bee.c").write_text((root / "learners" / "arow.c").read_text().replace("arow", "bee"))
    build("objects", folder=out, compiler="gcc", flags="-O1", root=root)
    first = objects(out)
    registry = (out / "registry.c").read_text()
    names = ["arow_flight", "bee_f32", "bee_f64", "bee_flight", "nherd_flight"]
    places = [registry.index(f"&{name},") for name in names]
    assert places == sorted(places)
    (root / "learners" / "bee.c").unlink()
    build("objects", folder=out, compiler="gcc", flags="-O1", root=root)
    assert "bee" not in (out / "registry.c").read_text()
    changed = {name for name, time in objects(out).items() if first[name] != time}
    assert changed == {"registry.o"}


@pytest.mark.parametrize(
    ("marker", "text"),
    [("", "no `arithmetics:` line among its first 8 lines"), ("arithmetics: flihgt", "unknown arithmetic 'flihgt'")],
)
def test_a_wrong_marker_stops_the_build_and_names_the_source(marker: str, text: str, tmp_path: Path) -> None:
    root = copy_of_sources(tmp_path / "root")
    source = root / "learners" / "arow.c"
    source.write_text(source.read_text().replace("arithmetics: flight f64 f32", marker))
    with pytest.raises(AssertionError, match=text) as caught:
        build("objects", folder=tmp_path / "out", compiler="gcc", flags="-O1", root=root)
    assert "learners/arow.c" in str(caught.value)


def test_fast_math_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="fast-math reorders sums"):
        build("objects", folder=tmp_path, compiler="gcc", flags="-O2 -ffinite-math-only")


def test_sanitizers_find_nothing_and_compilers_agree(tmp_path: Path) -> None:
    reports = set()
    for compiler in ("gcc", "clang"):
        driver = build("driver", folder=tmp_path / compiler, compiler=compiler, flags=SANITIZED)
        # Some hosts do not allow the leak checker to trace; leaks are not what is looked for here.
        environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}
        ran = subprocess.run([driver], capture_output=True, text=True, check=False, env=environment)
        assert ran.returncode == 0, ran.stderr
        assert not ran.stderr
        reports.add(ran.stdout)
    assert len(reports) == 1, "gcc and clang end in different states"
    models = reports.pop().splitlines()
    assert all(" 0 updates" not in model for model in models)
    print(
        f"{len(models)} models clean under AddressSanitizer and UndefinedBehaviorSanitizer, same bits by gcc and clang"
    )
