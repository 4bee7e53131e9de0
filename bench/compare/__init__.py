"""Two sets of runs side by side: exact where a value must not vary, by a test where it does. docs/history.md."""

from bench.compare.comparison import BETTER, CHANGED, NOT_REPEATABLE, WORSE, Comparison, Finding
from bench.compare.runs import compare_runs
from bench.compare.text import comparison_json, comparison_markdown, comparison_text, sentence, size_text

__all__ = [
    "BETTER",
    "CHANGED",
    "NOT_REPEATABLE",
    "WORSE",
    "Comparison",
    "Finding",
    "compare_runs",
    "comparison_json",
    "comparison_markdown",
    "comparison_text",
    "sentence",
    "size_text",
]
