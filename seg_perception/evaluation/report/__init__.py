"""Runs as pages that one can mail."""

from seg_perception.evaluation.report.changes import Run
from seg_perception.evaluation.report.comparison import Opponent, write_comparison
from seg_perception.evaluation.report.differences import Difference, DifferenceTable
from seg_perception.evaluation.report.page import REPORT, write_report

__all__ = [
    "REPORT",
    "Difference",
    "DifferenceTable",
    "Opponent",
    "Run",
    "write_comparison",
    "write_report",
]
