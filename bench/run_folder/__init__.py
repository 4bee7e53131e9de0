"""The folder of a run: complete in itself, so that any verdict can be recomputed on another machine.

trace.jsonl and link.bin grow while the run goes on; verdicts.json, models.json and models/*.onnx are written, each at
once, when it is over. `initial/` holds the model files that the scenario names. A run that was killed has no
`run_ended` entry in its trace and no verdicts.json, and is judged as not completed.
"""

from bench.run_folder.files import INITIAL, TWINS, RunFiles, check_twins, has_twins, load_run_files, save_run_files
from bench.run_folder.folder import (
    TRACE,
    claim_folder,
    discard_folder,
    is_written,
    new_run_folder,
    open_link_file,
    open_trace,
)
from bench.run_folder.judge import VERDICTS, JudgedRun, judge_run, load_judged_run

__all__ = [
    "INITIAL",
    "TRACE",
    "TWINS",
    "VERDICTS",
    "JudgedRun",
    "RunFiles",
    "check_twins",
    "claim_folder",
    "discard_folder",
    "has_twins",
    "is_written",
    "judge_run",
    "load_judged_run",
    "load_run_files",
    "new_run_folder",
    "open_link_file",
    "open_trace",
    "save_run_files",
]
