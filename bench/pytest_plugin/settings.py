"""What the user chose: command line before environment before configuration file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

OPTIONS: Final = ("target", "port", "station", "runs", "require")
SCOPES: Final = ("session", "package", "module", "class", "function")
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"", "0", "false", "no", "off"})


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
    parser.addini("hil_target", "targets, as --hil-target", type="args", default=[])
    parser.addini("hil_port", "as --hil-port", default="")
    parser.addini("hil_station", "as --hil-station, from the folder of this file", default="")
    parser.addini("hil_runs", "as --hil-runs, from the folder of this file", default="")
    parser.addini("hil_require", "as --hil-require", default="")
    parser.addini("hil_scope", f"how long tests share a started board: {', '.join(SCOPES)}", default="session")
    parser.addini("hil_recordings", "folders of recordings, from the folder of this file", type="args", default=[])
    parser.addini("hil_scenarios", "further files that are scenarios: shell patterns of paths", type="args", default=[])
    parser.addini("hil_lock_wait", "seconds to wait for a board that somebody else uses", default="")


def targets(config: pytest.Config) -> list[str]:
    """Names, or paths, of the chosen targets."""
    given = config.getoption("--hil-target") or os.environ.get("HIL_TARGET", "").replace(",", " ").split()
    return list(dict.fromkeys(given or config.getini("hil_target")))


def text(config: pytest.Config, name: str) -> str | None:
    """An option that is a text; None where it is given nowhere."""
    return (
        config.getoption(f"--hil-{name}")
        or os.environ.get(f"HIL_{name.upper()}")
        or config.getini(f"hil_{name}")
        or None
    )


def path(config: pytest.Config, name: str) -> Path | None:
    """An option that is a path; one from the configuration file is taken from that file's folder."""
    given = config.getoption(f"--hil-{name}") or os.environ.get(f"HIL_{name.upper()}")
    if given:
        return Path(given)
    configured = config.getini(f"hil_{name}")
    return config.rootpath / configured if configured else None


def required(config: pytest.Config) -> bool:
    """Whether a skip is a failure."""
    if config.getoption("--hil-require"):
        return True
    given = (os.environ.get("HIL_REQUIRE") or config.getini("hil_require")).lower()
    if given not in _TRUE | _FALSE:
        raise pytest.UsageError(f"hil_require is {given!r}, expected true or false")
    return given in _TRUE


def scope(config: pytest.Config) -> str:
    """How long tests share a board."""
    given = str(config.getini("hil_scope"))
    if given not in SCOPES:
        raise pytest.UsageError(f"hil_scope is {given!r}, expected one of: {', '.join(SCOPES)}")
    return given


def lock_wait_s(config: pytest.Config) -> float:
    """How long to wait for a board; workers of pytest-xdist take turns, and so wait by themselves."""
    given = str(config.getini("hil_lock_wait"))
    try:
        return float(given) if given else (600.0 if is_worker() else 0.0)
    except ValueError:
        raise pytest.UsageError(f"hil_lock_wait is {given!r}, expected a number of seconds") from None


def recording_folders(config: pytest.Config) -> list[Path]:
    """Where recordings are found by name, before those that come with the bench."""
    return [config.rootpath / folder for folder in config.getini("hil_recordings")]


def is_worker() -> bool:
    """Whether this process is one of several that share the boards."""
    return "PYTEST_XDIST_WORKER" in os.environ


def check(config: pytest.Config) -> None:
    """Raise UsageError for settings that contradict each other."""
    scope(config)
    required(config)
    lock_wait_s(config)
    chosen = targets(config)
    if text(config, "port") is not None and len(chosen) != 1:
        given = f"{len(chosen)} targets were given" if chosen else "no target was given"
        raise pytest.UsageError(f"--hil-port names one board, and {given}: add one --hil-target NAME")
