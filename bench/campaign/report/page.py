"""report.html of a campaign: one file without script, network or fonts of its own, in the style of all reports."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from bench.campaign.against import Against
from bench.campaign.findings import Findings
from bench.campaign.report.headline import headline
from bench.campaign.report.method import method
from bench.campaign.report.outcomes import outcomes
from bench.campaign.report.rates import comparison, rates
from bench.campaign.report.strata import strata
from bench.campaign.report.vulnerable import vulnerable
from bench.report.markup import Html, tag
from bench.report.page import html_page, section

_STYLE: Final = Path(__file__).with_name("campaign.css")
_SECTIONS: Final[Sequence[tuple[str, str, Callable[[Findings, Against | None], Iterator[Html]]]]] = (
    ("rates", "Failures per device-day", rates),
    ("against", "Compared", comparison),
    ("strata", "Strata", strata),
    ("outcomes", "Outcomes", outcomes),
    ("bits", "Which bits matter", vulnerable),
    ("method", "Method", method),
)
"""Anchor, heading and content; a section without content is left out."""


def campaign_page(findings: Findings, against: Against | None = None) -> str:
    """The file's text."""
    made = [(name, title, list(make(findings, against))) for name, title, make in _SECTIONS]
    shown = [(name, title, content) for name, title, content in made if content]
    links = (tag("li", tag("a", title, href=f"#{name}")) for name, title, _ in shown)
    body = (
        headline(findings),
        tag("nav", tag("ul", *links), aria_label="Parts of this page"),
        tag("main", *(section(name, title, content) for name, title, content in shown)),
        tag("footer", tag("p", "Written by hil-bench from the campaign's folder; docs/campaigns.md explains it.")),
    )
    return html_page(f"Upsets: {findings.campaign.title}", body, more_style=_STYLE.read_text(encoding="utf-8"))
