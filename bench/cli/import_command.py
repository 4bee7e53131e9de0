"""`bench import csv`: a table to a recording, and what was made of it."""

import argparse
import shlex
from collections.abc import Iterator

import numpy as np

from bench.importing import CsvRequest, Imported, import_table
from bench.telemetry import Recording

_TWO_CLASSES = 2
_SCENARIO = "first-look"
"""Models for any recording with labels of two classes."""
_SCENARIO_OF_MANY = "first-epochs"
"""A model for any recording with labels."""


def import_csv(options: argparse.Namespace) -> int:
    """Import, and print what was made and how to run it; the exit status."""
    imported = import_table(_request(options), options.out)
    for line in _report(imported):
        print(line)
    return 0


def _request(options: argparse.Namespace) -> CsvRequest:
    return CsvRequest(
        path=options.path,
        features=tuple(options.features),
        units=tuple(unit.strip() for unit in options.units.split(",")) if options.units else (),
        unit=tuple(options.unit),
        ranges=tuple(options.range),
        label=options.label,
        label_rule=options.label_rule,
        no_label=options.no_label,
        classes=tuple(options.classes),
        positive=options.positive,
        period_s=options.period,
        time=options.time,
        time_unit=options.time_unit,
        gaps=options.gaps,
        gap_s=options.gap,
        missing=options.missing,
        outside=options.outside,
        evaluation=options.evaluation,
        hold_out=options.hold_out,
        delimiter=options.delimiter,
        decimal=options.decimal,
        name=options.name,
        title=options.title,
        licence=options.licence,
        samples=options.samples,
    )


def _report(imported: Imported) -> Iterator[str]:
    recording, kept = imported.recording, imported.kept
    held_out = f"; {len(recording.evaluation.labels)} rows held out" if recording.evaluation is not None else ""
    yield (
        f"{imported.folder}: {_count(recording.row_count, 'row')} of {_count(len(recording.channels), 'channel')} "
        f"in {_count(len(recording.segments), 'segment')}{held_out}"
    )
    yield from _labels(recording)
    for verb, missing, outside in (
        ("dropped", kept.dropped_missing, kept.dropped_outside),
        ("kept", kept.kept_missing, kept.kept_outside),
    ):
        if missing or outside:
            yield f"{verb}: {_count(missing, 'row')} with a missing cell, {_count(outside, 'row')} out of range"
    if recording.labels is None:
        yield "next: no learner trains without labels; a scenario without models streams it: docs/scenarios.md"
    else:
        scenario = _SCENARIO if len(recording.label_meanings) <= _TWO_CLASSES else _SCENARIO_OF_MANY
        yield f"next: bench run {scenario} --recording {shlex.quote(str(imported.folder))}"


def _labels(recording: Recording) -> Iterator[str]:
    if recording.labels is None:
        yield "no labels"
        return
    for label, meaning in recording.label_meanings.items():
        rows = int(np.count_nonzero(recording.labels == label))
        positive = ", positive" if label == recording.positive_label else ""
        yield f"label {label} ({meaning}{positive}): {_count(rows, 'row')}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
