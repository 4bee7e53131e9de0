#!/usr/bin/env python3
"""Fit a linear model to a recording on the ground, and write it as ONNX: an example of a file made elsewhere.

fixtures/models/sun-sensor-ground.onnx is what this prints and writes without arguments. Logistic regression by
Newton's method on the penalized likelihood (Hastie, Tibshirani, Friedman, The Elements of Statistical Learning,
2009, section 4.4.1), in double precision.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bench.telemetry import Recording, load_recording

FIXTURES = Path(__file__).parents[1] / "fixtures"
STEPS = 25
"""Newton's method converges quadratically; the last steps change nothing."""
PENALTY = 1e-3
"""On the squared weights: keeps them finite where the classes can be told apart without error."""


def fit(recording: Recording) -> tuple[NDArray[np.float64], float]:
    """Weights (channels,) and intercept that tell the positive label from the other."""
    rows = np.isfinite(recording.values).all(axis=1)
    features = recording.values[rows].astype(np.float64)
    x = np.column_stack([features, np.ones(len(features))])
    y = (recording.known_labels[rows] == recording.positive_label).astype(np.float64)
    penalty = PENALTY * np.diag([*np.ones(features.shape[1]), 0.0])
    w = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-(x @ w)))
        gradient = x.T @ (p - y) + penalty @ w
        hessian = (x * (p * (1.0 - p))[:, None]).T @ x + penalty
        w -= np.linalg.solve(hessian, gradient)
    return w[:-1], float(w[-1])


def make_graph(weights: NDArray[np.float64], intercept: float, *, labels: tuple[int, int]) -> onnx.ModelProto:
    """MatMul, Add, Sigmoid and a comparison with one half, all of them in double precision."""
    arrays = {
        "weights": weights[:, None],
        "intercept": np.array([intercept]),
        "half": np.array(0.5),
        "negative": np.array(labels[0], np.int64),
        "positive": np.array(labels[1], np.int64),
    }
    nodes = [
        helper.make_node("MatMul", ["telemetry", "weights"], ["product"], "layer"),
        helper.make_node("Add", ["product", "intercept"], ["logit"], "intercept"),
        helper.make_node("Sigmoid", ["logit"], ["chance"], "sigmoid"),
        helper.make_node("Greater", ["chance", "half"], ["likely"], "likely"),
        helper.make_node("Where", ["likely", "positive", "negative"], ["class"], "class"),
    ]
    graph = helper.make_graph(
        nodes,
        "ground",
        [helper.make_tensor_value_info("telemetry", TensorProto.DOUBLE, ["N", len(weights)])],
        [
            helper.make_tensor_value_info("class", TensorProto.INT64, ["N", 1]),
            helper.make_tensor_value_info("chance", TensorProto.DOUBLE, ["N", 1]),
            helper.make_tensor_value_info("logit", TensorProto.DOUBLE, ["N", 1]),
        ],
        initializer=[numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(
        graph, producer_name="tools/fit_model.py", ir_version=7, opset_imports=[helper.make_opsetid("", 13)]
    )
    onnx.checker.check_model(model)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recording", type=Path, default=FIXTURES / "telemetry" / "sun-sensor", metavar="DIR")
    parser.add_argument("--out", type=Path, default=FIXTURES / "models" / "sun-sensor-ground.onnx", metavar="FILE")
    options = parser.parse_args()
    recording = load_recording(options.recording)
    weights, intercept = fit(recording)
    [other] = set(recording.label_meanings) - {recording.positive_label}
    model = make_graph(weights, intercept, labels=(other, recording.positive_label or 0))
    options.out.write_bytes(model.SerializeToString(deterministic=True))
    print(f"{options.out}: weights {weights.tolist()}, intercept {intercept}")


if __name__ == "__main__":
    main()
