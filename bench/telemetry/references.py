"""Reference models: the states that a payload must hold at the end of a segment."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.errors import RecordingError

_NON_FINITE: Final = ("NaN", "Infinity", "-Infinity")
_HINT: Final = 'the layout is {"segments": [{"end_row": 849, "models": {"arow_3D": {"w": [0.5], "cov": [1]}}}]}'


def parse_references(content: object, path: Path) -> dict[str, Any]:
    """The same structure with every number a float; raises RecordingError where the layout is another one."""
    table = _keys(content, ("segments",), path, "the file")
    entries = []
    for index, item in enumerate(_expect(table["segments"], list, path, "segments")):
        entry = _keys(item, ("end_row", "models"), path, f"segments[{index}]")
        end_row = _expect(entry["end_row"], int, path, f"segments[{index}].end_row")
        models = _expect(entry["models"], dict, path, f"segments[{index}].models")
        entries.append(
            {
                "end_row": end_row,
                "models": {
                    name: _state(state, path, f"segments[{index}].models.{name}") for name, state in models.items()
                },
            }
        )
    return {"segments": entries}


def _state(content: object, path: Path, at: str) -> dict[str, list[float]]:
    arrays = _expect(content, dict, path, at)
    return {name: _array(array, path, f"{at}.{name}") for name, array in arrays.items()}


def _array(content: object, path: Path, at: str) -> list[float]:
    items = _expect(content, list, path, at)
    return [_number(item, path, f"{at}[{index}]") for index, item in enumerate(items)]


def _number(item: object, path: Path, at: str) -> float:
    if item in _NON_FINITE:
        return float(str(item))
    if isinstance(item, int | float) and not isinstance(item, bool):
        return float(item)
    message = f"{path}: {at} is {item!r}, expected a number"
    raise RecordingError(message, hint="non-finite numbers are the strings NaN, Infinity and -Infinity")


def _expect(content: object, kind: type[Any], path: Path, at: str) -> Any:  # noqa: ANN401  # of `kind`, checked
    if not isinstance(content, kind) or isinstance(content, bool):
        message = f"{path}: {at} is {str(content)[:40]!r}, expected {kind.__name__}"
        raise RecordingError(message, hint=_HINT)
    return content


def _keys(content: object, keys: Sequence[str], path: Path, at: str) -> dict[str, Any]:
    table: dict[str, Any] = _expect(content, dict, path, at)
    if sorted(table) != sorted(keys):
        message = f"{path}: {at} has the keys {', '.join(sorted(table))}, expected {', '.join(keys)}"
        raise RecordingError(message, hint=_HINT)
    return table


def references_json(references: Mapping[str, Any]) -> str:
    """JSON text, one model per line, 17 significant digits: reading it back gives the same doubles."""
    return '{"segments": [\n' + ",\n".join(_entry_json(entry) for entry in references["segments"]) + "\n]}\n"


def _entry_json(entry: Mapping[str, Any]) -> str:
    models = ",\n".join(_model_lines(entry["models"]))
    return f'{{"end_row": {entry["end_row"]}, "models": {{\n{models}\n}}}}'


def _model_lines(models: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterator[str]:
    for name, state in models.items():
        arrays = ", ".join(f'"{key}": [{", ".join(_number_json(x) for x in array)}]' for key, array in state.items())
        yield f'"{name}": {{{arrays}}}'


def _number_json(number: float) -> str:
    text = format(float(number), ".17g")
    # "-0" would be read back as the integer 0, without its sign
    return {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"', "-0": "-0.0"}.get(text, text)
