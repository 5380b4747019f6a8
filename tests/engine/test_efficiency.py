"""Metrics by hand, the published composite on the bundled table, and the tests of diminishing returns."""

import warnings
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.efficiency import EfficiencySpec
from engine.efficiency.hardware import hardware_points, hardware_trends
from engine.efficiency.index import METRICS, availability, by_year, indexed, with_metrics
from engine.efficiency.returns import cost_elasticity, elasticity, hedonic, sample, segmented, verdict
from engine.regression import Design, design, fit, fit_iv
from jobs.data import load_tables
from jobs.execute import execute
from jobs.question import prepare
from jobs.store import Store


@pytest.fixture(scope="module")
def models() -> pl.DataFrame:
    return load_tables(("models",)).tables["models"]


def test_metrics_by_hand(models: pl.DataFrame) -> None:
    """1e21 FLOP for 1,000 USD, 1e9 parameters, 2,000 W over 10 hours."""
    one = models.head(1).with_columns(
        training_compute_flop=pl.lit(1e21),
        cost_usd_2023=pl.lit(1e3),
        parameters=pl.lit(1e9),
        training_power_draw_w=pl.lit(2e3),
        training_time_hours=pl.lit(10.0),
    )
    found = with_metrics(one).select(f"log10_{m}" for m in METRICS).row(0)
    expected = (-18, -6, 18, np.log10(5e17), np.log10(1e21 / (2e3 * 3600 * 10)))
    assert found == pytest.approx(expected, abs=1e-12)


def test_published_index(models: pl.DataFrame) -> None:
    rows = indexed(EfficiencySpec.parse({"preset": "published"}), models)
    years = by_year(rows)
    assert rows.height == 1337
    assert years["year"].to_list() == list(range(2011, 2026))
    assert (rows["log10_cost_per_flop"] + rows["log10_compute_per_dollar"]).abs().max() == pytest.approx(0, abs=1e-12)
    low, high = rows.select(pl.min_horizontal(pl.col(METRICS).min())), rows.select(pl.col(METRICS).max())
    assert low.item() == 0
    assert set(high.row(0)) == {1.0}
    assert rows.filter(pl.col("country") == "Multinational").height == 496
    levels = [rows[c].n_unique() for c in ("country_group", "domain_bucket", "organization_bucket")]
    assert levels == [9, 5, 6]


def test_percent_change_is_against_the_previous_year_present(models: pl.DataFrame) -> None:
    years = by_year(indexed(EfficiencySpec.parse({}), models)).to_dicts()
    assert years[0]["pct_change"] is None
    for before, after in pairwise(years):
        expected = 100 * (after["composite"] / before["composite"] - 1)
        assert after["pct_change"] == pytest.approx(expected)


def test_weights_and_rows_change_the_corrected_index(models: pl.DataFrame) -> None:
    complete = indexed(EfficiencySpec.parse({}), models)
    available = indexed(EfficiencySpec.parse({"rows": "available"}), models)
    only_cost = indexed(
        EfficiencySpec.parse({"weight_cost_per_parameter": 0, "weight_flop_per_joule": 0}), models
    ).drop_nulls("composite")
    assert complete["composite"].null_count() > available["composite"].null_count()
    assert only_cost["composite"].to_numpy() == pytest.approx(only_cost["compute_per_dollar"].to_numpy())
    nothing = {f"weight_{m}": 0 for m in ("compute_per_dollar", "cost_per_parameter", "flop_per_joule")}
    assert indexed(EfficiencySpec.parse(nothing), models)["composite"].null_count() == complete.height
    assert complete.filter(pl.col("model").is_in(models.drop_nulls("base_model")["model"].implode())).is_empty()


def test_availability_counts_what_is_there(models: pl.DataFrame) -> None:
    table = availability(indexed(EfficiencySpec.parse({"preset": "published"}), models))
    assert table["models"].sum() == 1337
    assert table.select((pl.col(m) <= pl.col("models")).all() for m in METRICS).row(0) == (True,) * len(METRICS)


def invented(slope: float = 0.2, bend: float = 0.0, n: int = 400, seed: int = 5) -> pl.DataFrame:
    """Models whose FLOP per dollar has a known elasticity, with a kink at 10^21 of size `bend`."""
    rng = np.random.default_rng(seed)
    flop = rng.uniform(18, 24, n)
    year = rng.integers(2015, 2024, n)
    y = 17 + slope * flop + bend * np.maximum(flop - 21, 0) + 0.1 * (year - 2015) + rng.normal(0, 0.2, n)
    return pl.DataFrame(
        {
            "base_model": pl.Series([None] * n, dtype=pl.String),
            "year": year,
            "organization": [f"org {i}" for i in rng.integers(0, 40, n)],
            "training_compute_flop": 10**flop,
            "parameters": 10 ** (flop / 2 + rng.normal(0, 0.2, n)),
            "cost_usd_2023": 10 ** (flop - y),
            "training_power_draw_w": pl.Series([None] * n, dtype=pl.Float64),
            "training_time_hours": pl.Series([None] * n, dtype=pl.Float64),
        }
    )


def test_elasticity_recovers_what_was_planted() -> None:
    row = elasticity(with_metrics(invented(0.2)), "compute_per_dollar", 1).row(0, named=True)
    assert row["ci_low"] < 0.2 < row["ci_high"]
    assert row["quadratic_p"] > 0.01
    assert row["break_p"] > 0.01
    assert "better" in row["verdict"]


def test_a_planted_break_is_found_at_its_place() -> None:
    row = elasticity(with_metrics(invented(0.4, -0.4)), "compute_per_dollar", 1).row(0, named=True)
    assert row["break_log10_flop"] == pytest.approx(21, abs=0.5)
    assert row["break_p"] == pytest.approx(1 / 1000)
    assert (row["slope_below"], row["slope_above"]) == pytest.approx((0.4, 0.0), abs=0.1)
    assert "turns worse above" in row["verdict"]


def test_break_statistic_equals_refits() -> None:
    """The largest F over the grid equals that of refitting each candidate with statsmodels."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm
    rows = sample(with_metrics(invented(0.4, -0.1, n=120)), "compute_per_dollar")
    d = design(rows, "y", ["x"], ["year"], "organization")
    x = d.x[:, d.names.index("x")]
    found = segmented(d, np.random.default_rng(0), replicates=9)
    rss = {
        at: sm.OLS(d.y, np.column_stack([d.x, np.maximum(x - at, 0)])).fit().ssr
        for at in np.quantile(x, np.linspace(0.15, 0.85, 60))
    }
    assert found.at == pytest.approx(min(rss, key=rss.__getitem__))


def test_iv_agrees_with_pyfixest_and_removes_division_bias() -> None:
    """pyfixest's just-identified IV: same coefficient to 1e-8 and CRV1 error to the small-sample factor."""
    import pyfixest as pf

    rng = np.random.default_rng(3)
    n = 300
    z = rng.normal(size=n)
    noise = rng.normal(size=n)
    x = z + noise
    org = rng.integers(0, 30, n)
    y = 1.0 * z + rng.normal(0, 0.1, n)
    d = Design(y, np.column_stack([np.ones(n), x]), ("const", "x"), org)
    ours = fit_iv(d, "x", z).term("x")
    frame = pl.DataFrame({"y": y, "x": x, "z": z, "org": org}).to_pandas()
    theirs = pf.feols("y ~ 1 | x ~ z", frame, vcov={"CRV1": "org"})
    assert ours["coef"] == pytest.approx(theirs.coef()["x"], rel=1e-8)
    assert ours["se"] == pytest.approx(theirs.se()["x"], rel=1e-6)
    assert fit(d, "cluster").term("x")["coef"] < 0.7 < ours["ci_high"]


def test_cost_elasticity_recovers_one_minus_the_planted_slope() -> None:
    """Cost is compute over FLOP per dollar, so its elasticity is 1 - .2 in the invented data."""
    table = cost_elasticity(with_metrics(invented(0.2)))
    assert table["method"].to_list() == ["OLS", "IV"]
    for row in table.iter_rows(named=True):
        assert row["elasticity"] == pytest.approx(0.8, abs=4 * row["se"])
    assert table["first_stage_f"][1] > 100


def test_hedonic_effects_recover_the_planted_trend() -> None:
    table = hedonic(with_metrics(invented(0.2)), "compute_per_dollar")
    assert table["effect"][0] == 0
    expected = 0.1 * (table["year"].to_numpy() - 2015)
    covered = (table["ci_low"].to_numpy() <= expected + 1e-9) & (expected - 1e-9 <= table["ci_high"].to_numpy())
    assert covered.mean() > 0.8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "Gets better with training compute; no curvature"),
        ({"ci_low": -0.1}, "No change with training compute"),
        ({"elasticity": -0.2, "ci_low": -0.3, "ci_high": -0.1}, "Gets worse with training compute"),
        ({"quadratic_p": 0.01, "quadratic": -0.1}, "the gain per tenfold shrinks"),
        ({"break_p": 0.0005, "slope_above": 0.5}, "turns better above 10^21.0 FLOP (p < .001)"),
    ],
)
def test_verdicts_follow_the_figures(change: dict[str, Any], words: str) -> None:
    row = {
        "metric": "compute_per_dollar",
        "elasticity": 0.2,
        "ci_low": 0.1,
        "ci_high": 0.3,
        "quadratic": 0.0,
        "quadratic_p": 0.5,
        "break_p": 0.5,
        "break_log10_flop": 21.0,
        "slope_below": 0.2,
        "slope_above": 0.1,
    }
    assert words in verdict({**row, **change})


def test_hardware_trend_recovers_a_known_growth() -> None:
    """Chips that double every two years exactly: 41.4 % a year."""
    import datetime as dt

    dates = [dt.date(2010 + i, 1, 1) for i in range(12)]
    years = np.array([(d - dates[0]).days / 365.25 for d in dates])
    chips = pl.DataFrame(
        {
            "hardware": [f"chip {i}" for i in range(12)],
            "manufacturer": ["m"] * 12,
            "release_date": dates,
            "fp32_flop_per_s": 1e12 * 2 ** (years / 2),
            "tensor_fp16_flop_per_s": pl.Series([None] * 12, dtype=pl.Float64),
            "tdp_w": [250.0] * 12,
            "release_price_usd": pl.Series([None] * 12, dtype=pl.Float64),
        }
    )
    trend = hardware_trends(hardware_points(chips))
    assert trend.height == 1
    assert trend["per_year"][0] == pytest.approx(2**0.5 - 1)
    assert trend["doubling_years"][0] == pytest.approx(2.0)


def test_study_answers_on_bundled_tables(tmp_path: Any) -> None:
    found = execute(prepare(EfficiencySpec.parse({})), Store(str(tmp_path)), "inline").result
    assert set(found.tables["elasticity"]["metric"]) >= {"compute_per_dollar", "cost_per_parameter", "flop_per_joule"}
    assert found.summary["rows_with_index"] <= found.summary["rows"]
    assert found.tables["cost_elasticity"].height == 2
