"""Diagnostics against statsmodels, other forms against scipy and densities, reasons where a check can't run."""

import math
import warnings
from typing import Any

import numpy as np
import polars as pl
import pytest

from engine.regression import DesignError
from engine.scaling.diagnostics import (
    LAGS,
    Examined,
    breusch_pagan,
    cooks_distance,
    diagnostics,
    influential,
    jarque_bera,
    leave_out,
    ljung_box,
    reset,
)
from engine.scaling.forms import forms
from engine.scaling.groups import equality_tests
from engine.scaling_law import fit_law, points
from tests.engine.scaling_cases import answered, table

DIRECTION = "compute_on_parameters"


def examined(frame: pl.DataFrame | None = None, effects: str = "year") -> Examined:
    return Examined(points(table() if frame is None else frame, DIRECTION, effects), effects, "HC3")


@pytest.fixture(scope="module")
def reference() -> Any:
    """statsmodels' fit of the same design."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm
    d = examined().design
    return sm.OLS(d.y, d.x).fit()


@pytest.mark.filterwarnings("ignore")
def test_tests_are_statsmodels(reference: Any) -> None:
    from statsmodels.stats.diagnostic import acorr_ljungbox, het_breuschpagan, linear_reset
    from statsmodels.stats.stattools import jarque_bera as their_jarque_bera

    ours = examined()
    order = ours.rows.with_row_index("place").sort("publication_date", "place")["place"].to_numpy()
    box = acorr_ljungbox(reference.resid[order], lags=[LAGS]).iloc[0]
    power = linear_reset(reference, power=3, use_f=True)
    expected = {
        breusch_pagan: het_breuschpagan(reference.resid, reference.model.exog)[:2],
        jarque_bera: their_jarque_bera(reference.resid)[:2],
        ljung_box: (box["lb_stat"], box["lb_pvalue"]),
        reset: (float(power.statistic), float(power.pvalue)),
    }
    for check, (statistic, p) in expected.items():
        found = check(ours)
        assert found["statistic"] == pytest.approx(statistic, rel=1e-7), check
        assert found["p"] == pytest.approx(p, rel=1e-6), check


@pytest.mark.filterwarnings("ignore")
def test_influence_is_statsmodels(reference: Any) -> None:
    ours, theirs = examined(), reference.get_influence()
    np.testing.assert_allclose(ours.leverage, theirs.hat_matrix_diag, rtol=1e-8)
    np.testing.assert_allclose(ours.cooks, theirs.cooks_distance[0], rtol=1e-8)
    assert cooks_distance(ours)["statistic"] == pytest.approx(theirs.cooks_distance[0].max(), rel=1e-8)


def planted() -> pl.DataFrame:
    """A table whose first model is far off the law."""
    return table().with_columns(
        training_compute_flop=pl.when(pl.int_range(400) == 0).then(1e45).otherwise(pl.col("training_compute_flop"))
    )


def test_influential_models_are_named() -> None:
    named = influential(examined(planted()))
    assert named["model"][0] == "model 0"
    assert named["cooks_distance"].is_sorted(descending=True)
    assert (named["cooks_distance"] > 4 / 400).all()
    marked = examined(planted()).points()
    assert marked.filter(pl.col("influential")).height >= named.height
    assert (marked["fitted"] + marked["residual"] - marked["y"]).abs().max() == pytest.approx(0, abs=1e-9)


def test_faults_planted_are_found_and_clean_data_pass() -> None:
    """At 5 % each check may err; the clean table is one on which none does."""
    rng = np.random.default_rng(6)
    clean = table(seed=11)
    x = clean["parameters"].log().to_numpy()
    flaws = {
        "Breusch-Pagan": x + rng.normal(size=400) * np.exp(0.25 * (x - 20)),
        "Jarque-Bera": x + rng.standard_t(2, size=400),
        "RESET": x + 0.1 * (x - 20) ** 2 + rng.normal(size=400),
    }
    status = _status(clean)
    for check, y in flaws.items():
        flawed = clean.with_columns(training_compute_flop=pl.Series(np.exp(y)))
        assert status[check] == "green"
        assert _status(flawed)[check] == "amber"


def _status(frame: pl.DataFrame) -> dict[str, str]:
    ours = examined(frame, "year,domain")
    rows = points(frame, DIRECTION)
    checks = diagnostics(ours, equality_tests(rows, "HC3"), leave_out(ours))
    return dict(checks.select("check", "status").iter_rows())


def test_a_check_that_cannot_run_says_why_and_turns_the_run_amber() -> None:
    undated = table().with_columns(publication_date=pl.lit(None, pl.Date))
    with pytest.raises(DesignError, match="400 of 400 rows have no publication date"):
        ljung_box(examined(undated))
    found = answered(undated.with_columns(organization_type=pl.lit(None, pl.String)))
    rows = {row["check"]: row for row in found.tables["diagnostics"].iter_rows(named=True)}
    assert rows["Ljung-Box"]["status"] == "amber"
    assert rows["Ljung-Box"]["note"].startswith("not run: 400 of 400")
    assert rows["equal slopes by organization_type (pooled)"]["status"] == "amber"
    assert "not run" in rows["equal slopes by organization_type (pooled)"]["note"]
    assert found.summary["status"] == "amber"
    assert found.summary["checks_amber"] == sum(row["status"] == "amber" for row in rows.values())


def test_every_check_has_a_figure_or_a_reason() -> None:
    for frame in (table(), table(14), planted()):
        checks = answered(frame).tables["diagnostics"]
        assert set(checks["status"]) <= {"green", "amber"}
        ran = checks["statistic"].is_not_null()
        assert (ran | checks["note"].str.starts_with("not run: ")).all()


@pytest.mark.parametrize(("kind", "column"), [("organization", "organization"), ("year", "year"), ("domain", "domain")])
def test_leaving_out_is_refitting(kind: str, column: str) -> None:
    left = leave_out(examined(effects="year,domain")).filter(pl.col("kind") == kind)
    assert left["rows"].sum() == 400
    assert left["left_out"].n_unique() == left.height == table()[column].n_unique()
    for row in pl.concat([left.head(3), left.tail(3)]).iter_rows(named=True):
        rest = table().filter(pl.col(column).cast(pl.String) != row["left_out"])
        assert row["slope"] == pytest.approx(fit_law(rest, DIRECTION, "year,domain").term("x")["coef"], rel=1e-8)
    assert left["change"].abs().is_sorted(descending=True)


def test_leaving_out_what_carries_the_fit_has_no_slope() -> None:
    """Without organization 'a' the regressor is constant."""
    frame = table(30).with_columns(
        organization=pl.when(pl.int_range(30) < 15).then(pl.lit("a")).otherwise(pl.lit("b")),
        parameters=pl.when(pl.int_range(30) < 15).then(pl.col("parameters")).otherwise(1e9),
    )
    left = leave_out(examined(frame, "pooled")).filter(pl.col("kind") == "organization")
    assert dict(left.select("left_out", "slope").iter_rows())["a"] is None


def shaped(y: np.ndarray, x: np.ndarray) -> dict[str, dict[str, Any]]:
    found = forms(pl.DataFrame({"x": x, "y": y}))
    return {row["form"]: row for row in found.iter_rows(named=True)}


X = np.random.default_rng(1).uniform(10, 30, 500)
NOISE = np.random.default_rng(2).normal(size=500)


@pytest.mark.parametrize(
    ("y", "form"),
    [
        (1.5 * X + NOISE, "line in logs"),
        (1.5 * X - 0.05 * (X - 20) ** 2 + NOISE, "parabola in logs"),
        (np.where(X < 20, 2 * X, 40 + 0.5 * (X - 20)) + NOISE, "two lines in logs"),
        (np.log(np.exp(0.3 * X) + 0.02 * NOISE), "power law in levels"),
    ],
)
def test_the_form_that_made_the_data_is_chosen(y: np.ndarray, form: str) -> None:
    found = shaped(y, X)
    assert found[form]["chosen"]
    assert found[form]["delta_aic"] == 0
    assert sum(row["chosen"] for row in found.values()) == 1


def test_the_break_is_found_and_counted() -> None:
    y = np.where(X < 20, 2 * X, 40 + 0.5 * (X - 20)) + NOISE
    row = shaped(y, X)["two lines in logs"]
    assert math.log(row["break_at"]) == pytest.approx(20, abs=0.4)
    assert (row["slope"], row["slope_above"]) == pytest.approx((2.0, 0.5), abs=0.05)
    hinged = np.column_stack([np.ones(500), X, np.maximum(X - math.log(row["break_at"]), 0)])
    rss = float(np.linalg.lstsq(hinged, y, rcond=None)[1][0])
    assert row["coefficients"] == 4
    assert row["aic"] == pytest.approx(500 * (math.log(2 * math.pi * rss / 500) + 1) + 2 * 4, rel=1e-10)


def test_the_power_law_is_scipys_and_its_aic_a_density_of_logs() -> None:
    from scipy.optimize import curve_fit
    from scipy.stats import norm

    level = 3 * np.exp(0.4 * (X - 20)) + 0.5 * NOISE + 3
    y = np.log(level)
    row = shaped(y, X)["power law in levels"]
    (factor, exponent), _ = curve_fit(lambda x, a, b: a * np.exp(b * (x - 20)), X, level, p0=(3, 0.4))
    assert row["slope"] == pytest.approx(exponent, rel=1e-5)
    residual = level - factor * np.exp(exponent * (X - 20))
    spread = math.sqrt(float((residual**2).mean()))
    log_density = norm.logpdf(residual, scale=spread) + y
    assert row["aic"] == pytest.approx(-2 * float(log_density.sum()) + 2 * 2, rel=1e-6)


def test_the_line_has_the_aic_of_the_fit() -> None:
    rows = points(table(), DIRECTION)
    found = shaped(rows["y"].to_numpy(), rows["x"].to_numpy())["line in logs"]
    assert found["aic"] == pytest.approx(float(fit_law(table(), DIRECTION, "pooled").aic), rel=1e-12)


def test_a_form_that_cannot_be_fitted_says_why() -> None:
    found = shaped(NOISE[:3], X[:3])
    assert found["two lines in logs"]["note"].startswith("not run")
    assert found["line in logs"]["chosen"]
    assert all(row["note"].startswith("not run") for row in shaped(NOISE, np.full(500, 2.0)).values())
