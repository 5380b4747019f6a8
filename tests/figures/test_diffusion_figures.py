"""The diffusion study on the October 2025 files: its counts, the study's own pairs, and both clocks against oracles."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine import registry
from engine.result import Result
from jobs.question import prepare

pytestmark = pytest.mark.figures


@pytest.fixture(scope="module")
def ask(data_dir: Path) -> Any:
    """Ask the study of the publishers' files, chunk after chunk in this process."""
    files = {
        "models": data_dir / "epoch/all_models_clean_2025-10.csv",
        "benchmark_scores": data_dir / "epoch/benchmarks",
        "diffusion_pairs": data_dir / "ai_cliff/diffusion_pairs.parquet",
    }

    def asked(**fields: Any) -> Result:
        question = prepare(registry.study("diffusion").spec_type.parse(fields), None, files)
        work = question.work({})
        return question.study.combine(work, [question.study.run_chunk(work, c) for c in question.study.chunks(work)])

    return asked


@pytest.fixture(scope="module")
def whole(ask: Any) -> Result:
    return ask()


def test_default_rule(whole: Result) -> None:
    counts = [whole.summary[name] for name in ("near_frontier", "already_matched", "subjects", "events")]
    assert counts == [118, 30, 88, 75]


def test_few_recent_models_have_a_known_compute(whole: Result) -> None:
    found = [whole.summary[n] for n in ("recent_since", "recent_compute_known", "recent_released")]
    assert found == [2024, 39, 320]
    recent = whole.tables["disclosure"].filter((pl.col("year") >= 2024) & (pl.col("accessibility") != "Unreleased"))
    assert (recent["known"].sum(), recent["models"].sum()) == (39, 320)


def test_published_lags_of_the_studys_own_pairs(ask: Any) -> None:
    """DIF-R04 to its printed digits; two atoms are left beyond 4.8 months."""
    summary = ask(preset="published").summary
    assert (summary["pairs"], summary["innovators"]) == (1322, 2)
    names = ("lag_mean_months", "lag_median_months", "lag_sd_months")
    assert [round(summary[name], 1) for name in names] == [34.3, 35.6, 17.4]
    assert [round(months, 2) for months in summary["first_lags_months"]] == [4.96, 5.06]


def test_every_subject_follows_its_rule(whole: Result, ask: Any) -> None:
    """Each row checked by a plain loop over the models, without joins."""
    models = prepare(registry.study("diffusion").spec_type.parse({"parts": "curve"})).tables["models"]
    everyone = [m for m in models.iter_rows(named=True) if (m["training_compute_flop"] or 0) > 0]
    opened = [m for m in everyone if m["access"] == "open" and m["base_model"] is None]
    for row in whole.tables["subjects"].iter_rows(named=True):
        day, flop = row["release_date"], row["training_compute_flop"]
        same = [m for m in everyone if m["primary_domain"] == row["primary_domain"] and m["release_date"] <= day]
        assert sum(m["training_compute_flop"] > flop for m in same) < 10
        able = [
            m for m in opened if m["primary_domain"] == row["primary_domain"] and m["training_compute_flop"] >= flop
        ]
        assert row["already_matched"] == any(m["release_date"] <= day for m in able)
        makers = set((row["organization"] or "").split(","))
        later = [m for m in able if m["release_date"] > day and not makers & set((m["organization"] or "").split(","))]
        first = min((m["release_date"] for m in later), default=None)
        assert row["follower_date"] == first
        if not row["already_matched"]:
            waited = None if first is None else (first - day).days / 30.4375
            assert row["event"] == (waited is not None and waited <= 60)
            assert row["months"] == pytest.approx(waited if row["event"] else min(60, row["months"]))


def test_curve_and_regression_agree_with_statsmodels(whole: Result) -> None:
    from statsmodels.duration.hazard_regression import PHReg
    from statsmodels.duration.survfunc import SurvfuncRight

    from engine.diffusion.curves import at_risk
    from engine.diffusion.hazards import MAIN, covariates
    from engine.diffusion.spec import DiffusionSpec

    subjects = at_risk(whole.tables["subjects"], 0.0)
    curve = SurvfuncRight(subjects["months"].to_numpy(), subjects["event"].cast(int).to_numpy())
    ours = whole.tables["survival"][1:]
    kept = np.isin(curve.surv_times, ours["months"].to_numpy())
    np.testing.assert_allclose(ours["survival"].to_numpy(), curve.surv_prob[kept], atol=1e-6)
    frame, terms = covariates(DiffusionSpec(), subjects)
    rows = frame.drop_nulls(terms[MAIN])
    x = rows.select(terms[MAIN]).to_numpy()
    fitted = PHReg(rows["months"].to_numpy(), x, rows["event"].cast(int).to_numpy(), ties="efron").fit()
    found = whole.tables["cox"].filter(pl.col("model") == MAIN)
    assert found["term"].to_list() == terms[MAIN]
    np.testing.assert_allclose(found["coef"].to_numpy(), fitted.params, atol=1e-6)


def test_the_checks_of_the_run_are_not_red(whole: Result) -> None:
    assert "red" not in whole.tables["checks"]["status"].to_list()


def test_capability_takes_months_where_compute_takes_more_than_a_year(whole: Result) -> None:
    """Epoch's own reading of 2025-26 is three to four months by capability (DATA)."""
    tasks = whole.tables["clocks"].filter((pl.col("measure") == "capability") & pl.col("derived_versions"))
    assert tasks.height == 3
    assert tasks["median_months"].is_between(3, 4.5).all()
    assert tasks["unknown_access"].to_list() == [2, 1, 2]
    assert whole.summary["median_months"] > 12


def test_an_earlier_start_and_other_leads_change_the_risk_set(ask: Any, whole: Result) -> None:
    medians = [ask(parts="curve", min_lead_months=lead).summary["median_months"] for lead in (0.0, 4.8, 12.0)]
    assert medians[0] == whole.summary["median_months"]
    assert medians[0] < medians[1] < medians[2]
