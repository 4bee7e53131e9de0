"""Campaigns over the payload of toy_payload.py, for tests."""

from collections.abc import Sequence
from pathlib import Path

from bench.campaign.carry_out import Execute, carry_out
from bench.campaign.fault_list import FaultList
from bench.campaign.findings import Findings
from bench.campaign.injector import find_opener
from bench.campaign.rows import Row, Rows
from bench.campaign.spec import Campaign, load_campaign

STRATA = ("weights", "covariance", "globals", "link", "stack", "core_registers")
MODULE = "tests.unit.toy_payload"


def campaign_text(
    *, name: str = "toy", injections: int = 12, strata: Sequence[str] = STRATA, opener: str = "open_toy", more: str = ""
) -> str:
    tables = "".join(f'[[strata]]\nname = "{stratum}"\n' for stratum in strata)
    return (
        f'name = "{name}"\ntitle = "A toy <b>payload</b>"\nscenario = "sun-sensor"\nseed = 7\nbenign_loss = 0.01\n'
        f'instants = 24\ninjector = "{MODULE}:{opener}"\ninjections = {injections}\n{more}\n{tables}'
    )


def write_campaign(folder: Path, text: str) -> Campaign:
    path = folder / "campaign.toml"
    path.write_text(text)
    return load_campaign(path)


class Seen:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.there: Rows | None = None
        self.made: FaultList | None = None

    def drawn(self, made: FaultList, rows: Rows) -> None:
        self.made, self.there = made, rows

    def row(self, row: Row) -> None:
        self.rows.append(row)


def work(campaign: Campaign, folder: Path, *, seen: Seen | None = None, execute: Execute | None = None) -> Findings:
    opener = find_opener(campaign.injector)
    return carry_out(campaign, folder, opener=opener, watcher=seen or Seen(), execute=execute)
