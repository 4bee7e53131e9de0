"""What a check is, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.conform.subject import Subject

Body = Callable[["Subject"], None]
DEADLINE_S = 15.0
"""Of a check on a quick line; the longest takes about 3 s on an emulated core."""


class Outcome(StrEnum):
    """How a check ended."""

    PASS = "PASS"  # noqa: S105 - no password
    FAIL = "FAIL"
    NOT_APPLICABLE = "NOT APPLICABLE"
    BLOCKED = "BLOCKED"


class Violation(Exception):  # noqa: N818 - the payload's doing: the runner turns it into a FAIL
    """The payload did not do what the contract demands."""

    def __init__(self, expected: str, came: str) -> None:
        super().__init__(f"expected {expected}; came {came}")
        self.expected = expected
        self.came = came


class NotApplicable(Exception):  # noqa: N818 - an outcome
    """The payload does not claim what the check is about."""


@dataclass(frozen=True)
class Check:
    """One thing that a payload must do. `demand` says what, in one sentence; `clause` where SPEC.md says it."""

    name: str
    demand: str
    clause: str
    hint: str
    """What usually causes a failure."""
    body: Body
    deadline_s: float = DEADLINE_S
    alone: bool = False
    """Needs no session, so it also runs where none can be had."""
    restarts: bool = False
    """The payload starts anew in it, so its nonce may change."""


@dataclass(frozen=True)
class Result:
    """How one check ended. `came` is the reason where it does not apply or was blocked."""

    check: Check
    outcome: Outcome
    seconds: float
    expected: str = ""
    came: str = ""


def check(
    name: str,
    *,
    clause: str,
    hint: str,
    deadline_s: float = DEADLINE_S,
    alone: bool = False,
    restarts: bool = False,
) -> Callable[[Body], Check]:
    """Make a check of a function; its docstring is the demand."""

    def make(body: Body) -> Check:
        demand = " ".join((body.__doc__ or "").split())
        return Check(name, demand, clause, hint, body, deadline_s=deadline_s, alone=alone, restarts=restarts)

    return make


def require(condition: object, expected: str, came: object) -> None:
    """Raise Violation unless the condition holds."""
    if not condition:
        raise Violation(expected, str(came))
