"""Identifiers of requirements, and the file that lists them."""

from datetime import date
from pathlib import Path

import pytest

from bench.compose import limit_text
from bench.errors import ConfigurationError, RunFolderError
from bench.measure import Measurement
from bench.requirements import check_identifiers, is_identifier, load_requirements
from bench.results.verdicts import load_verdicts, save_verdicts, verdicts_json
from bench.scenario import Limit, load_scenario, make_scenario
from bench.verdict import judge

FILE = """
title = "Payload, issue 1"

[[requirement]]
id = "PL-TIM-010"
text = "A row shall take at most 50 ms."
level = "software"
source = "PL-RS-001, 4.2"
parent = ["SYS-TIM-001"]

[[requirement]]
id = "PL-DOC-010"
text = "The learner shall be documented."
methods = ["review of design"]
closed = { evidence = "PL-TN-003, issue 2", by = "A. Lovelace", on = 2026-10-01 }
"""


@pytest.mark.parametrize("text", ["PL-TIM-010", "A", "REQ_1.2/3", "x1"])
def test_identifiers(text: str) -> None:
    assert is_identifier(text)


@pytest.mark.parametrize("text", ["", "1A", "A--B", "A-", "=cmd", "A B", "<b>", "A\n", "A" * 49, 7, None, "Ä-1"])
def test_what_is_no_identifier(text: object) -> None:
    assert not is_identifier(text)
    assert "is no identifier of a requirement" in check_identifiers([text])


def test_a_list_names_a_requirement_once() -> None:
    assert check_identifiers(["A-1", "A-2"]) == ""
    assert check_identifiers(["A-1", "A-1"]) == "'A-1' is there twice"


def test_the_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "requirements.toml"
    path.write_text(FILE, encoding="utf-8")
    read = load_requirements(path)
    timing, documented = read.requirements
    assert read.ids == ("PL-TIM-010", "PL-DOC-010")
    assert (timing.methods, timing.parent, timing.closure) == (("test",), ("SYS-TIM-001",), None)
    assert documented.closure is not None
    assert documented.closure.on == date(2026, 10, 1)
    assert read.unknown(["PL-TIM-010", "PL-TIM-011"]) == {"PL-TIM-011": "did you mean 'PL-TIM-010'?"}


@pytest.mark.parametrize(
    ("before", "after", "message", "hint"),
    [
        ('id = "PL-TIM-010"', 'id = "PL TIM"', "id: is 'PL TIM', expected a letter", "write it as"),
        ('id = "PL-DOC-010"', 'id = "PL-TIM-010"', "id: a second requirement is 'PL-TIM-010'", "its own"),
        ('"A row shall take at most 50 ms."', '" "', "text: is empty", "say what must hold"),
        ('["review of design"]', '["Review of design"]', "which is no verification method", "'review of design'?"),
        ('["review of design"]', "[]", "methods: is empty", "choose among"),
        ('["review of design"]', '["hope"]', "which is no verification method", "choose among"),
        ('["review of design"]', '["test"]', "closed: stands where the only method is test", "another method"),
        ('by = "A. Lovelace"', 'by = ""', "closed.by: is empty", "name the document"),
        ("on = 2026-10-01", 'on = "soon"', "closed.on: is 'soon'", "give"),
        ("level", "levle", "levle: unknown key", "did you mean 'level'?"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(
    tmp_path: Path, before: str, after: str, message: str, hint: str
) -> None:
    path = tmp_path / "requirements.toml"
    path.write_text(FILE.replace(before, after), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message) as caught:
        load_requirements(path)
    assert hint in caught.value.hint


SCENARIO = """
name = "s"
title = "t"
requirements = ["PL-FUN-010"]
[[limits]]
measure = "run.rows"
equal = 3
requirements = ["PL-FUN-020", "PL-FUN-030"]
"""


def test_a_scenario_and_its_limits_name_requirements(tmp_path: Path) -> None:
    scenario = make_scenario(SCENARIO, tmp_path / "s.toml")
    assert scenario.requirements == ("PL-FUN-010",)
    (limit,) = scenario.limits
    assert limit.requirements == ("PL-FUN-020", "PL-FUN-030")
    assert make_scenario('name = "s"\ntitle = "t"\n' + limit_text(limit), tmp_path / "s.toml").limits == (limit,)


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ("[]", "requirements: is empty"),
        ('["no id"]', "requirements: 'no id' is no identifier of a requirement"),
        ('["A-1", "A-1"]', "requirements: 'A-1' is there twice"),
    ],
)
def test_requirements_that_cannot_be_meant_are_refused(tmp_path: Path, after: str, message: str) -> None:
    path = tmp_path / "s.toml"
    path.write_text(SCENARIO.replace('["PL-FUN-010"]', after), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=message):
        load_scenario(path)


def test_verdicts_keep_the_requirements_of_their_limit(tmp_path: Path) -> None:
    limits = [
        Limit("run.completed", equal=1),
        Limit("a", at_most=1, requirements=("A-1",)),
        Limit("b", equal=0, requirements=("B-1",)),
    ]
    verdicts = judge([Measurement("a", 1, "1"), Measurement("c", 1, "1")], limits)
    assert {verdict.name: verdict.requirements for verdict in verdicts if verdict.requirements} == {
        "a": ("A-1",),
        "b": ("B-1",),
    }
    path = tmp_path / "verdicts.json"
    save_verdicts(verdicts, path)
    assert load_verdicts(path) == verdicts
    assert '"requirements"' not in verdicts_json([verdict for verdict in verdicts if not verdict.requirements])
    path.write_text(path.read_text(encoding="utf-8").replace('["A-1"]', '"A-1"'), encoding="utf-8")
    with pytest.raises(RunFolderError, match="requirements is 'A-1'"):
        load_verdicts(path)
