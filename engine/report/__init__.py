"""The report: every other study in both presets, the paper's tables, and the list of checks."""

from engine.report.spec import ReportSpec
from engine.report.study import Report

__all__ = ["Report", "ReportSpec"]
