"""`bench campaign`: from a campaign file to failures per device-day."""

import argparse
import math
import os
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from bench.campaign.against import STATE, Against, hold_against
from bench.campaign.carry_out import CAMPAIGN, GOLDEN, Execute, carry_out, draw_list, load_findings, make_folder, replay
from bench.campaign.fault_list import FAULTS, load_list
from bench.campaign.findings import Findings
from bench.campaign.injector import find_opener
from bench.campaign.intervals import Estimate
from bench.campaign.outcome import FAILURE, KINDS
from bench.campaign.report import save_campaign_reports
from bench.campaign.rows import ROWS, read_rows
from bench.campaign.spec import Campaign, load_campaign
from bench.cli.campaign_progress import PREPARING, CampaignProgress, amount
from bench.cli.output import meanwhile
from bench.cli.show import make_console
from bench.clock import MonotonicClock
from bench.errors import ConfigurationError
from bench.history import RUNS
from bench.printed import printable

STATUS_DIFFERS = 1
STATUS_INCOMPLETE = 3
STATUS_ABORTED = 130


def campaign(options: argparse.Namespace) -> int:
    """`bench campaign`: the exit status."""
    _check(options)
    console = make_console()
    if Path(options.campaign).is_dir():
        _print(console, f"{options.campaign} is the folder of a campaign: nothing is injected")
        return _report(load_findings(Path(options.campaign)), Path(options.campaign), options, console=console)
    chosen = load_campaign(options.campaign)
    folder = options.out or RUNS / "campaigns" / chosen.name
    if options.replay is not None:
        return _replay(chosen, options.replay, folder, console=console)
    if options.list:
        _print(console, PREPARING)
        made = draw_list(chosen, folder, opener=find_opener(chosen.injector))
        _print(console, f"{amount(made)}; SHA-256 {made.sha256}")
        _print(console, f"list: {folder / FAULTS}")
        return 0
    meanwhile(f"the campaign goes on and is saved under {folder}")
    opener, execute = find_opener(chosen.injector), _execute(chosen, options, console=console)
    try:
        with CampaignProgress(console, workers=execute is not None) as progress:
            findings = carry_out(chosen, folder, opener=opener, watcher=progress, execute=execute)
    except KeyboardInterrupt:
        kept = f"{folder / ROWS} is kept" if (folder / ROWS).exists() else "no fault was injected yet"
        _print(console, f"stopped; {kept}, and the same command goes on")
        return STATUS_ABORTED
    return _report(findings, folder, options, console=console)


def _check(options: argparse.Namespace) -> None:
    if options.workers is not None and (options.workers < 1 or options.scheduler):
        hint = "give --workers 1 or more, or --scheduler, whose workers are its own"
        raise ConfigurationError(f"--workers {options.workers} does not fit", hint=hint)
    if Path(options.campaign).is_dir() and (options.replay or options.list or options.scheduler or options.workers):
        hint = f"to inject give its file: {Path(options.campaign) / CAMPAIGN} --out {options.campaign}"
        raise ConfigurationError(f"{options.campaign} is the folder of a campaign", hint=hint)


def _execute(chosen: Campaign, options: argparse.Namespace, *, console: Console) -> Execute | None:
    """None: all is done in this process."""
    there = find_spec("distributed") is not None
    cores = len(os.sched_getaffinity(0))
    workers = options.workers or (cores if there else 1)
    if options.scheduler is None and workers == 1:
        if not there and options.workers is None and cores > 1:
            _print(console, "note: one core only; for all of them install hil-bench[workers]")
        return None
    if not there:
        raise ConfigurationError("Dask distributed is not installed", hint="pip install 'hil-bench[workers]'")
    from bench.campaign.cluster import on_workers

    opener = find_opener(chosen.injector)
    return on_workers(opener, chosen.setup(), scheduler=options.scheduler, workers=workers, clock=MonotonicClock())


def _replay(chosen: Campaign, name: str, folder: Path, *, console: Console) -> int:
    """Show one injection, and whether it came out as it is recorded, if it is."""
    _print(console, PREPARING)
    fault, seen, golden = replay(chosen, name, folder, opener=find_opener(chosen.injector))
    where = ", ".join(f"{flip.space} {flip.address:#x} bit {flip.bit}" for flip in fault.flips)
    _print(console, f"{fault.id}: {fault.region}[{fault.element}], {where}")
    _print(console, f"at guest instruction {fault.time:,} of {golden.instructions:,}")
    for key, value in asdict(seen).items():
        if value not in (None, ""):
            _print(console, f"  {key:<14} {value}")
    if not (folder / FAULTS).exists():
        return 0
    made = load_list(folder / FAULTS)
    if made.golden.digest != golden.digest:
        _print(
            console,
            f"NOT COMPARED with {folder}: its golden run was {made.golden.digest[:12]}, the one here is "
            f"{golden.digest[:12]}. Are firmware, emulator, scenario and recording the same, and is {GOLDEN} there?",
        )
        return STATUS_INCOMPLETE
    if fault not in made.faults or chosen.benign_loss != made.benign_loss:
        _print(
            console, f"NOT COMPARED with {folder}: its list has another fault {name}. Was the campaign file changed?"
        )
        return STATUS_INCOMPLETE
    row = read_rows(folder / ROWS, made).first.get(name)
    if row is None:
        _print(console, f"{folder} has no outcome of it to compare with")
        return 0
    same = row.observed == seen
    _print(console, f"{'as' if same else 'OTHERWISE than'} recorded in {folder / ROWS}")
    return 0 if same else STATUS_DIFFERS


def _report(findings: Findings, folder: Path, options: argparse.Namespace, *, console: Console) -> int:
    against = hold_against(findings, load_findings(options.against)) if options.against is not None else None
    written = options.out if options.out is not None and Path(options.campaign).is_dir() else folder
    make_folder(written)
    saved = save_campaign_reports(findings, written, against)
    rate, confidence = findings.campaign.reference_rate, 100 * findings.campaign.confidence
    for note in findings.notes:
        _print(console, f"note: {note}")
    for one in findings.strata:
        share = one.kinds[FAILURE]
        errors = f"  {one.errors} bench errors" if one.errors else ""
        _print(
            console,
            f"{one.name:<14}  {one.injections:>8,} injections  failures {_percent(share.value):>10}"
            f"  ({_percent(share.low)} to {_percent(share.high)}){errors}",
        )
    _print(console, f"at {rate:g} upsets per bit and day, with {confidence:.4g} % intervals:")
    for kind in KINDS:
        daily = findings.failures_per_day(kind, rate)
        _print(console, f"  {kind:<14} {_figure(daily.value)} per device-day ({_between(daily)})")
    if against is not None:
        _print_against(against, rate, console=console)
    if not findings.complete:
        _print(console, f"NOT COMPLETE: {_lacking(findings)}")
    _print(console, f"report: {', '.join(map(str, saved))}")
    complete = findings.complete and (against is None or against.other.complete)
    return 0 if complete else STATUS_INCOMPLETE


def _lacking(findings: Findings) -> str:
    missing = len(findings.made.faults) - findings.injections
    again = len(findings.made.repeats) - findings.repeated
    said = []
    if missing or findings.errors:
        said.append(f"{missing} faults have no outcome, the bench failed at {len(findings.errors)}")
    if again:
        said.append(f"{again} of {len(findings.made.repeats)} repetitions are not done")
    return "; ".join(said)


def _print_against(against: Against, rate: float, *, console: Console) -> None:
    for where, kinds in (("", against.kinds), (f", in {', '.join(STATE)} alone", against.state)):
        if kinds:
            _print(console, f"against {against.other.campaign.name}{where}:")
        for one in kinds:
            apart = one.difference.scaled(rate)
            _print(
                console,
                f"  {one.kind:<14} {one.said}: {_times(one.ratio.value)} ({_between(one.ratio)}), "
                f"{_figure(apart.value, '+.3g')} per device-day ({_between(apart, '+.3g')})",
            )
    for cost in against.costs:
        times = f", {cost.ratio:.3g} times" if cost.other else ""
        _print(console, f"  {cost.name}: {cost.this:,} and {cost.other:,}{times}")
    for note in against.notes:
        _print(console, f"mind: {note}")


def _between(one: Estimate, form: str = ".3g") -> str:
    if math.isnan(one.low) and math.isnan(one.high):
        return "no interval"
    return f"{_figure(one.low, form)} to {_figure(one.high, form)}"


def _figure(value: float, form: str = ".3g") -> str:
    if math.isnan(value):
        return "unmeasured"
    return "no bound" if math.isinf(value) else format(value, form)


def _times(ratio: float) -> str:
    return f"{_figure(ratio)} times" if math.isfinite(ratio) else "no ratio"


def _percent(value: float) -> str:
    return "unmeasured" if math.isnan(value) else f"{100 * value:.3g} %"


def _print(console: Console, text: str) -> None:
    console.print(printable(text), markup=False, soft_wrap=True)
