"""Growth, thresholds, forecasts and back-tests on series made to known rules; the bundled models against DATA."""

import datetime as dt
import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.regression import DesignError
from engine.scaling.forecast import DRAWS, MIN_SCORED, SCORED_YEARS, backtest, fan, forecasts
from engine.scaling.growth import (
    THRESHOLDS_FLOP,
    Series,
    all_series,
    growth,
    running_top,
    series_points,
    thresholds,
    trend,
    with_time,
)
from engine.scaling.rows import whole_table
from engine.scaling.spec import ScalingSpec
from engine.scaling_law import with_origin
from engine.streams import stream
from jobs.data import load_tables
from tests.engine.scaling_cases import answered, table


def series(n: int = 300, rate: float = 4.0, noise: float = 1.0, seed: int = 2, until: float = 2023.0) -> Series:
    """A quantity that grows by `rate` a year from 1e20, with normal noise in logs."""
    rng = np.random.default_rng(seed)
    t = np.sort(rng.uniform(2010, until, n))
    y = math.log(1e20) + math.log(rate) * (t - 2015) + noise * rng.normal(size=n)
    labs = [f"lab {i}" for i in rng.integers(0, 60, n)]
    return Series(
        "compute", "made", pl.DataFrame({"model": [str(i) for i in range(n)], "organization": labs, "t": t, "y": y})
    )


def test_exact_growth_is_found_with_its_doubling_time() -> None:
    row = growth([series(noise=1e-6)], "HC3").row(0, named=True)
    assert row["per_year"] == pytest.approx(4.0, rel=1e-5)
    assert row["doubling_months"] == pytest.approx(6.0, rel=1e-5)
    assert row["n"] == 300


@pytest.mark.parametrize("covariance", ["HC3", "cluster"])
def test_intervals_hold_the_rate(covariance: Any) -> None:
    row = growth([series()], covariance).row(0, named=True)
    assert row["ci_low"] < 4.0 < row["ci_high"]
    assert row["doubling_ci_low"] < 6.0 < row["doubling_ci_high"]
    assert row["doubling_ci_low"] == pytest.approx(12 * math.log(2) / math.log(row["ci_high"]))


def test_a_shrinking_series_has_no_doubling_time() -> None:
    row = growth([series(rate=0.5)], "HC3").row(0, named=True)
    assert row["per_year"] < 1
    assert row["doubling_months"] is None


def test_a_series_without_rows_says_why() -> None:
    row = growth([Series("cost", "none", series().rows.head(0))], "HC3").row(0, named=True)
    assert row["per_year"] is None
    assert row["note"] == "not run: there is no release"


@pytest.mark.parametrize(
    ("change", "lack"),
    [
        ({"cost_usd_2023": pl.lit(None, pl.Float64)}, "no dated row has a positive cost_usd_2023"),
        ({"year": pl.lit(None, pl.Int64), "publication_date": pl.lit(None, pl.Date)}, "no row has a release date"),
        ({"notable": pl.lit(False)}, "no row is marked notable"),
    ],
)
def test_a_series_that_has_no_release_says_what_is_missing(change: dict[str, pl.Expr], lack: str) -> None:
    frame = table().with_columns(notable=pl.lit(True), base_model=pl.lit(None, pl.String)).with_columns(**change)
    cost = next(one for one in all_series(ScalingSpec(), frame) if one.quantity == "cost")
    assert growth([cost], "HC3")["note"][0].startswith(f"not run: {lack}")
    assert forecasts([cost], 2030, 1)[1][0].startswith(f"No forecast of {cost.name}: {lack}")


def test_a_forecast_to_a_year_gone_by_says_so() -> None:
    found, failures = forecasts([series()], 1990, 1)
    assert found.is_empty()
    assert failures[0].endswith("past 1990.")


def test_a_trend_that_runs_off_the_numbers_is_left_empty_with_a_sentence() -> None:
    """e^200 a year passes the largest double within four years."""
    t = np.linspace(2020.0, 2021.0, 12)
    steep = Series("compute", "all", pl.DataFrame({"model": "m", "organization": "o", "t": t, "y": 200 * (t - 2020)}))
    several = replace(steep, rows=steep.rows.with_columns(organization=pl.int_range(12).cast(pl.String)))
    found, failures = forecasts([several], 2030, 1)
    assert found["p50"][0] is not None
    assert found["p50"][-1] is None
    assert len(failures) == 1
    assert "goes beyond any number" in failures[0]
    assert growth([replace(several, rows=several.rows.with_columns(y=pl.col("y") * 5))], "HC3")["per_year"][0] is None


@pytest.mark.parametrize(("n", "word"), [(1, "1 release; a trend takes 3"), (2, "2 releases; a trend takes 3")])
def test_a_trend_of_too_few_releases_says_so(n: int, word: str) -> None:
    with pytest.raises(DesignError, match=word):
        trend(series().rows.head(n))
    with pytest.raises(DesignError, match="have one date"):
        trend(series().rows.with_columns(t=pl.lit(2020.0)))


def test_bundled_notable_models_grow_as_data_says() -> None:
    """DATA: training compute of notable models, 2010 on, x4.3 a year (3.96-4.73); cost x2.4 (2.0-2.9)."""
    spec = ScalingSpec()
    whole, _ = whole_table(spec, load_tables(("scaling", "models")).tables)
    found = {row["series"]: row for row in growth(all_series(spec, whole), "HC3").iter_rows(named=True)}
    compute, cost = found["compute, notable models"], found["cost, notable models"]
    assert [round(compute[name], 2) for name in ("ci_low", "ci_high")] == [3.96, 4.73]
    assert round(compute["per_year"], 1) == 4.3
    assert round(cost["per_year"], 1) == 2.4
    assert 2.0 <= cost["ci_low"] < cost["ci_high"] <= 2.9


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 9)), min_size=1, max_size=25), st.integers(1, 5))
def test_running_top_is_counting(models: list[tuple[int, int]], n: int) -> None:
    frame = pl.DataFrame(models, schema={"t": pl.Int64, "value": pl.Int64}, orient="row")
    kept = running_top(frame.with_row_index("model"), "value", n)
    expected = {i for i, (t, value) in enumerate(models) if sum(v > value for s, v in models if s <= t) < n}
    assert set(kept["model"]) == expected


def test_time_is_the_day_or_the_middle_of_the_year() -> None:
    frame = pl.DataFrame(
        {"year": [2020, 2021, None], "publication_date": [dt.date(2020, 7, 1), None, None]},
        schema={"year": pl.Int64, "publication_date": pl.Date},
    )
    assert with_time(frame)["t"].to_list() == pytest.approx([2020 + 182 / 365.25, 2021.5])


def test_series_are_notable_and_running_top_where_the_table_says_so() -> None:
    spec = ScalingSpec(top_n=3, growth_from=2016)
    own = all_series(spec, with_origin({"scaling": table()}))
    assert [one.name for one in own][:2] == ["compute, all models of the table", "compute, running top 3"]
    assert min(float(one.rows["t"].min() or 0) for one in own) >= 2016
    drawn = series_points(own)
    assert drawn.height == sum(one.rows.height for one in own)


def test_thresholds_count_every_model_once() -> None:
    origin = with_origin({"scaling": table()}).with_columns(country_first=pl.lit("France"))
    found = thresholds(origin)
    for threshold in THRESHOLDS_FLOP:
        expected = (table()["training_compute_flop"] >= threshold).sum()
        assert found.filter(pl.col("threshold_flop") == threshold)["models"].sum() == expected
    assert set(found["access"]) == {"open", "closed"}
    assert (found["derivatives"] <= found["models"]).all()
    assert thresholds(with_origin({"scaling": table()}))["country"].unique().to_list() == ["not known"]


def test_the_fan_repeats_with_its_stream_and_widens() -> None:
    first, again = (fan(series().rows, stream(1, "test", 0)) for _ in range(2))
    near, far = first.at(2024.0), first.at(2035.0)
    assert again.at(2024.0) == near
    assert far["p95"] - far["p05"] > near["p95"] - near["p05"]
    assert near["p05"] < near["p25"] < near["p50"] < near["p75"] < near["p95"]
    assert near["trend_ci_low"] < near["trend"] < near["trend_ci_high"]
    assert near["trend_ci_high"] - near["trend_ci_low"] < near["p75"] - near["p25"]
    assert first.lines.shape == (DRAWS, 2)


def test_the_fans_spread_is_that_of_the_noise_and_the_fit() -> None:
    """Normal noise of 1: the central 90 % is 3.29 wide, and a little more for the fit (n = 300)."""
    at = fan(series(3_000).rows, stream(1, "test", 0)).at(2023.0)
    assert at["p95"] - at["p05"] == pytest.approx(3.29, rel=0.06)
    assert at["p50"] == pytest.approx(math.log(1e20) + math.log(4) * 8, abs=0.15)


def test_parameter_uncertainty_is_the_cluster_robust_error() -> None:
    """The spread of resampled slopes over organizations is near the cluster-robust standard error."""
    from engine.regression import design, fit

    rows = series(2_000).rows
    expected = fit(design(rows, "y", ["t"], None, "organization"), "cluster").term("t")["se"]
    assert fan(rows, stream(1, "test", 0)).lines[:, 1].std() == pytest.approx(expected, rel=0.12)


def test_models_without_an_organization_are_resampled_alone() -> None:
    nameless = series().rows.with_columns(organization=pl.lit(None, pl.String))
    assert fan(nameless, stream(1, "test", 0)).lines.shape == (DRAWS, 2)


def test_backtest_of_a_rule_that_holds_covers_and_hits() -> None:
    """Made by the law it is fitted by: coverage within three binomial errors, no bias, the error of the noise."""
    made = series(4_000, until=2026.0)
    row = backtest([made], 2022, seed=1).row(0, named=True)
    scored = made.rows.filter(pl.col("t") >= 2023).height
    assert (row["n_scored"], row["n_fitted"]) == (scored, made.rows.height - scored)
    assert row["coverage_90"] == pytest.approx(0.9, abs=3 * math.sqrt(0.09 / scored) + 0.01)
    assert row["coverage_50"] == pytest.approx(0.5, abs=3 * math.sqrt(0.25 / scored) + 0.01)
    assert row["mean_error_log10"] == pytest.approx(0, abs=0.1)
    assert row["rmse_log10"] == pytest.approx(1 / math.log(10), rel=0.05)


def test_backtest_of_a_rule_that_breaks_misses() -> None:
    """From 2023 on a thousand times more than the rule: nothing is covered, the error is 3 orders of magnitude."""
    made = series(2_000, until=2026.0)
    broken = made.rows.with_columns(y=pl.col("y") + pl.when(pl.col("t") >= 2023).then(math.log(1e3)).otherwise(0.0))
    row = backtest([Series("compute", "broken", broken)], 2022, seed=1).row(0, named=True)
    assert row["coverage_90"] < 0.01
    assert row["mean_error_log10"] == pytest.approx(3, abs=0.1)


def test_only_the_three_years_after_the_fit_are_scored() -> None:
    made = series(2_000, until=2030.0)
    row = backtest([made], 2020, seed=1).row(0, named=True)
    t = made.rows["t"]
    assert row["n_scored"] == ((t >= 2021) & (t < 2021 + SCORED_YEARS)).sum()


def test_a_backtest_without_releases_says_why() -> None:
    row = backtest([series(until=2023.0)], 2022, seed=1).row(0, named=True)
    assert row["coverage_90"] is None
    assert row["note"] == f"not run: 0 releases after the fit; a score takes {MIN_SCORED}"


def test_forecasts_start_after_the_last_release_and_end_as_asked() -> None:
    found, failures = forecasts([series(), Series("cost", "none", series().rows.head(1))], 2027, seed=1)
    assert (found["t"].min(), found["t"].max()) == (2023.0, 2028.0)
    assert set(found["series"]) == {"compute, made"}
    assert len(failures) == 1
    assert "cost, none" in failures[0]


def test_the_study_has_every_course() -> None:
    found = answered(table()).tables
    assert found["growth"].height == found["backtest"].height == 6
    assert set(found["forecast"]["series"]) == set(found["series"]["series"].unique())
    assert found["forecast"]["t"].max() == 2031.0
