"""The files for CI services are valid by the services' schemas, and hold only commands that are tried."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.ci_commands import COMMANDS, GITHUB, GITLAB, github_commands, gitlab_commands, load
from tests.system.command_line import ROOT


@pytest.mark.parametrize(
    ("schema", "path"), [("vendor.github-workflows", GITHUB), ("vendor.gitlab-ci", GITLAB)], ids=["github", "gitlab"]
)
def test_the_file_is_what_the_service_reads(schema: str, path: Path) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_command_is_tried_and_every_tried_command_is_there() -> None:
    assert {*github_commands(), *gitlab_commands()} == set(COMMANDS)


def test_both_services_do_the_same() -> None:
    of_github_alone = {line for line in github_commands() if "GITHUB_" in line}
    assert set(github_commands()) - of_github_alone == set(gitlab_commands())


def test_the_workflow_asks_for_no_more_than_it_needs() -> None:
    workflow = load(GITHUB)
    assert workflow["permissions"] == {"contents": "read"}
    assert "concurrency" in workflow
    for name, job in workflow["jobs"].items():
        assert "timeout-minutes" in job, name
        assert "permissions" not in job, name
        for step in job["steps"]:
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/none@v1")), step


def test_what_strangers_propose_never_runs_on_a_machine_with_boards() -> None:
    github = load(GITHUB)["jobs"]["boards"]
    assert "self-hosted" in github["runs-on"]
    assert "github.event_name == 'schedule' || github.event_name == 'workflow_dispatch'" in github["if"]
    assert all("self-hosted" not in job["runs-on"] for name, job in load(GITHUB)["jobs"].items() if name != "boards")
    gitlab = load(GITLAB)["boards"]
    [rule] = gitlab["rules"]
    assert gitlab["tags"] == ["hil-boards"]
    assert "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" in rule["if"]


def test_the_suite_runs_without_data_that_are_no_part_of_the_project() -> None:
    for path in (GITHUB, GITLAB):
        assert not re.search(r"^\s*HIL_REQUIRE_DATA:", path.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_page_says_that_the_services_were_not_run() -> None:
    page = (ROOT / "docs/nightly.md").read_text(encoding="utf-8")
    assert "The services themselves have not been run" in page
