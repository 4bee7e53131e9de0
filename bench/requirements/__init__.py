"""What must be shown: identifiers of requirements, and the file that lists them. docs/requirements.md says more."""

from bench.requirements.file import CLOSED_BY_HAND, METHODS, Requirement, RequirementsFile, load_requirements
from bench.requirements.identifiers import ID_RULE, check_identifiers, is_identifier, take_identifiers

__all__ = [
    "CLOSED_BY_HAND",
    "ID_RULE",
    "METHODS",
    "Requirement",
    "RequirementsFile",
    "check_identifiers",
    "is_identifier",
    "load_requirements",
    "take_identifiers",
]
