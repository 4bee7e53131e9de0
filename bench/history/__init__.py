"""Every run in one SQLite file: what it was, all its figures, and which runs are a baseline.

docs/history.md says where the file lies and what happens to it when something breaks.
"""

from bench.history.history import History, open_history
from bench.history.place import HISTORY, OFF, RUNS, history_path
from bench.history.rows import RunRow, Trend, TrendPoint

__all__ = [
    "HISTORY",
    "OFF",
    "RUNS",
    "History",
    "RunRow",
    "Trend",
    "TrendPoint",
    "history_path",
    "open_history",
]
