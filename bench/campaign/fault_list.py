"""faults.jsonl: the list of faults as it was drawn, and the hash by which rows belong to it.

The first line says of what it was drawn, each other line is a fault. The hash is SHA-256 over the whole file.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from bench.campaign.draw import check_golden, draw_faults, draw_repeats
from bench.campaign.fault import Fault, Flip, Golden, Region
from bench.campaign.spec import Campaign
from bench.errors import CampaignError, ConfigurationError
from bench.strict import nearest_or

FAULTS: Final = "faults.jsonl"
FORMAT: Final = 1
_MAX_BYTES: Final = 1 << 32


@dataclass(frozen=True)
class FaultList:
    """`golden` has no facts here: they may differ between machines, and the list must not."""

    campaign: str
    seed: int
    benign_loss: float
    golden: Golden
    faults: tuple[Fault, ...]
    """In the order in which they are worked off."""
    repeats: frozenset[str]
    sha256: str = ""


def make_list(campaign: Campaign, golden: Golden) -> FaultList:
    """Draw it; raises ConfigurationError, also for more exposure than a day has, before anything is injected."""
    if any(stratum.exposure is None for stratum in campaign.strata):
        campaign.exposure.share_of_day(golden.instructions)
    faults = draw_faults(campaign, golden)
    repeats = draw_repeats(faults, campaign)
    made = FaultList(campaign.name, campaign.seed, campaign.benign_loss, replace(golden, facts={}), faults, repeats)
    return replace(made, sha256=hashlib.sha256(list_bytes(made)).hexdigest())


def list_bytes(made: FaultList) -> bytes:
    """The file's content."""
    golden = {key: value for key, value in asdict(made.golden).items() if key != "facts"}
    head = {
        "format": FORMAT,
        "campaign": made.campaign,
        "seed": made.seed,
        "benign_loss": made.benign_loss,
        "faults": len(made.faults),
        "repeats": sorted(made.repeats),
        "golden": golden,
    }
    return "".join(
        f"{json.dumps(one, separators=(',', ':'))}\n" for one in (head, *map(_written, made.faults))
    ).encode()


def find_fault(made: FaultList, name: str) -> Fault:
    """The one with that id; raises ConfigurationError."""
    for fault in made.faults:
        if fault.id == name:
            return fault
    raise ConfigurationError(f"no fault of this list has the id {name!r}", hint=_ids_like(made, name))


def _ids_like(made: FaultList, name: str) -> str:
    """The ids of its stratum and number of bits, or the nearest stratum."""
    begins = sorted({fault.id.rpartition(".")[0] for fault in made.faults})
    mine = name.rpartition(".")[0]
    if mine in begins:
        last = sum(fault.id.startswith(f"{mine}.") for fault in made.faults) - 1
        return f"its ids go from {mine}.0 to {mine}.{last}"
    return nearest_or(mine or name, begins, f"Ids look like {made.faults[0].id!r}")


def load_list(path: Path) -> FaultList:
    """The list in a file; raises CampaignError for anything that was not written here."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CampaignError(f"{path} is too large for a fault list", hint="begin again in another folder")
        content = path.read_bytes()
    except OSError as error:
        hint = "give the folder of a campaign, or a campaign file"
        raise CampaignError(f"{path} cannot be read: {error.strerror}", hint=hint) from error
    try:
        made = _parse(content.decode().split("\n"))
        check_golden(made.golden)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, ConfigurationError) as error:
        raise CampaignError(f"{path} is no fault list: {error}", hint="begin again in another folder") from error
    return replace(made, sha256=hashlib.sha256(content).hexdigest())


def _written(fault: Fault) -> Mapping[str, Any]:
    return {
        "id": fault.id,
        "stratum": fault.stratum,
        "time": fault.time,
        "region": fault.region,
        "element": fault.element,
        "bit": fault.bit,
        "flips": [[flip.space, flip.address, flip.bit] for flip in fault.flips],
    }


def _parse(lines: Sequence[str]) -> FaultList:
    head = json.loads(lines[0])
    if head["format"] != FORMAT:
        raise ValueError(f"written in format {head['format']!r}")
    golden = head["golden"]
    regions = tuple(Region(**region) for region in golden.pop("regions"))
    whole = Golden(**{**golden, "instants": tuple(golden["instants"])}, regions=regions)
    faults = tuple(_fault(json.loads(line)) for line in lines[1:] if line)
    if len(faults) != head["faults"] or lines[-1]:
        raise ValueError(f"{len(faults)} of {head['faults']} faults are there")
    named = {fault.id for fault in faults}
    repeats = frozenset(head["repeats"])
    if len(named) != len(faults) or not repeats <= named or not faults:
        raise ValueError("an id stands there twice, or not at all")
    known = {region.name: region for region in regions}
    for fault in faults:
        region = known[fault.region]
        if fault.stratum != region.stratum or not 0 <= fault.bit < region.element_bits or not fault.flips:
            raise ValueError(f"fault {fault.id!r} does not lie in region {fault.region!r}")
    return FaultList(str(head["campaign"]), int(head["seed"]), float(head["benign_loss"]), whole, faults, repeats)


def _fault(raw: Mapping[str, Any]) -> Fault:
    flips = tuple(Flip(space, int(address), int(bit)) for space, address, bit in raw["flips"])
    return Fault(
        str(raw["id"]), str(raw["stratum"]), int(raw["time"]), flips,
        str(raw["region"]), int(raw["element"]), int(raw["bit"]),
    )  # fmt: skip
