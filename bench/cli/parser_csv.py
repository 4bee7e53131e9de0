"""Options of `bench import csv`. None of them has a default that would be a guess about the data."""

import argparse
from pathlib import Path

TIME_UNITS = ("s", "ms", "us", "ns", "iso")
DELIMITERS = ("comma", "semicolon", "tab")
_EPILOG = """NAME may be a pattern: --unit '*=V', --range 'z*=-10:10'. A name stands before a pattern.

example:
  bench import csv heater.csv --features temperature,current --units degC,A \\
    --range temperature=-40:85 --range current=0:2.5 \\
    --label state --class 'heater OFF=0' --class 'heater ON=1' --positive 1 \\
    --period 10 --out heater

What is left out and cannot be known is asked for, all of it in one message."""


def add_import_csv(sources: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench import csv` and its options."""
    parser = sources.add_parser(
        "csv",
        help="any table with a header",
        description="Make a recording of a table of separated values with a header.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", type=Path, metavar="FILE", help="the table, UTF-8")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="recording folder to write")
    _add_channels(parser.add_argument_group("what is streamed"))
    _add_labels(parser.add_argument_group("labels"))
    _add_times(parser.add_argument_group("time"))
    _add_policies(
        parser.add_argument_group("rows that break a rule: refuse (the default), drop, or keep and stream them")
    )
    rows = parser.add_argument_group(
        "held-out rows, which are scored and never trained on"
    ).add_mutually_exclusive_group()
    rows.add_argument("--evaluation", type=Path, metavar="FILE", help="another table with the same columns")
    rows.add_argument("--hold-out", type=int, default=0, metavar="N", help="the last N rows")
    _add_form(parser.add_argument_group("form"))


def _add_channels(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--features",
        action="append",
        default=[],
        metavar="A,B",
        help="columns, or patterns such as z*, in streaming order; a name with a comma needs a --features of its own",
    )
    group.add_argument("--units", metavar="U,V", help="unit of each feature, in the same order; 1 for plain numbers")
    group.add_argument("--unit", action="append", default=[], metavar="NAME=U", help="unit of one feature")
    group.add_argument(
        "--range",
        action="append",
        default=[],
        metavar="NAME=LOW:HIGH",
        help="where readings of a feature lie; NAME=observed takes its smallest and largest reading in the table",
    )


def _add_labels(group: argparse._ArgumentGroup) -> None:
    source = group.add_mutually_exclusive_group()
    source.add_argument("--label", metavar="COLUMN", help="column that holds the class of each row")
    source.add_argument(
        "--label-rule", metavar="RULE", help="'COLUMN > VALUE', or <, <=, >=, ==, !=: the classes are true and false"
    )
    source.add_argument("--no-label", action="store_true", help="the recording has no labels")
    group.add_argument(
        "--class",
        dest="classes",
        action="append",
        default=[],
        metavar="MEANING=VALUE",
        help="what a value of the label means, for each of them",
    )
    group.add_argument("--positive", metavar="VALUE", help="value of the class that recall and precision count")


def _add_times(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--period", type=float, metavar="S", help="nominal time between rows in seconds")
    group.add_argument(
        "--time", metavar="COLUMN", help="when each row was recorded; without it rows are a period apart"
    )
    group.add_argument(
        "--time-unit", choices=TIME_UNITS, help="of that column; iso: ISO 8601, UTC where it names no zone"
    )
    group.add_argument(
        "--gaps",
        choices=("refuse", "segment", "keep"),
        default="refuse",
        help="where the time jumps: refuse, begin a new segment, or keep the segment; default: refuse",
    )
    group.add_argument("--gap", type=float, metavar="S", help="a longer step is a gap; default: two periods")


def _add_policies(group: argparse._ArgumentGroup) -> None:
    policies = ("refuse", "drop", "keep")
    group.add_argument("--missing", choices=policies, default="refuse", help="cells that are empty, NaN or infinite")
    group.add_argument(
        "--outside", choices=policies, default="refuse", help="readings outside the range of their feature"
    )


def _add_form(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--delimiter", choices=DELIMITERS, help="between columns; default: the one that the header holds"
    )
    group.add_argument(
        "--decimal", choices=("point", "comma"), default="point", help="mark in the table's numbers; default: point"
    )
    group.add_argument("--samples", choices=("npz", "csv"), default="npz", help="arrays or text; default: npz")
    group.add_argument("--name", help="of the recording; default: that of its folder")
    group.add_argument("--title", help="of the recording, for people")
    group.add_argument("--licence", help="under which the data may be used")
