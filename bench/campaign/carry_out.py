"""A campaign from its file to its findings: draw, inject what is not done yet, and count."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, Protocol

from bench.campaign.fault import Fault, Golden, Observed
from bench.campaign.fault_list import FAULTS, FaultList, find_fault, list_bytes, load_list, make_list
from bench.campaign.findings import Findings, find
from bench.campaign.injector import InjectorSetup, Opener
from bench.campaign.machine import Machine, Task
from bench.campaign.rows import ROWS, Row, RowFile, Rows, check_repeats, open_rows, read_rows
from bench.campaign.spec import Campaign, load_campaign
from bench.errors import BenchError, CampaignError
from bench.replace import replace_content

CAMPAIGN: Final = "campaign.toml"
FACTS: Final = "facts.json"
GOLDEN: Final = "golden-run.tar.xz"
BETWEEN: Final = 50
"""Injections between one and its repetition, so that the machine was meanwhile elsewhere."""
MOST_ERRORS: Final = 10
"""One after the other, with which the bench gives up: it is broken, and so would be the statistic."""

_FREE: Final = ("title", "path", "confidence", "reference_rate", "upset_rates", "exposure")
"""Keys of a campaign on which no list of faults depends."""
_OF_GOLDEN: Final = {"scenario", "target", "injector", "instants", "benign_loss", "strata"}
"""Those that make the golden run another one."""


class Watcher(Protocol):
    """Is told how it goes."""

    def drawn(self, made: FaultList, rows: Rows) -> None:
        """The list is there, and what was done of it earlier."""
        ...

    def row(self, row: Row) -> None:
        """An injection is done."""
        ...


Execute = Callable[[Sequence[Task], str], Iterator[Row]]
"""Works off tasks in any order, of a golden run with that digest; a row for each."""


def carry_out(
    campaign: Campaign, folder: Path, *, opener: Opener, watcher: Watcher, execute: Execute | None = None
) -> Findings:
    """Go on with the campaign in `folder`, or begin it. Without `execute` all is done in this process.

    Raises BenchError: CampaignError for a folder of another list, and for injections that do not repeat.
    """
    make_folder(folder)
    machine = Machine(opener, _setup(campaign, folder))
    try:
        golden = machine.golden()
        made = make_list(campaign, golden)
        _save(campaign, golden, made, folder)
        with open_rows(folder / ROWS, made) as (rows, file):
            check_repeats(rows)
            watcher.drawn(made, rows)
            tasks = tasks_left(made, rows)
            if execute is None:
                found: Iterator[Row] = (machine.inject(task, digest=golden.digest) for task in tasks)
            else:
                machine.close()
                found = execute(tasks, golden.digest)
            _keep(found, rows, file, watcher)
    finally:
        machine.close()
    return load_findings(folder)


def draw_list(campaign: Campaign, folder: Path, *, opener: Opener) -> FaultList:
    """Write the list of faults, and inject none; raises BenchError."""
    make_folder(folder)
    machine = Machine(opener, _setup(campaign, folder))
    try:
        golden = machine.golden()
    finally:
        machine.close()
    made = make_list(campaign, golden)
    _save(campaign, golden, made, folder)
    return made


def replay(campaign: Campaign, name: str, folder: Path, *, opener: Opener) -> tuple[Fault, Observed, Golden]:
    """Inject the one fault with that id, into the golden run of the campaign in `folder` if it is kept there.

    Raises BenchError.
    """
    machine = Machine(opener, _setup(campaign, folder) if (folder / FAULTS).exists() else campaign.setup())
    try:
        golden = machine.golden()
        fault = find_fault(make_list(campaign, golden), name)
        row = machine.inject(Task(fault, repeat=False), digest=golden.digest)
    finally:
        machine.close()
    if row.observed is None:
        raise CampaignError(f"fault {name} could not be injected: {row.error}", hint="bench doctor may know why")
    return fault, row.observed, golden


def _setup(campaign: Campaign, folder: Path) -> InjectorSetup:
    """With a place for the golden run; a list that was drawn of one which is not kept gets no other one there."""
    archive = folder / GOLDEN
    return replace(campaign.setup(), archive=archive if archive.exists() or not (folder / FAULTS).exists() else None)


def load_findings(folder: Path) -> Findings:
    """Of a folder alone, whatever state it is in; raises CampaignError."""
    made = load_list(folder / FAULTS)
    campaign = load_campaign(folder / CAMPAIGN)
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        known = {str(key): str(value) for key, value in facts.items()}
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise CampaignError(f"{folder / FACTS} cannot be read: {error}", hint="start the campaign again") from error
    if (campaign.name, campaign.seed, campaign.benign_loss) != (made.campaign, made.seed, made.benign_loss):
        message = f"{folder / CAMPAIGN} is not the file that {FAULTS} was drawn of"
        raise CampaignError(message, hint="put the file back, or begin again in another folder")
    return find(campaign, made, read_rows(folder / ROWS, made), facts=known)


def tasks_left(made: FaultList, rows: Rows) -> tuple[Task, ...]:
    """What has no outcome yet, in the list's order; a repetition some injections after the first."""
    slots: list[tuple[int, Task]] = []
    for place, fault in enumerate(made.faults):
        if fault.id not in rows.first:
            slots.append((place, Task(fault, repeat=False)))
        if fault.id in made.repeats and fault.id not in rows.repeated:
            slots.append((place + BETWEEN, Task(fault, repeat=True)))
    return tuple(task for _, task in sorted(slots, key=lambda slot: (slot[0], slot[1].repeat)))


def _keep(found: Iterator[Row], rows: Rows, file: RowFile, watcher: Watcher) -> None:
    first, repeated = dict(rows.first), dict(rows.repeated)
    errors = 0
    for row in found:
        there = repeated if row.repeat else first
        if row.id in there:  # a worker that was given up for dead, and was not
            check_repeats(Rows({row.id: there[row.id]}, {row.id: row}))
            continue
        file.append(row)
        watcher.row(row)
        errors = errors + 1 if row.observed is None else 0
        if errors == MOST_ERRORS:
            message = f"{errors} injections one after the other failed in the bench: {row.error}"
            raise CampaignError(message, hint="mend that, then start again: it goes on where it stopped")
        if row.observed is not None:
            there[row.id] = row
            check_repeats(_pair(row.id, first, repeated))


def _pair(name: str, first: Mapping[str, Row], repeated: Mapping[str, Row]) -> Rows:
    return Rows({name: first[name]} if name in first else {}, {name: repeated[name]} if name in repeated else {})


def make_folder(folder: Path) -> None:
    """One that can be written to, before the golden run, which takes long; raises CampaignError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise CampaignError(f"cannot write to {folder}: {error.strerror}", hint="choose another --out") from error


def _save(campaign: Campaign, golden: Golden, made: FaultList, folder: Path) -> None:
    try:
        content = campaign.path.read_bytes()
    except OSError as error:
        hint = "put it back, then start again"
        raise CampaignError(f"{campaign.path} cannot be read: {error.strerror}", hint=hint) from error
    drawn = list_bytes(made)
    path = folder / FAULTS
    if path.exists() and load_list(path).sha256 != made.sha256:
        message = f"{folder} holds another fault list: {_differs(campaign, folder, made)}"
        raise CampaignError(message, hint="choose another --out; rows of two lists are never counted together")
    replace_content(path, drawn)
    replace_content(folder / CAMPAIGN, content)
    replace_content(folder / FACTS, f"{json.dumps(dict(golden.facts), indent=1)}\n".encode())


def _differs(campaign: Campaign, folder: Path, made: FaultList) -> str:
    """The campaign file is looked at first: some of it changes the golden run's digest too."""
    there = load_list(folder / FAULTS)
    changed = _changed(campaign, folder)
    said = [f"the campaign file was changed where it decides on the faults ({', '.join(changed)})"] if changed else []
    if there.golden.digest != made.golden.digest and not _OF_GOLDEN & {name.split(",")[0] for name in changed}:
        said.append("the golden run is another one (firmware, emulator, scenario, or recording)")
    if said:
        return ", and ".join(said)
    for key, value in asdict(there.golden).items():
        if asdict(made.golden)[key] != value:
            return f"golden.{key} is another one"
    return "the campaign file was changed where it decides on the faults"


def _changed(campaign: Campaign, folder: Path) -> Sequence[str]:
    """Keys of the campaign file that were others when the list was drawn, of those that decide on it."""
    try:
        before, now = asdict(load_campaign(folder / CAMPAIGN)), asdict(campaign)
    except BenchError:
        return ()
    changed = (key for key in now if before[key] != now[key] and key not in _FREE)
    return ["strata, or how many injections they get" if key == "strata" else key for key in changed]
