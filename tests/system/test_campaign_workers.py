"""Campaigns on a scheduler and workers that are processes of their own, come late, and are killed."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from distributed import Client, Nanny

from bench.campaign.cluster import on_workers
from bench.campaign.injector import find_opener
from bench.campaign.report.document import document_json
from bench.campaign.rows import ROWS, Row
from bench.campaign.spec import Campaign
from bench.clock import Clock, MonotonicClock
from bench.errors import CampaignError
from tests.system.command_line import ROOT, Command, run_bench, wait_until
from tests.unit.made_campaigns import Seen, campaign_text, work, write_campaign

INJECTIONS = 100
DASHBOARD_PORT = 8787
"""Where Dask would show itself."""
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}


class Cluster:
    """A scheduler and workers; `address` is known when it is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / "scheduler.json"
        self._stack = ExitStack()
        self.scheduler = self._start("dask_scheduler", "--port", "0", "--no-dashboard")
        wait_until(lambda: self._file.exists() and self._file.stat().st_size > 0, "no scheduler")

    @property
    def address(self) -> str:

        return str(json.loads(self._file.read_text())["address"])

    def worker(self, *words: str) -> "subprocess.Popen[bytes]":
        return self._start("dask_worker", "--nthreads", "1", "--no-dashboard", *words)

    def worker_under_nanny(self) -> None:
        """Started whole: a nanny whose worker dies while both start does not start it again, and ends."""
        self.worker("--nanny")
        with Client(self.address) as client:  # type: ignore[no-untyped-call] # of Dask
            wait_until(lambda: set(client.run(_status, nanny=True).values()) == {"running"}, "no nanny runs")

    def end(self) -> None:
        self._stack.close()

    def _start(self, module: str, *words: str) -> "subprocess.Popen[bytes]":
        log = self._stack.enter_context((self._folder / "cluster.log").open("ab"))
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--scheduler-file", str(self._file), *words]
        process = subprocess.Popen(command, cwd=self._folder, env=ENVIRONMENT, stdout=log, stderr=log)
        self._stack.callback(_stop, process)
        return process


def _status(dask_worker: Nanny) -> str:
    """Called by Dask on the nanny itself."""
    return str(dask_worker.status.name)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    try:
        yield made
    finally:
        made.end()


class Acting(Seen):
    """Does something once so many rows are there."""

    def __init__(self, after: int, act: Callable[[], object]) -> None:
        super().__init__()
        self._after = after
        self._act = act

    def row(self, row: Row) -> None:
        super().row(row)
        if len(self.rows) == self._after:
            self._act()


def rows_of(folder: Path) -> list[bytes]:
    return sorted((folder / ROWS).read_bytes().splitlines())


class Impatient:
    """A minute passes each time that somebody looks."""

    def __init__(self) -> None:
        self._now = 0.0

    def now(self) -> float:
        self._now += 60
        return self._now


def on(cluster: Cluster, campaign: Campaign, folder: Path, seen: Seen, clock: Clock | None = None) -> object:
    opener, setup = find_opener(campaign.injector), campaign.setup()
    execute = on_workers(opener, setup, scheduler=cluster.address, workers=0, clock=clock or MonotonicClock())
    return work(campaign, folder, seen=seen, execute=execute)


def test_a_killed_worker_costs_nothing_but_time(tmp_path: Path, cluster: Cluster) -> None:
    campaign = write_campaign(tmp_path, campaign_text(injections=INJECTIONS))
    alone = work(campaign, tmp_path / "alone")
    killed, late = cluster.worker("--no-nanny"), cluster.worker("--no-nanny")
    seen = Acting(100, lambda: killed.send_signal(signal.SIGKILL))
    found = on(cluster, campaign, tmp_path / "many", seen)
    assert killed.wait(10) == -signal.SIGKILL
    assert late.poll() is None
    assert rows_of(tmp_path / "many") == rows_of(tmp_path / "alone")
    assert document_json(found) == document_json(alone)  # type: ignore[arg-type] # findings both


def test_workers_that_come_late_take_their_part(tmp_path: Path, cluster: Cluster) -> None:
    campaign = write_campaign(tmp_path, campaign_text(injections=INJECTIONS))
    alone = work(campaign, tmp_path / "alone")
    first = cluster.worker("--no-nanny")

    def change() -> None:
        cluster.worker("--no-nanny")
        first.send_signal(signal.SIGKILL)  # none is there until the other one is

    found = on(cluster, campaign, tmp_path / "many", Acting(50, change))
    assert rows_of(tmp_path / "many") == rows_of(tmp_path / "alone")
    assert document_json(found) == document_json(alone)  # type: ignore[arg-type] # as above


def test_a_fault_that_kills_its_workers_is_a_bench_error_and_the_rest_is_done(tmp_path: Path, cluster: Cluster) -> None:
    campaign = write_campaign(tmp_path, campaign_text(injections=5, opener="open_deadly_toy"))
    cluster.worker_under_nanny()
    seen = Seen()
    on(cluster, campaign, tmp_path / "many", seen)
    failed = {row.id: row.error for row in seen.rows if row.observed is None}
    assert failed == {"globals.1.3": "its worker died, 1 of 1 times"}
    assert len({row.id for row in seen.rows if row.observed is not None}) == 5 * 6 - 1


def test_a_worker_with_another_golden_run_stops_the_campaign(tmp_path: Path, cluster: Cluster) -> None:
    campaign = write_campaign(tmp_path, campaign_text(opener="open_changing_toy"))
    cluster.worker("--no-nanny")

    with pytest.raises(CampaignError, match="the golden run here is another one"):
        on(cluster, campaign, tmp_path / "many", Seen())


def test_without_a_worker_the_campaign_ends_and_can_go_on(tmp_path: Path, cluster: Cluster) -> None:
    campaign = write_campaign(tmp_path, campaign_text())
    with pytest.raises(CampaignError, match="no worker for 60 s, 4 batches are waiting"):
        on(cluster, campaign, tmp_path / "many", Seen(), Impatient())
    assert rows_of(tmp_path / "many") == []
    cluster.worker("--no-nanny")
    assert on(cluster, campaign, tmp_path / "many", Seen()) == work(campaign, tmp_path / "many")


def test_a_worker_that_lacks_what_it_needs_ends_the_campaign(tmp_path: Path, cluster: Cluster) -> None:
    campaign = write_campaign(tmp_path, campaign_text(opener="open_toy_here_alone"))
    cluster.worker("--no-nanny")
    with pytest.raises(CampaignError, match=r"a worker failed: BenchError.*qemu-system-arm is not installed") as caught:
        on(cluster, campaign, tmp_path / "many", Seen())
    assert caught.value.hint == "install it on the worker"


def test_a_scheduler_that_goes_away_leaves_rows_to_go_on_with(tmp_path: Path, cluster: Cluster) -> None:
    campaign = write_campaign(tmp_path, campaign_text(injections=INJECTIONS))
    cluster.worker("--no-nanny")
    seen = Acting(20, lambda: cluster.scheduler.send_signal(signal.SIGKILL))
    with pytest.raises(CampaignError, match="the scheduler went away"):
        on(cluster, campaign, tmp_path / "many", seen)
    assert len(rows_of(tmp_path / "many")) >= 20
    work(campaign, tmp_path / "many")
    work(campaign, tmp_path / "alone")
    assert rows_of(tmp_path / "many") == rows_of(tmp_path / "alone")


def test_local_workers_give_the_rows_of_one_process(tmp_path: Path) -> None:
    (tmp_path / "toy.toml").write_text(campaign_text(injections=40))
    here = {"PYTHONPATH": str(ROOT)}
    alone = run_bench(tmp_path, "campaign", "toy.toml", "--workers", "1", "--out", "alone", environment=here)
    with socket.socket() as taken:
        with suppress(OSError):  # by somebody else
            taken.bind(("127.0.0.1", DASHBOARD_PORT))
            taken.listen()
        many = run_bench(tmp_path, "campaign", "toy.toml", "--workers", "2", "--out", "many", environment=here)
    assert (alone.status, many.status) == (0, 0), many
    assert many.err == ""
    assert "workers prepare" in many.out
    assert rows_of(tmp_path / "many") == rows_of(tmp_path / "alone")
    assert (tmp_path / "many" / "report.json").read_bytes() == (tmp_path / "alone" / "report.json").read_bytes()


@pytest.mark.parametrize("while_they_start", [True, False])
def test_ctrl_c_of_a_terminal_stops_workers_without_a_word_of_their_own(
    tmp_path: Path, *, while_they_start: bool
) -> None:
    (tmp_path / "toy.toml").write_text(campaign_text(injections=20_000))
    rows = tmp_path / "out" / ROWS
    words = ("campaign", "toy.toml", "--workers", "2", "--out", "out")
    with Command(tmp_path, *words, environment={"PYTHONPATH": str(ROOT)}, before=("setsid",)) as command:
        size = 0 if while_they_start else 10_000
        wait_until(lambda: rows.exists() and rows.stat().st_size >= size, "no row was written")
        os.killpg(command.process.pid, signal.SIGINT)
        ended = command.end()
    assert ended.status == 130, ended
    assert "out/rows.jsonl is kept, and the same command goes on" in ended.out
    assert ended.err == ""
