"""Scenario files as tests: one for each target."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from bench.pytest_plugin import settings

if TYPE_CHECKING:
    from bench.scenario import Scenario


class ScenarioFile(pytest.File):
    """One TOML file."""

    def collect(self) -> Iterator[pytest.Item]:
        from bench.errors import ConfigurationError
        from bench.pytest_plugin.select import short_name
        from bench.scenario import load_scenario

        try:
            scenario = load_scenario(str(self.path))
        except ConfigurationError as error:
            raise self.CollectError(f"{error.message}\nhint: {error.hint}") from error
        for target in settings.targets(self.config) or [scenario.target]:
            name = f"{scenario.name}[{short_name(target)}]"
            # Given as a text, the brackets are parsed as pytest parses them from its cache: --lf finds the test again.
            nodeid = f"{self.nodeid}::{name}"
            yield ScenarioItem.from_parent(self, name=name, nodeid=nodeid, scenario=scenario, target_name=target)


class ScenarioItem(pytest.Item):
    """A scenario on a target; passes when every required verdict is PASS."""

    def __init__(self, *, scenario: Scenario, target_name: str, **rest: Any) -> None:  # noqa: ANN401 - pytest passes its own on
        super().__init__(**rest)
        self.scenario = scenario
        self.target_name = target_name
        named = (scenario.requirements, *(limit.requirements for limit in scenario.limits))
        every = dict.fromkeys(one for ids in named for one in ids)
        self.user_properties.extend(("requirement", one) for one in every)

    def runtest(self) -> None:
        from bench.pytest_plugin.boards import boards_of, runs_folder
        from bench.pytest_plugin.payload import Payload

        recording = self._check()
        boards = boards_of(self.config)
        with boards.in_use(self.target_name, self) as (board, hello):
            folders = settings.recording_folders(self.config)
            payload = Payload(board, self, hello=hello, runs=runs_folder(self.config), recordings=folders)
            payload.run(self.scenario, recording=recording)
        if settings.scope(self.config) != "session":
            boards.close(self.target_name)

    def _check(self) -> Path | None:
        """Skip what cannot run here; the recording that the user brought, None = the scenario's own."""
        from bench.plan import lacking_capability
        from bench.pytest_plugin.boards import boards_of, give_up

        target = boards_of(self.config).target(self.target_name)
        capability = lacking_capability(self.scenario, target)
        if capability is not None:
            give_up(self.config, f"target {target.name} has no capability {capability!r}")
        if self.scenario.recording is not None:
            return None
        folders = settings.recording_folders(self.config)
        recording = next((path for folder in folders if (path := folder / self.scenario.name).is_dir()), None)
        if recording is None:
            what = f"scenario {self.scenario.name} has no recording, and none of its name is in hil_recordings"
            give_up(self.config, f"{what}; hint: {self.scenario.recording_hint}")
        return recording

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401 - as pytest has it
        from bench.pytest_plugin.payload import VerdictFailed

        if isinstance(excinfo.value, VerdictFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)
