"""What is written of a campaign: report.html for people, report.json for other programs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench.campaign.against import Against
from bench.campaign.findings import Findings
from bench.campaign.report.document import document_json
from bench.campaign.report.page import campaign_page
from bench.replace import replace_content

REPORTS: Final[Mapping[str, Callable[[Findings, Against | None], str]]] = {
    "report.json": document_json,
    "report.html": campaign_page,
}
"""File name -> what makes its text."""


def save_campaign_reports(findings: Findings, folder: Path, against: Against | None = None) -> tuple[Path, ...]:
    """Write every report into `folder`; each replaces an earlier one whole. Raises RunFolderError."""
    for name, make in REPORTS.items():
        replace_content(folder / name, make(findings, against).encode("utf-8", "replace"))
    return tuple(folder / name for name in REPORTS)


__all__ = ["REPORTS", "save_campaign_reports"]
