"""What this machine has of what the bench needs, what is wrong with a port, and what to do about it."""

from bench.doctor.finding import Finding, render
from bench.doctor.installed import TOOLS, Tool, ask, examine, examine_tools
from bench.doctor.targets import examine_target, known_targets

__all__ = [
    "TOOLS",
    "Finding",
    "Tool",
    "ask",
    "examine",
    "examine_target",
    "examine_tools",
    "known_targets",
    "render",
]
