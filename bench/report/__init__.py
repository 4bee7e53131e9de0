"""What is written of a run for people and for other programs: report.html, report.json, junit.xml, summary.md.

Everything here is a pure function of a JudgedRun; docs/reports.md says what each file holds.
"""

from bench.report.save import REPORTS, save_reports

__all__ = ["REPORTS", "save_reports"]
