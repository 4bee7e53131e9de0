"""A payload computer that runs may share: built, locked, opened, run on, and left so that the next can begin."""

from bench.board.board import Board
from bench.board.finished import FinishedRun
from bench.board.job import Job, make_job
from bench.board.lock import BoardBusy, BoardLock

__all__ = ["Board", "BoardBusy", "BoardLock", "FinishedRun", "Job", "make_job"]
