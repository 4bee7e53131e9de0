"""The payload as a test sees it: train on it, and hold what it did to bounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Final, Literal

import pytest

from bench.api import Duration, Model
from bench.board import Board, FinishedRun, Job, make_job
from bench.compose import compose_scenario, limit_text, number
from bench.errors import BenchError, ConfigurationError
from bench.pytest_plugin import report
from bench.pytest_plugin.monitor import note_begin
from bench.replace import replace_content
from bench.results.verdicts import save_verdicts
from bench.run_folder import JudgedRun, new_run_folder
from bench.scenario import Limit, ModelSpec, Scenario, load_scenario, make_scenario
from bench.strict import nearest_hint
from bench.target import Target
from bench.telemetry import Recording
from bench.verdict import ALWAYS, FAIL, UNMEASURED, Verdict, judge_limit
from firmware_if.messages import Hello

_FAMILIES: Final = ("evaluation", "prequential", "recording")


class VerdictFailed(AssertionError):  # noqa: N818 - it reads as what it is
    """A verdict is FAIL; the report of the test shows all of them."""


class Accuracy:
    """Rates of one model from 0 to 1: on the recording's evaluation rows, or where `family` says so prequential.

    Reading one that is unmeasured raises VerdictFailed: what was not measured cannot hold.
    """

    def __init__(self, run: Run, model: str, family: str) -> None:
        self._run = run
        self._model = model
        self._stem = f"accuracy.{family}.{model}."
        self.family = family

    def _rate(self, key: str) -> float:
        __tracebackhide__ = True
        return self._run.value(self._stem + key)

    @property
    def balanced(self) -> float:
        """Mean of recall and specificity; of more than two classes, of all recalls."""
        __tracebackhide__ = True
        return self._rate("balanced_accuracy")

    @property
    def recall(self) -> float:
        __tracebackhide__ = True
        return self._rate("recall")

    @property
    def specificity(self) -> float:
        __tracebackhide__ = True
        return self._rate("specificity")

    @property
    def precision(self) -> float:
        __tracebackhide__ = True
        return self._rate("precision")

    @property
    def f1(self) -> float:
        __tracebackhide__ = True
        return self._rate("f1")

    def __repr__(self) -> str:
        rates = ("balanced_accuracy", "recall", "specificity", "precision", "f1")
        named = {
            figure.name.rpartition(".")[2]: figure for figure in self._run.figures if figure.name.startswith(self._stem)
        }
        said = (f"{rate} {named[rate].value:.4f}" for rate in rates if rate in named and named[rate].value is not None)
        return f"<Accuracy of {self._model}, {self.family}: {', '.join(said) or 'unmeasured'}>"


class Run:
    """A run that is over. Bounds given to `require` become limits of its folder, so that `bench judge` repeats them."""

    def __init__(self, finished: FinishedRun, item: pytest.Item) -> None:
        self.finished = finished
        self._item = item
        self._required: list[Verdict] = []
        self.read: dict[str, Verdict] = {}
        """Figures without a limit that the test asked for; its report shows them."""

    def __repr__(self) -> str:
        files = self.finished.files
        return f"<Run of {files.scenario.name} on {files.target.name}: {self.finished.outcome}, in {self.folder}>"

    @property
    def folder(self) -> Path:
        """Complete in itself; `bench judge` reads it."""
        return self.finished.folder

    @property
    def completed(self) -> bool:
        return self.finished.outcome == "completed"

    @property
    def models(self) -> Sequence[ModelSpec]:
        """As the scenario has them: their names are those in measures."""
        return self.finished.files.scenario.models

    @cached_property
    def figures(self) -> tuple[Verdict, ...]:
        """Every measurement, judged by the scenario's limits where there are any."""
        figures = self.finished.judge().verdicts
        self._item.config.hook.pytest_hil_measured(item=self._item, run=self.finished, verdicts=figures)
        return figures

    @property
    def judged(self) -> JudgedRun:
        """The run with all its figures and verdicts, as its folder has them: what facts and reports are made from."""
        return JudgedRun(self.folder, self.finished.files, self.finished.trace, tuple(self._everything()))

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What was judged: by the scenario's limits, and by `require`."""
        return tuple(verdict for verdict in self._everything() if verdict.outcome is not None)

    def _everything(self) -> Iterator[Verdict]:
        """As `bench judge` orders it: what `require` added comes behind the scenario's verdicts on the same measure."""
        required: dict[str, list[Verdict]] = {}
        for verdict in self._required:
            required.setdefault(verdict.name, []).append(verdict)
        for name, figures in groupby(self.figures, key=lambda figure: figure.name):
            more = required.pop(name, [])
            yield from (figure for figure in figures if figure.outcome is not None or not more)
            yield from more

    def value(self, name: str) -> float:
        """A measured value; raises VerdictFailed where it was not measured, ConfigurationError for an unknown name."""
        __tracebackhide__ = True
        self.read[name] = figure = self._find(name)
        if figure.value is None:
            raise VerdictFailed(f"{name} is UNMEASURED: {figure.because}")
        return figure.value

    def _find(self, name: str) -> Verdict:
        figures = {figure.name: figure for figure in self.figures}
        if name not in figures:
            known = report.nearest(name, figures)
            raise ConfigurationError(f"this run has no measurement {name!r}", hint=known)
        return figures[name]

    @property
    def accuracy(self) -> Accuracy:
        """Of the only model: on the evaluation rows where the recording has some, else before training on each row."""
        if len(self.models) != 1:
            names = ", ".join(model.name for model in self.models)
            raise ConfigurationError(f"this run has {len(self.models)} models", hint=f"accuracy_of(NAME), of: {names}")
        return self.accuracy_of(self.models[0].name)

    def accuracy_of(self, model: str, *, family: str | None = None) -> Accuracy:
        """Of one of several models. `family` is evaluation, prequential or recording, as in docs/measures.md."""
        __tracebackhide__ = True
        names = [spec.name for spec in self.models]
        if model not in names:
            raise ConfigurationError(f"this run has no model {model!r}", hint=nearest_hint(model, names))
        if family is not None and family not in _FAMILIES:
            raise ConfigurationError(f"no accuracy is of family {family!r}", hint=nearest_hint(family, _FAMILIES))
        evaluated = self.finished.files.recording.evaluation is not None and self.finished.files.scenario.evaluate
        return Accuracy(self, model, family or ("evaluation" if evaluated else "prequential"))

    def require(
        self,
        measure: str,
        *,
        at_most: float | Duration | None = None,
        at_least: float | Duration | None = None,
        equal: float | Duration | None = None,
        because: str = "",
    ) -> None:
        """Judge a measure by its exact name. FAIL raises VerdictFailed; with UNMEASURED the test does not pass.

        It ends as skipped with the reason, or as failed under --hil-require.
        """
        __tracebackhide__ = True
        limit = self._for_here(_limit(measure, at_most=at_most, at_least=at_least, equal=equal, because=because))
        verdict = judge_limit(self._find(measure), limit)
        if limit != ALWAYS:  # which every run is held to already
            self._save(limit, verdict)
        report.note_verdicts(self._item, [verdict])
        if verdict.outcome == FAIL:
            raise VerdictFailed(report.sentence(verdict))
        if verdict.outcome == UNMEASURED:
            report.note_unmeasured(self._item, report.sentence(verdict))

    def _for_here(self, limit: Limit) -> Limit:
        """A limit that names the target where the scenario has one that does, as that one would replace it else."""
        files = self.finished.files
        alike = (other for other in files.scenario.limits if other.measure == limit.measure and other.targets)
        if any(files.target.name in (other.targets or ()) for other in alike):
            return replace(limit, targets=(files.target.name,))
        return limit

    def _save(self, limit: Limit, verdict: Verdict) -> None:
        """Into the run folder: the limit as if the scenario had it, and its verdict."""
        path = self.folder / "scenario.toml"
        text = path.read_text(encoding="utf-8") + "\n" + limit_text(limit)
        make_scenario(text, path)  # what could not be read again is refused before it is written
        replace_content(path, text.encode())
        self._required.append(verdict)
        save_verdicts(tuple(self._everything()), self.folder / "verdicts.json")

    def check(self) -> None:
        """Raise VerdictFailed if a required verdict of the scenario is FAIL; note those that are UNMEASURED."""
        __tracebackhide__ = True
        report.note_verdicts(self._item, self.verdicts)
        failed = [verdict for verdict in self.verdicts if verdict.required and verdict.outcome == FAIL]
        if failed:
            raise VerdictFailed("\n".join(map(report.sentence, failed)))
        for verdict in self.verdicts:
            if verdict.required and verdict.outcome == UNMEASURED:
                report.note_unmeasured(self._item, report.sentence(verdict))


class Payload:
    """The payload for one test: begun anew, and shared with other tests."""

    def __init__(
        self, board: Board, item: pytest.Item, *, hello: Hello, runs: Path, recordings: Sequence[Path]
    ) -> None:
        self.board = board
        self.hello = hello
        """What it said of itself when it began anew."""
        self._item = item
        self._runs = runs
        self._recordings = recordings

    @property
    def target(self) -> Target:
        return self.board.target

    def reset(self) -> Hello:
        """Empty the bank and begin anew; the payload says who it is. Each test begins so already."""
        self.hello = self.board.reset()
        return self.hello

    def __repr__(self) -> str:
        said = f"arena {self.hello.arena_bytes:,} bytes, counts {self.target.clock.kind}"
        return f"<Payload {self.target.name}: build {self.hello.build_id.hex()[:12]}, {said}>"

    def train(
        self,
        recording: Recording | Path | str,
        *,
        models: Sequence[Model],
        mode: Literal["stream", "batch", "score"] = "stream",
        epochs: int = 0,
        speed: float | None = None,
        restart_between_segments: bool = False,
        evaluate: bool = True,
        link_faults: str | None = None,
    ) -> Run:
        """Stream a recording into the payload and let the models train.

        Raises VerdictFailed if it does not get to the end. The arguments are keys of a scenario (docs/scenarios.md);
        `link_faults` is PROFILE[:SEED] or the folder of a run (docs/link-faults.md).
        """
        __tracebackhide__ = True
        scenario = compose_scenario(
            self._item.name.partition("[")[0].removeprefix("test_"),
            models,
            title=self._item.nodeid,
            mode=mode,
            epochs=epochs,
            speed=speed,
            restart_between_segments=restart_between_segments,
            evaluate=evaluate,
        )
        return self._checked(scenario, recording, link_faults)

    def run(
        self,
        scenario: str | Path | Scenario,
        *,
        recording: Recording | Path | str | None = None,
        link_faults: str | None = None,
    ) -> Run:
        """Run a scenario, by name or file, and hold it to its limits; raises VerdictFailed.

        `link_faults`: PROFILE[:SEED] or the folder of a run; None = the scenario's.
        """
        __tracebackhide__ = True
        if not isinstance(scenario, Scenario):
            scenario = load_scenario(scenario)
        return self._checked(scenario, recording, link_faults)

    def _checked(self, scenario: Scenario, recording: Recording | Path | str | None, link_faults: str | None) -> Run:
        __tracebackhide__ = True
        run = self.carry_out(
            make_job(scenario, self.target, recording=recording, roots=self._recordings, link_faults=link_faults)
        )
        run.check()
        return run

    def carry_out(self, job: Job) -> Run:
        """Run a job and judge nothing yet."""
        name = f"{job.scenario.name}-{self.target.name}"
        folder = new_run_folder(self._runs, name, started=datetime.now().astimezone())
        note_begin(self._item.config, folder)
        try:
            finished = self.board.run(job, folder)
        except BenchError:
            report.note_broken(self._item, folder)
            raise
        run = Run(finished, self._item)
        report.note_run(self._item, run)
        return run


def _limit(
    measure: str,
    *,
    at_most: float | Duration | None,
    at_least: float | Duration | None,
    equal: float | Duration | None,
    because: str,
) -> Limit:
    """Raises ConfigurationError for a limit without a bound, with two clocks, or for a duration without one."""
    given = {"at_most": at_most, "at_least": at_least, "equal": equal}
    bounds = {key: bound for key, bound in given.items() if bound is not None}
    clocks = {bound.clock for bound in bounds.values() if isinstance(bound, Duration)}
    if not bounds or len(clocks) > 1:
        what = "bounds of two clocks" if clocks else "no bound"
        raise ConfigurationError(
            f"require({measure!r}) has {what}", hint="give at_most, at_least or equal, on one clock"
        )
    if not clocks and measure.partition(".")[0] in {"timing", "time"} and not measure.endswith(".count"):
        message = f"require({measure!r}): a duration says nothing without its clock"
        raise ConfigurationError(message, hint="for example at_most=instructions(400), from bench.api")
    counts = {key: number(bound.count if isinstance(bound, Duration) else bound, key) for key, bound in bounds.items()}
    return Limit(
        measure,
        at_most=counts.get("at_most"),
        at_least=counts.get("at_least"),
        equal=counts.get("equal"),
        clock=next(iter(clocks), None),
        because=because,
    )
