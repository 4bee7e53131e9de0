"""What each command does. Heavy modules are imported by the command that needs them."""

import argparse
import sys
from collections.abc import Callable


def _run(options: argparse.Namespace) -> int:
    from bench.cli.run_command import run_scenario

    return run_scenario(options)


def _verify(options: argparse.Namespace) -> int:
    from bench.cli.verify_command import verify_model

    return verify_model(options)


def _judge(options: argparse.Namespace) -> int:
    from bench.cli.judge_command import judge

    return judge(options)


def _pack(options: argparse.Namespace) -> int:
    from bench.cli.pack_command import pack

    return pack(options)


def _matrix(options: argparse.Namespace) -> int:
    from bench.cli.matrix_command import matrix

    return matrix(options)


def _report(options: argparse.Namespace) -> int:
    from bench.cli.report_command import report

    return report(options)


def _nightly(options: argparse.Namespace) -> int:
    from bench.cli.nightly_command import nightly

    return nightly(options)


def _campaign(options: argparse.Namespace) -> int:
    from bench.cli.campaign_command import campaign

    return campaign(options)


def _history(options: argparse.Namespace) -> int:
    from bench.cli.history_command import show_history

    return show_history(options)


def _compare(options: argparse.Namespace) -> int:
    from bench.cli.compare_command import compare

    return compare(options)


def _baseline(options: argparse.Namespace) -> int:
    from bench.cli.compare_command import baseline

    return baseline(options)


def _conform(options: argparse.Namespace) -> int:
    from bench.cli.conform_command import conform

    return conform(options)


def _frames(options: argparse.Namespace) -> int:
    from bench.cli.frames_command import show_frames

    return show_frames(options)


def _monitor(options: argparse.Namespace) -> int:
    from bench.cli.monitor_command import monitor

    return monitor(options)


def _targets(options: argparse.Namespace) -> int:
    del options
    from bench.cli.show import show_targets
    from bench.doctor import examine_target, examine_tools, known_targets
    from bench.station import find_station
    from bench.target import load_target

    station = find_station()
    tools = {finding.name: finding for finding in examine_tools()}
    targets = [load_target(station.targets.get(name, name)) for name in known_targets(station)]
    show_targets([(target, examine_target(target, tools, station).found) for target in targets])
    return 0


def _learners(options: argparse.Namespace) -> int:
    del options
    from bench.cli.catalogue import catalogue_text

    sys.stdout.write(catalogue_text())
    return 0


def _import(options: argparse.Namespace) -> int:
    if options.source == "csv":
        from bench.cli.import_command import import_csv

        return import_csv(options)
    from bench.importing import import_orbitai
    from bench.telemetry import load_recording

    folder = import_orbitai(options.path, options.out, all_runs=options.all_runs)
    recording = load_recording(folder)
    print(f"{folder}: {recording.row_count} rows in {len(recording.segments)} segments")
    print(f"next: bench run fixtures/scenarios/orbitai-flight.toml --recording {folder}")
    return 0


def _hello(options: argparse.Namespace) -> int:
    from bench.cli.hello_command import say_hello

    return say_hello(options)


def _doctor(options: argparse.Namespace) -> int:
    from bench.doctor import examine, render
    from bench.errors import ConfigurationError

    if options.port is not None or options.target is not None:
        from bench.cli.doctor_command import examine_one_port

        return examine_one_port(options)
    if options.scan_baud or options.baud is not None:
        raise ConfigurationError("a rate of no port", hint="add --port: bench doctor --port /dev/ttyUSB0 --scan-baud")
    findings = examine()
    sys.stdout.write(render(findings))
    return 0 if all(finding.ok for finding in findings) else 1


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "verify": _verify,
    "judge": _judge,
    "pack": _pack,
    "report": _report,
    "matrix": _matrix,
    "nightly": _nightly,
    "campaign": _campaign,
    "history": _history,
    "compare": _compare,
    "baseline": _baseline,
    "conform": _conform,
    "frames": _frames,
    "monitor": _monitor,
    "targets": _targets,
    "learners": _learners,
    "import": _import,
    "hello": _hello,
    "doctor": _doctor,
}
