"""index.html of a night: one file without scripts, with links to the run folders and logs beside it."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote

from bench.nightly.change import Change
from bench.nightly.outcome import Attempt
from bench.nightly.record import ABORTED, JobRecord, NightRecord
from bench.nightly.summary import headline, in_order
from bench.printed import printable

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1d2430; --paper: #fff; --line: #d5dae3; --soft: #5b6472;
  --good: #0b6e4f; --bad: #b3261e; --warn: #8a5a00; --link: #0b57d0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ef; --paper: #14181f; --line: #343b47; --soft: #a3acba;
  --good: #5fd3a5; --bad: #ff8a80; --warn: #f2b84b; --link: #8ab4f8; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 72rem; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; } a { color: var(--link); }
.soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); }
.bad, .warn, .good { font-weight: 600; } .loud { border-left: .3rem solid var(--bad); padding-left: .7rem; }
article { border-top: 1px solid var(--line); padding: .6rem 0; display: grid; grid-template-columns: 9rem 1fr;
  gap: 0 1rem; } article ul { margin: .2rem 0; padding-left: 1.2rem; } article p { margin: 0; }
@media (max-width: 36rem) { article { grid-template-columns: 1fr; } }
"""
_CLASS: Final = {"PASS": "good", "FAIL": "bad", "FLAKY": "bad", "BENCH_ERROR": "bad"}
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STATES: Final = {"expired": "EXPIRED, counts again", "unused": "UNUSED, remove it"}
_FILES: Final = ("night.json", "attempts.jsonl", "junit.xml", "summary.md")
_REPORT: Final = "report.html"


def night_page(night: NightRecord, changes: Sequence[Change], *, first: bool, folder: Path) -> str:
    """The page; `folder` is that of the night, whose runs may have a report each."""
    title = f"{night.title or night.matrix}: {headline(night)}"
    body = [
        *_head(night, title),
        *_changed(changes, first=first),
        "<h2>Jobs</h2>",
        *(_job(job, folder) for job in in_order(night.jobs)),
        *_quarantined(night),
        f'<p class="soft">{", ".join(_link(name, name) for name in _FILES)}</p>',
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_html(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _head(night: NightRecord, title: str) -> Iterator[str]:
    kind, word = ("good", "GREEN") if night.exit_status == 0 else ("bad", "NOT GREEN")
    yield f'<h1><span class="{kind}">{word}</span> {_html(title)}</h1>'
    about = [f"Night {night.name}", f"exit status {night.exit_status}", f"{night.started} to {night.ended or 'now'}"]
    about += ["aborted"] if night.outcome == ABORTED else []
    about += [f"only {' '.join(night.only)}"] if night.only else []
    yield f'<p class="soft">{_html(", ".join(about))}</p>'
    for note in night.notes:
        yield f'<p class="warn">{_html(note)}</p>'
    for job in night.jobs:
        if job.loud:
            why = f"{job.job}: one build, counted in instructions, and it varies. {job.reason}"
            yield f'<p class="loud"><span class="bad">NOT REPEATABLE</span> {_html(why)}</p>'


def _changed(changes: Sequence[Change], *, first: bool) -> Iterator[str]:
    yield "<h2>Since the last night</h2>"
    if first:
        yield "<p>This is the first night: there is none to compare with.</p>"
    elif not changes:
        yield "<p>Nothing changed.</p>"
    else:
        texts = ((change.kind, f"{change.about}{': ' if change.text else ''}{change.text}") for change in changes)
        yield f"<ul>{''.join(f'<li><b>{_html(kind)}</b> {_html(text)}</li>' for kind, text in texts)}</ul>"


def _job(job: JobRecord, folder: Path) -> str:
    outcome = str(job.outcome or "not run")
    kind = "soft" if job.outcome is None or job.quarantine else _CLASS.get(outcome, "warn")
    notes = [text for text, holds in (("quarantined", job.quarantine), ("not required", not job.required)) if holds]
    note = f'<br><span class="soft">{", ".join(notes)}</span>' if notes else ""
    since = f' <span class="soft">since {_html(job.since)}</span>' if job.since and not job.is_green else ""
    attempts = "".join(f"<li>{_attempt(one, folder)}</li>" for one in job.attempts)
    return (
        f'<article><p><span class="{kind}">{_html(outcome)}</span>{note}</p>'
        f"<div><p><b>{_html(job.job)}</b>{since}</p><p>{_html(job.reason)}</p><ul>{attempts}</ul></div></article>"
    )


def _attempt(attempt: Attempt, folder: Path) -> str:
    links = []
    if attempt.folder:
        has_report = (folder / attempt.folder / _REPORT).is_file()
        where = f"{attempt.folder}/{_REPORT}" if has_report else f"{attempt.folder}/"
        links.append(_link(where, "report" if has_report else "run folder"))
    if attempt.log:
        links.append(_link(attempt.log, "log"))
    build = f", build {_html(attempt.build_id[:12])}" if attempt.build_id else ""
    return f"attempt {attempt.number}: {attempt.outcome}, {attempt.duration_s:.1f} s{build} {' '.join(links)}"


def _quarantined(night: NightRecord) -> Iterator[str]:
    if not night.quarantine:
        return
    yield "<h2>Quarantine</h2><ul>"
    for entry in night.quarantine:
        kind = "soft" if entry.state == "active" else "bad"
        text = f"{entry.key} until {entry.until}: {entry.reason} {entry.link}"
        yield f'<li><span class="{kind}">{_STATES.get(entry.state, "active")}</span> {_html(text)}</li>'
    yield "</ul>"


def _link(where: str, text: str) -> str:
    return f'<a href="{quote(where)}">{_html(text)}</a>'


def _html(text: str) -> str:
    return escape(printable(text))
