"""verdicts.json: every figure of a run and how it was judged, for programs.

Numbers that are not finite are the strings NaN, Infinity and -Infinity.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from bench.errors import RunFolderError
from bench.replace import replace_content
from bench.trace import decode_number, encode_number
from bench.verdict import Verdict


def verdicts_json(verdicts: Sequence[Verdict]) -> str:
    """A list with one object per verdict, one line each; null where a verdict has no such value."""
    lines = ",\n".join(json.dumps(_verdict_object(verdict), allow_nan=False) for verdict in verdicts)
    return f"[\n{lines}\n]\n"


def save_verdicts(verdicts: Sequence[Verdict], path: Path) -> None:
    """Write verdicts.json as `path`; raises RunFolderError."""
    replace_content(path, verdicts_json(verdicts).encode())


def load_verdicts(path: Path) -> tuple[Verdict, ...]:
    """Back from `save_verdicts`; raises RunFolderError for what no bench wrote. Keys that are not known are skipped."""
    try:
        return tuple(map(_verdict, json.loads(path.read_text(encoding="utf-8"))))
    except OSError as error:
        raise RunFolderError(f"cannot read {path}: {error.strerror}", hint="judge the run: bench judge RUN") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        message = f"{path} is not what a run writes: {error!r}"
        raise RunFolderError(message, hint="judge the run again: bench judge RUN") from error


_OPTIONAL: Final = ("outcome", "value", "limit", "clock", "interval")


def _verdict(raw: Mapping[str, Any]) -> Verdict:
    values = {item.name: raw[item.name] for item in fields(Verdict) if item.name in raw}
    value, interval = values["value"], values.get("interval")
    values["value"] = None if value is None else decode_number(value)
    values["interval"] = None if interval is None else (float(interval[0]), float(interval[1]))
    named = values.pop("requirements", [])
    if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
        raise TypeError(f"requirements is {named!r}")
    wanted = {"required": bool, "repeatable": bool}
    for name, content in values.items():
        if name in {"value", "interval"} or (content is None and name in _OPTIONAL):
            continue
        if not isinstance(content, wanted.get(name, str)):
            raise TypeError(f"{name} is {content!r}")
    return Verdict(**values, requirements=tuple(named))


def _verdict_object(verdict: Verdict) -> dict[str, object]:
    values = {item.name: getattr(verdict, item.name) for item in fields(verdict)}
    if not verdict.requirements:  # most have none
        del values["requirements"]
    return {name: encode_number(value) if isinstance(value, float) else value for name, value in values.items()}
