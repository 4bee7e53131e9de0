"""Words and options of the command line. Imports nothing heavy: `bench --help` is immediate."""

import argparse
from pathlib import Path

from bench.cli.parser_campaign import add_campaign
from bench.cli.parser_csv import add_import_csv
from bench.cli.parser_faults import add_faults
from bench.cli.parser_history import add_baseline, add_compare, add_history, add_history_option
from bench.cli.parser_link import add_frames, add_judge, add_pack
from bench.cli.parser_matrix import add_matrix
from bench.cli.parser_monitor import add_monitor, add_watch
from bench.cli.parser_nightly import add_nightly
from bench.cli.parser_part import add_part, add_suggest_limits, set_whole
from bench.cli.parser_report import add_report
from bench.cli.words import ShowVersion, WordParser

_EPILOG = """exit status:
  0  every required verdict is PASS
  1  a required verdict is FAIL
  2  the bench could not run, or its output could not be written
  3  no FAIL, but a required verdict is UNMEASURED
  130  aborted (Ctrl-C once: stop and fetch the models; twice: now)"""

_CONFORM_EPILOG = """exit status:
  0  every check is PASS or NOT APPLICABLE
  1  a check is FAIL, or BLOCKED by what failed before
  2  the bench could not run: nothing answered, or its output could not be written"""


def make_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser: argparse.ArgumentParser = WordParser(
        prog="bench",
        description="Stream recorded telemetry into a payload computer, let it train, and judge what it did.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=ShowVersion, nargs=0, help="show versions of bench and contract, and end")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_run(commands)
    _add_verify(commands)
    add_judge(commands)
    add_pack(commands)
    add_report(commands)
    add_matrix(commands)
    add_nightly(commands)
    add_campaign(commands)
    _add_conform(commands)
    add_frames(commands)
    add_monitor(commands)
    add_history(commands)
    add_compare(commands)
    add_baseline(commands)
    commands.add_parser("targets", help="list the payload computers that the bench knows, and which can run here")
    commands.add_parser("learners", help="list the learners, hyperparameters and feature maps that a scenario can name")
    _add_import(commands)
    _add_hello(commands)
    _add_doctor(commands)
    return parser


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser(
        "run",
        help="run a scenario on a target and judge it",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("scenario", metavar="SCENARIO", help="TOML file, or the name of one under fixtures/scenarios")
    run.add_argument("--target", metavar="NAME", help="payload computer (see `bench targets`); default: the scenario's")
    _add_place(run)
    run.add_argument("--recording", metavar="DIR", type=Path, help="recording folder; default: the scenario's")
    add_part(run)
    add_faults(run)
    add_suggest_limits(run)
    add_watch(run)


def _add_hello(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    hello = commands.add_parser(
        "hello",
        help="who is on a port: identity, build, contract, learners, memory, round trip",
        description="Ask a payload who it is, without a run. It begins a session of the link; models, data set, stream "
        "and statistics on the payload stay as they are.",
        epilog="exit status: 0 it answered; 1 it speaks another contract, or broke off; 2 nobody answered",
    )
    hello.add_argument("--target", metavar="NAME", help="payload computer; default: the only one of the station file")
    _add_port(hello)


def _add_doctor(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    doctor = commands.add_parser(
        "doctor",
        help="what is installed, which targets can run, what is wrong with a port",
        description="Say what is installed and which targets can run; with --port, look at one port step by step.",
        epilog="exit status: 0 nothing is missing; 1 something is, or no payload answers on the port",
    )
    doctor.add_argument("--target", metavar="NAME", help="look at the port that the station file gives this one")
    _add_port(doctor)
    doctor.add_argument("--scan-baud", action="store_true", help="try the usual rates until a payload answers")


def _add_port(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--port", metavar="URL", help="serial port or pyserial URL of a board: /dev/ttyUSB0, socket://..."
    )
    command.add_argument("--baud", metavar="N", type=int, help="rate of that port")
    command.add_argument(
        "--station", metavar="FILE", type=Path, help="where boards are plugged in; default: station.toml"
    )


def _add_place(run: argparse.ArgumentParser) -> None:
    _add_port(run)
    run.add_argument(
        "--build",
        metavar="ID",
        help="build id that a board must run, or `any`; default: the station's, else what is built",
    )
    run.add_argument("--out", metavar="DIR", type=Path, help="run folder to write; default: a new one under runs/")
    add_history_option(run)


def _add_verify(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verify = commands.add_parser(
        "verify",
        help="load a linear ONNX model into a payload and judge how it scores there",
        description="Load the weights of a linear ONNX model into a payload, let it score a recording's evaluation "
        "rows (or its last ones), and compare with ONNX Runtime on the file itself. Nothing is trained.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verify.add_argument("model", type=Path, metavar="MODEL.onnx", help="one linear layer, and what follows it")
    verify.add_argument(
        "--recording", metavar="DIR", type=Path, required=True, help="recording: its name, or its folder"
    )
    verify.add_argument("--features", metavar="NAME", default="identity", help="feature map; default: %(default)s")
    verify.add_argument("--channels", metavar="A,B", help="channels that it reads; default: as for a scenario's model")
    verify.add_argument("--arithmetic", choices=("f32", "f64"), default="f32", help="on board; default: %(default)s")
    verify.add_argument(
        "--target", metavar="NAME", help="payload computer (see `bench targets`); default: qemu-zynq-a9"
    )
    _add_place(verify)
    set_whole(verify)


def _add_conform(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    conform = commands.add_parser(
        "conform",
        help="check that a payload keeps to the contract, and say what is missing",
        description="Run the checks that any payload must pass that claims the contract (firmware_if/SPEC.md). "
        "docs/conformance.md explains each.",
        epilog=_CONFORM_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    conform.add_argument("--target", metavar="NAME", help="payload computer (see `bench targets`), or its TOML file")
    _add_port(conform)
    conform.add_argument("--only", metavar="PATTERN", action="append", help="checks of this name, such as 'framing.*'")
    conform.add_argument("--list", action="store_true", help="list the checks with what they demand, and end")
    conform.add_argument("--seed", metavar="N", type=int, help="of everything random; default: another each time")
    conform.add_argument("--json", metavar="FILE", type=Path, help="write the results here")


def _add_import(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    importer = commands.add_parser("import", help="turn a table, or public flight data, into a recording")
    sources = importer.add_subparsers(dest="source", required=True, metavar="SOURCE")
    add_import_csv(sources)
    orbitai = sources.add_parser("orbitai", help="what OPS-SAT-1 recorded and trained in April 2021")
    orbitai.add_argument(
        "path",
        type=Path,
        metavar="PATH",
        help="clone of github.com/georgeslabreche/opssat-orbitai, a folder of its tables, or a CSV of the stream",
    )
    orbitai.add_argument("--out", type=Path, required=True, metavar="DIR", help="recording folder to write")
    orbitai.add_argument("--all-runs", action="store_true", help="the May runs too, which went on with April's models")
