"""Linear models as ONNX files: written, read, and run by ONNX Runtime.

`onnx` and `onnxruntime` are imported when they are used, so that commands that need neither stay quick.
"""

from bench.onnx.export import onnx_bytes
from bench.onnx.linear import LinearModel
from bench.onnx.load import LinearGraph, load_linear_graph, load_linear_model
from bench.onnx.original import OutputComparison, compare_with_original
from bench.onnx.runtime import RuntimeAnswer, run_onnx

__all__ = [
    "LinearGraph",
    "LinearModel",
    "OutputComparison",
    "RuntimeAnswer",
    "compare_with_original",
    "load_linear_graph",
    "load_linear_model",
    "onnx_bytes",
    "run_onnx",
]
