"""The report study: its runs, its paper's tables, and checks that turn amber or red when they should."""

import datetime as dt
import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.report import ReportSpec
from engine.report.checks import all_checks
from engine.report.evidence import Evidence
from engine.report.loading import INPUTS, data_loading, summary_statistics
from engine.report.paper import BUILDERS, estimates, paper_tables
from engine.report.published import digits, published_checks
from engine.report.robustness import SECTIONS, robustness
from engine.report.spec import KINDS, needed
from engine.report.study import Report
from engine.report.synthetic import COMPUTE_SLOPE, COST_SLOPE, synthetic_pairs, synthetic_scaling
from engine.result import Result
from engine.spec import SpecError
from engine.study import Work
from jobs.question import prepare

SMALL = {"replicates": 100, "diffusion_replicates": 100, "imputations": 0, "n_paths": 2_000}


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """Every run of a small report, chunk after chunk in this process."""
    question = prepare(ReportSpec.parse(SMALL))
    runs = {name: answered(need) for name, need in question.needs.items()}
    return Evidence.of(question.work(runs))


def answered(question: Any) -> Result:
    needs = {name: answered(need) for name, need in question.needs.items()}
    work = question.work(needs)
    result = question.study.combine(work, [question.study.run_chunk(work, c) for c in question.study.chunks(work)])
    return replace(result, spec=question.spec.model_dump(mode="json"), key=question.key)


def test_every_study_is_asked_in_both_presets() -> None:
    found = needed(ReportSpec.parse({"pairs": True}))
    studies = {spec.study for spec in found.values()}
    assert studies == {"scaling", "diffusion", "npv", "welfare", "export-controls", "efficiency"}
    assert {name.partition("/")[2] for name in found} == {"published", "corrected"}
    assert len(found) == 2 * (len(KINDS) - 1) + 1


def test_needs_follow_what_is_asked() -> None:
    asked = {"npv": {"tier": "IV"}, "npv/published": {"sigma": 0.5}, "simulation": {"sigma": 0.7}, "cost": {}}
    found = {name: spec.model_dump() for name, spec in needed(ReportSpec.parse({"asked": asked, "seed": 9})).items()}
    assert [found[f"npv/{p}"]["sigma"] for p in ("published", "corrected")] == [0.5, 1.0]
    assert [found[f"simulation/{p}"]["sigma"] for p in ("published", "corrected")] == [0.7, 0.7]
    assert {found[name]["tier"] for name in found if name.startswith(("npv", "simulation"))} == {"IV"}
    assert {spec["seed"] for spec in found.values()} == {9}
    assert found["cost/published"]["direction"] == "cost_on_parameters"


def test_one_version_alone() -> None:
    spec = ReportSpec.parse({"versions": "published"})
    assert spec.primary == "published"
    assert {name.partition("/")[2] for name in needed(spec)} == {"published"}
    assert "diffusion/published" not in needed(spec)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"weather": {}}, "there is no run 'weather'"),
        ({"npv": {"horizon_months": 0}}, "horizon_months"),
        ({"scaling": {"colour": "red"}}, "no field 'colour'"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(asked: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words) as caught:
        ReportSpec.parse({"asked": asked})
    assert "\n" not in str(caught.value)


def test_the_result_covers_everything(evidence: Evidence) -> None:
    result = Report().combine(Work(evidence.spec, evidence.tables, evidence.runs), [])
    assert set(BUILDERS) | {"checks", "data_loading", "robustness", "runs"} == set(result.tables)
    assert result.summary["checks_red"] == 0
    assert result.summary["runs"] == len(evidence.runs) == 15
    assert result.tables["runs"]["key"].to_list() == [evidence.runs[name].key for name in sorted(evidence.runs)]


def test_each_check_names_the_run_that_shows_it(evidence: Evidence) -> None:
    checks = all_checks(evidence, robustness(evidence)[1])
    keys = {run.key for run in evidence.runs.values()}
    for row in checks.iter_rows(named=True):
        assert row["status"] in ("green", "amber", "red")
        assert row["key"] in keys | {""}
        assert row["key"][:12] in row["evidence"]
    assert checks["name"].n_unique() == checks.height
    green = checks.filter(pl.col("status") == "green")["name"].to_list()
    for name in ("Input ml_hardware loaded", "Net present value as printed", "Leads of the October 2025 vintage"):
        assert name in green
    assert "Two engines agree (corrected)" in green


def altered(found: Evidence, name: str, **summary: Any) -> Evidence:
    run = found.runs[name]
    return replace(found, runs={**found.runs, name: replace(run, summary={**run.summary, **summary})})


def status_of(found: Evidence, name: str) -> str:
    checks = {check.name: check.status for check in published_checks(found)}
    return checks[name]


def test_a_printed_figure_that_is_missed_is_red(evidence: Evidence) -> None:
    wrong = altered(evidence, "npv/published", mean_usd=-2.384567e15)
    assert status_of(wrong, "Net present value as printed") == "red"
    assert (
        status_of(altered(evidence, "diffusion/corrected", subjects=87), "Leads of the October 2025 vintage") == "red"
    )
    assert (
        status_of(altered(evidence, "export-controls/published", rows=575), "Rows behind the published terciles")
        == "red"
    )


def test_another_question_or_table_is_amber_not_red(evidence: Evidence) -> None:
    assert status_of(evidence, "Compute on parameters as printed") == "amber"
    other = replace(evidence, spec=evidence.spec.changed(asked={"npv": {"sigma": 1.0}}))
    assert status_of(altered(other, "npv/published", mean_usd=1.0), "Net present value as printed") == "amber"


def test_engines_that_disagree_are_red(evidence: Evidence) -> None:
    run = evidence.runs["simulation/corrected"]
    table = run.tables["agreement"].with_columns(z=pl.lit(5.0))
    wrong = replace(run, tables={**run.tables, "agreement": table})
    checks = all_checks(replace(evidence, runs={**evidence.runs, "simulation/corrected": wrong}), [])
    row = checks.filter(pl.col("name") == "Two engines agree (corrected)").row(0, named=True)
    assert (row["status"], row["detail"]) == ("red", "largest difference 5.00 standard errors over 5 figures")


@pytest.mark.parametrize(
    ("value", "printed", "ours"),
    [(1.69744, "1.697", "1.697"), (-2384565913476075.0, "-2.384566e+15", "-2.384566e+15"), (0.0, "0", "0")],
)
def test_figures_are_written_as_they_were_printed(value: float, printed: str, ours: str) -> None:
    assert digits(value, printed) == ours
    assert digits(None, printed) == "none"


def test_every_section_of_robustness_has_rows_and_a_verdict(evidence: Evidence) -> None:
    """VAL-R04."""
    rows, checks = robustness(evidence)
    assert set(rows["section"]) == set(SECTIONS)
    assert [check.name for check in checks] == [f"Robustness: {name}" for name in SECTIONS]
    assert rows.filter(pl.col("section") != "outlier sensitivity")["n"].min() > 0


def test_a_section_without_a_result_is_amber_and_says_why(evidence: Evidence) -> None:
    """VAL-03: never an error text beside a green status."""
    run = evidence.runs["scaling/corrected"]
    bare = {name: frame.clear() for name, frame in run.tables.items()}
    runs = {**evidence.runs, "scaling/corrected": replace(run, tables={**run.tables, **{n: bare[n] for n in EMPTIED}})}
    rows, checks = robustness(replace(evidence, runs=runs))
    lost = {check.name: check for check in checks if check.evidence == "no result"}
    assert set(lost) == {
        "Robustness: outlier sensitivity",
        "Robustness: temporal stability",
        "Robustness: organization bias",
    }
    assert {check.status for check in lost.values()} == {"amber"}
    assert all("no rows" in check.detail for check in lost.values())
    assert "temporal stability" not in set(rows["section"])


EMPTIED = ("leave_out", "by_year")


def test_slopes_of_subsamples_spread_as_theory_says(evidence: Evidence) -> None:
    """Sampling share f without replacement: variance of the slope about (1/f - 1) times its variance on all rows."""
    rows, _ = robustness(evidence)
    mine = rows.filter((pl.col("section") == "sample size") & (pl.col("item") == "50% of rows")).row(0, named=True)
    fits = evidence.runs["scaling/corrected"].tables["fits"]
    whole = fits.filter((pl.col("name") == "compute_on_parameters") & (pl.col("effects") == "pooled")).row(
        0, named=True
    )
    width = (mine["ci_high"] - mine["ci_low"]) / (2 * 1.96)
    assert mine["estimate"] == pytest.approx(whole["slope"], abs=0.01)
    assert width == pytest.approx(whole["se"], rel=0.2)


def test_intercepts_follow_the_units(evidence: Evidence) -> None:
    """In billions of parameters the intercept is the law's value at 1e9; the slope does not move."""
    spec = evidence.spec.changed(parameter_unit=1e9, compute_unit_flop=1e20, cost_unit_usd=1e6)
    plain, scaled = (estimates(found, "corrected") for found in (evidence, replace(evidence, spec=spec)))
    assert plain["slope"].to_list() == scaled["slope"].to_list()
    for before, after in zip(plain.iter_rows(named=True), scaled.iter_rows(named=True), strict=True):
        units = {"parameters": 1e9, "compute": 1e20, "cost": 1e6}
        response, _, regressor = before["law"].partition("_on_")
        value = before["intercept"] + before["slope"] * math.log(units[regressor]) - math.log(units[response])
        assert after["intercept"] == pytest.approx(value, rel=1e-12)


def test_bootstrap_intervals_stand_beside_the_laws_they_are_of(evidence: Evidence) -> None:
    table = paper_tables(evidence)["parameter_estimates"].drop_nulls("boot_low")
    assert table.select("preset", "law", "effects").rows() == [
        ("published", "compute_on_parameters", "pooled"),
        ("published", "cost_on_parameters", "pooled"),
        ("corrected", "compute_on_parameters", "pooled"),
        ("corrected", "cost_on_parameters", "pooled"),
    ]


def test_summary_statistics_equal_numpys() -> None:
    values = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    frame = pl.DataFrame({"x": [*values, None], "y": [1.0, None, None, None, None, None]})
    row = summary_statistics(frame, {"x": "the x"}).row(0, named=True)
    assert (row["variable"], row["n"]) == ("the x", 5)
    assert (row["mean"], row["sd"]) == pytest.approx((values.mean(), values.std(ddof=1)))
    quartiles = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
    assert [row[n] for n in ("minimum", "q1", "median", "q3", "maximum")] == pytest.approx(quartiles)


def test_loading_counts_what_is_missing() -> None:
    frame = pl.DataFrame({"full": [1, 2], "half": [1, None], "none": pl.Series([None, None], dtype=pl.Int64)})
    rows = {row["table"]: row for row in data_loading({"hardware": frame}).iter_rows(named=True)}
    assert set(rows) == set(INPUTS)
    mine = rows["hardware"]
    assert (mine["input"], mine["status"], mine["rows"], mine["columns"]) == ("ml_hardware", "success", 2, 3)
    assert (mine["missing_rate"], mine["quality"]) == pytest.approx((0.5, 2 / 3))
    assert rows["models"]["status"] == "not given"
    assert data_loading({"hardware": frame.clear()}).filter(table="hardware")["status"][0] == "empty"


def test_synthetic_data_have_the_slopes_they_say() -> None:
    """By an independent fit; each within two standard errors, and the lags with their median e^2."""
    frame = synthetic_scaling(5)
    x = np.log(frame["parameters"].to_numpy())
    for column, true in (("training_compute_flop", COMPUTE_SLOPE), ("cost_usd_2023", COST_SLOPE)):
        (slope, _), covariance = np.polyfit(x, np.log(frame[column].to_numpy()), 1, cov=True)
        assert abs(slope - true) <= 2 * math.sqrt(covariance[0, 0])
    pairs = synthetic_pairs(5)
    assert float(pairs["lag_months"].median()) == pytest.approx(math.exp(2.0), rel=0.15)
    assert pairs["innovator_date"].min() >= dt.date(2018, 1, 1)
    assert synthetic_scaling(5).equals(frame)
    assert not synthetic_scaling(6).equals(frame)


def test_a_run_that_the_data_do_not_carry_is_left_out_and_amber(evidence: Evidence) -> None:
    reason = "Column 'cost_usd_2023' has no positive value."
    spec = evidence.spec.changed(without={"cost/corrected": reason, "welfare/corrected": reason})
    runs = {name: run for name, run in evidence.runs.items() if name not in spec.without}
    assert set(needed(spec)) == set(runs)
    found = replace(evidence, spec=spec, runs=runs)
    checks = all_checks(found, robustness(found)[1])
    assert checks.filter(pl.col("name") == "Run cost/corrected").select("status", "detail").row(0) == ("amber", reason)
    turned = replace(found, spec=evidence.spec.changed(without=dict(reversed(spec.without.items()))))
    assert all_checks(turned, []).equals(all_checks(found, []))
    tables = paper_tables(found)
    laws = tables["parameter_estimates"].filter(pl.col("preset") == "corrected").drop_nulls("boot_low")
    assert laws["law"].to_list() == ["compute_on_parameters"]
    assert tables["policy"].filter(pl.col("preset") == "corrected").is_empty()


def test_the_law_itself_cannot_be_left_out() -> None:
    with pytest.raises(SpecError, match="scaling/published"):
        ReportSpec.parse({"without": {"scaling/published": "no"}})
