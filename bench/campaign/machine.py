"""An injector with what a campaign needs around it: the golden run is the list's, and a failed bench is begun anew."""

from contextlib import ExitStack
from dataclasses import dataclass

from bench.campaign.fault import Fault, Golden
from bench.campaign.injector import Injector, InjectorSetup, Opener
from bench.campaign.rows import Row, make_row
from bench.errors import BenchError, CampaignError


@dataclass(frozen=True)
class Task:
    """One injection to be made; `repeat` is the second one of the same fault."""

    fault: Fault
    repeat: bool


class Machine:
    """Opens its injector when it is first needed; `close` ends it."""

    def __init__(self, opener: Opener, setup: InjectorSetup) -> None:
        self._opener = opener
        self._setup = setup
        self._stack = ExitStack()
        self._injector: Injector | None = None

    def golden(self) -> Golden:
        """Of the injector."""
        return self._opened().golden()

    def inject(self, task: Task, *, digest: str) -> Row:
        """Make the injection of a list that was drawn of a golden run with that digest; what fails is in the row.

        Raises BenchError where there is no injector, or one with another golden run.
        """
        injector = self._opened()
        found = injector.golden().digest
        if found != digest:
            message = (
                f"the golden run here is another one ({found[:12]}) than the fault list was drawn of ({digest[:12]})"
            )
            hint = "same checkout, firmware and emulator everywhere? else begin in another folder"
            raise CampaignError(message, hint=hint)
        try:
            seen = injector.inject(task.fault)
        except BenchError as error:
            self.close()
            return make_row(task.fault.id, repeat=task.repeat, observed=None, error=error.message)
        return make_row(task.fault.id, repeat=task.repeat, observed=seen)

    def close(self) -> None:
        """End the injector; the next injection opens another one."""
        self._injector = None
        stack, self._stack = self._stack, ExitStack()
        stack.close()

    def _opened(self) -> Injector:
        if self._injector is None:
            self._injector = self._stack.enter_context(self._opener(self._setup))
        return self._injector
