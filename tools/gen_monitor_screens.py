"""Draws the monitor's screens of made runs: goldens of the tests, and the screen in docs/monitor.md.

python -m tools.gen_monitor_screens            # write them; look at the difference before you commit it
python -m tools.gen_monitor_screens --check    # say which are not as they are drawn now
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.monitor.view import screen
from tests.unit.monitor_moments import MOMENTS, SIZES

CHECKOUT: Final = Path(__file__).parents[1]
GOLDEN: Final = CHECKOUT / "tests" / "unit" / "golden" / "monitor"
PAGE: Final = CHECKOUT / "docs" / "monitor.md"
_BEGIN: Final = "<!-- screen: begin (tools/gen_monitor_screens.py) -->\n```text\n"
_END: Final = "```\n<!-- screen: end -->"


def drawn(moment: str, width: int, height: int) -> str:
    """A screen as plain text, without blanks at the ends of its lines."""
    lines = screen(MOMENTS[moment](), width, height)
    return "".join(f"{line.plain.rstrip()}\n" for line in lines)


def goldens() -> Iterator[tuple[Path, str]]:
    """Every file and what belongs into it."""
    for moment in MOMENTS:
        for width, height in SIZES:
            yield GOLDEN / f"{moment}-{width}x{height}.txt", drawn(moment, width, height)
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    yield PAGE, f"{before}{_BEGIN}{drawn('stream', 80, 24)}{_END}{after}"


def main() -> int:
    """Write, or check."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    stale = [(path, text) for path, text in goldens() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path, text in stale:
        print(f"{'stale' if options.check else 'wrote'}: {path.relative_to(CHECKOUT)}")
        if not options.check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
