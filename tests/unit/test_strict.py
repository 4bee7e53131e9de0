"""The strict TOML reader: every error names file, dotted key, value and expectation."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import ConfigurationError
from bench.strict import StrictTable, nearest_hint, read_toml

TEXT = """
name = "demo"
rate = 2
limit = 1.5
on = true
models = ["arow", "nherd"]
[pace]
mode = "fast"
[[step]]
rows = 3
[[step]]
rows = 4
"""


def table(tmp_path: Path, text: str = TEXT) -> StrictTable:
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    return read_toml(path, error=ConfigurationError)


def test_every_kind_is_read_and_a_complete_table_finishes(tmp_path: Path) -> None:
    root = table(tmp_path)
    assert root.take("name", str) == "demo"
    assert root.take("rate", float) == 2.0
    assert root.take_number("limit", float, low=0, high=2) == 1.5
    assert root.take("on", bool) is True
    assert root.take_list("models", str) == ("arow", "nherd")
    assert root.take_table("pace").take("mode", str, choices=("fast", "real")) == "fast"
    assert [step.take("rows", int) for step in root.take_tables("step")] == [3, 4]
    root.finish()


def test_absent_optional_keys_give_their_defaults(tmp_path: Path) -> None:
    root = table(tmp_path, "")
    assert root.take("name", str, "none") == "none"
    assert root.take("name", str, None) is None
    assert root.take_number("rate", int, None, low=1) is None
    assert root.take_list("models", str, ()) == ()
    assert root.take_tables("step", optional=True) == ()
    assert root.take_table("pace", optional=True).take("mode", str, "fast") == "fast"
    assert "name" not in root
    root.finish()


@pytest.mark.parametrize(
    ("text", "read", "message", "hint"),
    [
        ("", lambda t: t.take("name", str), "name: missing", "add name"),
        ("nmae = 'x'", lambda t: t.take("name", str), "name: missing", "did you write 'nmae' for 'name'?"),
        ("name = 5", lambda t: t.take("name", str), "name: is 5, expected a string", "give name a string"),
        ("rate = true", lambda t: t.take("rate", int), "rate: is True, expected an integer", "give rate an integer"),
        ("rate = 1.5", lambda t: t.take("rate", int), "rate: is 1.5, expected an integer", "give rate"),
        ("rate = nan", lambda t: t.take("rate", float), "rate: is nan, expected a finite number", "give rate"),
        ("rate = inf", lambda t: t.take("rate", float), "rate: is inf, expected a finite number", "give rate"),
        ("on = 1", lambda t: t.take("on", bool), "on: is 1, expected true or false", "give on"),
        ("rate = 9", lambda t: t.take_number("rate", int, low=1, high=5), "rate: is 9, expected a value in [1, 5]", ""),
        ("mode = 'fsat'", lambda t: t.take("mode", str, choices=("fast", "real")), "expected one of 'fast', 'real'",
         "did you mean 'fast'?"),
        ("m = ['a', 2]", lambda t: t.take_list("m", str), "m[1]: is 2, expected a string", ""),
        ("m = 2", lambda t: t.take_list("m", str), "m: is 2, expected an array", ""),
        ("", lambda t: t.take_list("m", str), "m: missing", "add m"),
        ("pace = 2", lambda t: t.take_table("pace"), "pace: is 2, expected a table", ""),
        ("", lambda t: t.take_table("pace"), "pace: missing", ""),
        ("", lambda t: t.take_tables("step"), "step: missing", ""),
        ("step = [1]", lambda t: t.take_tables("step"), "step[0]: is 1, expected a table", ""),
        ("[a.b]\nc = 1", lambda t: t.take_table("a").take_table("b").take("c", str), "a.b.c: is 1", "give a.b.c"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_named(
    tmp_path: Path, *, text: str, read: Callable[[StrictTable], object], message: str, hint: str
) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(message)) as caught:
        read(table(tmp_path, text))
    assert "scenario.toml: " in caught.value.message
    assert hint in caught.value.hint


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    root = table(tmp_path, "[pace]\nmdoe = 'fast'")
    root.take_table("pace").take("mode", str, "real")
    with pytest.raises(ConfigurationError, match=r"pace\.mdoe: unknown key") as caught:
        root.finish()
    assert caught.value.hint == "did you mean 'mode'?"


def test_rest_lists_free_keys_until_they_are_taken(tmp_path: Path) -> None:
    root = table(tmp_path, "a = 1\nb = 2")
    assert root.rest() == ("a", "b")
    root.take("a", int)
    assert root.rest() == ("b",)


def test_unreadable_files_are_errors_of_the_given_class(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        read_toml(tmp_path / "absent.toml", error=ConfigurationError)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_toml(tmp_path, error=ConfigurationError)
    with pytest.raises(ConfigurationError, match="not valid TOML"):
        table(tmp_path, "a = ")
    (tmp_path / "latin.toml").write_bytes(b'a = "\xe9"')
    with pytest.raises(ConfigurationError, match=r"not UTF-8 text \(byte 5\)"):
        read_toml(tmp_path / "latin.toml", error=ConfigurationError)


def test_the_hint_lists_known_words_when_none_is_near() -> None:
    assert nearest_hint("zzz", ["arow", "nherd"]) == "known: arow, nherd"
    assert nearest_hint("zzz", []) == "nothing is known here"
