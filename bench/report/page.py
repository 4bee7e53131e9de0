"""report.html: one file, made to be looked at. No network, no script, no fonts of its own."""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from bench.report.accuracy import accuracy
from bench.report.cost import cost
from bench.report.data import RunData, sort_run
from bench.report.environment import environment
from bench.report.events import events
from bench.report.headline import headline
from bench.report.link import link
from bench.report.markup import Html, join, tag
from bench.report.memory import memory
from bench.report.scores import scores
from bench.report.verdict_table import figures, verdicts
from bench.run_folder import JudgedRun

_STYLE: Final = Path(__file__).with_name("page.css")
_SECTIONS: Final[Sequence[tuple[str, str, Callable[[RunData], Iterator[Html]]]]] = (
    ("verdicts", "Verdicts", verdicts),
    ("accuracy", "Accuracy", accuracy),
    ("scores", "Scores", scores),
    ("cost", "Cost of the work", cost),
    ("memory", "Memory", memory),
    ("link", "Link", link),
    ("events", "Events and console", events),
    ("figures", "All other figures", figures),
    ("environment", "Environment", environment),
)
"""Anchor, heading and content; a section without content is left out."""


def report_page(run: JudgedRun) -> str:
    """The file's text."""
    data = sort_run(run)
    sections = [(name, title, list(make(data))) for name, title, make in _SECTIONS]
    shown = [(name, title, content) for name, title, content in sections if content]
    links = (tag("li", tag("a", title, href=f"#{name}")) for name, title, _ in shown)
    body = (
        headline(data.summary),
        tag("nav", tag("ul", *links), aria_label="Parts of this page"),
        tag("main", *(section(name, title, content) for name, title, content in shown)),
        tag("footer", tag("p", "Written by hil-bench from the files of the run folder; docs/reports.md explains it.")),
    )
    summary = data.summary
    title = f"{summary.outcome} {summary.started.scenario} on {summary.started.target}"
    return html_page(title, body)


def html_page(title: str, body: Sequence[Html], *, more_style: str = "") -> str:
    """A file with the style of all reports, and what a page of another kind needs besides."""
    style, digest = _style(more_style)
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    head = (
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        Html('<meta name="referrer" content="no-referrer">'),
        tag("title", title),
        tag("style", style),
    )
    return f"<!DOCTYPE html>\n{tag('html', tag('head', *head), tag('body', *body), lang='en')}\n"


def section(name: str, title: str, content: Sequence[Html]) -> Html:
    """A part of a page, with an anchor."""
    return Html("\n" + tag("section", tag("h2", title, id=f"{name}-title"), join(content), id=name))


@cache
def _style(more: str) -> tuple[Html, str]:
    """The style sheet and the hash by which the page's own policy allows it, and nothing else."""
    text = _STYLE.read_text(encoding="utf-8") + more
    return Html(text), base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
