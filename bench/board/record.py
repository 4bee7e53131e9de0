"""What a run writes down beside what the session does: how it began, and every byte on the link."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from bench.board.job import Job
from bench.build import Firmware
from bench.doctor import ask
from bench.run_folder import open_link_file
from bench.session import Recorder
from bench.target import QemuTransportSpec
from bench.trace import FORMAT, LinkRecordingFull, RunStarted, SensorFaultInjected
from bench.transport import LinkWriter, RecordingTransport, Transport


def run_started(job: Job, firmware: Firmware | None, transport: Transport) -> RunStarted:
    """The first entry of a trace: what is run, where, and with which versions."""
    versions = {
        "bench": version("hil-bench"),
        "python": sys.version.split()[0],
        "numpy": np.__version__,
    }
    if firmware is not None:
        versions["compiler"] = firmware.image.compiler
    if isinstance(job.target.transport, QemuTransportSpec):
        versions["emulator"] = _emulator_version(job.target.transport.binary)
    return RunStarted(
        FORMAT,
        job.scenario.name,
        job.target.name,
        job.recording.name,
        job.due_rows,
        versions,
        transport.describe(),
        job.scenario.mode,
        datetime.now().astimezone().isoformat(timespec="seconds"),
        _revision(Path.cwd()),
    )


def record_sensor_faults(job: Job, recorder: Recorder) -> None:
    """What is wrong with the recording on purpose."""
    for fault in job.sensor_faults:
        recorder.record(
            SensorFaultInjected(
                fault.fault, fault.row, fault.rows, fault.streamed_row, list(fault.channels), fault.about
            )
        )


@cache
def _revision(folder: Path) -> str:
    """Of the git checkout that the folder is in; empty where it is in none."""
    question = ("git", "-C", str(folder), "describe", "--always", "--dirty")
    return ask([question])[question] or ""


@cache
def _emulator_version(binary: str) -> str:
    question = (binary, "--version")
    return ask([question])[question] or "did not say its version"


@contextmanager
def recorded_link(transport: RecordingTransport, folder: Path, recorder: Recorder) -> Iterator[None]:
    """Have all that goes over the link written into `folder`."""
    writer = LinkWriter(
        open_link_file(folder),
        started=recorder.started,
        on_full=lambda text: recorder.record(LinkRecordingFull(text)),
    )
    transport.sink = writer
    try:
        yield
    finally:
        try:
            transport.sink = None
        finally:
            writer.close()
