"""Faults of a line, put in on purpose and decided by a seed. docs/link-faults.md says what each does."""

from bench.transport.faults.fault import BREAKS, KINDS, WAYS, Fault, check_fault
from bench.transport.faults.plan import LinkFaultPlan, drawn_plan, listed_plan
from bench.transport.faults.profile import LinkFaultProfile, load_link_profile, profile_names
from bench.transport.faults.transport import FaultyTransport

__all__ = [
    "BREAKS",
    "KINDS",
    "WAYS",
    "Fault",
    "FaultyTransport",
    "LinkFaultPlan",
    "LinkFaultProfile",
    "check_fault",
    "drawn_plan",
    "listed_plan",
    "load_link_profile",
    "profile_names",
]
