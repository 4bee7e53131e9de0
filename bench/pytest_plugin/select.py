"""Which tests run on which targets: the marker `hil`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeGuard

import pytest

from bench.pytest_plugin import settings
from bench.pytest_plugin.boards import boards_of, give_up
from bench.strict import nearest_hint
from bench.target import CAPABILITIES, CLOCKS, Target

_NO_TARGET = "no payload computer was chosen: --hil-target NAME (bench targets lists them)"
_KEYS = ("targets", "needs")


def chosen_targets(metafunc: pytest.Metafunc) -> Sequence[Any]:
    """Parameters of a test: the chosen targets that its marker allows; where none is left, one that skips."""
    config = metafunc.config
    check_marker(metafunc)
    allowed = _allowed(metafunc)
    chosen = settings.targets(config)
    if not chosen:
        return [_refusal(config, _NO_TARGET, name="no-target")]
    left = [name for name in chosen if allowed is None or short_name(name) in allowed]
    if not left:
        names = ", ".join(map(short_name, chosen))
        return [
            _refusal(config, f"the test is for {', '.join(allowed or ())}; chosen: {names}", name=short_name(chosen[0]))
        ]
    needs = [need for mark in metafunc.definition.iter_markers("hil") for need in _listed(mark, "needs")]
    return [_parameter(config, name, needs) for name in left]


def short_name(name: str) -> str:
    """What stands for a target in the id of a test: its name, also where its file was given."""
    return Path(name).stem if name.endswith(".toml") else name


def check_marker(metafunc: pytest.Metafunc) -> None:
    """Raise CollectError for a marker that cannot be meant: then the test would run where it must not, or nowhere."""
    for mark in metafunc.definition.iter_markers("hil"):
        for key in mark.kwargs:
            if key not in _KEYS:
                raise _wrong(metafunc, f"hil has no argument {key!r}", hint=nearest_hint(key, _KEYS))
        if mark.args:
            raise _wrong(metafunc, f"hil takes no plain argument, and has {mark.args[0]!r}", hint="targets=[...]")
        for name in _listed(mark, "targets"):
            known = boards_of(metafunc.config).known_names()
            if name not in known and name not in map(short_name, settings.targets(metafunc.config)):
                raise _wrong(metafunc, f"hil(targets=...): no target is named {name!r}", hint=nearest_hint(name, known))
        for need in _listed(mark, "needs"):
            if need not in (known := (*CAPABILITIES, *CLOCKS)):
                raise _wrong(metafunc, f"hil(needs=...): {need!r} is no capability", hint=nearest_hint(need, known))


def refuse_marker(metafunc: pytest.Metafunc) -> None:
    """Raise CollectError: the test has a marker and no target, so that nothing would heed it."""
    check_marker(metafunc)
    hint = 'use hil_payload, hil_board or hil_target in it, or @pytest.mark.usefixtures("hil_target")'
    raise _wrong(metafunc, "the marker hil stands on a test that uses no payload computer", hint=hint)


def _wrong(metafunc: pytest.Metafunc, what: str, *, hint: str) -> pytest.Collector.CollectError:
    return pytest.Collector.CollectError(f"{metafunc.definition.nodeid}: {what}\nhint: {hint}")


def _parameter(config: pytest.Config, name: str, needs: Sequence[str]) -> Any:  # noqa: ANN401 - pytest's ParameterSet is private
    target = boards_of(config).target(name)
    lacking = [_lack(target, need) for need in needs if need not in {*target.capabilities, target.clock.kind}]
    if lacking:
        return _refusal(config, f"target {target.name} {lacking[0]}", name=short_name(name))
    return pytest.param(name, id=short_name(name))


def _lack(target: Target, need: str) -> str:
    return f"counts {target.clock.kind}, not {need}" if need in CLOCKS else f"has no capability {need!r}"


def _refusal(config: pytest.Config, reason: str, *, name: str) -> Any:  # noqa: ANN401 - pytest's ParameterSet is private
    marks = [] if settings.required(config) else [pytest.mark.skip(reason=reason)]
    return pytest.param(_Refused(reason), id=name, marks=marks)


class _Refused(str):
    """A target that is none; the text is the reason."""

    __slots__ = ()


def is_target(name: object) -> TypeGuard[str]:
    """Whether a parameter is the name of a target, and stands for no refusal."""
    return isinstance(name, str) and not isinstance(name, _Refused)


def refuse(config: pytest.Config, name: str) -> None:
    """Fail where a parameter stands for no target."""
    if isinstance(name, _Refused):
        give_up(config, name)


def _allowed(metafunc: pytest.Metafunc) -> list[str] | None:
    """Short names of the targets that every marker allows, those of class and module too; None = all."""
    marks = [mark for mark in metafunc.definition.iter_markers("hil") if "targets" in mark.kwargs]
    sets = [list(map(short_name, _listed(mark, "targets"))) for mark in marks]
    left = [name for name in sets[0] if all(name in names for names in sets)] if sets else None
    if left == []:
        said = " and ".join(f"targets={names}" for names in reversed(sets))
        raise _wrong(metafunc, f"hil({said}) leaves no target", hint="name one that all markers of the test have")
    return left


def _listed(mark: pytest.Mark, key: str) -> list[str]:
    value = mark.kwargs.get(key, ())
    return [value] if isinstance(value, str) else list(value)
