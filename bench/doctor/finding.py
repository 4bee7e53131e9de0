"""What was looked at, what was found, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bench.printed import printable

MISSING: Final = "MISSING"
FAIL: Final = "FAIL"
_INDENT: Final = 10


@dataclass(frozen=True)
class Finding:
    """One thing that was looked for. `advice` says what to do where it is missing or of limited use."""

    name: str
    ok: bool
    found: str
    advice: str = ""
    otherwise: str = MISSING
    """What stands in front of it where it is not ok."""

    @property
    def mark(self) -> str:
        """'note' is what works, with a limit."""
        if not self.ok:
            return self.otherwise
        return "note" if self.advice else "ok"


def render(findings: Iterable[Finding]) -> str:
    """Lines of plain text: the mark, what was found, and the advice below."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.mark:<8}{finding.name}: {finding.found}")
        lines += [f"{'':<{_INDENT}}{line}" for line in finding.advice.splitlines()]
    return printable("\n".join(lines)) + "\n"
