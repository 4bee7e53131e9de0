"""Every run records its link, and `bench frames` shows it: from runs, captures and broken files."""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.frames import open_link
from bench.telemetry import save_recording
from bench.transport import Way
from tests.system.command_line import (
    BENCH,
    Command,
    check_error,
    read_trace,
    run_bench,
    save_rows,
    sun_sensor,
    wait_until,
    write_scenario,
)

ROWS = 160


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder of a run of 160 rows with a restart between its two segments."""
    folder = tmp_path_factory.mktemp("recorded")
    scenario = write_scenario(folder / "restarts.toml", restart=True)
    recording = save_rows(folder / "short", 720 - ROWS // 2, 720 + ROWS // 2)
    ended = run_bench(folder, "run", scenario, "--recording", recording, "--out", folder / "run")
    assert ended.status == 0, ended
    return folder / "run"


def test_a_run_records_every_byte_that_its_link_counted(run_folder: Path, tmp_path: Path) -> None:
    frames = run_bench(tmp_path, "frames", run_folder)
    assert frames.status == 0, frames
    sizes = {"->": 0, "<-": 0}
    for line in frames.out.splitlines():
        way, size = re.match(r" *[\d.]+ (->|<-|--)( +\d+)?", line).groups()  # type: ignore[union-attr]
        if way in sizes:
            sizes[way] += int(size)
    [link] = [
        entry for entry in read_trace(run_folder) if entry["kind"] == "link_measured" and entry["phase"] == "whole"
    ]
    counts = link["counts"]
    assert sizes == {"->": counts["bytes_sent"], "<-": counts["bytes_received"]}
    assert frames.out.count("power off and on") == 1
    assert "Samples #" in frames.out
    assert f"rows {ROWS - 16}-{ROWS - 1}" in frames.out


def test_lines_are_chosen(run_folder: Path, tmp_path: Path) -> None:
    restarts = run_bench(tmp_path, "frames", run_folder, "--errors").out.splitlines()
    assert [line.split(None, 3)[-1] for line in restarts] == ["off and on"]
    last = run_bench(tmp_path, "frames", run_folder, "--only", "sample*", "--last", "2").out.splitlines()
    assert len(last) == 2
    assert all("SampleReport #" in line or "Samples #" in line for line in last)
    assert run_bench(tmp_path, "frames", run_folder, "--last", "0").status == 2
    mistyped = run_bench(tmp_path, "frames", run_folder, "--only", "Smaples")
    assert (mistyped.out, mistyped.err) == ("", "bench: nothing on this link is called Smaples\n")


def test_head_ends_the_listing_early(run_folder: Path) -> None:
    command = ["/bin/sh", "-c", '"$0" frames "$1" | head -n 1', str(BENCH), str(run_folder)]
    piped = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert len(piped.stdout.splitlines()) == 1
    assert "Traceback" not in piped.stderr


def test_a_capture_of_one_wire_shows_the_same_frames(run_folder: Path, tmp_path: Path) -> None:
    with open_link(run_folder) as source:
        wire = b"".join(chunk.data for chunk in source.chunks if chunk.way is Way.FROM_PAYLOAD)
    (tmp_path / "capture").write_bytes(wire)
    captured = run_bench(tmp_path, "frames", tmp_path / "capture").out.splitlines()
    recorded = [line for line in run_bench(tmp_path, "frames", run_folder).out.splitlines() if " <- " in line]
    cut = len("    0.000000 <-  1234 B  ")
    assert all(line.split()[0] in {"<-", "??"} for line in captured)
    assert [line.split("Samples")[0][cut:40] for line in captured] == [
        line.split("Samples")[0][cut:40] for line in recorded
    ]


def test_a_run_that_is_killed_keeps_its_link(tmp_path: Path) -> None:
    scenario = write_scenario(tmp_path / "killed.toml", speed=200.0)
    out = tmp_path / "run"
    with Command(tmp_path, "run", scenario, "--recording", save_rows(tmp_path / "rows", 0, 1000), "--out", out) as run:
        wait_until(lambda: (out / "link.bin").is_file() and (out / "link.bin").stat().st_size > 10_000, "10 kB of link")
        run.process.kill()
        run.end()
    assert "SampleReport #" in run_bench(tmp_path, "frames", out, "--last", "30").out
    assert run_bench(tmp_path, "pack", out, "--out", "a.zip").status == 0
    assert "the run was killed" in run_bench(tmp_path, "judge", "a.zip").out


def test_a_broken_file_is_shown_as_far_as_it_goes(run_folder: Path, tmp_path: Path) -> None:
    content = bytearray((run_folder / "link.bin").read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = os.urandom(3000)
    (tmp_path / "broken").write_bytes(content[:-5])
    broken = run_bench(tmp_path, "frames", tmp_path / "broken")
    assert broken.status == 0
    assert "bytes of the file are damaged" in broken.out
    assert "the last record was cut" in broken.out.splitlines()[-1]
    whole = set(run_bench(tmp_path, "frames", run_folder).out.splitlines())
    assert len(whole & set(broken.out.splitlines())) > len(whole) // 3


def test_a_full_disk_while_the_link_is_recorded_is_one_clear_error(tmp_path: Path) -> None:
    """Many channels without models: the recording of the link is the longest file of such a run."""
    rows = sun_sensor().rows(0, 400)
    channels = tuple(replace(rows.channels[0], name=f"zero_{index}") for index in range(150))
    values = np.zeros((rows.row_count, len(channels)), np.float32)
    zeros = replace(rows, evaluation=None, channels=channels, deciding_channel=None, values=values)
    save_recording(zeros, tmp_path / "zeros")
    (tmp_path / "link.toml").write_text('name = "link"\ntitle = "the link alone"\ntarget = "host"\n')
    run = ("run", tmp_path / "link.toml", "--recording", tmp_path / "zeros", "--out", tmp_path / "run")
    whole = run_bench(tmp_path, *run[:-1], tmp_path / "whole")
    assert whole.status == 0, whole
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "whole").rglob("*")}
    link = sizes.pop("link.bin")
    blocks = (link + max(sizes.values())) // 2 // 512
    assert max(sizes.values()) < blocks * 512 < link, sizes
    limited = ["/bin/sh", "-c", f'ulimit -f {blocks}; exec "$0" "$@"']
    # else Python keeps a truncated .pyc under the limit, which every later run of the checkout would load
    ended = run_bench(tmp_path, *run, before=limited, environment={"PYTHONDONTWRITEBYTECODE": "1"})
    check_error(ended, "cannot record the link: File too large", hint="is the disk full?")
    assert "Samples #" in run_bench(tmp_path, "frames", tmp_path / "run", "--last", "50").out
