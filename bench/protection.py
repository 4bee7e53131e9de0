"""How a payload protects itself, as a scenario has it: `protection` of a model, [checkpoints] of the whole bank."""

import math
from dataclasses import dataclass
from typing import Final

from bench.errors import ConfigurationError
from bench.strict import StrictTable
from firmware_if.messages import FaultAction, ProtectBank, ProtectModel

MOST_POWER_CUTS: Final = 64
MOST_ROWS: Final = 0xFFFFFFFF
ACTIONS: Final = {"count": FaultAction.COUNT, "roll-back": FaultAction.ROLL_BACK, "stop": FaultAction.STOP}


@dataclass(frozen=True)
class Protection:
    """As ProtectModel of the contract has it."""

    copies: int = 1
    """Of the model's memory, the one in use included."""
    checksum: bool = False
    bound: float | None = None
    """Greatest magnitude of a value after a training step, infinite for any finite one; None = not looked at."""
    action: str = "roll-back"
    """count, roll-back or stop: what follows where copies and checksum cannot mend."""

    def request(self, model: int) -> ProtectModel:
        """The telecommand for the model with that handle."""
        guard_range = int(self.bound is not None)
        return ProtectModel(
            model, self.copies, int(self.checksum), guard_range, self.bound or 0.0, int(ACTIONS[self.action])
        )


def take_protection(table: StrictTable) -> Protection | None:
    """The `protection` of a [[models]] table; None where there is none."""
    if "protection" not in table:
        table.take("protection", dict, None)
        return None
    given = table.take_table("protection")
    found = Protection(
        copies=given.take_number("copies", int, 1, low=1, high=3),
        checksum=given.take("checksum", bool, default=False),
        bound=given.take_number("bound", float, None, low=math.ulp(0.0)),
        action=given.take("action", str, "roll-back", choices=tuple(ACTIONS)),
    )
    given.finish()
    if found.copies == 1 and not found.checksum and found.bound is None:
        raise table.problem("protection", "protects nothing", hint="give copies = 2 or 3, checksum = true or a bound")
    return found


@dataclass(frozen=True)
class Checkpoints:
    """As ProtectBank of the contract has it."""

    rows: int
    """After so many of them the whole bank is kept: the most that a restart may lose."""
    watchdog: bool = False
    power_cuts: tuple[int, ...] = ()
    """Rows, ascending: when the result of so many has come back, the power is cut."""

    def request(self) -> ProtectBank:
        """The telecommand."""
        return ProtectBank(self.rows, int(self.watchdog))


def take_checkpoints(root: StrictTable, *, mode: str) -> Checkpoints | None:
    """The [checkpoints] and [[power_cuts]] of a scenario; None where there are none."""
    if "checkpoints" not in root:
        root.take("checkpoints", dict, None)
        if "power_cuts" in root:
            root.check_near("checkpoints")
            raise root.problem(
                "power_cuts",
                "given without [checkpoints]",
                hint="a cut would cost all models: add [checkpoints] rows = N",
            )
        root.take("power_cuts", list, None)
        return None
    given = root.take_table("checkpoints")
    if mode != "stream":
        raise root.problem("checkpoints", f"given in {mode} mode", hint="checkpoints are kept in stream mode only")
    rows = given.take_number("rows", int, low=1, high=MOST_ROWS)
    watchdog = given.take("watchdog", bool, default=False)
    given.finish()
    return Checkpoints(rows, watchdog, _take_power_cuts(root))


def check_power_cuts(checkpoints: Checkpoints | None, recording: str, rows: int) -> None:
    """Raise ConfigurationError where a cut would come after a row that the run does not have."""
    beyond = [row for row in checkpoints.power_cuts if row > rows] if checkpoints is not None else []
    if beyond:
        message = f"power cut: row {beyond[0]} is not in {recording}, which has {rows}"
        raise ConfigurationError(message, hint=f"give [[power_cuts]] after_row of at most {rows}, or run more rows")


def _take_power_cuts(root: StrictTable) -> tuple[int, ...]:
    cuts = []
    for table in root.take_tables("power_cuts", optional=True):
        cuts.append(table.take_number("after_row", int, low=1, high=MOST_ROWS))
        table.finish()
        if len(cuts) > MOST_POWER_CUTS:
            raise root.problem("power_cuts", f"more than {MOST_POWER_CUTS}", hint="cut less often")
        if sorted(set(cuts)) != cuts:
            raise table.problem("after_row", f"is {cuts[-1]}, not above the one before", hint="write them in order")
    return tuple(cuts)
