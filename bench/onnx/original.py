"""A model file as it is, run by ONNX Runtime, and how far its answers may be from those of the same model elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.onnx.linear import REAL_TYPES
from bench.onnx.runtime import open_session
from bench.onnx.values import Classes, Decision, Probabilities, Scores

if TYPE_CHECKING:
    from bench.onnx.load import LinearGraph

_BINARY: Final = 2
_FUNCTION_EPS: Final = 8.0
"""What a runtime's own exponential, and the sum and quotient behind it, may be wrong by, in eps of its type.

Measured with ONNX Runtime 1.31 on scores from -40 to 40, in float and in double: at most 1.4 for the sigmoid and 2.4
for a softmax of 16.
"""


@dataclass(frozen=True, eq=False)
class OutputComparison:
    """One output of the graph: differences over their bounds (N, K), or for labels which rows differ (N,)."""

    name: str
    ratios: NDArray[np.float64] | None
    different: NDArray[np.bool_] | None


@dataclass(frozen=True, eq=False)
class _Given:
    """N rows that a payload answered, in terms of the file's classes."""

    features: NDArray[np.float64]
    scores: NDArray[np.float64]
    places: NDArray[np.intp]
    arithmetic: str


def run_original(graph: LinearGraph, features: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Every output of the file's own graph for `features` (N, d), rounded to the type of its input.

    Labels have the shape (N,), all else (N, columns). A graph for a fixed number of rows is run as often as needed.
    """
    session = open_session(graph.content)
    entrance = session.get_inputs()[0]
    given = features.astype(np.float32 if entrance.type == "tensor(float)" else np.float64)
    at_once = entrance.shape[0] if isinstance(entrance.shape[0], int) else max(1, len(given))
    found: dict[str, list[NDArray[Any]]] = {name: [] for name in graph.outputs}
    for start in range(0, len(given), at_once):
        part = given[start : start + at_once]
        filled = np.concatenate([part, np.repeat(part[-1:], at_once - len(part), axis=0)])
        for name, answer in zip(graph.outputs, session.run(list(graph.outputs), {entrance.name: filled}), strict=True):
            found[name].append(_table(answer, at_once)[: len(part)])
    tables = {name: np.concatenate(parts) for name, parts in found.items()}
    return {
        name: table[:, 0] if isinstance(graph.outputs[name], Classes | Decision) else table
        for name, table in tables.items()
    }


def _table(answer: Any, rows: int) -> NDArray[Any]:  # noqa: ANN401 - an array, or with ZipMap a list of maps
    if isinstance(answer, list):
        answer = np.array([list(row.values()) for row in answer])
    table: NDArray[Any] = np.asarray(answer).reshape(rows, -1)
    return table


def compare_with_original(
    graph: LinearGraph,
    features: NDArray[np.float64],
    scores: NDArray[np.float64],
    *,
    places: NDArray[np.intp],
    arithmetic: str,
) -> list[OutputComparison]:
    """Each output of the file for `features` (N, d) against scores (N, K) and classes (N,) from another arithmetic.

    K and the classes are those of graph.model; a class is a place among its labels.
    """
    given = _Given(features, scores, places, arithmetic)
    return list(_comparisons(graph, given, run_original(graph, features)))


def _comparisons(graph: LinearGraph, given: _Given, found: dict[str, NDArray[Any]]) -> Iterator[OutputComparison]:
    softmax = any(isinstance(value, Probabilities) and value.softmax for value in graph.outputs.values())
    for name, value in graph.outputs.items():
        seen = found[name]
        match value:
            case Scores():
                ours, bounds = _scores(value, given, softmax=softmax)
                theirs = seen.astype(np.float64)
                if value.outputs == _BINARY and (softmax or not value.opposed):
                    theirs = theirs[:, 1:] - theirs[:, :1]
                yield OutputComparison(name, _ratios(ours, theirs[:, -ours.shape[1] :], bounds), None)
            case Probabilities():
                yield from _probabilities(name, value, given, seen.astype(np.float64))
            case Decision(chosen=chosen):
                places = np.where(seen.astype(bool), chosen, 1 - chosen)
                yield OutputComparison(name, None, (places != given.places) & ~_undecided(value.scores, given, softmax))
            case Classes(labels=labels):
                names: Sequence[int] = labels if labels is not None else range(value.count)
                wanted = np.array(names)[given.places]
                yield OutputComparison(name, None, (seen != wanted) & ~_undecided(value.scores, given, softmax))


def _scores(value: Scores, given: _Given, *, softmax: bool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The payload's scores (N, K), and how far two right ones can be apart: see docs/measures.md, parity.original."""
    magnitudes = np.abs(given.features) @ np.abs(value.weights).T + np.abs(value.intercepts)
    if value.outputs == _BINARY and (softmax or not value.opposed):
        magnitudes = magnitudes.sum(axis=1, keepdims=True)  # of their difference
    magnitudes = magnitudes[:, -given.scores.shape[1] :]
    limits = [np.finfo(REAL_TYPES[arithmetic]) for arithmetic in (given.arithmetic, value.arithmetic)]
    terms = value.weights.shape[1] + 4
    bounds = sum(terms * (float(one.eps) / 2 * magnitudes + float(one.smallest_normal)) for one in limits)
    return given.scores, np.where(magnitudes > 0.0, bounds, 0.0)


def _probabilities(
    name: str, value: Probabilities, given: _Given, seen: NDArray[np.float64]
) -> Iterator[OutputComparison]:
    """The logarithm of a sigmoid changes by at most what its score does, that of a softmax or a share by twice that."""
    scores = value.scores
    if scores.outputs == _BINARY and not value.softmax and not scores.opposed:
        return  # two sigmoids, of which the payload has the difference of the scores alone
    ours, bounds = _scores(scores, given, softmax=value.softmax)
    with np.errstate(over="ignore", invalid="ignore"):
        if ours.shape[1] == 1:
            chances = _sigmoid(ours)
        elif value.softmax:
            raised = np.exp(ours - ours.max(axis=1, keepdims=True))
            chances = raised / raised.sum(axis=1, keepdims=True)
        else:
            chances = _sigmoid(ours)
            chances = chances / chances.sum(axis=1, keepdims=True) if value.normalized else chances
        eps = float(np.finfo(REAL_TYPES[scores.arithmetic]).eps)
        room = chances * np.expm1(2.0 * bounds.max(axis=1, keepdims=True)) + _FUNCTION_EPS * eps
    yield OutputComparison(name, _ratios(chances, seen[:, -chances.shape[1] :], room), None)


def _sigmoid(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(-np.abs(scores))
    return np.where(scores >= 0.0, 1.0, raised) / (1.0 + raised)


def _ratios(ours: NDArray[np.float64], theirs: NDArray[np.float64], bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        ratios = np.where(same, 0.0, np.abs(ours - theirs) / bounds)
    return np.where(np.isnan(ratios), np.inf, ratios)  # a NaN on one side alone is no agreement


def _undecided(value: Scores, given: _Given, softmax: bool) -> NDArray[np.bool_]:  # noqa: FBT001 - as in _scores
    """Rows on which rounding decides: the score, or the gap between the two best, is within its bound.

    A graph may decide by the sigmoid of one score, whose slope at 0 is a quarter.
    """
    scores, bounds = _scores(value, given, softmax=softmax)
    if scores.shape[1] == 1:
        eps = float(np.finfo(REAL_TYPES[value.arithmetic]).eps)
        bounds = np.where(bounds > 0.0, bounds + 4.0 * _FUNCTION_EPS * eps, 0.0)
        near: NDArray[np.bool_] = (np.abs(scores) <= bounds) & (bounds > 0.0)
        return near[:, 0]
    rows = np.arange(len(scores))
    best = np.argsort(scores, axis=1, kind="stable")[:, -2:]
    band = bounds[rows, best[:, 0]] + bounds[rows, best[:, 1]]
    gap: NDArray[np.bool_] = (scores[rows, best[:, 1]] - scores[rows, best[:, 0]] <= band) & (band > 0.0)
    return gap
