"""The doctor says what is missing and what to do, and never waits long."""

import sys
import time
from pathlib import Path

import pytest

from bench import doctor
from bench.doctor import Finding, Tool, ask, examine, render
from bench.target import TARGETS, target_names

PYTHON = (sys.executable, "-I", "-S", "-c")


def find(findings: tuple[Finding, ...], name: str) -> Finding:
    return next(finding for finding in findings if finding.name == name)


def test_every_tool_and_target_is_looked_at_quickly(tmp_path: Path) -> None:
    began = time.monotonic()
    findings = examine(station=tmp_path / "none.toml")
    took = time.monotonic() - began
    names = [finding.name for finding in findings]
    assert names[:2] == ["Python", "Python packages"]
    assert {tool.name for tool in doctor.TOOLS} | {"serial ports"} <= set(names)
    assert {f"target {name}" for name in target_names()} <= set(names)
    assert all(finding.advice for finding in findings if not finding.ok)
    print(f"examined in {took:.2f} s")


def test_a_missing_tool_names_its_package_and_the_targets_it_stops() -> None:
    tools = (Tool("make", ("make-that-is-absent", "--version"), "make", "builds firmware"),)
    findings = examine(tools=tools, station=Path("none.toml"))
    make = find(findings, "make")
    assert not make.ok
    assert make.found == "no make-that-is-absent in PATH"
    assert make.advice == "it builds firmware: sudo apt-get install make, or run: tools/setup"
    host = find(findings, "target host")
    assert (host.ok, host.found) == (False, "cannot run without make")


def test_an_incomplete_tool_is_missing_and_an_optional_one_a_note() -> None:
    prints = (*PYTHON, "print('nosys.specs')")
    tools = (
        Tool("library", prints, "newlib", "is linked", complete="^/"),
        Tool("clang", ("absent-clang",), "clang", "is used by the tests alone", optional=True),
        Tool("broken", (*PYTHON, "raise SystemExit(1)"), "broken", "breaks"),
    )
    findings = examine(tools=tools, station=Path("none.toml"))
    assert find(findings, "library").found == f"not found by {sys.executable}"
    assert not find(findings, "library").ok
    assert find(findings, "clang").ok
    assert "apt-get install clang" in find(findings, "clang").advice
    assert "gave no answer" in find(findings, "broken").found


def test_a_tool_that_hangs_is_given_up() -> None:
    hang, quick = (*PYTHON, "import time; time.sleep(60)"), (*PYTHON, "print('1.0\\nmore')")
    began = time.monotonic()
    assert ask([hang, quick, ("absent-program",)], deadline_s=0.3) == {
        hang: None,
        quick: "1.0",
        ("absent-program",): None,
    }
    assert time.monotonic() - began < 30


def test_a_broken_target_and_station_are_findings(tmp_path: Path) -> None:
    (tmp_path / "odd.toml").write_text("name = 'odd'\n")
    station = tmp_path / "station" / "station.toml"
    station.parent.mkdir()
    station.write_text("[station.nobody]\nport = '/dev/ttyUSB0'\n")
    findings = examine(station=station, folder=tmp_path)
    assert not find(findings, "target odd").ok
    assert "no target has this name" in find(findings, "station file").found


def test_a_board_without_a_port_is_a_note_and_with_an_absent_one_is_missing(tmp_path: Path) -> None:
    text = (TARGETS / "host.toml").read_text()
    start, end = text.index("[transport]"), text.index("[clock_facts]")
    board = text[:start] + '[transport]\nkind = "serial"\nready_s = 5.0\n\n' + text[end:]
    (tmp_path / "board.toml").write_text(board.replace('name = "host"', 'name = "board"'))
    station = tmp_path / "station" / "station.toml"
    unplaced = find(examine(station=station, folder=tmp_path), "target board")
    assert unplaced.ok
    assert "--port" in unplaced.advice
    station.parent.mkdir()
    station.write_text("[station.board]\nport = '/dev/ttyNONE7'\n")
    absent = find(examine(station=station, folder=tmp_path), "target board")
    assert (absent.ok, absent.found) == (False, "there is no /dev/ttyNONE7")
    station.write_text("[station.board]\nport = 'socket://localhost:4000'\n")
    assert "not tried" in find(examine(station=station, folder=tmp_path), "target board").found


def test_findings_are_rendered_as_plain_lines() -> None:
    findings = (
        Finding("make", ok=True, found="GNU Make 4.3"),
        Finding("QEMU", ok=False, found="no qemu", advice="install it"),
        Finding("serial ports", ok=True, found="/dev/ttyS0", advice="join dialout"),
    )
    assert render(findings).splitlines() == [
        "ok      make: GNU Make 4.3",
        "MISSING QEMU: no qemu",
        "          install it",
        "note    serial ports: /dev/ttyS0",
        "          join dialout",
    ]


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    info = tmp_path / "hil_bench-0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: hil-bench\nVersion: 0\n"
        "Requires-Dist: numpy\nRequires-Dist: absent-package>=2\nRequires-Dist: ruff; extra == 'dev'\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    packages = find(examine(tools=(), station=tmp_path / "none.toml"), "Python packages")
    assert (packages.ok, packages.found, packages.advice) == (
        False,
        "not installed: absent-package",
        "run: tools/setup",
    )
    monkeypatch.setattr(sys, "path", [])
    nothing = find(examine(tools=(), station=tmp_path / "none.toml"), "Python packages")
    assert "hil-bench is not installed in" in nothing.found
