"""Nights made by hand."""

from dataclasses import replace
from datetime import UTC, datetime

from bench.nightly.outcome import Attempt, Outcome
from bench.nightly.record import DONE, JobRecord, NightRecord, QuarantineRecord

STARTED = datetime(2026, 11, 21, 3, 0, 0, tzinfo=UTC)
BEFORE_NAME = "20261120-030000-m"
BUILD = "0123456789abcdef0123456789abcdef"


def attempt(job: str, number: int, outcome: Outcome, reason: str = "") -> Attempt:
    stem = f"{job.replace('@', '-')}-{number}"
    return Attempt(
        job,
        number,
        outcome,
        reason,
        status=0,
        started="2026-11-21T03:00:00+00:00",
        duration_s=1.25,
        folder=f"runs/{stem}",
        log=f"logs/{stem}.log",
        build_id=BUILD,
        clock="instructions",
        bad={"x": reason} if outcome is Outcome.FAIL else {},
    )


def job(name: str, *outcomes: Outcome, outcome: Outcome | None = None, reason: str = "", **more: object) -> JobRecord:
    attempts = tuple(attempt(name, number, one, reason) for number, one in enumerate(outcomes, 1))
    made = JobRecord(name, outcome=outcome or (outcomes[0] if outcomes else None), reason=reason, attempts=attempts)
    return replace(made, **more)  # type: ignore[arg-type] # a test names the fields


NIGHT = NightRecord(
    name="20261121-030000-m",
    matrix="m",
    title="Made | by *hand* <b>",
    started="2026-11-21T03:00:00+00:00",
    ended="2026-11-21T03:10:00+00:00",
    outcome=DONE,
    exit_status=1,
    notes=("an earlier night is left out: nights/x/night.json is not what a night writes",),
    jobs=(
        job("good@host", Outcome.PASS),
        job("bad@host", Outcome.FAIL, Outcome.FAIL, reason="x: 2, limit == 1"),
        job(
            "odd@zynq",
            Outcome.PASS,
            Outcome.PASS,
            outcome=Outcome.FLAKY,
            reason="timing.train.p99 varies: 118 to 119",
            loud=True,
            varying={"timing.train.p99": (118.0, 119.0)},
        ),
        job("known@host", Outcome.FAIL, reason="slow", quarantine="known@*"),
        job("desk@board", Outcome.BLOCKED, reason="there is no port /dev/ttyUSB0 <script>alert(1)</script>"),
        job("free@host", Outcome.UNMEASURED, reason="no clock", required=False),
        job("late@host"),
    ),
    quarantine=(
        QuarantineRecord("known@*", "being looked at", "2026-12-01", "https://tracker.example/42"),
        QuarantineRecord("good@*", "was slow", "2026-12-01", state="unused"),
        QuarantineRecord("bad@*", "was known", "2026-11-20", state="expired"),
    ),
)

BEFORE = NightRecord(
    name=BEFORE_NAME,
    matrix="m",
    started="2026-11-20T03:00:00+00:00",
    outcome=DONE,
    exit_status=1,
    jobs=(
        job("good@host", Outcome.FAIL, reason="x"),
        job("bad@host", Outcome.FAIL, since="20261101-030000-m"),
        job("odd@zynq", Outcome.PASS),
        job("known@host", Outcome.PASS),
        job("desk@board", Outcome.PASS),
        job("late@host", Outcome.PASS),
        job("gone@host", Outcome.PASS),
    ),
    quarantine=(
        QuarantineRecord("bad@*", "was known", "2026-11-20"),
        QuarantineRecord("good@*", "was slow", "2026-11-30"),
        QuarantineRecord("dropped@*", "mended", "2026-12-01"),
    ),
)
