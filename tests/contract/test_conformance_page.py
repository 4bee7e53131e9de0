"""docs/conformance.md lists the checks as they are, and each names a clause that SPEC.md has."""

from pathlib import Path

import pytest

from bench.conform import CHECKS, Check
from tools.gen_conformance import PAGE, make_page

SPEC = (Path(__file__).parents[2] / "firmware_if" / "SPEC.md").read_text(encoding="utf-8")
HEADINGS = {line.lstrip("#").partition(" · ")[0].strip() for line in SPEC.splitlines() if line.startswith("#")}


def test_the_page_lists_the_checks_as_they_are() -> None:
    current = PAGE.read_text(encoding="utf-8")
    assert make_page(current) == current, "run: python -m tools.gen_conformance"


def test_a_page_without_a_place_for_the_checks_is_an_error() -> None:
    with pytest.raises(ValueError, match="has no markers for the checks"):
        make_page("# nothing\n")


def test_names_are_different_and_have_a_group() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)
    assert all(name.count(".") == 1 and name.replace(".", "").replace("_", "").isalnum() for name in names)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_says_what_it_demands_and_names_a_clause_of_the_specification(check: Check) -> None:
    section, _, part = check.clause.partition(": ")
    assert section in HEADINGS
    assert not part or part in HEADINGS or f"**{part}" in SPEC
    assert check.demand.endswith(".")
    assert check.hint
    assert "|" not in check.demand + check.hint
