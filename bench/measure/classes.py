"""Accuracy where there are more than two classes: no class is the positive one."""

from collections.abc import Iterator, Sequence
from typing import Final

from bench.measure.intervals import mean_of_proportions, wilson
from bench.measure.measurement import Measurement

CLASS_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
"""Characters that stand for class indices in a row's predictions."""


def judge_classes(
    family: str, names: Sequence[str], rows: dict[int, str], labels: Sequence[int], *, classes: Sequence[int]
) -> Iterator[Measurement]:
    """accuracy, balanced accuracy (mean recall of the classes that occur) and each class's recall, for every model."""
    for place, name in enumerate(names):
        hits = dict.fromkeys(classes, 0)
        totals = dict.fromkeys(classes, 0)
        for row, text in rows.items():
            if row < len(labels) and place < len(text):
                label = labels[row]
                totals[label] += 1
                hits[label] += text[place] == CLASS_DIGITS[classes.index(label)]
        yield from _rates(f"{family}.{name}", hits, totals)


def _rates(name: str, hits: dict[int, int], totals: dict[int, int]) -> Iterator[Measurement]:
    rows = sum(totals.values())
    if not rows:
        for key in ("accuracy", "balanced_accuracy"):
            yield Measurement(f"{name}.{key}", None, "1", because="there are no rows")
        return
    right = sum(hits.values())
    yield Measurement(f"{name}.accuracy", right / rows, "1", interval=wilson(right, rows))
    parts = [(hits[label], total) for label, total in totals.items() if total]
    balanced = sum(hit / total for hit, total in parts) / len(parts)
    yield Measurement(f"{name}.balanced_accuracy", balanced, "1", interval=mean_of_proportions(*parts))
    for label, total in totals.items():
        recall = f"{name}.recall.{label}"
        if total:
            yield Measurement(recall, hits[label] / total, "1", interval=wilson(hits[label], total))
        else:
            yield Measurement(recall, None, "1", because=f"there is no row with label {label}")
