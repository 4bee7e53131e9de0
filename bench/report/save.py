"""Which reports there are, and their way into a folder."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bench.errors import RunFolderError
from bench.replace import replace_content
from bench.report.document import document_json
from bench.report.junit import junit_xml
from bench.report.markdown import summary_markdown
from bench.report.page import report_page
from bench.run_folder import JudgedRun

REPORTS: Final[Mapping[str, Callable[[JudgedRun], str]]] = {
    "summary.md": summary_markdown,
    "junit.xml": junit_xml,
    "report.json": document_json,
    "report.html": report_page,
}
"""File name -> what makes its text."""


def save_reports(run: JudgedRun, folder: Path | None = None) -> tuple[Path, ...]:
    """Write every report into `folder`, by default that of the run; their paths. Each replaces an earlier one whole.

    Raises RunFolderError. What is in the folder already stays as it is then.
    """
    folder = folder or run.folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"cannot write to {folder}: {error.strerror}", hint="choose another --out") from error
    saved = []
    for name, make in REPORTS.items():
        replace_content(folder / name, make(run).encode("utf-8", "replace"))
        saved.append(folder / name)
    return tuple(saved)
