"""The seam between a campaign and the machine that faults are injected into."""

import importlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

from bench.campaign.fault import Fault, Golden, Observed
from bench.errors import ConfigurationError


class Injector(Protocol):
    """A payload computer that can be put back to any instant of its golden run. Used by one thread at a time."""

    def golden(self) -> Golden:
        """The run without a fault; the same value every time."""
        ...

    def inject(self, fault: Fault) -> Observed:
        """Go to the fault's instant, flip its bits, run to the end, say what came of it.

        Raises BenchError where the bench failed; that is never an outcome of the target. A wall clock decides
        nothing but that. A fault that is none of the golden run's (no such instant, place or bit) is such an error.
        """
        ...


@dataclass(frozen=True)
class InjectorSetup:
    """What an injector is opened with: the same on every worker, so paths must exist on every machine."""

    scenario: Path
    target: str
    """A name or path, as for `bench run --target`."""
    strata: tuple[str, ...]
    """Those of which regions are wanted. A name that the target has no region for is an error of the campaign."""
    benign_loss: float
    """Balanced accuracy that a model may lose and still be BENIGN."""
    instants: int
    """How fine the time grid should be."""
    archive: Path | None = None
    """Where the campaign keeps its golden run, for an injector that can: read where it is there, else written."""


Opener = Callable[[InjectorSetup], AbstractContextManager[Injector]]
"""Starts an injector and ends it; a module-level function, since it is sent to workers by its name."""


def find_opener(name: str) -> Opener:
    """The function that a campaign names, as `package.module:function`; raises ConfigurationError."""
    module, colon, function = name.partition(":")
    if not colon or not module or not function:
        raise ConfigurationError(f"injector {name!r} is not module:function", hint="such as bench.upset:open_injector")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        hint = "is the module installed, or its folder in PYTHONPATH?"
        raise ConfigurationError(f"injector {name!r} cannot be loaded: {error}", hint=hint) from error
    if not callable(found):
        raise ConfigurationError(f"injector {name!r} is no function", hint="name a function that opens an injector")
    return cast("Opener", found)
