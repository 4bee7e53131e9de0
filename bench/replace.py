"""Files that are replaced as a whole or not at all."""

import os
from pathlib import Path

from bench.errors import RunFolderError


def replace_content(path: Path, content: bytes) -> None:
    """Write a file beside `path`, then put it in its place, so that a reader never sees half of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise RunFolderError(
            f"cannot write {path}: {error.strerror}", hint="is the disk full, or the folder gone?"
        ) from error
