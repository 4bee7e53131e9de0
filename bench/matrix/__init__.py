"""Requirement -> test -> verdict -> evidence, as in a verification control document (docs/requirements.md)."""

from bench.matrix.collect import EVIDENCE, collect
from bench.matrix.evidence import Evidence, evidence_of
from bench.matrix.status import STATUSES, Line, Row, make_matrix, matrix_exit_status
from bench.matrix.table import COLUMNS, matrix_csv

__all__ = [
    "COLUMNS",
    "EVIDENCE",
    "STATUSES",
    "Evidence",
    "Line",
    "Row",
    "collect",
    "evidence_of",
    "make_matrix",
    "matrix_csv",
    "matrix_exit_status",
]
