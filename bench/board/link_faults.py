"""The link faults of a run: from the command line or the scenario into the transport, and from there into the trace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.errors import BenchError, ConfigurationError
from bench.run_folder import TRACE
from bench.session import Recorder
from bench.trace import LinkFaultInjected, LinkFaultsBegan, load_trace
from bench.transport.faults import (
    Fault,
    FaultyTransport,
    LinkFaultPlan,
    check_fault,
    drawn_plan,
    listed_plan,
    load_link_profile,
)
from bench.transport.faults.profile import MOST_LIGHT_TIME_S

_MOST_SEED: Final = 1 << 64
_SEED_DIGITS: Final = 20
_SEED: Final = 1
"""Where none is given: a run is repeated as it was, unless somebody wants another one."""
_MOST_LISTED: Final = 1_000_000


def link_fault_plan(text: str, *, beside: Path | None = None) -> LinkFaultPlan:
    """The plan for PROFILE[:SEED], or for the folder of a run whose faults are wanted again."""
    folder = (beside or Path()) / text
    if (folder / TRACE).is_file():
        return _replayed(folder)
    name, colon, seed = text.rpartition(":") if not text.endswith(".toml") else (text, "", "")
    if not colon:
        return drawn_plan(load_link_profile(text, beside=beside), seed=_SEED)
    if not seed.isascii() or not seed.isdecimal() or len(seed) > _SEED_DIGITS or int(seed) >= _MOST_SEED:
        raise ConfigurationError(
            f"link faults {text!r}: the seed {seed!r} is no whole number below 2^64",
            hint="give PROFILE, PROFILE:SEED such as noisy:7, or the folder of a run",
        )
    return drawn_plan(load_link_profile(name, beside=beside), seed=int(seed))


def _replayed(folder: Path) -> LinkFaultPlan:
    """What was injected in a run, at the same offsets."""
    began: LinkFaultsBegan | None = None
    faults: list[Fault] = []
    for entry in load_trace(folder / TRACE):
        if isinstance(entry, LinkFaultsBegan):
            began = entry
        elif isinstance(entry, LinkFaultInjected):
            faults.append(_fault(entry, folder))
    if began is None or len(faults) > _MOST_LISTED:
        what = "no link faults" if began is None else f"{len(faults):,} link faults, more than {_MOST_LISTED:,}"
        raise ConfigurationError(f"{folder} has {what}", hint="give the folder of a run with --link-faults")
    if not 0.0 <= began.light_time_s <= MOST_LIGHT_TIME_S:
        message = f"{folder / TRACE}: a light time of {began.light_time_s} s"
        raise ConfigurationError(message, hint="the file was changed")
    return listed_plan(f"replay of {folder.name}", faults, light_time_s=began.light_time_s)


def _fault(entry: LinkFaultInjected, folder: Path) -> Fault:
    try:
        data = bytes.fromhex(entry.data)
    except ValueError:
        data = b""
    fault = Fault(entry.way, entry.fault, entry.offset, entry.length, data, entry.seconds)
    wrong = check_fault(fault)
    if wrong:
        raise ConfigurationError(f"{folder / TRACE}: no link fault: {wrong}", hint="the file was changed")
    return fault


@contextmanager
def faulty_link(transport: FaultyTransport, plan: LinkFaultPlan | None, recorder: Recorder) -> Iterator[None]:
    """Have the faults of the plan put into the link, and into the trace as they happen."""
    if plan is None:
        yield
        return

    def note(fault: Fault) -> None:
        recorder.record(
            LinkFaultInjected(fault.way, fault.kind, fault.offset, fault.length, fault.data.hex(), fault.seconds)
        )

    transport.begin(plan, on_fault=note)
    recorder.record(LinkFaultsBegan(plan.name, plan.seed, plan.light_time_s, list(plan.settings)))
    try:
        yield
    except BenchError as error:
        error.hint = f"link faults {plan.name} are in the line, and may be the reason; else: {error.hint}"
        raise
    finally:
        transport.end()


def light_time_s(plan: LinkFaultPlan | None) -> float:
    """How long every byte is under way, one way."""
    return plan.light_time_s if plan is not None else 0.0
