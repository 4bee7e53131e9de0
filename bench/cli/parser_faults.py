"""Options of `bench run` that put faults in on purpose."""

import argparse


def add_faults(run: argparse.ArgumentParser) -> None:
    """--link-faults."""
    run.add_argument(
        "--link-faults",
        metavar="PROFILE[:SEED]",
        help="put faults into the link: clean, lab, noisy, harsh, deep-space or a .toml file; "
        "or the folder of a run, for its faults again; default: the scenario's",
    )
