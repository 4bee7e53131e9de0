"""What all entries of a trace are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Entry:
    """Base of all entries; `t` is set when an entry is recorded."""

    kind: ClassVar[str] = ""
    t: float = field(default=0.0, kw_only=True)
