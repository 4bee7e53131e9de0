"""An ONNX file made elsewhere -> a linear model, or a reason why it is none.

What is understood is what the usual exporters make of one linear layer with what follows it: scikit-learn's linear
classifiers, torch.nn.Linear, MatMul and Add. Nothing is guessed: a node that is no part of that is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from bench.errors import ModelFileError
from bench.onnx.linear import LinearModel
from bench.onnx.operators import apply_node
from bench.onnx.runtime import open_session
from bench.onnx.shapes import array_of, type_name
from bench.onnx.values import (
    Absent,
    Answer,
    Classes,
    Decision,
    Features,
    Probabilities,
    RefusedError,
    Scores,
    Value,
)

if TYPE_CHECKING:
    import onnx

MAX_FILE_BYTES: Final = 1 << 20
"""The largest linear model of a payload, 1024 features and 16 classes in double precision, has an eighth of that."""
MAX_DIMENSION: Final = 1024
MAX_OUTPUTS: Final = 16
DOMAINS: Final = ("", "ai.onnx", "ai.onnx.ml")
_EXPORT_AGAIN: Final = "export the linear layer alone, with the weights inside the file"


@dataclass(frozen=True, eq=False)
class LinearGraph:
    """An ONNX file and the linear model in it."""

    content: bytes
    model: LinearModel
    outputs: Mapping[str, Answer]
    """What each output of the graph stands for, in its order."""
    names_labels: bool
    """Whether the labels of the model are in the file, or else count its outputs."""


def load_linear_model(path: Path) -> LinearModel:
    """The model in the file at `path`; see `load_linear_graph`."""
    return load_linear_graph(path).model


def load_linear_graph(path: Path) -> LinearGraph:
    """Read the file at `path`; raises ModelFileError naming the node and the reason where it is no linear model.

    Labels are those in the file, else 0 to K - 1. Two outputs become one, their difference. Where the file decides
    nothing, a score of 0 is a tie for class 0.
    """
    content = _read(path)
    try:
        graph = read_linear_graph(content, name=path.stem)
    except RefusedError as error:
        raise ModelFileError(f"{path}: {error.reason}", hint=error.hint) from error
    _check_runtime(content, path)
    return graph


def read_linear_model(content: bytes, *, name: str) -> LinearModel:
    """As `load_linear_model`, from the content of a file; raises RefusedError."""
    return read_linear_graph(content, name=name).model


def read_linear_graph(content: bytes, *, name: str) -> LinearGraph:
    """As `load_linear_graph`, from the content of a file; raises RefusedError."""
    proto = _parse(content)
    _check_self_contained(proto)
    values = _walk(proto.graph)
    outputs = _answers({output.name: values[output.name] for output in proto.graph.output})
    model = _model(outputs, name=name, metadata={one.key: one.value for one in proto.metadata_props})
    _check_sizes(model, next(value for value in values.values() if isinstance(value, Features)))
    labelled = any(isinstance(value, Classes) and value.labels is not None for value in outputs.values())
    return LinearGraph(content, model, outputs, labelled)


def _check_runtime(content: bytes, path: Path) -> None:
    """The judge must take the file, or there is nothing to hold a payload to: newer formats it does not know."""
    try:
        open_session(content)
    except Exception as error:  # its errors have no common base
        reason = str(error).split(" : ")[-1].rsplit("&) ", maxsplit=1)[-1].strip()
        hint = "save it for an older version of ONNX (ir_version, opset), or update onnxruntime"
        raise ModelFileError(f"{path}: ONNX Runtime does not take it: {reason}", hint=hint) from error


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ModelFileError(
                f"{path}: {size:,} bytes are more than a linear model takes (at most {MAX_FILE_BYTES:,})",
                hint=_EXPORT_AGAIN,
            )
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read: {error.strerror}", hint="check the path") from error


def _first_line(error: Exception) -> str:
    """What the checker says in one line; some of its errors say nothing."""
    return next(iter(str(error).strip().splitlines()), "the checker does not say why")


def _parse(content: bytes) -> onnx.ModelProto:
    import onnx
    from google.protobuf.message import DecodeError

    hint = "is it an .onnx file, and whole? open it with another program, or export it again"
    try:
        proto = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise RefusedError("is no ONNX file, or a damaged one", hint) from error
    if not proto.HasField("graph") or not proto.graph.output:
        raise RefusedError("is no ONNX file: it holds no graph with an output", hint)
    for tensor in _tensors(proto.graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise RefusedError(f"the tensor {tensor.name!r} is kept in another file", _EXPORT_AGAIN)
    try:
        onnx.checker.check_model(_without_shapes(proto))
    except (onnx.checker.ValidationError, ValueError) as error:
        raise RefusedError(f"is no valid ONNX model: {_first_line(error)}", hint) from error
    return proto


def _without_shapes(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy that says nothing of shapes behind the input: runtimes find them out, and some files lack them."""
    import onnx

    copy = onnx.ModelProto()
    copy.CopyFrom(proto)
    del copy.graph.value_info[:]
    for output in copy.graph.output:
        output.CopyFrom(onnx.helper.make_tensor_value_info(output.name, onnx.TensorProto.FLOAT, []))
    return copy


def _tensors(graph: onnx.GraphProto) -> list[onnx.TensorProto]:
    """Return the tensors of the graph itself and of its nodes' attributes."""
    return [*graph.initializer, *(attribute.t for node in graph.node for attribute in node.attribute)]


def _check_self_contained(proto: onnx.ModelProto) -> None:
    if proto.functions:
        raise RefusedError(f"it defines a function of its own, {proto.functions[0].name!r}", _EXPORT_AGAIN)
    if proto.graph.sparse_initializer:
        raise RefusedError("its weights are kept as a sparse tensor", "export them as a dense one")
    for opset in proto.opset_import:
        if opset.domain not in DOMAINS and any(node.domain == opset.domain for node in proto.graph.node):
            raise RefusedError(f"it uses operators of {opset.domain!r}, which are none of ONNX", _EXPORT_AGAIN)


def _walk(graph: onnx.GraphProto) -> dict[str, Value]:
    """Every tensor of the graph by its name."""
    values: dict[str, Value] = {"": Absent()}
    for tensor in graph.initializer:
        values[tensor.name] = array_of(tensor)
    inputs = [item for item in graph.input if item.name not in values]
    if len(inputs) != 1:
        names = ", ".join(repr(item.name) for item in inputs) or "none"
        raise RefusedError(f"it has {len(inputs)} inputs ({names})", "a linear model has one: the features of N rows")
    values[inputs[0].name] = _features(inputs[0])
    for place, node in enumerate(graph.node):
        title = f"node {node.name or place!r} ({node.op_type})"
        try:
            made = apply_node(node, [values[name] for name in node.input])
        except RefusedError as error:
            raise RefusedError(f"{title}: {error.reason}", error.hint) from error
        values.update(zip(node.output, made, strict=False))
        missing = [name for name in node.output if name not in values]
        if missing:
            raise RefusedError(f"{title}: its output {missing[0]!r} is not understood", _EXPORT_AGAIN)
    return values


def _features(item: onnx.ValueInfoProto) -> Features:
    import onnx

    hint = "a linear model takes the features of N rows: float or double, (N, features)"
    if not item.type.HasField("tensor_type"):
        raise RefusedError(f"the input {item.name!r} is no tensor", hint)
    tensor = item.type.tensor_type
    if tensor.elem_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
        raise RefusedError(f"the input {item.name!r} is of type {type_name(tensor.elem_type)}", hint)
    dims = list(tensor.shape.dim)
    if len(dims) != 2:  # noqa: PLR2004  # rows and features
        raise RefusedError(f"the input {item.name!r} has {len(dims)} dimensions", hint)
    return Features(dims[1].dim_value if dims[1].HasField("dim_value") else None)


def _answers(outputs: dict[str, Value]) -> dict[str, Answer]:
    found: dict[str, Answer] = {}
    for output, value in outputs.items():
        if not isinstance(value, Scores | Probabilities | Decision | Classes):
            raise RefusedError(
                f"its output {output!r} is no score, probability or label", "leave that output out of the export"
            )
        found[output] = value
    return found


def _model(outputs: dict[str, Answer], *, name: str, metadata: dict[str, str]) -> LinearModel:
    softmax = any(isinstance(value, Probabilities) and value.softmax for value in outputs.values())
    found = [(value if isinstance(value, Scores) else value.scores) for value in outputs.values()]
    scores = [one.two_classes(softmax=softmax) for one in found]
    first = scores[0]
    for other in scores[1:]:
        if not (np.array_equal(first.weights, other.weights) and np.array_equal(first.intercepts, other.intercepts)):
            raise RefusedError(
                f"its outputs {', '.join(map(repr, outputs))} come from different scores", "keep those of one layer"
            )
    labels, tie = _labels(outputs, max(2, first.outputs))
    probability = any(isinstance(value, Probabilities) and _is_logit(value) for value in outputs.values())
    return LinearModel(
        name, first.weights, first.intercepts, first.arithmetic, tie, labels, probability=probability, metadata=metadata
    )


def _is_logit(value: Probabilities) -> bool:
    """Whether the sigmoid or softmax of the model's own scores gives these probabilities."""
    return value.softmax or value.scores.outputs == 1 or value.scores.opposed


def _labels(outputs: dict[str, Answer], count: int) -> tuple[tuple[int, ...], int]:
    """Labels by class index, and the tie rule."""
    labels: tuple[int, ...] = tuple(range(count))
    tie = -1
    for value in outputs.values():
        if isinstance(value, Decision):
            tie = value.tie
        if isinstance(value, Classes):
            labels, tie = value.labels or labels, value.tie
    if len(set(labels)) != count:
        text = ", ".join(map(str, labels))
        raise RefusedError(f"it tells {count} classes apart and names them {text}", "give every class one label")
    return labels, tie


def _check_sizes(model: LinearModel, features: Features) -> None:
    if features.dimension is not None and features.dimension != model.dimension:
        raise RefusedError(
            f"its input has {features.dimension} features, its weights are for {model.dimension}", _EXPORT_AGAIN
        )
    if not 1 <= model.dimension <= MAX_DIMENSION:
        raise RefusedError(f"it has {model.dimension} features", f"a payload takes 1 to {MAX_DIMENSION}")
    if not 1 <= model.outputs <= MAX_OUTPUTS:
        raise RefusedError(f"it has {model.outputs} outputs", f"a payload tells at most {MAX_OUTPUTS} classes apart")
    if not (np.isfinite(model.weights).all() and np.isfinite(model.intercepts).all()):
        raise RefusedError("its weights are not all finite numbers", "train it again: a NaN was learnt")
