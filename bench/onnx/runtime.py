"""ONNX Runtime: another maker's inference, on the graphs that were exported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnxruntime


@dataclass(frozen=True, eq=False)
class RuntimeAnswer:
    """What the runtime made of N rows."""

    scores: NDArray[np.float64]
    """(N, K)."""
    labels: NDArray[np.int64]
    """(N,)."""


def open_session(content: bytes) -> onnxruntime.InferenceSession:
    """Load the graph of a file; raises whatever the runtime raises for one that it does not take."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the sums are short: threads would only start
    options.log_severity_level = 3  # errors; the rest is for whoever tunes a runtime
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def run_onnx(content: bytes, features: NDArray[np.float64]) -> RuntimeAnswer:
    """Run a graph of `onnx_bytes` on `features` (N, d); they are rounded to the type of its input."""
    session = open_session(content)
    real = np.float32 if session.get_inputs()[0].type == "tensor(float)" else np.float64
    scores, labels = session.run(["score", "label"], {"features": features.astype(real)})
    return RuntimeAnswer(scores.astype(np.float64).reshape(len(features), *scores.shape[1:] or (1,)), labels)
