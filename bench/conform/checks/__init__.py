"""Every check, in the order in which they run: what later ones rely on comes first."""

from bench.conform.check import Check
from bench.conform.checks import framing, hello

CHECKS: tuple[Check, ...] = (*hello.CHECKS, *framing.CHECKS, *framing.AT_THE_END)

__all__ = ["CHECKS"]
