"""models/*.onnx: the models of a run in the end, for other programs."""

from collections.abc import Sequence
from pathlib import Path

from bench.errors import RunFolderError
from bench.onnx import onnx_bytes
from bench.replace import replace_content
from bench.telemetry import Recording
from bench.trace import Entry
from bench.trained_models import trained_models


def save_onnx_models(trace: Sequence[Entry], recording: Recording, folder: Path) -> None:
    """Write every linear model of the run as NAME.onnx; the folder is made when there is one to write."""
    for trained in trained_models(trace, recording):
        if trained.linear is not None:
            try:
                folder.mkdir(exist_ok=True)
            except OSError as error:
                raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="is the disk full?") from error
            replace_content(folder / f"{trained.linear.name}.onnx", onnx_bytes(trained.linear))
