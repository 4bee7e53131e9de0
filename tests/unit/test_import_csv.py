"""Any table becomes a recording once everything is said that it cannot say; what is not said is asked for by name."""

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cli import main
from bench.cli.parser_csv import DELIMITERS, TIME_UNITS
from bench.errors import BenchError, ConfigurationError, RecordingError
from bench.importing import CsvRequest, Imported, import_table
from bench.importing.any_csv import source, times
from bench.telemetry import Channel, Policy, Segment, load_recording

TABLE = """t,temperature,current,state
0,20.5,0.25,0
10,21,0.5,0
20,22.5,1,1
30,40,2.25,1
"""
RULED = ("heater OFF=false", "heater ON=true")
CLASSES = ("heater OFF=0", "heater ON=1")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "heater log.csv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def complete(table: Path) -> CsvRequest:
    """Everything said that the table above cannot say."""
    return CsvRequest(
        table,
        features=("temperature,current",),
        units=("degC", "A"),
        ranges=("temperature=-40:85", "current=0:2.5"),
        label="state",
        classes=CLASSES,
        positive="1",
        period_s=10.0,
    )


def imported(table: Path, text: str | None = None, **said: Any) -> Imported:  # noqa: ANN401  # any option
    if text is not None:
        table.write_text(text, encoding="utf-8")
    return import_table(replace(complete(table), **said), table.parent / "out")


def refused(table: Path, message: str, hint: str = "", *, text: str | None = None, **said: Any) -> BenchError:  # noqa: ANN401  # any option
    with pytest.raises(BenchError) as caught:
        imported(table, text, **said)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.hint
    assert not (table.parent / "out").exists()
    return caught.value


def test_a_complete_request_makes_the_recording(table: Path) -> None:
    recording = imported(table).recording
    assert recording.name == "out"
    assert recording.channels == (Channel("temperature", "degC", -40, 85), Channel("current", "A", 0, 2.5))
    assert recording.values.tolist() == [[20.5, 0.25], [21, 0.5], [22.5, 1], [40, 2.25]]
    assert recording.known_labels.tolist() == [0, 0, 1, 1]
    assert recording.label_meanings == {0: "heater OFF", 1: "heater ON"}
    assert recording.positive_label == 1
    assert recording.times_ms.tolist() == [0, 10_000, 20_000, 30_000]
    assert recording.segments == (Segment("all", 0, 4),)
    assert recording.policy == Policy()
    assert recording.evaluation is None
    assert recording.deciding_channel is None
    assert "heater log.csv (sha256 " in recording.provenance


@pytest.mark.parametrize("samples", ["csv", "npz"])
def test_samples_are_written_in_either_form(table: Path, samples: str) -> None:
    assert (imported(table, samples=samples).folder / f"samples.{samples}").is_file()


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_the_delimiter_is_that_of_the_header(table: Path, mark: str) -> None:
    recording = imported(table, "\ufeff" + TABLE.replace(",", mark).replace("\n", "\r\n") + "\r\n").recording
    assert recording.row_count == 4


def test_the_options_of_the_command_line_are_those_that_the_import_knows() -> None:
    assert tuple(TIME_UNITS) == tuple(times.TIME_UNITS)
    assert tuple(DELIMITERS) == tuple(source.DELIMITERS)


# --- what is not said --------------------------------------------------------------------------------------------


def test_everything_that_is_not_said_is_asked_for_at_once(table: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        import_table(CsvRequest(table, features=("temperature,current",), label="state"), table.parent / "out")
    assert caught.value.message == (
        f"{table} does not say: the units of temperature and current; the ranges of temperature and current; "
        "the meaning of label 0 (2 rows) and 1 (2 rows); which class is the positive one; the time between rows"
    )
    assert caught.value.hint == (
        "add --unit temperature=UNIT --unit current=UNIT --range temperature=LOW:HIGH --range current=LOW:HIGH "
        "--class MEANING=0 --class MEANING=1 --positive VALUE --period SECONDS"
    )


def test_a_table_alone_says_nothing(table: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        import_table(CsvRequest(table), table.parent / "out")
    assert "which columns are streamed; what tells the classes apart" in caught.value.message
    assert caught.value.hint == "add --features COLUMN,... --label COLUMN --period SECONDS"


@pytest.mark.parametrize(
    ("unsaid", "what", "option"),
    [
        ({"features": ()}, "which columns are streamed", "--features COLUMN"),
        ({"units": ()}, "the units of temperature and current", "--unit temperature=UNIT --unit current=UNIT"),
        ({"units": (), "unit": ("current=A",)}, "the unit of temperature", "--unit temperature=UNIT"),
        ({"ranges": ("current=0:3",)}, "the range of temperature", "--range temperature=LOW:HIGH"),
        ({"label": None}, "what tells the classes apart", "--label COLUMN"),
        ({"classes": ()}, "the meaning of label 0 (2 rows) and 1 (2 rows)", "--class MEANING=0 --class MEANING=1"),
        ({"classes": ("heater ON=1",)}, "the meaning of label 0 (2 rows)", "--class MEANING=0"),
        ({"positive": None}, "which class is the positive one", "--positive VALUE"),
        ({"period_s": None}, "the time between rows", "--period SECONDS"),
        ({"time": "t"}, "the unit of t", "--time-unit s|ms|us|ns|iso"),
        (
            {"time": "t", "time_unit": "s", "period_s": None},
            "the time between rows (half of the steps of t are at most 10 s)",
            "--period SECONDS",
        ),
    ],
)
def test_the_option_that_is_missing_is_named(table: Path, unsaid: dict[str, Any], what: str, *, option: str) -> None:
    if unsaid == {"features": ()}:
        unsaid = {"features": (), "units": (), "ranges": ()}
    error = refused(table, f"does not say: {what}", **unsaid)
    assert error.message.endswith((what, "--no-label)"))
    assert error.hint == f"add {option}" + (",..." if option.startswith("--features") else "")


def test_many_features_are_asked_for_with_a_pattern(table: Path) -> None:
    names = [f"z{index}" for index in range(128)]
    text = ",".join((*names, "state")) + "\n" + "\n".join(",".join(["0.5"] * 128 + [row]) for row in "01") + "\n"
    unsaid: dict[str, Any] = {"features": ("z*",), "units": (), "ranges": ()}
    error = refused(table, "the units of z0, z1, z2, z3, z4 and 123 more", text=text, **unsaid)
    assert error.hint == "add --unit '*=UNIT' --range '*=LOW:HIGH'"
    recording = imported(table, features=("z*",), units=(), unit=("*=1",), ranges=("*=0:1",)).recording
    assert recording.channel_names == tuple(names)


def test_a_label_with_many_values_shows_a_few(table: Path) -> None:
    text = "a,y\n" + "".join(f"1,{row / 7}\n" for row in range(50))
    said: dict[str, Any] = {"features": ("a",), "units": ("1",), "ranges": ("a=0:1",), "label": "y", "classes": ()}
    assert "and 45 more" in refused(table, "the meaning of label 0.0 (1 rows)", text=text, **said).message


def test_a_second_class_that_does_not_occur_still_needs_a_meaning(table: Path) -> None:
    text = TABLE.replace(",1\n", ",0\n")
    refused(
        table, "the meaning of the other class", "--class MEANING=VALUE", text=text, classes=("OFF=0",), positive="0"
    )
    assert imported(table, text).recording.label_meanings == {0: "heater OFF", 1: "heater ON"}


# --- what is said wrongly ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ({"features": ("temprature",)}, "has no column 'temprature'", "did you mean 'temperature'?"),
        ({"features": ("temperature,t*",)}, "--features names 'temperature' twice", "once"),
        ({"units": ("degC",)}, "--units names 1 units, --features 2 columns", "one for each"),
        ({"units": (), "unit": ("curent=A",)}, "--unit: 'curent' fits no feature", "did you mean 'current'?"),
        ({"units": (), "unit": ("A",)}, "--unit is 'A', expected NAME=", "--help"),
        ({"ranges": ("*=1",)}, "--range of temperature is '1', expected LOW:HIGH or observed", "lower first"),
        ({"ranges": ("*=3:1",)}, "--range of temperature is '3:1'", "lower first"),
        ({"ranges": ("*=0:inf",)}, "--range of temperature is '0:inf'", "two finite numbers"),
        ({"label": "stat"}, "no column 'stat' (--label)", "did you mean 'state'?"),
        ({"classes": ("ON",)}, "--class is 'ON', expected MEANING=VALUE", "nominal=0"),
        ({"classes": ("ON=1", "OFF=0", "off=0.0")}, "--class gives two meanings to 0: 'OFF' and 'off'", "one --class"),
        ({"positive": "2"}, "--positive is '2', which is the value of no --class", "one of: 0, 1"),
        ({"period_s": 0.0}, "--period is 0.0, expected seconds", "more than 0"),
        ({"period_s": float("nan")}, "--period is nan, expected seconds", "more than 0"),
        ({"time_unit": "s"}, "--time-unit stands without --time", "add --time COLUMN"),
        ({"time": "when", "time_unit": "s"}, "no column 'when' (--time)", "columns: t, temperature, current and state"),
        ({"hold_out": 4}, "--hold-out is 4, and 4 rows are kept", "fewer rows"),
        ({"hold_out": -1}, "--hold-out is -1", "fewer rows"),
        ({"name": "a b"}, "--name is 'a b', expected letters", "another --name"),
        ({"label": None, "no_label": True}, "--class stands beside --no-label", "leave one"),
        ({"label": None, "no_label": True, "classes": ()}, "--positive stands beside --no-label", "leave one"),
        (
            {"label": None, "no_label": True, "classes": (), "positive": None, "hold_out": 1},
            "--hold-out needs labels",
            "leave out --hold-out",
        ),
        (
            {"label": None, "label_rule": "temperature"},
            "--label-rule is 'temperature', expected COLUMN",
            "pd6 > 1.0472",
        ),
        ({"label": None, "label_rule": "heat > 3"}, "no column 'heat' (--label-rule)", "columns: "),
        (
            {"label": None, "label_rule": "state > on"},
            "--label-rule compares with 'on', which is no number",
            "== and !=",
        ),
    ],
)
def test_what_is_said_wrongly_is_named(table: Path, said: dict[str, Any], message: str, *, hint: str) -> None:
    refused(table, message, hint, **said)


# --- malformed tables --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "there is no header"),
        ("t,temperature,current,state\n", "no rows"),
        (TABLE.replace("21,0.5", "21,0.5,7"), "line 3 has 5 values, expected 4"),
        (TABLE.replace("21,0.5", "warm,0.5"), "row 1 (line 3): temperature is 'warm', not a number"),
        (TABLE.replace("21,0.5", "2_1,0.5"), "row 1 (line 3): temperature is '2_1', not a number"),
        (TABLE.replace("t,temp", "current,temp"), "column name 'current' is empty or repeated"),
        (TABLE.replace("t,temp", ",temp"), "column name '' is empty or repeated"),
        (TABLE.replace("t,temp", "t;x,temp"), "the header holds more than one of the marks comma, semicolon"),
        (TABLE.replace("21,0.5", '"21,0.5'), "not a table of separated values"),
        (
            TABLE.replace("0.25", "").replace("0.5", "").replace("2.25", "").replace("1,1", ",1"),
            "column current holds no",
        ),
        (TABLE.replace(",0\n", ",\n").replace(",1\n", ",NA\n"), "every cell of the label column is missing"),
    ],
)
def test_a_malformed_table_is_refused_with_its_place(table: Path, text: str, message: str) -> None:
    refused(table, message, text=text)


def test_a_table_that_cannot_be_read_is_named(table: Path, tmp_path: Path) -> None:
    table.write_bytes(TABLE.encode().replace(b"21", b"\xff\xfe"))
    refused(table, "not UTF-8 text")
    refused(table, "none.csv: no such file", path=tmp_path / "none.csv")
    refused(table, "cannot be read", path=tmp_path)


def test_rows_are_counted_across_pieces_and_empty_lines(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_PIECE_ROWS", 2)
    assert imported(table, TABLE.replace("20,", "\n20,")).recording.row_count == 4
    (table.parent / "out").rename(table.parent / "other")
    refused(
        table, "row 3 (line 6): current is 'x', not a number", text=TABLE.replace("20,", "\n20,").replace("2.25", "x")
    )


@pytest.mark.parametrize("name", ["label", "timestamp_ms", "°"])
def test_a_column_that_cannot_be_a_channel_is_refused(table: Path, name: str) -> None:
    text = TABLE.replace("temperature", name)
    refused(
        table,
        f"column {name!r} cannot be a channel",
        "rename",
        text=text,
        features=(f"{name},current",),
        ranges=("*=-40:85",),
    )


def test_a_column_gets_a_plain_name_and_keeps_its_own_beside_it(table: Path) -> None:
    text = TABLE.replace("temperature", '"Temp. (degC), inner"')
    recording = imported(table, text, features=("Temp. (degC), inner", "current"), ranges=("*=-40:85",)).recording
    assert recording.channels[0].name == "Temp.-degC-inner"
    assert recording.channels[0].doc == "column 'Temp. (degC), inner'"


# --- labels ------------------------------------------------------------------------------------------------------


def test_text_labels_are_numbered_in_the_order_of_their_classes(table: Path) -> None:
    text = TABLE.replace(",0\n", ",off\n").replace(",1\n", ", on \n")
    recording = imported(table, text, classes=("heating=on", "idle=off"), positive="on").recording
    assert recording.label_meanings == {0: "heating", 1: "idle"}
    assert recording.positive_label == 0
    assert recording.known_labels.tolist() == [1, 1, 0, 0]


def test_numbers_written_otherwise_are_the_same_label(table: Path) -> None:
    text = TABLE.replace(",0\n", ",-1.0\n").replace(",1\n", ",1.00\n")
    recording = imported(table, text, classes=("OFF=-1", "ON=1"), positive="1").recording
    assert [recording.label_meanings[label] for label in recording.known_labels.tolist()] == ["OFF", "OFF", "ON", "ON"]


def test_whole_numbers_keep_their_own_label(table: Path) -> None:
    recording = imported(table, TABLE.replace(",0\n", ",-7\n"), classes=("OFF=-7", "ON=1")).recording
    assert recording.known_labels.tolist() == [-7, -7, 1, 1]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("temperature > 21", [0, 0, 1, 1]),
        ("temperature>=21.0", [0, 1, 1, 1]),
        ("temperature < 21", [1, 0, 0, 0]),
        ("temperature <= 21", [1, 1, 0, 0]),
        ("state == 1.0", [0, 0, 1, 1]),
        ("state != 1", [1, 1, 0, 0]),
    ],
)
def test_a_rule_decides_the_labels(table: Path, rule: str, expected: list[int]) -> None:
    said: dict[str, Any] = {
        "label": None,
        "label_rule": rule,
        "classes": ("cold=false", "warm=true"),
        "positive": "true",
    }
    recording = imported(table, **said).recording
    assert recording.known_labels.tolist() == expected
    assert recording.positive_label == 1
    assert recording.deciding_channel == ("temperature" if "temperature" in rule else None)
    assert f"Labels by the rule {rule}." in recording.provenance


def test_a_rule_on_text(table: Path) -> None:
    text = TABLE.replace(",0\n", ",off\n").replace(",1\n", ",on\n")
    said: dict[str, Any] = {
        "label": None,
        "label_rule": "state == on",
        "classes": ("idle=false", "heating=true"),
        "positive": "true",
    }
    assert imported(table, text, **said).recording.known_labels.tolist() == [0, 0, 1, 1]


def test_a_rule_compares_the_decimal_numbers_of_the_table(table: Path) -> None:
    """0.1 is not above 0.1, although as float32 it is above the double of that name."""
    text = "pd6\n0.1\n0.2\n"
    said: dict[str, Any] = {
        "label": None,
        "label_rule": "pd6 > 0.1",
        "classes": ("ON=false", "OFF=true"),
        "positive": "false",
    }
    recording = imported(table, text, features=("pd6",), units=("rad",), ranges=("pd6=0:1.6",), **said).recording
    assert float(np.float32(0.1)) > 0.1
    assert recording.known_labels.tolist() == [0, 1]


def test_a_rule_asks_for_both_meanings(table: Path) -> None:
    said: dict[str, Any] = {"label": None, "label_rule": "temperature > 21", "classes": (), "positive": None}
    refused(table, "the meaning of label false (2 rows) and true (2 rows)", "--class MEANING=true", **said)


def test_without_labels(table: Path) -> None:
    recording = imported(table, label=None, no_label=True, classes=(), positive=None).recording
    assert recording.labels is None


# --- rows that break a rule --------------------------------------------------------------------------------------

HOLES = TABLE.replace(",0.5,", ",,").replace("40,", "NaN,")


def test_missing_cells_are_asked_about(table: Path) -> None:
    what = "what to do with 2 rows with a missing cell (the first: row 1 (line 3))"
    refused(table, what, "--missing drop|keep", text=HOLES)


def test_missing_cells_are_dropped_with_their_rows(table: Path) -> None:
    made = imported(table, HOLES, missing="drop")
    assert made.recording.values[:, 0].tolist() == [20.5, 22.5]
    assert made.recording.times_ms.tolist() == [0, 20_000]
    assert made.kept.dropped_missing == 2
    assert "Of 4 rows, 2 with missing cells and 0 out of range are left out." in made.recording.provenance


def test_missing_cells_are_kept_as_nan_for_the_payload_to_refuse(table: Path) -> None:
    made = imported(table, HOLES, missing="keep")
    assert made.recording.policy == Policy(not_finite="stream")
    assert np.isnan(made.recording.values).sum() == made.kept.kept_missing == 2


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "NA", "n/a", "null", "None", " ", "inf", "-inf", "1e39"])
def test_cells_that_hold_no_reading(table: Path, cell: str) -> None:
    refused(table, "1 rows with a missing cell (row 3 (line 5))", text=TABLE.replace("2.25", cell))


def test_a_row_without_a_label_cannot_be_kept(table: Path) -> None:
    text = TABLE.replace("0.5,0", "0.5,")
    what = "what to do with 1 rows with a missing cell (row 1 (line 3))"
    assert refused(table, what, text=text, missing="keep").hint == "add --missing drop"
    assert imported(table, text, missing="drop").recording.known_labels.tolist() == [0, 1, 1]


def test_readings_out_of_range_are_asked_about(table: Path) -> None:
    reading = "row 3 (line 5): temperature is 40.0, its range 0.0 to 30.0"
    what = f"what to do with 1 rows with a reading out of range ({reading})"
    refused(table, what, "--outside drop|keep", ranges=("*=0:30",))


def test_readings_out_of_range_are_dropped_or_kept(table: Path) -> None:
    made = imported(table, ranges=("*=0:30",), outside="drop")
    assert (made.recording.row_count, made.kept.dropped_outside) == (3, 1)
    made = imported(table, ranges=("*=0:30",), outside="keep")
    assert (made.recording.row_count, made.kept.kept_outside) == (4, 1)
    assert made.recording.policy == Policy(out_of_range="stream")


def test_an_observed_range_is_that_of_the_readings(table: Path) -> None:
    recording = imported(table, ranges=("temperature=0:100", "*=observed")).recording
    assert [(channel.low, channel.high) for channel in recording.channels] == [(0, 100), (0.25, 2.25)]


def test_a_table_of_which_nothing_is_left_is_refused(table: Path) -> None:
    with pytest.raises(RecordingError, match="every row was dropped"):
        imported(table, ranges=("*=90:91",), outside="drop")


# --- times and gaps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "cells"),
    [
        ("s", ("1618593464", "1618593474", "1618593484.0004", "1618593494")),
        ("ms", ("1618593464000", "1618593474000", "1618593484000", "1618593494000")),
        ("us", ("1618593464000000", "1618593474000000", "1618593484000100", "1618593494000000")),
        (
            "iso",
            ("2021-04-16T17:17:44", "2021-04-16 17:17:54Z", "2021-04-16T19:18:04+02:00", "2021-04-16T17:18:14.000"),
        ),
    ],
)
def test_times_are_read_in_their_unit(table: Path, unit: str, cells: tuple[str, ...]) -> None:
    text = TABLE
    for old, new in zip(("0,20.5", "10,21", "20,22.5", "30,40"), cells, strict=True):
        text = text.replace(f"\n{old}", f"\n{new},{old.partition(',')[2]}")
    expected = [1618593464000 + 10_000 * row for row in range(4)]
    assert imported(table, text, time="t", time_unit=unit).recording.times_ms.tolist() == expected


@pytest.mark.parametrize(
    ("cell", "unit", "message"),
    [
        ("1e300", "s", "holds 1e+303 ms, which is no time"),
        ("noon", "iso", "t is 'noon', not an ISO 8601 date and time"),
        ("noon", "s", "t is 'noon', not a number"),
        ("", "s", "1 rows with a missing cell"),
        ("inf", "s", "1 rows with a missing cell"),
    ],
)
def test_a_time_that_is_none_is_refused(table: Path, cell: str, unit: str, *, message: str) -> None:
    text = TABLE.replace("\n30,", f"\n{cell},")
    if unit == "iso":
        text = text.replace("\n0,", "\n2021-01-01,").replace("\n10,", "\n2021-01-02,").replace("\n20,", "\n2021-01-03,")
    refused(table, message, text=text, time="t", time_unit=unit)


def test_gaps_are_asked_about(table: Path) -> None:
    text = TABLE.replace("\n20,", "\n50,").replace("\n30,", "\n60,")
    said: dict[str, Any] = {"time": "t", "time_unit": "s"}
    what = (
        "what to do with 1 steps of time that are longer than 20 s or go back (the first: 40 s before row 2 (line 4))"
    )
    refused(table, what, "--gaps segment|keep", text=text, **said)
    assert imported(table, gap_s=40, **said).recording.segments == (Segment("all", 0, 4),)
    assert imported(table, gaps="keep", **said).recording.segments == (Segment("all", 0, 4),)
    assert imported(table, gaps="segment", **said).recording.segments == (
        Segment("part-1", 0, 2),
        Segment("part-2", 2, 4),
    )


def test_no_segment_holds_a_step_back_in_time(table: Path) -> None:
    text = TABLE.replace("\n20,", "\n2,").replace("\n30,", "\n12,")
    said: dict[str, Any] = {"time": "t", "time_unit": "s"}
    assert refused(table, "-8 s before row 2", text=text, gaps="keep", **said).hint == "add --gaps segment"
    assert len(imported(table, gaps="segment", **said).recording.segments) == 2


def test_dropped_rows_leave_a_gap_where_they_were(table: Path) -> None:
    text = TABLE.replace(",0.5,", ",,").replace("1,1", ",1")
    refused(table, "the first: 30 s before row 3 (line 5)", "--gaps segment|keep", text=text, missing="drop")


def test_the_first_reading_out_of_range_is_not_one_in_a_row_with_a_missing_cell(table: Path) -> None:
    text = "a,b,state\n99,,0\n1,2,0\n1,9.25,1\n8,1,1\n"
    said: dict[str, Any] = {"features": ("a,b",), "units": ("1", "1"), "ranges": ("a=0:5", "b=0:5.5")}
    reading = "2 rows with a reading out of range (the first: row 2 (line 4): b is 9.25, its range 0.0 to 5.5)"
    refused(table, reading, text=text, missing="drop", **said)


def test_observed_ranges_are_written_as_the_table_has_them(table: Path) -> None:
    text = TABLE.replace("20.5", "14.33").replace(",40,", ",-0.1,")
    recording = imported(table, text, ranges=("*=observed",)).recording
    assert (recording.channels[0].low, recording.channels[0].high) == (-0.1, 22.5)
    written = (table.parent / "out" / "recording.toml").read_text(encoding="utf-8")
    assert "low = -0.1\n" in written
    assert "doc = " not in written


# --- what a table is like ---------------------------------------------------------------------------------------


def test_all_columns_that_are_not_there_are_named_with_those_that_are(table: Path) -> None:
    wrong: dict[str, Any] = {"features": ("temprature,current", "volts"), "label": "stat", "time": "clock"}
    error = refused(table, "has no columns 'temprature' (--features), 'volts' (--features), 'stat' (--label)", **wrong)
    assert error.message.endswith(" and 'clock' (--time)")
    assert error.hint == "did you mean 'temperature' and 'state'? columns: t, temperature, current and state"


def test_a_wide_table_does_not_list_all_its_columns(table: Path) -> None:
    names = [f"z{index}" for index in range(128)]
    text = ",".join(names) + "\n" + ",".join("0" for _ in names) + "\n"
    error = refused(table, "no column 'volts' (--features)", text=text, features=("volts",), label="z0")
    assert error.hint == f"columns: {', '.join(names[:23])} and 105 more"


def test_a_column_with_a_comma_in_its_name_has_an_option_of_its_own(table: Path) -> None:
    text = TABLE.replace(",", ";").replace("current", "Strom,A")
    said: dict[str, Any] = {"ranges": ("temperature=-40:85", "Strom,A=0:2.5"), "delimiter": "semicolon"}
    recording = imported(table, text, features=("temperature", "Strom,A"), **said).recording
    assert recording.channels[1] == Channel("Strom-A", "A", 0, 2.5, "column 'Strom,A'")
    (table.parent / "out").rename(table.parent / "made")
    hint = "'Strom,A' and state (one whose name holds a comma needs a --features of its own)"
    refused(table, "no columns 'Strom' (--features) and 'A' (--features)", hint, features=("t,Strom,A",), **said)


@pytest.mark.parametrize("name", ["time", "Timestamp", "timestamp_ms", "date", "UTC", "Time (s)"])
def test_a_column_that_may_be_the_time_is_named_beside_the_period(table: Path, *, name: str) -> None:
    hint = f"add --period SECONDS [--time {shlex.quote(name)} --time-unit s|ms|us|ns|iso]"
    text = TABLE.replace("t,temp", f"{name},temp")
    assert refused(table, "the time between rows", text=text, period_s=None).hint == hint


def test_no_time_is_seen_in_a_column_that_is_streamed_or_called_otherwise(table: Path) -> None:
    assert refused(table, "the time between rows", period_s=None).hint == "add --period SECONDS"
    text = TABLE.replace("temperature", "time")
    said: dict[str, Any] = {"features": ("time,current",), "ranges": ("*=-40:85",)}
    assert refused(table, "the time between rows", text=text, period_s=None, **said).hint == "add --period SECONDS"


@pytest.mark.parametrize("unit", [None, "s", "ms"])
def test_dates_read_as_numbers_are_hinted_at(table: Path, *, unit: str | None) -> None:
    text = TABLE.replace("\n20,", "\n2024-05-01T12:00:00Z,")
    hint = "for ISO 8601 dates and times: --time-unit iso"
    refused(table, "t is '2024-05-01T12:00:00Z', not a number", hint, text=text, time="t", time_unit=unit)


def test_decimal_commas_are_read_where_they_are_announced(table: Path) -> None:
    text = TABLE.replace(",", ";").replace(".", ",")
    what = "row 0 (line 2): temperature is '20,5', not a number with a decimal point"
    refused(table, what, "add --decimal comma", text=text)
    ruled = imported(table, decimal="comma", label=None, label_rule="current > 0.75", classes=RULED, positive="true")
    assert ruled.recording.values.tolist() == [[20.5, 0.25], [21, 0.5], [22.5, 1], [40, 2.25]]
    assert ruled.recording.known_labels.tolist() == [0, 0, 1, 1]


def test_a_point_among_decimal_commas_is_refused(table: Path) -> None:
    text = TABLE.replace(",", ";").replace("20.5", "1.020,5")
    refused(table, "'1.020,5', not a number with a decimal comma", "between thousands", text=text, decimal="comma")


# --- held-out rows -----------------------------------------------------------------------------------------------


def test_the_last_rows_are_held_out(table: Path) -> None:
    recording = imported(table, hold_out=1).recording
    assert recording.row_count == 3
    assert recording.evaluation is not None
    assert recording.evaluation.values.tolist() == [[40, 2.25]]
    assert recording.evaluation.labels.tolist() == [1]
    assert "The last 1 rows are held out." in recording.provenance


def test_held_out_rows_of_another_table(table: Path) -> None:
    other = table.parent / "other.csv"
    other.write_text("state;current;temperature\n1;0.5;30\n0;1;20\n", encoding="utf-8")
    recording = imported(table, evaluation=other).recording
    assert recording.evaluation is not None
    assert recording.evaluation.values.tolist() == [[30, 0.5], [20, 1]]
    assert recording.evaluation.labels.tolist() == [1, 0]
    assert "Held-out rows from other.csv (sha256 " in recording.provenance


def test_a_table_of_held_out_rows_is_checked_like_the_other(table: Path) -> None:
    other = table.parent / "other.csv"
    other.write_text("state;current\n1;0.5\n", encoding="utf-8")
    refused(table, "other.csv: no column 'temperature'", evaluation=other)
    other.write_text("state;current;temperature\n2;0.5;30\n", encoding="utf-8")
    refused(table, "the meaning of label 2 (1 rows)", evaluation=other)
    other.write_text("state;current;temperature\n1;0.5;300\n", encoding="utf-8")
    refused(table, "out of range (row 0 (line 2): temperature is 300.0, its range -40.0 to 85.0)", evaluation=other)


# --- the command -------------------------------------------------------------------------------------------------


def test_the_command_says_what_it_made_and_how_to_run_it(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = table.parent / "out"
    table.write_text(HOLES, encoding="utf-8")
    words = [
        "import", "csv", str(table), "--out", str(out), "--features", "temperature,current", "--units", "degC,A",
        "--range", "*=observed", "--label", "state", "--class", "OFF=0", "--class", "ON=1", "--positive", "1",
        "--period", "10", "--missing", "drop", "--hold-out", "1",
    ]  # fmt: skip
    assert main(words) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{out}: 1 row of 2 channels in 1 segment; 1 rows held out",
        "label 0 (OFF): 1 row",
        "label 1 (ON, positive): 0 rows",
        "dropped: 2 rows with a missing cell, 0 rows out of range",
        f"next: bench run first-look --recording {out}",
    ]


@pytest.mark.parametrize(("states", "scenario"), [(2, "first-look"), (3, "first-epochs"), (16, "first-epochs")])
def test_the_command_names_a_scenario_for_so_many_classes(
    table: Path, capsys: pytest.CaptureFixture[str], *, states: int, scenario: str
) -> None:
    out = table.parent / "out of it"
    table.write_text("v,state\n" + "".join(f"{row},{row % states}\n" for row in range(32)), encoding="utf-8")
    classes = [word for state in range(states) for word in ("--class", f"c{state}={state}")]
    words = ["import", "csv", str(table), "--out", str(out), "--features", "v", "--units", "1", "--range", "v=0:31"]
    assert main([*words, "--label", "state", *classes, "--positive", "1", "--period", "1"]) == 0
    next_words = shlex.split(capsys.readouterr().out.splitlines()[-1].removeprefix("next: bench "))
    assert next_words == ["run", scenario, "--recording", str(out)]


def test_the_command_in_the_documentation_runs(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[2] / "docs" / "recordings.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^bench (import csv (?:.*\\\n)*.*)$", text, re.MULTILINE)
    monkeypatch.chdir(table.parent)
    table.rename("heater.csv")
    assert main(shlex.split(command.replace("\\\n", " "))) == 0
    assert load_recording(Path("heater")).channel_names == ("temperature", "current")


def test_the_command_without_labels_says_what_can_be_done(table: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = table.parent / "out"
    words = ["import", "csv", str(table), "--out", str(out), "--features", "current", "--unit", "*=A"]
    assert main([*words, "--range", "*=0:3", "--period", "10", "--no-label"]) == 0
    assert "no labels\nnext: no learner trains without labels" in capsys.readouterr().out
