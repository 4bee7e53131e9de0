"""rows.jsonl: append-only, of one list, resumable; injections that do not repeat refuse the campaign."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench.campaign.carry_out import BETWEEN, CAMPAIGN, FACTS, draw_list, load_findings, replay, tasks_left
from bench.campaign.fault import Observed
from bench.campaign.fault_list import FAULTS, FaultList, load_list
from bench.campaign.injector import find_opener
from bench.campaign.machine import Machine, Task
from bench.campaign.report.document import document
from bench.campaign.rows import ROWS, Row, RowFile, Rows, check_repeats, make_row, open_rows, read_rows
from bench.errors import CampaignError
from tests.unit.made_campaigns import Seen, campaign_text, work, write_campaign

SEEN = Observed("completed", "masked", digest="d", instructions=5, accuracy_loss=0.0)


@pytest.fixture
def made(tmp_path: Path) -> FaultList:
    campaign = write_campaign(tmp_path, campaign_text())
    return draw_list(campaign, tmp_path, opener=find_opener(campaign.injector))


def test_rows_come_back_as_they_were_appended(tmp_path: Path, made: FaultList) -> None:
    names = [fault.id for fault in made.faults[:3]]
    rows = [
        make_row(names[0], repeat=False, observed=replace(SEEN, detail="x" * 5000, accuracy_loss=float("nan"))),
        make_row(names[1], repeat=False, observed=replace(SEEN, latency=7, samples_lost=3, accuracy_loss=0.25)),
        make_row(names[2], repeat=False, observed=None, error="the emulator did not answer"),
    ]
    with open_rows(tmp_path / ROWS, made) as (there, file):
        assert there == Rows()
        for row in rows:
            file.append(row)
    found = read_rows(tmp_path / ROWS, made)
    assert list(found.first.values()) == rows[:2]
    assert rows[0].observed is not None
    assert (len(rows[0].observed.detail), rows[0].observed.accuracy_loss) == (2000, None)
    assert found.errors == {names[2]: "the emulator did not answer"}


def test_a_line_that_a_kill_cut_off_is_dropped_and_the_next_row_is_whole(tmp_path: Path, made: FaultList) -> None:
    one, two = (make_row(fault.id, repeat=False, observed=SEEN) for fault in made.faults[:2])
    with open_rows(tmp_path / ROWS, made) as (_, file):
        file.append(one)
        file.append(two)
    whole = (tmp_path / ROWS).read_bytes()
    for cut in range(whole.index(b"\n") + 2, len(whole), 23):
        (tmp_path / ROWS).write_bytes(whole[:cut])
        with open_rows(tmp_path / ROWS, made) as (there, file):
            assert list(there.first) == [one.id]
            assert there.notes == ("rows.jsonl: the last line was cut off by a kill and is dropped",)
            file.append(two)
        assert (tmp_path / ROWS).read_bytes() == whole


def test_a_second_writer_is_refused(tmp_path: Path, made: FaultList) -> None:
    with (
        open_rows(tmp_path / ROWS, made),
        pytest.raises(CampaignError, match=r"another process writes to .*rows\.jsonl"),
        open_rows(tmp_path / ROWS, made),
    ):
        pass


def test_rows_that_cannot_be_written_are_an_error(tmp_path: Path, made: FaultList) -> None:
    with pytest.raises(CampaignError, match=r"cannot write to .*nowhere/rows\.jsonl: No such file"):
        open_rows(tmp_path / "nowhere" / ROWS, made).__enter__()
    with (
        Path("/dev/full").open("wb", buffering=0) as file,
        pytest.raises(CampaignError, match="cannot write to /dev/full: No space left"),
    ):
        RowFile(file, made).append(make_row(made.faults[0].id, repeat=False, observed=SEEN))


class Filling(io.FileIO):
    """A disk that takes ten bytes at a time, as a nearly full one may."""

    def write(self, data: bytes, /) -> int:  # type: ignore[override] # of any buffer
        return super().write(bytes(data)[:10])


def test_a_row_is_written_whole_where_a_disk_takes_parts_of_it(tmp_path: Path, made: FaultList) -> None:
    row = make_row(made.faults[0].id, repeat=False, observed=SEEN)
    with Filling(tmp_path / ROWS, "w") as file:
        RowFile(file, made).append(row)
    assert list(read_rows(tmp_path / ROWS, made).first) == [row.id]


def test_a_row_of_another_list_is_refused(tmp_path: Path, made: FaultList) -> None:
    with open_rows(tmp_path / ROWS, replace(made, sha256="0" * 64)) as (_, file):
        file.append(make_row(made.faults[0].id, repeat=False, observed=SEEN))
    with pytest.raises(CampaignError, match=f"a row of another fault list \\(000000000000, not {made.sha256[:12]}\\)"):
        read_rows(tmp_path / ROWS, made)


def test_a_row_that_stands_there_twice_is_counted_once_and_never_with_two_outcomes(
    tmp_path: Path, made: FaultList
) -> None:
    name = made.faults[0].id
    with open_rows(tmp_path / ROWS, made) as (_, file):
        file.append(make_row(name, repeat=False, observed=SEEN))
        file.append(make_row(name, repeat=False, observed=SEEN))
    found = read_rows(tmp_path / ROWS, made)
    assert len(found.first) == 1
    assert found.notes == (f"rows.jsonl:2: {name} stands there twice, and the same; counted once",)
    with open_rows(tmp_path / ROWS, made) as (_, file):
        file.append(make_row(name, repeat=False, observed=replace(SEEN, digest="e")))
    with pytest.raises(CampaignError, match=f"{name} stands there twice, with two outcomes"):
        read_rows(tmp_path / ROWS, made)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("id", "weights.1.999", "fault 'weights.1.999' is not to be injected"),
        ("id", 7, "not a row of this campaign: id or repeat"),
        ("repeat", 1, "not a row of this campaign: id or repeat"),
        ("observed", {"system": "exploded", "learner": "masked"}, "system 'exploded'"),
        ("observed", {"system": "completed", "learner": "masked", "latency": True}, "latency True"),
        ("observed", {"system": "completed", "learner": "masked", "latency": "7"}, "latency '7'"),
        ("observed", {"system": "completed"}, "missing 1 required positional argument"),
        ("observed", {"system": "completed", "learner": "masked", "mood": "good"}, "unexpected keyword argument"),
        ("observed", [], "not a row of this campaign"),
    ],
)
def test_a_row_that_no_campaign_wrote_is_refused(
    tmp_path: Path, made: FaultList, *, key: str, value: object, message: str
) -> None:
    row = {
        "list": made.sha256,
        "id": made.faults[0].id,
        "repeat": False,
        "observed": {"system": "completed", "learner": "masked"},
    } | {key: value}
    (tmp_path / ROWS).write_text(json.dumps(row) + "\n")
    with pytest.raises(CampaignError, match=message):
        read_rows(tmp_path / ROWS, made)


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"\xff\n", b"[" * 70_000 + b"\n", b"[" * 60_000 + b"\n", b"null\n"])
def test_a_line_that_is_no_row_is_refused(tmp_path: Path, made: FaultList, *, line: bytes) -> None:
    (tmp_path / ROWS).write_bytes(line)
    with pytest.raises(CampaignError, match="not a row of this campaign"):
        read_rows(tmp_path / ROWS, made)


def test_a_repetition_is_only_of_what_was_chosen(tmp_path: Path, made: FaultList) -> None:
    name = next(fault.id for fault in made.faults if fault.id not in made.repeats)
    with open_rows(tmp_path / ROWS, made) as (_, file):
        file.append(make_row(name, repeat=True, observed=SEEN))
    with pytest.raises(CampaignError, match=f"fault '{name}' is not to be injected"):
        read_rows(tmp_path / ROWS, made)


def test_an_injection_that_does_not_repeat_is_refused_with_what_differed() -> None:
    first = {"w.1.0": make_row("w.1.0", repeat=False, observed=SEEN)}
    again = {"w.1.0": make_row("w.1.0", repeat=True, observed=replace(SEEN, digest="e", latency=4))}
    with pytest.raises(
        CampaignError, match=r"REFUSED: fault w\.1\.0 was injected twice .*: digest 'd', then 'e'; latency None, then 4"
    ):
        check_repeats(Rows(first, again))


def test_repetitions_come_some_injections_later(made: FaultList) -> None:
    tasks = tasks_left(made, Rows())
    assert len(tasks) == len(made.faults) + len(made.repeats)
    firsts = [task.fault.id for task in tasks if not task.repeat]
    assert firsts == [fault.id for fault in made.faults]
    for place, task in enumerate(tasks):
        if task.repeat:
            earlier = [one.fault.id for one in tasks[:place] if not one.repeat]
            assert earlier.index(task.fault.id) == max(0, min(len(earlier) - 1, len(earlier) - BETWEEN - 1)) or (
                len(earlier) == len(firsts)
            )


def test_a_stopped_campaign_goes_on_where_it_was_and_ends_the_same(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, campaign_text())
    whole = work(campaign, tmp_path / "whole")
    lines = (tmp_path / "whole" / ROWS).read_bytes().splitlines(keepends=True)
    part = tmp_path / "part"
    draw_list(campaign, part, opener=find_opener(campaign.injector))
    (part / ROWS).write_bytes(b"".join(lines[:30]) + lines[30][:20])
    seen = Seen()
    findings = work(campaign, part, seen=seen)
    assert seen.there is not None
    assert len(seen.there.first) + len(seen.there.repeated) == 30
    assert len(seen.rows) == len(lines) - 30
    assert document(findings) == document(whole)
    assert sorted((part / ROWS).read_bytes().splitlines(keepends=True)) == sorted(lines)


def test_a_machine_that_does_not_repeat_refuses_the_campaign_for_good(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, campaign_text(opener="open_flaky_toy"))
    with pytest.raises(CampaignError, match=r"REFUSED: fault .* came out differently: digest"):
        work(campaign, tmp_path / "out")
    with pytest.raises(CampaignError, match="REFUSED"):
        load_findings(tmp_path / "out")
    with pytest.raises(CampaignError, match="REFUSED"):
        work(campaign, tmp_path / "out")


def test_bench_errors_are_rows_of_their_own_and_are_tried_again(tmp_path: Path) -> None:
    broken = write_campaign(tmp_path, campaign_text(opener="open_failing_toy"))
    findings = work(broken, tmp_path / "out")
    assert findings.errors
    assert not findings.complete
    assert set(findings.errors.values()) == {"the emulator did not answer"}
    assert findings.injections == len(findings.made.faults) - len(findings.errors)
    mended = write_campaign(tmp_path, campaign_text())
    seen = Seen()
    findings = work(mended, tmp_path / "out", seen=seen)
    assert findings.complete
    assert not findings.errors
    firsts = [row for row in seen.rows if not row.repeat]
    assert len(firsts) == len([fault for fault in findings.made.faults if fault.region == "guard"])


def test_a_bench_that_only_fails_gives_up(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, campaign_text(opener="open_broken_toy"))
    with pytest.raises(CampaignError, match="10 injections one after the other failed in the bench: no board"):
        work(campaign, tmp_path / "out")


def test_an_outcome_that_comes_twice_is_kept_once_and_must_be_the_same(tmp_path: Path) -> None:
    """As from a worker that was given up for dead, and was not."""
    campaign = write_campaign(tmp_path, campaign_text())
    opener = find_opener(campaign.injector)

    def twice(tasks: Sequence[Task], digest: str) -> Iterator[Row]:
        machine = Machine(opener, campaign.setup())
        for task in tasks:
            row = machine.inject(task, digest=digest)
            yield row
            yield row
        machine.close()

    findings = work(campaign, tmp_path / "out", execute=twice)
    assert findings.complete
    assert findings.notes == ()

    def otherwise(tasks: Sequence[Task], digest: str) -> Iterator[Row]:
        for row in twice(tasks[:1], digest):
            yield row
            assert row.observed is not None
            yield replace(row, observed=replace(row.observed, digest="other"))

    with pytest.raises(CampaignError, match=r"REFUSED: fault .* was injected twice"):
        work(campaign, tmp_path / "other", execute=otherwise)


def test_a_folder_of_another_list_is_not_written_to(tmp_path: Path) -> None:
    work(write_campaign(tmp_path, campaign_text()), tmp_path / "out")
    other = write_campaign(tmp_path, campaign_text(injections=13))
    with pytest.raises(CampaignError, match="holds another fault list: the campaign file was changed where it decides"):
        work(other, tmp_path / "out")


@pytest.mark.parametrize(("key", "value", "said"), [
    ("digest", "0" * 64, "the golden run is another one"), ("samples", 3, r"golden\.samples is another one")
])  # fmt: skip
def test_a_folder_of_another_golden_run_is_not_written_to(tmp_path: Path, key: str, value: object, said: str) -> None:
    campaign = write_campaign(tmp_path, campaign_text())
    work(campaign, tmp_path / "out")
    faults = tmp_path / "out" / "faults.jsonl"
    head, rest = faults.read_text().split("\n", 1)
    there = json.loads(head)
    there["golden"][key] = value
    faults.write_text(f"{json.dumps(there)}\n{rest}")
    with pytest.raises(CampaignError, match=f"holds another fault list: {said}"):
        work(campaign, tmp_path / "out")


def test_a_machine_with_another_golden_run_is_refused(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, campaign_text(opener="open_changing_toy"))
    with pytest.raises(CampaignError, match=r"the golden run here is another one \(.{12}\) than the fault list was"):
        work(campaign, tmp_path / "out")


def test_a_folder_speaks_for_itself(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, campaign_text())
    findings = work(campaign, tmp_path / "out")
    assert load_findings(tmp_path / "out") == findings
    (tmp_path / "out" / FACTS).write_text("[]")
    with pytest.raises(CampaignError, match=r"facts\.json cannot be read"):
        load_findings(tmp_path / "out")
    (tmp_path / "out" / FACTS).write_text("{}")
    (tmp_path / "out" / CAMPAIGN).write_text(campaign_text().replace("seed = 7", "seed = 8"))
    with pytest.raises(CampaignError, match=r"campaign\.toml is not the file that faults\.jsonl was drawn of"):
        load_findings(tmp_path / "out")


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, campaign_text())
    (tmp_path / "file").write_text("")
    with pytest.raises(CampaignError, match=r"cannot write to .*file: "):
        work(campaign, tmp_path / "file")


def test_a_fault_replays_alone_as_it_came_out_in_the_campaign(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, campaign_text())
    work(campaign, tmp_path / "out")
    rows = read_rows(tmp_path / "out" / ROWS, load_list(tmp_path / "out" / FAULTS))
    for name in list(rows.first)[:10]:
        fault, seen, _ = replay(campaign, name, tmp_path / "out", opener=find_opener(campaign.injector))
        assert fault.id == name
        assert seen == rows.first[name].observed


def test_a_fault_that_the_bench_cannot_inject_is_an_error_of_the_replay(tmp_path: Path) -> None:
    campaign = write_campaign(tmp_path, campaign_text(opener="open_broken_toy"))
    with pytest.raises(CampaignError, match=r"fault weights\.1\.0 could not be injected: no board"):
        replay(campaign, "weights.1.0", tmp_path, opener=find_opener(campaign.injector))


@pytest.mark.parametrize(("old", "new", "key"), [
    ("benign_loss = 0.01", "benign_loss = 0.02", "benign_loss"), ("instants = 24", "instants = 12", "instants"),
    (":open_toy", ":open_protected_toy", "injector"),
    ("injections = ", "injections = 1", "strata, or how many injections they get"),
])  # fmt: skip
def test_a_changed_campaign_file_is_not_put_down_to_the_golden_run(
    tmp_path: Path, old: str, new: str, key: str
) -> None:
    work(write_campaign(tmp_path, campaign_text()), tmp_path / "out")
    other = write_campaign(tmp_path, campaign_text().replace(old, new))
    with pytest.raises(CampaignError, match="holds another fault list") as caught:
        work(other, tmp_path / "out")
    assert caught.value.message.endswith(f"the campaign file was changed where it decides on the faults ({key})")
