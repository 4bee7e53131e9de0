"""What people are shown: text from elsewhere, such as a board or a flash tool, made harmless; figures made short."""

import re
from typing import Final

_CONTROL: Final = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|[^\t\n\r\x20-\x7e\xa0-\U0010ffff]|[\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
"""Terminal sequences (ECMA-48, 5.4) and control characters, as progress bars use them, and those that end a line or
turn the direction of text where nobody sees it (Unicode, UAX 9)."""
LEAST_TEXT_BYTES: Final = 4
"""Fewer bytes look like text by chance."""
_TEXT_SHARE: Final = 0.9
"""Of printable bytes from which on it is text. Of random bytes 0.38 are."""
_TEXT: Final = frozenset(range(0x20, 0x7F)) | frozenset(b"\t\n\r\x1b")


def is_text(data: bytes, *, least: int = LEAST_TEXT_BYTES) -> bool:
    """Whether bytes from a line are text, of which there must be so many at least."""
    return len(data) >= least and sum(byte in _TEXT for byte in data) >= _TEXT_SHARE * len(data)


def printable(text: str) -> str:
    """`text` without what would move a cursor, set a colour or ring a bell; lines end as they did."""
    return _CONTROL.sub("", text)


def significant(value: float) -> str:
    """Four significant digits, and more where they would round up to 1 or 100: what is left over may matter."""
    texts = (f"{value:.{digits}g}" for digits in range(4, 18))
    return next(
        (text for text in texts if abs(float(text)) not in {1.0, 100.0} or abs(value) >= abs(float(text))), str(value)
    )
