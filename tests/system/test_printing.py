"""printf on the line that carries the frames: text goes between frames, and training does not notice."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bench.clock import MonotonicClock
from bench.plan import make_plan
from bench.scenario import ModelSpec, Scenario
from bench.session import Recorder, Session, run
from bench.session.open import make_transport
from bench.target import load_target
from bench.trace import (
    BytesCorrupted,
    ConsolePrinted,
    Entry,
    HousekeepingReported,
    LinkMeasured,
    ModelDumped,
    ModelStatistics,
    StatisticsReported,
)
from tests.system.command_line import sun_sensor
from tests.system.printing import Talk, build_talking, copy_sources

MODELS = (ModelSpec("quiet", "arow", "orbitai-3d", "flight"), ModelSpec("chatty", "chatty", "orbitai-3d", "flight"))
SCENARIO = Scenario("printing", "printing", MODELS, ())
TARGETS = ("host", "qemu-zynq-a9", "qemu-mps2-an386")
LINE = re.compile(r"(train|loop): Temperatur 21 °C, line (\d+)\n")
HANDLER = re.compile(r"handler: interrupt (\d{10})\n")
NOTICE = re.compile(r"\.\.\. (\d+) bytes lost\n")


@dataclass(frozen=True)
class Ran:
    trace: list[Entry]

    @property
    def console(self) -> str:
        return "".join(entry.text for entry in self.trace if isinstance(entry, ConsolePrinted))

    @property
    def models(self) -> list[tuple[str, int, object]]:
        dumps = [entry for entry in self.trace if isinstance(entry, ModelDumped)]
        return [(dump.name, dump.updates, dump.state) for dump in dumps]

    @property
    def statistics(self) -> dict[str, ModelStatistics]:
        last = [entry for entry in self.trace if isinstance(entry, StatisticsReported)][-1]
        return {model.name: model for model in last.models}

    @property
    def corrupt_frames(self) -> int:
        ours = [entry.counts["frames_corrupt"] for entry in self.trace if isinstance(entry, LinkMeasured)][-1]
        theirs = [entry.values["frames_corrupt"] for entry in self.trace if isinstance(entry, HousekeepingReported)][-1]
        return ours + (theirs or 0)


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of the firmware's sources in which a learner and the handlers print."""
    return copy_sources(tmp_path_factory.mktemp("printing"))


def train(sources: Path, name: str, talk: Talk, rows: int) -> Ran:
    target = load_target(name)
    assert target.port is not None
    elf = build_talking(sources, talk, port=target.port, board=target.board)
    recording, clock = replace(sun_sensor().rows(0, rows), evaluation=None), MonotonicClock()
    recorder = Recorder(clock)
    with make_transport(target, elf) as transport:
        session = Session(
            transport,
            recording,
            recorder=recorder,
            clock=clock,
            target_name=name,
            ready_s=target.transport.ready_s,
            speed=None,
        )
        outcome = run(make_plan(SCENARIO, recording, target=target), session, recorder=recorder)
    assert outcome == "completed", recorder.entries[-6:]
    return Ran(recorder.entries)


def check_numbers(console: str) -> tuple[int, int]:
    """Lines that came, in order, and bytes that were lost; every line that did not come is in a notice."""
    came, lost, due = 0, 0, 0
    for text in console.splitlines(keepends=True):
        if HANDLER.fullmatch(text):
            continue
        if notice := NOTICE.fullmatch(text):
            lost += int(notice[1])
            continue
        line = LINE.fullmatch(text)
        assert line, f"a line that was not printed so: {text!r}"
        assert int(line[2]) >= due, "out of order"
        due = int(line[2]) + 1
        came += 1
    return came, lost


@pytest.mark.parametrize("name", TARGETS)
def test_thousands_of_lines_between_steps_change_nothing(sources: Path, name: str) -> None:
    silent = train(sources, name, Talk(), 1500)
    talking = train(sources, name, Talk(between=40), 1500)
    came, lost = check_numbers(talking.console)
    print(f"{name}: {came} lines, {lost} bytes lost")
    assert not silent.console
    assert came > 2000
    assert lost == 0, "the console holds what is printed between two steps"
    assert talking.models == silent.models
    assert talking.corrupt_frames == 0
    assert not [entry for entry in talking.trace if isinstance(entry, BytesCorrupted)]
    if name != "host":
        assert talking.statistics == silent.statistics, "instructions of each operation"


@pytest.mark.parametrize("name", TARGETS)
def test_lines_from_inside_a_learner_and_from_handlers_come_whole(sources: Path, name: str) -> None:
    silent = train(sources, name, Talk(), 600)
    talking = train(sources, name, Talk(in_train=2, between=3, in_handler=True), 600)
    came, lost = check_numbers(talking.console)
    numbers = [int(number) for number in HANDLER.findall(talking.console)]
    print(f"{name}: {came} lines, {lost} bytes lost, {len(numbers)} lines of handlers")
    assert came > 1000
    assert talking.models == silent.models
    assert talking.corrupt_frames == 0
    assert numbers == sorted(numbers)
    assert (len(numbers) > 10) == (name != "host"), "the native payload has no handlers"
    if name != "host":
        assert talking.statistics["quiet"] == silent.statistics["quiet"]


@pytest.mark.parametrize("name", TARGETS)
def test_what_does_not_fit_is_lost_by_whole_lines_and_counted(sources: Path, name: str) -> None:
    talking = train(sources, name, Talk(in_train=3, between=20, console_bytes=512), 300)
    came, lost = check_numbers(talking.console)
    whole = "".join(text for text in talking.console.splitlines(keepends=True) if LINE.fullmatch(text))
    numbers = [int(number) for _, number in LINE.findall(whole)]
    missing = set(range(max(numbers) + 1)) - set(numbers)
    print(f"{name}: {came} lines, {len(missing)} missing, {lost} bytes lost")
    assert len(missing) > 100
    told = sum(len(f"train: Temperatur 21 °C, line {number}\n".encode()) for number in missing)
    assert told - len(missing) <= lost <= told + 20 * 40, (
        "lines of the loop are a byte shorter; some come after the last"
    )


@pytest.mark.parametrize("name", TARGETS)
def test_text_in_the_middle_of_frames_costs_these_and_no_model(sources: Path, name: str) -> None:
    silent = train(sources, name, Talk(), 600)
    torn = train(sources, name, Talk(torn=True), 600)
    runs = [entry for entry in torn.trace if isinstance(entry, BytesCorrupted)]
    counts = [entry.counts for entry in torn.trace if isinstance(entry, LinkMeasured)][-1]
    resent = [entry.values["frames_resent"] for entry in torn.trace if isinstance(entry, HousekeepingReported)][-1]
    told = torn.console.count("vendor: watchdog served")
    print(
        f"{name}: {len(runs)} corrupt runs, {told} times as text, {resent} of {counts['frames_received']} frames resent"
    )
    assert torn.models == silent.models
    assert len(runs) > 2
    assert (resent or 0) > 2
    assert counts["frames_corrupt"] == len(runs)
