"""What the user chose: command line before environment before configuration file."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

SCOPES: Final = ("session", "package", "module", "class", "function")
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})
_WORKER_LOCK_WAIT_S: Final = 600.0
"""Workers of pytest-xdist take turns on a board; a turn is one test."""
_SCENARIO_FOLDER: Final = "scenarios"
_SCENARIO_SIGN: Final = re.compile(rb"^\s*\[\[\s*(models?|limits?)\s*\]\]", re.MULTILINE)
"""Also of one with a typo, which is better reported than left out."""


def add_options(parser: pytest.Parser) -> None:
    """Options, each also as HIL_NAME in the environment and hil_name in the configuration file."""
    group = parser.getgroup("hil", "payload computers (hil-bench)")
    group.addoption(
        "--hil-target",
        action="append",
        metavar="NAME",
        help="payload computer to test on (see `bench targets`); repeat it to run the same tests on each",
    )
    group.addoption("--hil-port", metavar="URL", help="the target is a board on this serial port or pyserial URL")
    group.addoption("--hil-station", metavar="FILE", help="where boards are plugged in; default: station.toml")
    group.addoption("--hil-runs", metavar="DIR", help="keep run folders here; default: with pytest's temporary files")
    group.addoption(
        "--hil-require",
        action="store_true",
        default=None,
        help="fail, instead of skip, what lacks its board, or is unmeasured",
    )
    group.addoption(
        "--hil-monitor",
        action="store_true",
        default=None,
        help="show the runs on the whole screen while they go on; plain lines without a terminal",
    )
    group.addoption("--hil-baseline", metavar="NAME", help="fail what is worse than these runs (bench baseline)")
    from_here = "from the folder of this file"
    parser.addini("hil_target", "as --hil-target; several, with blanks between", type="args", default=[])
    parser.addini("hil_port", "as --hil-port", type="string", default="")
    parser.addini("hil_station", f"as --hil-station, {from_here}", type="string", default="")
    parser.addini("hil_runs", f"as --hil-runs, {from_here}", type="string", default="")
    parser.addini("hil_require", "as --hil-require", type="bool", default=False)
    parser.addini("hil_baseline", "as --hil-baseline", type="string", default="")
    parser.addini("hil_history", f"history of runs (or: off), {from_here}; default: among hil_runs", default="")
    parser.addini("hil_monitor", "as --hil-monitor", type="bool", default=False)
    scopes = f"how long tests share a started board: {', '.join(SCOPES)}; default: session"
    parser.addini("hil_scope", scopes, type="string", default="session")
    parser.addini("hil_recordings", f"folders of recordings, {from_here}", type="args", default=[])
    scenarios = (
        f"further scenario files: shell patterns, {from_here}; those in folders called scenarios are found anyway"
    )
    parser.addini("hil_scenarios", scenarios, type="args", default=[])
    waits = "seconds to wait for a board that somebody else uses; default: 0, for workers of pytest-xdist 600"
    parser.addini("hil_lock_wait", waits, type="float", default=None)


def targets(config: pytest.Config) -> list[str]:
    """Names, or paths, of the chosen targets."""
    given = config.getoption("--hil-target") or os.environ.get("HIL_TARGET", "").replace(",", " ").split()
    return list(dict.fromkeys(given or _configured(config, "target")))


def text(config: pytest.Config, name: str) -> str | None:
    """An option that is a text; None where it is given nowhere."""
    return (
        config.getoption(f"--hil-{name}") or os.environ.get(f"HIL_{name.upper()}") or _configured(config, name) or None
    )


def path(config: pytest.Config, name: str) -> Path | None:
    """An option that is a path; one from the configuration file is taken from that file's folder."""
    given = config.getoption(f"--hil-{name}") or os.environ.get(f"HIL_{name.upper()}")
    if given:
        return Path(given)
    configured = _configured(config, name)
    return _folder(config) / configured if configured else None


def history(config: pytest.Config) -> Path | None:
    """The file of the history; None where it is switched off."""
    from bench.history import OFF, history_path

    configured = str(_configured(config, "history"))
    if configured and not os.environ.get("HIL_HISTORY"):
        return None if configured == OFF else _folder(config) / configured
    return history_path(runs=path(config, "runs") or config.rootpath / "runs")


def required(config: pytest.Config) -> bool:
    """Whether a skip is a failure."""
    return _flag(config, "require")


def monitored(config: pytest.Config) -> bool:
    """Whether runs are shown while they go on."""
    return _flag(config, "monitor")


def _flag(config: pytest.Config, name: str) -> bool:
    if config.getoption(f"--hil-{name}"):
        return True
    variable = f"HIL_{name.upper()}"
    given = os.environ.get(variable, "")
    if given and given.lower() not in _TRUE | _FALSE:
        raise pytest.UsageError(f"{variable} is {given!r}\nhint: set it to 1 or 0")
    return given.lower() in _TRUE if given else bool(_configured(config, name))


def scope(config: pytest.Config) -> str:
    """How long tests share a board."""
    given = str(_configured(config, "scope"))
    if given not in SCOPES:
        raise pytest.UsageError(f"hil_scope is {given!r}\nhint: choose one of: {', '.join(SCOPES)}")
    return given


def lock_wait_s(config: pytest.Config) -> float:
    """How long to wait for a board; workers of pytest-xdist take turns, and so wait by themselves."""
    given = _configured(config, "lock_wait")
    if given is None:
        return _WORKER_LOCK_WAIT_S if is_worker(config) else 0.0
    return float(given)


def recording_folders(config: pytest.Config) -> list[Path]:
    """Where recordings are found by name, before those that come with the bench."""
    return [_folder(config) / folder for folder in _configured(config, "recordings")]


def is_scenario(path: Path, config: pytest.Config) -> bool:
    """Whether a TOML file is meant as a scenario.

    It is, if it is named on the command line, matches `hil_scenarios`, or lies in a folder called scenarios and has
    models or limits.
    """
    base = config.invocation_params.dir
    if any(os.path.abspath(base / argument.partition("::")[0]) == str(path) for argument in config.args):  # noqa: PTH100 - resolve() would follow links
        return True
    if any(fnmatch(str(path), str(_folder(config) / pattern)) for pattern in _configured(config, "scenarios")):
        return True
    return path.parent.name == _SCENARIO_FOLDER and _SCENARIO_SIGN.search(path.read_bytes()) is not None


def current_test() -> str:
    """What runs now, as pytest says it to everybody."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]


def is_worker(config: pytest.Config) -> bool:
    """Whether this process is one of several that share the boards."""
    return hasattr(config, "workerinput")


def check(config: pytest.Config) -> None:
    """Raise UsageError for settings that cannot be meant, or contradict each other."""
    _check_root(config)
    scope(config)
    required(config)
    if monitored(config) and not is_worker(config) and getattr(config.option, "numprocesses", None):
        raise pytest.UsageError(
            "--hil-monitor shows one run at a time, and -n makes several\nhint: leave one of them out"
        )
    lock_wait_s(config)
    chosen = targets(config)
    if text(config, "port") is not None and len(chosen) != 1:
        given = f"{len(chosen)} targets were given" if chosen else "no target was given"
        raise pytest.UsageError(f"--hil-port names one board, and {given}\nhint: add one --hil-target NAME")


def _check_root(config: pytest.Config) -> None:
    """Raise UsageError where pytest, which looks for its root before it loads plugins, took our value for a test path.

    With --hil-port /dev/ttyUSB0 the root would be /dev, or /, and the project's configuration file would not be read.
    """
    here, root = config.invocation_params.dir, config.rootpath
    if config.inipath is not None or config.getoption("rootdir"):
        return
    for option, value in pairwise(map(str, config.invocation_params.args)):
        place = here / value
        outside = place.exists() and place.is_relative_to(root) and not place.is_relative_to(here)
        if option.startswith("--hil-") and outside:
            what = f"pytest took {value} for a path of tests, and {root} for the root of the project"
            raise pytest.UsageError(f"{what}\nhint: write {option}={value}")


def _configured(config: pytest.Config, name: str) -> Any:  # noqa: ANN401 - as pytest has it
    """What the configuration file says; raises UsageError for a value of another type."""
    try:
        return config.getini(f"hil_{name}")
    except (TypeError, ValueError, pytest.UsageError) as error:  # which of them depends on pytest's version
        said = str(error) if name in str(error) else f"hil_{name}: {error}"
        raise pytest.UsageError(f"{said}\nhint: pytest --help says what it is") from error


def _folder(config: pytest.Config) -> Path:
    return config.inipath.parent if config.inipath is not None else config.rootpath
