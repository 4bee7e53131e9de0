"""Each benchmark says what it measures, without measuring, and docs/benchmarks.md knows it."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = {"__init__", "common"}
BENCHMARKS = sorted(path.stem for path in (ROOT / "tools" / "benchmarks").glob("*.py") if path.stem not in SHARED)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_help_says_what_is_measured(name: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", f"tools.benchmarks.{name}", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    source = (ROOT / "tools" / "benchmarks" / f"{name}.py").read_text(encoding="utf-8")
    assert source.splitlines()[0].strip('"') in shown.stdout


def test_every_benchmark_is_documented() -> None:
    text = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    assert [name for name in BENCHMARKS if f"tools.benchmarks.{name}" not in text] == []
