"""Which tests run on which targets: the marker `hil`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from bench.pytest_plugin import settings
from bench.pytest_plugin.boards import give_up
from bench.strict import nearest_hint
from bench.target import CAPABILITIES, CLOCKS, Target

_NO_TARGET = "no payload computer was chosen: --hil-target NAME (bench targets lists them)"


def chosen_targets(metafunc: pytest.Metafunc) -> Sequence[Any]:
    """Parameters of a test: the chosen targets that its marker allows; where none is left, one that skips."""
    allowed = _marked(metafunc.definition, "targets")
    chosen = settings.targets(metafunc.config)
    if not chosen:
        return [_skipped(metafunc.config, _NO_TARGET, "no-target")]
    left = [name for name in chosen if not allowed or name in allowed]
    if not left:
        reason = f"the test is for {', '.join(allowed)}; chosen: {', '.join(chosen)}"
        return [_skipped(metafunc.config, reason, chosen[0])]
    return left


def _skipped(config: pytest.Config, reason: str, name: str) -> Any:  # noqa: ANN401 - pytest's ParameterSet is private
    marks = [] if settings.required(config) else [pytest.mark.skip(reason=reason)]
    return pytest.param(_Refused(reason), id=name, marks=marks)


class _Refused(str):
    """A target that is none; the text is the reason."""

    __slots__ = ()


def refused(name: str) -> bool:
    """Whether a parameter stands for no target."""
    return isinstance(name, _Refused)


def check_needs(item: pytest.Item, target: Target) -> None:
    """Give up where the target lacks what the marker wants; raises UsageError for what no target has."""
    for need in _marked(item, "needs"):
        known = (*CAPABILITIES, *CLOCKS)
        if need not in known:
            raise pytest.UsageError(
                f"{item.nodeid}: needs={need!r} is no capability\nhint: {nearest_hint(need, known)}"
            )
        if need not in target.capabilities and need != target.clock.kind:
            lacks = f"counts {target.clock.kind}, not {need}" if need in CLOCKS else f"has no capability {need!r}"
            give_up(item.config, f"target {target.name} {lacks}")


def _marked(node: pytest.Item | Any, key: str) -> list[str]:  # noqa: ANN401 - a definition while tests are generated
    found: list[str] = []
    for mark in node.iter_markers("hil"):
        unknown = set(mark.kwargs) - {"targets", "needs"}
        if unknown or mark.args:
            raise pytest.UsageError(f"{node.nodeid}: hil takes targets=[...] and needs=[...], not {mark}")
        value = mark.kwargs.get(key, ())
        found += [value] if isinstance(value, str) else list(value)
    return found
