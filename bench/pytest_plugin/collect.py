"""Scenario files as tests: one for each target."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pytest

from bench.pytest_plugin import settings

_FOLDER: Final = "scenarios"
_SIGNS: Final = (b"[[models]]", b"[[limits]]")


def is_scenario(path: Path, config: pytest.Config) -> bool:
    """Whether a TOML file is meant as a scenario.

    It is, if it is named on the command line, matches `hil_scenarios`, or lies in a folder called scenarios and looks
    like one.
    """
    if any(Path(argument.partition("::")[0]).absolute() == path for argument in config.args):
        return True
    if any(fnmatch(str(path), str(config.rootpath / pattern)) for pattern in config.getini("hil_scenarios")):
        return True
    return path.parent.name == _FOLDER and any(sign in path.read_bytes() for sign in _SIGNS)


class ScenarioFile(pytest.File):
    """One TOML file."""

    def collect(self) -> Iterator[pytest.Item]:
        from bench.errors import ConfigurationError
        from bench.scenario import load_scenario

        try:
            scenario = load_scenario(self.path)
        except ConfigurationError as error:
            raise self.CollectError(f"{error.message}\nhint: {error.hint}") from error
        for target in settings.targets(self.config) or [scenario.target]:
            yield ScenarioItem.from_parent(
                self, name=f"{scenario.name}[{target}]", scenario=scenario, target_name=target
            )


class ScenarioItem(pytest.Item):
    """A scenario on a target; passes when every required verdict is PASS."""

    def __init__(self, *, scenario: Any, target_name: str, **rest: Any) -> None:  # noqa: ANN401 - pytest passes its own on
        super().__init__(**rest)
        self.scenario = scenario
        self.target_name = target_name

    def runtest(self) -> None:
        from bench.plan import CAPABILITY_OF_MODE
        from bench.pytest_plugin.boards import boards_of, give_up, runs_folder, skipping_absent
        from bench.pytest_plugin.payload import Payload

        boards = boards_of(self.config)
        target = boards.target(self.target_name)
        capability = CAPABILITY_OF_MODE[self.scenario.mode]
        if capability not in target.capabilities:
            give_up(self.config, f"target {target.name} has no capability {capability!r}")
        folders = settings.recording_folders(self.config)
        recording = None
        if self.scenario.recording is None:  # then the one of its name that the user brought
            recording = next((path for folder in folders if (path := folder / self.scenario.name).is_dir()), None)
            if recording is None:
                what = f"scenario {self.scenario.name} has no recording, and none of its name is in hil_recordings"
                give_up(self.config, f"{what}; hint: {self.scenario.recording_hint}")
        with boards.in_use(self.target_name) as board, skipping_absent(self.config):
            payload = Payload(board, self, runs=runs_folder(self.config), recordings=folders)
            payload.run(self.scenario, recording=recording)
        if settings.scope(self.config) != "session":
            boards.close(self.target_name)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 - as pytest has it
        from bench.pytest_plugin.payload import VerdictFailed

        if isinstance(excinfo.value, VerdictFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)
