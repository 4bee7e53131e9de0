"""What this machine has of what the bench needs, what is wrong with a port, and what to do about it."""

from bench.doctor.finding import Finding, render
from bench.doctor.installed import TOOLS, Tool, ask, examine

__all__ = ["TOOLS", "Finding", "Tool", "ask", "examine", "render"]
