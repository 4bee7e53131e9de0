"""Who is there: what a payload says of itself, asked so that it keeps what it holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bench.session.decode import HOUSEKEEPING_STRUCTURE, catalogue, housekeeping_values
from bench.session.dialogue import Dialogue
from bench.session.failures import TargetFailure
from bench.trace import CatalogueListed
from firmware_if import messages as wire
from firmware_if.errors import WireError
from firmware_if.messages import FINGERPRINT, VERSION, Hello

ROUND_TRIPS: Final = 20
ANSWER_S: Final = 5.0
"""For one answer; a catalogue of 40 entries takes half a second on a line of 9600 baud."""
_WHOLE_BANK: Final = 255


@dataclass
class Introduction:
    """What one payload said, as far as it came; `shortfall` says why there is no more, "" where that was all."""

    hello: Hello
    catalogue: CatalogueListed | None = None
    housekeeping: Mapping[str, int | None] = field(default_factory=dict)
    updates: tuple[int, ...] = ()
    """Of each model in the bank, by handle."""
    round_trips_s: tuple[float, ...] = ()
    """Host time from a question to its answer."""
    uptime_s: float | None = None
    shortfall: str = ""

    @property
    def same_contract(self) -> bool:
        """Without it there is nothing beyond the Hello: what else it sends may mean anything."""
        return (self.hello.version, self.hello.fingerprint) == (VERSION, FINGERPRINT)


def introduce(dialogue: Dialogue, ready_s: float, *, starting: bool = False) -> Introduction:
    """Begin a session and ask for everything that can be asked without a change to bank, stream or statistics.

    `starting`: the payload was started only just now. Raises ConnectError where nobody answers, and TransportError
    where the line breaks before somebody does.
    """
    who = Introduction(dialogue.meet(ready_s, starting=starting))
    if who.same_contract:
        try:
            _ask(dialogue, who)
        except TargetFailure as failure:
            who.shortfall = failure.reason
        except (WireError, ValueError) as error:
            who.shortfall = f"the payload broke the contract: {error}"
        who.uptime_s = dialogue.uptime_s
    return who


def _ask(dialogue: Dialogue, who: Introduction) -> None:
    entries = dialogue.demand(wire.List(), timeout_s=ANSWER_S)
    who.catalogue = catalogue([entry for entry in entries if isinstance(entry, wire.CatalogueEntry)])
    for report in dialogue.demand(wire.RequestHousekeeping(1, HOUSEKEEPING_STRUCTURE), timeout_s=ANSWER_S):
        if isinstance(report, wire.Housekeeping):
            who.housekeeping = housekeeping_values(report)
    if who.housekeeping.get("models"):
        sums = dialogue.demand(wire.RequestStatistics(), timeout_s=ANSWER_S)
        models = [item for item in sums if isinstance(item, wire.Statistics) and item.model != _WHOLE_BANK]
        who.updates = tuple(item.updates for item in sorted(models, key=lambda item: item.model))
    who.round_trips_s = tuple(_round_trip(dialogue) for _ in range(ROUND_TRIPS))


def _round_trip(dialogue: Dialogue) -> float:
    began = dialogue.clock.now()
    dialogue.send(wire.AreYouAlive(), acknowledge=False)
    while (left_s := began + ANSWER_S - dialogue.clock.now()) > 0:
        if any(isinstance(message, wire.Alive) for message in dialogue.receive(left_s)):
            return dialogue.clock.now() - began
    raise TargetFailure(f"AreYouAlive was not answered within {ANSWER_S:g} s")
