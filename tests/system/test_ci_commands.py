"""The commands of the CI services' files do what they are there for, in the shell that the services use."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.system.ci_commands import BOARDS, COMMANDS, github_commands, gitlab_commands
from tests.system.command_line import ROOT, save_rows, write_scenario

DEADLINE_S = 120.0


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a folder in which the checkout's commands work, and that is not the checkout."""
    for name in (".venv", "fixtures"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "desk").mkdir()
    save_rows(tmp_path / "desk" / "rows", 0, 40)
    write_scenario(tmp_path / "desk" / "quick.toml")
    (tmp_path / "desk" / "desk.toml").write_text('scenarios = ["quick.toml"]\nrecording = "./rows"\n')
    return tmp_path


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize("lines", [github_commands(), gitlab_commands()], ids=["github", "gitlab"])
def test_the_commands_run_in_their_order(lines: list[str], shell: str, checkout: Path) -> None:
    summary = checkout / "step-summary.md"
    # the services name the desk's files by such variables
    environment = {
        **os.environ,
        "GITHUB_STEP_SUMMARY": str(summary),
        "HIL_MATRIX": str(checkout / "desk" / "desk.toml"),
        "HIL_NIGHTS": str(checkout / "desk" / "nights"),
    }
    for line in lines:
        tried = COMMANDS[line]
        if tried.untried:
            continue
        ran = subprocess.run(
            [shell, "-e", "-c", line + tried.more],
            cwd=ROOT if tried.checkout else checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=DEADLINE_S,
            check=False,
        )
        assert ran.returncode == 0, (line, ran.stdout, ran.stderr)
    assert BOARDS in lines
    for name in ("night.json", "junit.xml", "summary.md", "index.html"):
        assert (checkout / "tonight" / name).is_file()
    assert len(list((checkout / "nights").iterdir())) == 2, "a night and its lock"
    if lines == github_commands():
        assert summary.read_text().count("# Emulated targets: ") == 1
