"""Runs as pages that one can mail."""

from seg_perception.evaluation.report.comparison import write_comparison
from seg_perception.evaluation.report.page import REPORT, write_report

__all__ = ["REPORT", "write_comparison", "write_report"]
