"""Hooks that a conftest.py or another plugin may implement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from bench.board import Board, FinishedRun
    from bench.verdict import Verdict


@pytest.hookspec
def pytest_hil_targets(config: pytest.Config) -> Mapping[str, Path]:  # type: ignore[empty-body]
    """Further targets for --hil-target: names and their TOML files."""


@pytest.hookspec
def pytest_hil_before_start(config: pytest.Config, board: Board) -> None:
    """The board is about to be opened, reset or started: switch its power on here."""


@pytest.hookspec
def pytest_hil_after_start(config: pytest.Config, board: Board) -> None:
    """The way to the board is open; nothing has been said on the link by a test yet."""


@pytest.hookspec
def pytest_hil_measured(item: pytest.Item, run: FinishedRun, verdicts: Sequence[Verdict]) -> None:
    """A run of a test was measured: `verdicts` holds every figure, judged or not."""
