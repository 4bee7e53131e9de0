"""junit.xml of a whole night: one test case per job."""

import re
from typing import Final
from xml.etree import ElementTree as ET

from bench.nightly.outcome import Outcome
from bench.nightly.record import JobRecord, NightRecord

_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write (its production 2, Char)."""
_FAILURES: Final = (Outcome.FAIL, Outcome.FLAKY)
_ERRORS: Final = (Outcome.BENCH_ERROR, Outcome.BLOCKED, Outcome.UNMEASURED)


def night_junit(night: NightRecord) -> bytes:
    """failure: FAIL and FLAKY; error: BENCH_ERROR, and what is required and BLOCKED or UNMEASURED; skipped: the rest.

    What is quarantined, or not required, is skipped with the reason.
    """
    cases = [_case(job) for job in night.jobs]
    tallies = {
        word: str(sum(case.find(word) is not None for case in cases)) for word in ("failure", "error", "skipped")
    }
    counts = {
        "tests": str(len(cases)),
        "failures": tallies["failure"],
        "errors": tallies["error"],
        "skipped": tallies["skipped"],
        "time": f"{sum(attempt.duration_s for job in night.jobs for attempt in job.attempts):.3f}",
    }
    suites = ET.Element("testsuites", counts)
    suite = ET.SubElement(
        suites, "testsuite", {"name": _text(night.matrix), "timestamp": _text(night.started[:19]), **counts}
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (("hil.night", night.name), ("hil.exit_status", str(night.exit_status))):
        ET.SubElement(properties, "property", {"name": name, "value": _text(value)})
    suite.extend(cases)
    ET.indent(suites, " ")
    text: str = ET.tostring(suites, encoding="unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n".encode()


def _case(job: JobRecord) -> ET.Element:
    scenario, _, target = job.job.partition("@")
    seconds = sum(attempt.duration_s for attempt in job.attempts)
    case = ET.Element("testcase", {"classname": _text(target), "name": _text(scenario), "time": f"{seconds:.3f}"})
    outcome, reason = job.outcome, _text(job.reason)
    if outcome is None:
        ET.SubElement(case, "skipped", {"message": "not run"})
    elif job.quarantine:
        ET.SubElement(case, "skipped", {"message": f"quarantined ({_text(job.quarantine)}): {outcome} {reason}"})
    elif outcome is not Outcome.PASS and not job.required:
        ET.SubElement(case, "skipped", {"message": f"not required: {outcome} {reason}"})
    elif outcome in _FAILURES:
        ET.SubElement(case, "failure", {"message": reason, "type": str(outcome)}).text = reason
    elif outcome in _ERRORS:
        ET.SubElement(case, "error", {"message": reason, "type": str(outcome)}).text = reason
    lines = [
        f"attempt {one.number}: {one.outcome} {one.reason} [{one.folder or 'no run'}; {one.log or 'no log'}]"
        for one in job.attempts
    ]
    ET.SubElement(case, "system-out").text = _text("\n".join(lines))
    return case


def _text(text: str) -> str:
    return _NO_XML.sub("\ufffd", text)
