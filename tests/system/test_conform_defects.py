"""The conformance kit bites: each seeded defect is caught by the check that is about it; the sound payload passes."""

import json
from functools import cache
from pathlib import Path

import pytest

from bench.clock import MonotonicClock
from bench.conform import CHECKS, Outcome, Place, Result, Runner
from bench.transport import SerialTransport, make_process
from tests.system.boards import payload_on_pty
from tests.system.broken_payloads import Defect, Workshop
from tests.system.command_line import run_bench
from tests.system.cut_lines import TcpWay, UsbWay, cut_line, native_payload
from tests.system.lying_transport import LyingTransport
from tests.system.seeded_defects import DEFECTS, DIES, FLOODS, HANGS

NAMES = [check.name for check in CHECKS]
SEED = 5


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("broken"))


@cache
def run_on_sound(elf: Path, name: str, *, lossy: bool) -> Result:
    """One check, once, however many defects it is to catch."""
    [result] = run_checks(elf, name, lossy=lossy)
    return result


def run_checks(elf: Path, *names: str, lossy: bool = False) -> list[Result]:
    arguments = [*(["--no-backpressure"] if lossy else []), "--storage", str(elf.with_suffix(".flash"))]
    with make_process(elf, arguments=arguments) as transport:
        runner = Runner(transport, Place("host", 5.0), clock=MonotonicClock(), seed=SEED)
        runner.meet()
        return [runner.run_one(check) for check in CHECKS if check.name in names]


def test_each_group_of_checks_has_a_seeded_defect() -> None:
    groups = {name.partition(".")[0] for name in NAMES}
    assert {defect.caught_by.partition(".")[0] for defect in DEFECTS} == groups
    assert {defect.caught_by for defect in DEFECTS} <= set(NAMES)
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_seeded_defect_is_caught_by_the_check_that_is_about_it(workshop: Workshop, defect: Defect) -> None:
    sound = run_on_sound(workshop.sound, defect.caught_by, lossy=defect.lossy)
    assert sound.outcome is Outcome.PASS, sound
    [result] = run_checks(workshop.build(defect), defect.caught_by, lossy=defect.lossy)
    assert result.outcome is Outcome.FAIL, result
    print(f"{defect.name}: {defect.caught_by}: expected {result.expected}; came {result.came}")


@pytest.mark.parametrize("defect", [HANGS, DIES], ids=lambda defect: defect.name)
def test_a_payload_that_hangs_or_dies_fails_that_check_and_the_rest_goes_on(workshop: Workshop, defect: Defect) -> None:
    names = ["refusals.memory_range", "refusals.checksum", "training.exact"]
    results = {result.check.name: result.outcome for result in run_checks(workshop.build(defect), *names)}
    assert results == {
        "refusals.memory_range": Outcome.PASS,
        "refusals.checksum": Outcome.FAIL,
        "training.exact": Outcome.PASS,
    }


@pytest.mark.parametrize("kind", ["usb", "tcp"])
def test_a_line_that_is_cut_fails_the_check_that_it_hits_and_the_rest_goes_on(
    host_payload: Path, tmp_path: Path, kind: str
) -> None:
    way = UsbWay(tmp_path) if kind == "usb" else TcpWay()
    with native_payload(host_payload) as payload, cut_line(way, payload, cuts=(9_000, 7_000)):
        results = run_on_line(way, "state", "training", reconnect_s=10.0)
    hit = [result for result in results if result.outcome is Outcome.FAIL]
    assert 0 < len(hit) <= 2
    assert all("is gone: " in result.came for result in hit), hit
    assert Outcome.BLOCKED not in {result.outcome for result in results}


def test_a_line_that_stays_away_blocks_the_rest_with_the_reason(host_payload: Path, tmp_path: Path) -> None:
    way = UsbWay(tmp_path)
    with native_payload(host_payload) as payload, cut_line(way, payload, cuts=(9_000,), absent_s=None):
        results = run_on_line(way, "state", "training", reconnect_s=0.3)
    outcomes = [result.outcome for result in results]
    fails = outcomes.index(Outcome.FAIL)
    assert set(outcomes[:fails]) <= {Outcome.PASS}
    assert set(outcomes[fails + 1 :]) == {Outcome.BLOCKED}
    assert "is gone: " in results[-1].came


def run_on_line(way: UsbWay | TcpWay, *groups: str, reconnect_s: float) -> list[Result]:
    """Run whole groups of checks on a line that may be cut."""
    root = way.root if isinstance(way, UsbWay) else Path("/")
    with SerialTransport(way.url, baud=1_000_000, reconnect_s=reconnect_s, root=root) as transport:
        runner = Runner(transport, Place("host", 5.0), clock=MonotonicClock(), seed=SEED)
        runner.meet()
        return [runner.run_one(check) for check in CHECKS if check.name.startswith(groups)]


@pytest.mark.parametrize("seed", range(4))
def test_a_payload_that_lies_in_its_telemetry_gets_a_result_for_every_check(host_payload: Path, seed: int) -> None:
    groups = ("packets", "housekeeping", "refusals", "catalogue", "state", "training", "reset")
    checks = [check for check in CHECKS if check.name.startswith(groups)]
    with LyingTransport(make_process(host_payload), seed=seed, every=4) as transport:
        runner = Runner(transport, Place("host", 5.0), clock=MonotonicClock(), seed=SEED)
        runner.meet()
        outcomes = [runner.run_one(check).outcome for check in checks]
        assert transport.lies > 20
    assert Outcome.FAIL in outcomes
    print(f"seed {seed}: {transport.lies} lies, {outcomes.count(Outcome.FAIL)} of {len(outcomes)} checks failed")


def write_target(folder: Path, elf: Path) -> Path:
    """Write a target file for a payload that is built already."""
    path = folder / "broken.toml"
    path.write_text(
        'name = "broken"\ntitle = "A payload with a defect"\nclock = "host"\n'
        'capabilities = ["stream", "batch", "protection"]\n'
        f'masks_interrupts = false\n[transport]\nkind = "process"\nfirmware = "{elf}"\nready_s = 5.0\n'
        '[clock_facts]\ncounted = "nanoseconds"\n[memory]\narena_bytes = 1048576\n'
    )
    return path


def by_name(defect: str) -> Defect:
    return next(item for item in DEFECTS if item.name == defect)


def test_a_failure_says_what_was_expected_what_came_the_clause_and_the_hint(workshop: Workshop, tmp_path: Path) -> None:
    target = write_target(tmp_path, workshop.build(by_name("wrong-crc16")))
    ended = run_bench(tmp_path, "conform", "--target", target, "--json", tmp_path / "results.json", "--seed", "3")
    assert ended.status == 1, ended
    lines = ended.out.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("FAIL packets.crc16: "))
    words = [line.strip().partition(":")[0] for line in lines[start + 1 : start + 5]]
    assert words == ["expected", "came", "clause", "hint"]
    assert "CRC-16" in lines[start + 2]
    assert lines[-1].endswith("; seed 3")
    results = json.loads((tmp_path / "results.json").read_text())
    failed = [check for check in results["checks"] if check["outcome"] == "FAIL"]
    assert [check["name"] for check in failed] == ["packets.crc16"]
    assert all(failed[0][key] for key in ("demand", "expected", "came", "clause", "hint"))


def test_another_contract_blocks_all_that_needs_a_session(workshop: Workshop, tmp_path: Path) -> None:
    target = write_target(tmp_path, workshop.build(by_name("stale-contract")))
    ended = run_bench(tmp_path, "conform", "--target", target, "--only", "hello.*", "--only", "state.*")
    assert ended.status == 1, ended
    blocked = [line for line in ended.out.splitlines() if line.startswith("BLOCKED state.")]
    assert len(blocked) == sum(name.startswith("state.") for name in NAMES)
    assert all("built from another contract" in line for line in blocked)


def test_what_hangs_on_a_line_blocks_the_rest_with_the_reason(workshop: Workshop, tmp_path: Path) -> None:
    names = ("refusals.memory_range", "refusals.checksum", "state.*")
    with payload_on_pty(workshop.build(HANGS)) as port:
        ended = run_bench(tmp_path, "conform", "--port", port, *(w for name in names for w in ("--only", name)))
    assert ended.status == 1, ended
    outcomes = [line.split()[:2] for line in ended.out.splitlines() if "." in line and line.endswith(" s")]
    assert [outcome for outcome, _ in outcomes] == ["PASS", "FAIL", *["BLOCKED"] * (len(outcomes) - 2)]
    assert "BLOCKED state.starts_the_same: no session: expected a Hello" in ended.out


def test_a_flood_ends_within_the_deadlines(workshop: Workshop, tmp_path: Path) -> None:
    target = write_target(tmp_path, workshop.build(FLOODS))
    ended = run_bench(tmp_path, "conform", "--target", target, "--only", "hello.*", "--only", "framing.sends*")
    assert ended.status == 1, ended
    assert "corrupt runs" in ended.out
