"""Recordings: telemetry streams as folders. docs/recordings.md is the format."""

from bench.telemetry.checks import check_recording
from bench.telemetry.files import SampleFormat
from bench.telemetry.find import find_recording, list_recordings
from bench.telemetry.load import load_recording
from bench.telemetry.recording import ADD_LABELS_HINT, Auxiliary, Channel, EvaluationRows, Policy, Recording, Segment
from bench.telemetry.save import check_replaceable, recording_files, save_recording

__all__ = [
    "ADD_LABELS_HINT",
    "Auxiliary",
    "Channel",
    "EvaluationRows",
    "Policy",
    "Recording",
    "SampleFormat",
    "Segment",
    "check_recording",
    "check_replaceable",
    "find_recording",
    "list_recordings",
    "load_recording",
    "recording_files",
    "save_recording",
]
