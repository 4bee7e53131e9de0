"""Every check, in the order in which they run: what later ones rely on comes first."""

from bench.conform.check import Check
from bench.conform.checks import (
    banks,
    catalogue,
    credit,
    framing,
    hello,
    hostile,
    housekeeping,
    packets,
    protection,
    refusals,
    reliability,
    reset,
    session,
    state,
    training,
    verification,
    wraps,
)

CHECKS: tuple[Check, ...] = (
    *hello.CHECKS,
    *framing.CHECKS,
    *session.CHECKS,
    *packets.CHECKS,
    *verification.CHECKS,
    *reliability.CHECKS,
    *wraps.CHECKS,
    *credit.CHECKS,
    *housekeeping.CHECKS,
    *refusals.CHECKS,
    *catalogue.CHECKS,
    *state.CHECKS,
    *training.CHECKS,
    *banks.CHECKS,
    *protection.CHECKS,
    *reset.CHECKS,
    *hostile.CHECKS,
    *framing.AT_THE_END,
)

__all__ = ["CHECKS"]
