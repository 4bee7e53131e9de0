"""How much of a resource must be left at which point of a project. docs/margins.md says more."""

from bench.margins.profile import RESOURCES, MarginFloor, MarginProfile, find_profile, load_profile, profile_names
from bench.margins.spec import MarginSpec, profile_path, take_margins

__all__ = [
    "RESOURCES",
    "MarginFloor",
    "MarginProfile",
    "MarginSpec",
    "find_profile",
    "load_profile",
    "profile_names",
    "profile_path",
    "take_margins",
]
