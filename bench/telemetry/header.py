"""recording.toml: what the numbers of a recording mean."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, get_args

from bench.errors import RecordingError
from bench.strict import StrictTable, read_toml
from bench.telemetry.checks import check_label
from bench.telemetry.files import check_listed, read_checksums
from bench.telemetry.recording import Channel, Policy, Segment, Treatment
from bench.telemetry.table import LABEL_COLUMN, TIME_COLUMN
from firmware_if.messages import MAX_CHANNELS

FORMAT: Final = 1
TOML_FILE: Final = "recording.toml"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_TREATMENTS: Final[tuple[Treatment, ...]] = get_args(Treatment)


@dataclass(frozen=True)
class Header:
    """recording.toml, with every channel by its own name. Without labels there are no meanings and no positive one."""

    name: str
    title: str
    channels: tuple[Channel, ...]
    deciding_channel: str | None
    label_meanings: dict[int, str]
    positive_label: int | None
    period_s: float
    policy: Policy
    auxiliary: tuple[str, ...]
    segments: tuple[Segment, ...]
    checksums: dict[str, str]
    provenance: str
    licence: str

    @property
    def channel_names(self) -> tuple[str, ...]:
        return tuple(channel.name for channel in self.channels)

    @property
    def labelled(self) -> bool:
        return self.positive_label is not None


def is_plain_name(text: str) -> bool:
    """Whether `text` may name a recording or a column: letters, digits, '.', '_' and '-'."""
    return _NAME.match(text) is not None


def read_header(path: Path) -> Header:
    """The description at `path`; raises RecordingError with the key that is wrong."""
    root = read_toml(path, error=RecordingError)
    root.take("format", int, choices=(FORMAT,))
    name = root.take("name", str)
    if not is_plain_name(name):
        raise root.problem("name", f"is {name!r}, expected letters, digits, '.', '_' and '-'", hint="rename it")
    channels = tuple(channel for table in root.take_tables("channel") for channel in _read_channels(table))
    meanings, positive_label = _read_labels(root)
    header = Header(
        name=name,
        title=root.take("title", str),
        channels=channels,
        deciding_channel=root.take("deciding_channel", str, None, choices=tuple(c.name for c in channels)),
        label_meanings=meanings,
        positive_label=positive_label,
        period_s=root.take_number("period_s", float, low=1e-6),
        policy=_read_policy(root.take_table("policy", optional=True)),
        auxiliary=root.take_list("auxiliary", str, ()),
        segments=tuple(_read_segment(table) for table in root.take_tables("segment")),
        checksums=read_checksums(root.take_table("files")),
        provenance=root.take("provenance", str),
        licence=root.take("licence", str),
    )
    root.finish()
    _check_names(root, header.channel_names, header.auxiliary)
    check_listed(root, header.checksums, labelled=header.labelled)
    return header


def _read_channels(table: StrictTable) -> list[Channel]:
    """One channel, or `count` alike ones whose names are numbered from 0."""
    name = table.take("name", str)
    count = table.take_number("count", int, None, low=1, high=MAX_CHANNELS)
    unit = table.take("unit", str)
    low, high = table.take("low", float), table.take("high", float)
    doc = table.take("doc", str, "")
    if low > high:
        raise table.problem("high", f"is {high!r}, below low = {low!r}", hint="swap low and high")
    names = [name] if count is None else [f"{name}{index}" for index in range(count)]
    return [Channel(each, unit, low, high, doc) for each in names]


def _read_labels(root: StrictTable) -> tuple[dict[int, str], int | None]:
    """Meanings by label, and the positive one; neither for a recording without labels."""
    if "labels" not in root:
        if "positive_label" in root:
            hint = "add [labels] with the meaning of every label, or remove positive_label: the recording has no labels"
            raise root.problem("positive_label", "stands without [labels]", hint=hint)
        root.take_table("labels", optional=True)  # known here, so that a misspelt key finds the nearest
        return {}, root.take("positive_label", int, None)
    meanings = _read_meanings(root.take_table("labels"))
    return meanings, root.take("positive_label", int, choices=tuple(meanings))


def _read_meanings(table: StrictTable) -> dict[int, str]:
    meanings: dict[int, str] = {}
    for key in table.rest():
        try:
            label = int(key)
        except ValueError as cause:
            hint = 'a label is an integer in quotes, for example "-1" = "camera must be OFF"'
            raise table.problem(key, "the label is not an integer", hint=hint) from cause
        check_label(label, table.path)
        meanings[label] = table.take(key, str)
    if len(meanings) < 2:  # noqa: PLR2004  # a classifier needs two classes to tell apart
        message = f"{table.path}: {table.at}: {len(meanings)} labels, expected at least 2"
        raise RecordingError(message, hint='add the other, for example "-1" = "camera must be OFF"')
    return meanings


def _read_policy(table: StrictTable) -> Policy:
    return Policy(
        not_finite=table.take("not_finite", str, "refuse", choices=_TREATMENTS),  # type: ignore[arg-type]
        out_of_range=table.take("out_of_range", str, "refuse", choices=_TREATMENTS),  # type: ignore[arg-type]
        out_of_order=table.take("out_of_order", str, "refuse", choices=_TREATMENTS),  # type: ignore[arg-type]
    )


def _read_segment(table: StrictTable) -> Segment:
    return Segment(table.take("name", str), table.take("first_row", int), table.take("end_row", int))


def _check_names(root: StrictTable, channels: Sequence[str], auxiliary: Sequence[str]) -> None:
    if not channels:
        raise root.problem("channel", "there is none", hint="declare at least one [[channel]]")
    names = [TIME_COLUMN, LABEL_COLUMN, *channels, *auxiliary]
    for name in names:
        if names.count(name) > 1 or not is_plain_name(name):
            raise root.problem("channel", f"the column name {name!r} is used twice or not plain", hint="rename it")
