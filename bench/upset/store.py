"""Golden runs that were made before: kept by what they depend on, so that every worker has the very same.

Bytes reach a payload at moments that the host decides, so two golden runs made apart differ by a few instructions, and
in what a clock has written. One that is made once and shared does not.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from bench.errors import BenchError
from bench.upset.archive import RUN, SNAPSHOTS, load_run, pack, save_run, unpack
from bench.upset.golden import GoldenRun

_KEPT: Final = 8
_LOCK_S: Final = 600.0
"""For another worker to make the run that this one waits for; it takes seconds."""
FOLDER_VARIABLE: Final = "HIL_GOLDEN_RUNS"


def store_folder() -> Path:
    """Where golden runs lie: workers on several machines share one by naming it in the environment."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hil-bench" / "golden-runs"


def fetch_golden(
    key: str, into: Path, make: Callable[[], GoldenRun], *, folder: Path, archive: Path | None = None
) -> GoldenRun:
    """The golden run of that key, with its snapshots in `into`; made by `make`, which leaves its snapshots there.

    `archive` is where a campaign keeps its own. What is there stands before all others, if it has the key; else, where
    there is nothing yet, the run is written there. Raises BenchError where the folder belongs to somebody else: what
    lies in it is trusted.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o022:
            raise BenchError(
                f"{folder} can be written by others, and what lies there is trusted",
                hint=f"chmod go-w {folder}, or name another folder in {FOLDER_VARIABLE}",
            )
        with FileLock(folder / f"{key}.lock", timeout=_LOCK_S):
            kept = folder / key
            if archive is not None and archive.exists():
                _take(key, archive, folder, kept)
            if (kept / RUN).is_file():
                run: GoldenRun = load_run(kept / RUN)
                shutil.copyfile(kept / SNAPSHOTS, into / SNAPSHOTS)
                os.utime(kept)
            else:
                run = make()
                _keep(folder, kept, run, into / SNAPSHOTS)
            if archive is not None and not archive.exists():
                pack(key, kept, archive)
            return run
    except Timeout as error:
        raise BenchError(f"another worker has been making the golden run for {_LOCK_S:g} s") from error
    except OSError as error:
        raise BenchError(f"{folder} cannot be used for golden runs: {error.strerror}") from error


def _take(key: str, archive: Path, folder: Path, kept: Path) -> None:
    """A campaign's own golden run in place of what is kept, unless it is that of another firmware or scenario."""
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=folder))
    try:
        if unpack(archive, fresh) == key and _differs(fresh / RUN, kept / RUN):
            shutil.rmtree(kept, ignore_errors=True)
            fresh.rename(kept)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _differs(one: Path, other: Path) -> bool:
    return not other.is_file() or one.read_bytes() != other.read_bytes()


def _keep(folder: Path, kept: Path, run: GoldenRun, snapshots: Path) -> None:
    """All of it or nothing; the oldest are dropped."""
    fresh = Path(tempfile.mkdtemp(prefix="new-", dir=folder))
    shutil.copyfile(snapshots, fresh / SNAPSHOTS)
    save_run(run, fresh / RUN)
    shutil.rmtree(kept, ignore_errors=True)
    fresh.rename(kept)
    runs = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for old in runs[:-_KEPT]:
        shutil.rmtree(old, ignore_errors=True)
