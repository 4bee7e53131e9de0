"""The way that docs/first-board.md shows, walked on the native payload behind a pty."""

import re
from pathlib import Path

from tests.system.boards import payload_on_pty
from tests.system.command_line import ROOT, run_bench


def test_the_page_leads_from_a_port_to_a_verdict(tmp_path: Path, host_payload: Path) -> None:
    page = (ROOT / "docs" / "first-board.md").read_text(encoding="utf-8")
    target, by_hand, _ = re.findall(r"^```toml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards" / "my-board.toml").write_text(target)
    with payload_on_pty(host_payload) as path:
        (tmp_path / "station.toml").write_text(by_hand.replace("usb:0403:6001:A50285BI", path))
        steps = {
            "doctor": run_bench(tmp_path, "doctor", "--target", "my-board"),
            "targets": run_bench(tmp_path, "targets"),
            "hello": run_bench(tmp_path, "hello", "--target", "my-board"),
            "conform": run_bench(tmp_path, "conform", "--target", "my-board", "--only", "framing.*"),
            "run": run_bench(tmp_path, "run", "sun-sensor", "--target", "my-board"),
        }
    assert {name: ended.err for name, ended in steps.items()} == dict.fromkeys(steps, "")
    statuses = {name: ended.status for name, ended in steps.items()}
    assert statuses == {"doctor": 0, "targets": 0, "hello": 0, "conform": 0, "run": 3}, steps
    assert re.search(rf"^my-board +cycles +on {path} at 921600 baud", steps["targets"].out, re.MULTILINE)
    assert "81 PASS, 0 FAIL, 2 UNMEASURED" in steps["run"].out
