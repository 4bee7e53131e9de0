"""report.json: a run for other programs. bench/report/schema/report-1.json describes it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.report.margins import margin_of
from bench.report.summary import summarise
from bench.run_folder import JudgedRun
from bench.trace import ModelCreated, ModelDumped, encode_number
from bench.verdict import Verdict

FORMAT: Final = 1
"""Grows when a key changes its meaning; new keys may come without."""
SCHEMA: Final = f"urn:hil-bench:report:{FORMAT}"
SCHEMA_FILE: Final = Path(__file__).with_name("schema") / f"report-{FORMAT}.json"


def document_json(run: JudgedRun) -> str:
    """The file's text: one line for each verdict, figure and model."""
    whole = document(run)
    parts = [f'"{key}": {_lines(value)}' for key, value in whole.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def document(run: JudgedRun) -> Mapping[str, Any]:
    """What report.json holds."""
    summary = summarise(run)
    started = summary.started
    judged = [verdict for verdict in run.verdicts if verdict.outcome is not None]
    listed = [verdict for verdict in run.verdicts if verdict.outcome is None]
    return {
        "$schema": SCHEMA,
        "format": FORMAT,
        "run": {
            "folder": run.folder.resolve().name,
            "started": started.started,
            "scenario": started.scenario,
            "title": summary.title,
            "target": started.target,
            "mode": started.mode,
            "recording": started.recording,
            "partial": summary.partial,
            "requirements": list(summary.requirements),
            "rows": summary.rows,
            "seconds": _number(summary.seconds),
            "ended": summary.ended,
            "reason": summary.reason,
        },
        "outcome": summary.outcome,
        "exit_status": summary.status,
        "counts": dict(summary.counts),
        "environment": dict(summary.environment),
        "verdicts": [_verdict(verdict) for verdict in judged],
        "figures": [_figure(verdict) for verdict in listed],
        "models": _models(run),
    }


def _lines(value: object) -> str:
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(item, allow_nan=False) for item in value) + "\n]"
    return json.dumps(value, allow_nan=False)


def _figure(verdict: Verdict) -> dict[str, Any]:
    """Keys that would say nothing are left out."""
    optional = {
        "clock": verdict.clock,
        "interval": [_number(bound) for bound in verdict.interval] if verdict.interval else None,
        "because": verdict.because or None,
        "requirements": list(verdict.requirements) or None,
        "limit_not_applied": verdict.limit if verdict.outcome is None else None,
    }
    return {
        "name": verdict.name,
        "value": _number(verdict.value),
        "unit": verdict.unit,
        "repeatable": verdict.repeatable,
    } | {key: value for key, value in optional.items() if value is not None}


def _verdict(verdict: Verdict) -> dict[str, Any]:
    margin = margin_of(verdict)
    return _figure(verdict) | {
        "outcome": verdict.outcome,
        "required": verdict.required,
        "limit": verdict.limit,
        "margin": None
        if margin is None
        else {
            "sign": margin.sign,
            "bound": _number(margin.bound),
            "absolute": _number(margin.absolute),
            "percent": _number(margin.percent),
        },
    }


def _models(run: JudgedRun) -> Sequence[dict[str, Any]]:
    updates = {entry.name: entry.updates for entry in run.trace if isinstance(entry, ModelDumped)}
    created = {entry.name: entry for entry in run.trace if isinstance(entry, ModelCreated)}
    return [
        {
            "name": name,
            "learner": model.learner,
            "features": model.features,
            "arithmetic": model.arithmetic,
            "hyperparameters": {key: _number(value) for key, value in model.hyperparameters.items()},
            "dimension": model.dimension,
            "outputs": model.outputs,
            "updates": updates.get(name),
        }
        for name, model in created.items()
    ]


def _number(value: float | None) -> float | str | None:
    return encode_number(value) if value is not None else None
