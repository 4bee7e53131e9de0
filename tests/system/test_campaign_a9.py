"""A whole campaign on the emulated Cortex-A9, as its users have it."""

import json
from pathlib import Path
from typing import Final

from bench.campaign.spec import CAMPAIGNS, load_campaign
from tests.system.command_line import run_bench

NAME: Final = "sun-sensor-upsets-a9"
STRATA: Final = 9
INJECTIONS: Final = 2


def short(folder: Path) -> Path:
    """Write the campaign that comes with the bench, with few instants and injections."""
    text = (CAMPAIGNS / f"{NAME}.toml").read_text()
    for old, new in {"instants = 64": "instants = 5", "margin = 0.05": f"injections = {INJECTIONS}"}.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{NAME}.toml"
    path.write_text(text)
    return path


def test_the_campaign_on_a_cortex_a9_is_drawn_injected_repeated_and_reported(tmp_path: Path) -> None:
    path, store = short(tmp_path), {"HIL_GOLDEN_RUNS": str(tmp_path / "golden-runs")}
    assert load_campaign(path).target == "qemu-zynq-a9"
    ended = run_bench(tmp_path, "campaign", path, "--workers", "1", "--out", "out", environment=store)
    assert ended.status == 0, ended
    rows = [json.loads(line) for line in (tmp_path / "out" / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == STRATA * (INJECTIONS + 1) + 1  # of two bits one in each stratum; one of them all twice
    assert sum(row["repeat"] for row in rows) == 1
    assert {row["observed"]["learner"] for row in rows} > {"masked"}, "not a single upset has done anything"
    assert json.loads((tmp_path / "out" / "facts.json").read_text())["target"] == "qemu-zynq-a9"
    again = run_bench(tmp_path, "campaign", path, "--out", "out", "--replay", "weights.1.1", environment=store)
    assert again.status == 0, again
    assert "as recorded in out/rows.jsonl" in again.out
