"""Many runs in one night: scenarios x targets, carried out, told apart and compared with the night before."""

from bench.nightly.carry_out import STOPPED, Surroundings, Watcher, run_words
from bench.nightly.change import Change
from bench.nightly.matrix import Matrix, Quarantine, load_matrix
from bench.nightly.night import FinishedNight, carry_out_night
from bench.nightly.outcome import Attempt, Outcome
from bench.nightly.plan import NightJob, choose_jobs, plan_night
from bench.nightly.record import JobRecord, NightRecord, load_night
from bench.nightly.summary import headline

__all__ = [
    "STOPPED",
    "Attempt",
    "Change",
    "FinishedNight",
    "JobRecord",
    "Matrix",
    "NightJob",
    "NightRecord",
    "Outcome",
    "Quarantine",
    "Surroundings",
    "Watcher",
    "carry_out_night",
    "choose_jobs",
    "headline",
    "load_matrix",
    "load_night",
    "plan_night",
    "run_words",
]
