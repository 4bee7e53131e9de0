"""Write the tables of docs/conformance.md from the checks themselves: python -m tools.gen_conformance."""

from __future__ import annotations

import re
import sys
from itertools import groupby
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
if not __package__:  # started as a file: `bench` is found from the checkout
    sys.path.insert(0, str(CHECKOUT))

from bench.conform import CHECKS, Check  # noqa: E402 - needs the path above

PAGE = CHECKOUT / "docs" / "conformance.md"
_MARKED = re.compile(r"(<!-- generated: checks -->\n).*?(<!-- end -->)", re.DOTALL)


def make_page(current: str) -> str:
    """The page with its tables renewed; raises ValueError where it has no place for them."""
    if not _MARKED.search(current):
        raise ValueError("docs/conformance.md has no markers for the checks")
    tables = "\n".join(_table(list(group)) for _, group in groupby(sorted(CHECKS, key=_rank), key=_group))
    return _MARKED.sub(lambda match: f"{match[1]}{tables}\n{match[2]}", current)


def _group(check: Check) -> str:
    return check.name.partition(".")[0]


def _rank(check: Check) -> int:
    """Groups as they run, each whole."""
    return [_group(other) for other in CHECKS].index(_group(check))


def _table(checks: list[Check]) -> str:
    about = sys.modules[checks[0].body.__module__].__doc__ or ""
    rows = [f"| `{c.name.partition('.')[2]}` | {c.demand} | {c.clause} | {c.hint} |" for c in checks]
    head = ["| check | what it demands | clause | what usually causes a failure |", "|---|---|---|---|"]
    return "\n".join([f"### {_group(checks[0])}", "", about.strip(), "", *head, *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(make_page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
