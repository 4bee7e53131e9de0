"""`protection` of a model in a scenario: how the payload guards its memory."""

import math
from dataclasses import dataclass
from typing import Final

from bench.strict import StrictTable
from firmware_if.messages import FaultAction, ProtectModel

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
