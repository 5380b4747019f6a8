"""The report study: nothing is estimated here but the robustness to sample size; it gathers, checks and counts."""

from collections.abc import Sequence
from typing import Any, ClassVar

import polars as pl

from engine.report.checks import all_checks
from engine.report.evidence import Evidence, worst
from engine.report.loading import data_loading
from engine.report.paper import paper_tables
from engine.report.robustness import robustness
from engine.report.spec import ReportSpec, needed
from engine.result import Result
from engine.spec import Spec
from engine.study import Study, Work

SECONDS = 1.0


class Report(Study[ReportSpec]):
    """Every other study asked, the paper's tables put together, and each claim checked with its evidence."""

    spec_type = ReportSpec
    inputs: ClassVar[tuple[str, ...]] = (
        "models",
        "interventions",
        "publications",
        "hardware",
        "benchmark_scores",
        "scaling",
    )
    optional: ClassVar[tuple[str, ...]] = ("diffusion_pairs",)

    def inputs_for(self, spec: ReportSpec) -> tuple[str, ...]:
        """The vintage's tables, and the pairs where they are given."""
        return (*self.inputs, *self.optional) if spec.pairs else self.inputs

    def needs(self, spec: ReportSpec) -> dict[str, Spec]:
        """Every run of the report, by kind/preset."""
        return needed(spec)

    def seconds(self, work: Work[ReportSpec]) -> float:
        """The gathering alone; the runs have their own."""
        return SECONDS

    def combine(self, work: Work[ReportSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary status, checks by status, runs; tables checks, data_loading, robustness, runs and the paper's."""
        found = Evidence.of(work)
        rows, robust = robustness(found)
        checks = all_checks(found, robust)
        tables = {
            "checks": checks,
            "data_loading": data_loading(found.tables),
            "robustness": rows,
            "runs": _runs(found),
            **paper_tables(found),
        }
        notes = dict.fromkeys(note for run in found.runs.values() for note in run.warnings)
        return Result(self.name, _summary(checks, found), tables, tuple(notes))


def _runs(found: Evidence) -> pl.DataFrame:
    """Every run. Columns: run, study, preset, key, result_sha256, finding."""
    rows = [
        (name, run.study, run.spec.get("preset"), run.key, run.sha256(), str(run.summary.get("finding", "")))
        for name, run in sorted(found.runs.items())
    ]
    names = ("run", "study", "preset", "key", "result_sha256", "finding")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _summary(checks: pl.DataFrame, found: Evidence) -> dict[str, Any]:
    counts = {status: int((checks["status"] == status).sum()) for status in ("green", "amber", "red")}
    listed = ", ".join(f"{count} {status}" for status, count in counts.items())
    wrong = checks.filter(pl.col("status") == "red")["name"].to_list()
    finding = f"{checks.height} checks of {len(found.runs)} runs: {listed}."
    return {
        "status": worst(checks["status"]),
        "checks_green": counts["green"],
        "checks_amber": counts["amber"],
        "checks_red": counts["red"],
        "runs": len(found.runs),
        "synthetic": found.spec.synthetic,
        "finding": finding + (f" Red: {'; '.join(wrong)}." if wrong else ""),
    }
