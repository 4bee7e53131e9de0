"""pytest on a payload computer: scenario files are tests, and fixtures train on the board. docs/pytest.md.

The names here are for annotations: `def test_it(hil_payload: Payload) -> None`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.pytest_plugin.payload import Accuracy, Payload, Run, VerdictFailed

__all__ = ["Accuracy", "Payload", "Run", "VerdictFailed"]


def __getattr__(name: str) -> object:
    """Load what is asked for, and with it the bench: pytest imports this module in every project."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from bench.pytest_plugin import payload

    return getattr(payload, name)
