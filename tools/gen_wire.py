"""Derive messages.py, c/wire.h, c/wire.c and the tables of SPEC.md from wire.toml.

`python -m tools.gen_wire` writes them; `--check` only says which of them are stale and exits 1 if any is.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
if not __package__:  # started as a file: `tools` is found from the checkout
    sys.path.insert(0, str(CHECKOUT))

from tools.wiregen.c import make_header, make_source  # noqa: E402 - needs the path above
from tools.wiregen.python import make_messages  # noqa: E402
from tools.wiregen.schema import SchemaError, load_schema  # noqa: E402
from tools.wiregen.spec import make_spec  # noqa: E402

INTERFACE = CHECKOUT / "firmware_if"


def make_files(interface: Path) -> dict[Path, str]:
    """Path -> text of every generated file."""
    schema = load_schema(interface / "wire.toml")
    spec = interface / "SPEC.md"
    return {
        interface / "messages.py": _format(make_messages(schema)),
        interface / "c" / "wire.h": make_header(schema),
        interface / "c" / "wire.c": make_source(schema),
        spec: make_spec(schema, spec.read_text(encoding="utf-8")),
    }


def _format(text: str) -> str:
    """`text` as the project's formatter has it."""
    settings = ["--config", str(CHECKOUT / "pyproject.toml"), "--stdin-filename", "messages.py"]
    command = [sys.executable, "-m", "ruff", "format", *settings, "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def main() -> int:
    """Write or check; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is stale")
    check = parser.parse_args().check
    try:
        files = make_files(INTERFACE)
    except SchemaError as error:
        print(f"wire.toml: {error}", file=sys.stderr)
        return 1
    stale = [
        (path, text) for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        if not check:
            path.write_text(text, encoding="utf-8")
        print(f"{path.relative_to(INTERFACE.parent)}: {'stale: run python -m tools.gen_wire' if check else 'written'}")
    if check and not stale:
        print("messages.py, wire.h, wire.c and SPEC.md are what wire.toml says")
    return int(check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
