"""The matrix as one HTML page, without script or network."""

import base64
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bench.matrix.status import STATUSES, Line, Row
from bench.matrix.table import closed_by_hand
from bench.report.markup import Html, breakable, tag

_STYLE: Final = Path(__file__).with_name("matrix.css")
_HEAD: Final = ("Test", "Target", "Verdict", "Evidence is", "Reason", "Build, revision, date", "Report")
_MOST_LINES: Final = 200
_ID_LENGTH: Final = 12
REPORT: Final = "report.html"
"""In a run folder."""


def matrix_page(rows: Sequence[Row], *, title: str, folder: Path) -> str:
    """The file's text. `folder` is where it will be, from where reports are linked that are still there."""
    style = _STYLE.read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    counts = {status: sum(row.status == status for row in rows) for status in STATUSES}
    words = ", ".join(f"{count} {status}" for status, count in counts.items() if count) or "no requirement"
    head = (
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", f"Verification matrix: {title}"),
        tag("style", Html(style)),
    )
    legend = (tag("li", _badge(status), f" {meaning}") for status, meaning in STATUSES.items())
    body = (
        tag("h1", f"Verification matrix: {title}"),
        tag("p", f"{len(rows)} requirement{'' if len(rows) == 1 else 's'}: {words}"),
        tag("nav", tag("ul", *map(_entry, rows)), class_="overview") if len(rows) > 1 else Html(),
        tag("main", *(_section(row, folder) for row in rows)),
        tag("footer", tag("ul", *legend), tag("p", "Written by hil-bench; docs/requirements.md explains it.")),
    )
    return f"<!DOCTYPE html>\n{tag('html', tag('head', *head), tag('body', *body), lang='en')}\n"


def _entry(row: Row) -> Html:
    """A line of the overview."""
    return tag("li", _badge(row.status), " ", tag("a", row.requirement.id, href=f"#{quote(row.requirement.id)}"))


def _section(row: Row, folder: Path) -> Html:
    one = row.requirement
    facts = {
        "method": ", ".join(one.methods),
        "level": one.level,
        "stage": one.stage,
        "source": one.source,
        "parent": ", ".join(one.parent),
        "procedure": one.procedure,
        "closed by hand": closed_by_hand(row),
    }
    shown = (tag("div", tag("dt", name), tag("dd", value)) for name, value in facts.items() if value)
    reason = tag("p", row.because, class_="soft") if row.because else Html()
    parts = [tag("h2", one.id, " ", _badge(row.status)), tag("p", one.text), reason, tag("dl", *shown)]
    if row.lines:
        parts.append(_evidence(row, folder))
    return tag("section", *parts, class_=row.status, id=one.id)


def _evidence(row: Row, folder: Path) -> Html:
    caption = "The latest outcome of each test on each target"
    if len(row.lines) > _MOST_LINES:
        caption += f"; {len(row.lines) - _MOST_LINES} more are in the CSV file"
    heads = (tag("th", name, scope="col") for name in _HEAD)
    body = (_line(line, folder) for line in row.lines[:_MOST_LINES])
    content = (tag("caption", caption), tag("thead", tag("tr", *heads)), tag("tbody", *body))
    return tag("div", tag("table", *content), class_="scroll")


def _line(line: Line, folder: Path) -> Html:
    one = line.evidence
    reason = f"partial run, {one.partial}; {one.because}" if one.partial else one.because
    what = ", ".join(part for part in (one.build_id[:_ID_LENGTH], one.revision, one.when) if part)
    cells = (one.target or "none", _badge(one.outcome), _badge(line.status), reason, what, _report(one.report, folder))
    return tag("tr", tag("th", one.test, scope="row"), *(tag("td", content) for content in cells))


def _report(place: str, folder: Path) -> Html | str:
    """Where the run folder is; a link where its report still is."""
    page = Path(place) / REPORT
    if not place or not page.is_file():
        return place
    return tag("a", breakable(place), href=quote(os.path.relpath(page, folder)))


def _badge(word: str) -> Html:
    return tag("span", word, class_=f"badge {word.lower()}")
