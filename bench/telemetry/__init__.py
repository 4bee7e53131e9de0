"""Recordings: labelled telemetry streams as folders. docs/recordings.md is the format."""

from bench.telemetry.find import find_recording, list_recordings
from bench.telemetry.load import load_recording
from bench.telemetry.recording import Auxiliary, Channel, EvaluationRows, Recording, Segment, check_recording
from bench.telemetry.save import check_replaceable, recording_files, save_recording

__all__ = [
    "Auxiliary",
    "Channel",
    "EvaluationRows",
    "Recording",
    "Segment",
    "check_recording",
    "check_replaceable",
    "find_recording",
    "list_recordings",
    "load_recording",
    "recording_files",
    "save_recording",
]
