"""What a requirement may be called."""

import re
from collections.abc import Sequence
from typing import Final

from bench.strict import StrictTable

_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_./][A-Za-z0-9]+)*")
_MAX_LENGTH: Final = 48
ID_RULE: Final = "a letter, then letters and digits, in parts joined by '-', '_', '.' or '/'; at most 48 in all"
_HINT: Final = "write it as PL-TIM-010"


def is_identifier(text: object) -> bool:
    """Whether `text` can be the identifier of a requirement."""
    return isinstance(text, str) and len(text) <= _MAX_LENGTH and _ID.fullmatch(text) is not None


def check_identifiers(given: Sequence[object]) -> str:
    """What is wrong with a list of identifiers; empty if nothing is."""
    for one in given:
        if not is_identifier(one):
            return f"{one!r} is no identifier of a requirement, expected {ID_RULE}"
    twice = next((one for one in given if given.count(one) > 1), None)
    return f"{twice!r} is there twice" if twice is not None else ""


def take_identifiers(table: StrictTable, key: str = "requirements") -> tuple[str, ...]:
    """The list of a scenario or a limit; none where the key is absent."""
    given = table.take_list(key, str, None)
    if given is None:
        return ()
    if not given:
        raise table.problem(key, "is empty", hint="name a requirement, or leave the key out")
    wrong = check_identifiers(given)
    if wrong:
        raise table.problem(key, wrong, hint=_HINT)
    return given
