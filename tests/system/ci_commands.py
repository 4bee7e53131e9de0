"""Every command of the CI services' files, and how each is tried here."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.system.command_line import ROOT

GITHUB = ROOT / ".github/workflows/hil.yml"
GITLAB = ROOT / ".gitlab-ci.yml"


@dataclass(frozen=True)
class Tried:
    """`more` words make a command cheap. One that is `checkout` runs where the sources are, else beside them.

    `untried` says why a command is only read.
    """

    more: str = ""
    checkout: bool = False
    untried: str = ""


EMULATED = ".venv/bin/bench nightly fixtures/nightly/emulated.toml --out nights"
BOARDS = '.venv/bin/bench nightly "$HIL_MATRIX" --out "$HIL_NIGHTS"'
COMMANDS: dict[str, Tried] = {
    "apt-get update && apt-get install --yes --no-install-recommends ca-certificates git python3": Tried(
        untried="it needs root and a network"
    ),
    "./tools/setup": Tried(checkout=True),
    "./tools/test": Tried(more=" list --quiet", checkout=True),
    EMULATED: Tried(more=" --only sun-sensor-onnx@qemu-zynq-a9"),
    'cp -R "$(ls -d nights/2* | tail -n 1)" tonight': Tried(),
    'cat tonight/summary.md >> "$GITHUB_STEP_SUMMARY"': Tried(),
    "ls -d nights/2* | head -n -3 | xargs -r rm -r": Tried(),
    BOARDS: Tried(),
    "rm -rf tonight": Tried(),
    'cp -R "$(ls -d "$HIL_NIGHTS"/2* | tail -n 1)" tonight': Tried(),
}


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def github_commands() -> list[str]:
    """Every line of every `run:`."""
    steps = [step for job in load(GITHUB)["jobs"].values() for step in job["steps"]]
    return [line for step in steps for line in step.get("run", "").splitlines()]


def gitlab_commands() -> list[str]:
    """Every line of every script."""
    jobs = [job for job in load(GITLAB).values() if isinstance(job, dict)]
    return [line for job in jobs for key in ("before_script", "script", "after_script") for line in job.get(key, [])]
