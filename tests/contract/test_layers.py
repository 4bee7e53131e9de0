"""Who may import whom. The contracts are in pyproject.toml; what they cannot say is said here."""

import subprocess
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]


def importers_of(graph: grimp.ImportGraph, name: str) -> set[str]:
    """Name the modules outside `name` that import it, or a module below it, themselves."""
    family = {module for module in graph.modules if module == name or module.startswith(f"{name}.")}
    found = {importer for module in family for importer in graph.find_modules_that_directly_import(module)}
    return found - family


def test_import_contracts_hold() -> None:
    lint = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 0, lint.stdout + lint.stderr


def test_only_the_session_joins_connection_and_transport() -> None:
    graph = grimp.build_graph("bench", "firmware_if", cache_dir=None)
    both = importers_of(graph, "firmware_if.connection") & importers_of(graph, "bench.transport")
    assert both
    assert all(module.startswith("bench.session.") for module in both), both
