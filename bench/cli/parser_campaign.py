"""Options of `bench campaign`."""

import argparse
from pathlib import Path

_EPILOG = """exit status:
  0  every fault has an outcome
  1  --replay came out otherwise than it is recorded
  2  the bench could not run, or the campaign is refused because an injection did not repeat
  3  reported, but not every fault has an outcome (the bench failed at some, or the folder of a stopped campaign was
     given), a repetition is missing, or --replay could not be compared
  130  stopped by Ctrl-C, nothing reported; what was done is kept, the same command goes on"""


def add_campaign(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """`bench campaign`."""
    campaign = commands.add_parser(
        "campaign",
        help="flip bits in a payload that trains, and say how often that ruins it",
        description="Draw a list of upsets, inject each into the golden run of a scenario, and estimate failures per "
        "device-day. A campaign that was stopped goes on where it was. docs/campaigns.md explains it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    campaign.add_argument(
        "campaign",
        metavar="CAMPAIGN",
        help="TOML file, name of one under fixtures/campaigns, or folder of a campaign to report on again",
    )
    campaign.add_argument(
        "--out", metavar="DIR", type=Path, help="folder of list, rows and report; default: runs/campaigns/NAME"
    )
    campaign.add_argument(
        "--workers", metavar="N", type=int, help="processes of this machine; default: one for each core, 1: no others"
    )
    campaign.add_argument("--scheduler", metavar="URL", help="Dask scheduler whose workers inject: tcp://HOST:8786")
    campaign.add_argument("--replay", metavar="ID", help="inject this one fault alone, show what comes of it, and end")
    campaign.add_argument("--list", action="store_true", help="draw and write the list of faults, inject none")
    campaign.add_argument(
        "--against",
        metavar="DIR",
        type=Path,
        help="folder of a campaign to compare with; the comparison goes into the report (see --out)",
    )
