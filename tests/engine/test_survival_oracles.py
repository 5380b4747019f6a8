"""Our estimates against lifelines and statsmodels on the same frames, ties included.

Tolerance 1e-6 for iterative fits (both sides stop on their own criteria), 1e-10 for closed forms.
"""

import warnings

import numpy as np
import polars as pl
import pytest

from engine.regression import DesignError
from engine.survival import aalen_johansen, cox, cox_coefficients, kaplan_meier, log_rank, risk_sets, terms_that_vary

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from lifelines import AalenJohansenFitter, CoxTimeVaryingFitter
    from lifelines.statistics import multivariate_logrank_test
    from statsmodels.duration.hazard_regression import PHReg
    from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight, survdiff


def frame(n: int = 120, *, ties: bool = True, seed: int = 3) -> pl.DataFrame:
    """Durations with two covariates, clusters, strata, two causes and delayed entry."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    months = rng.exponential(np.exp(-x @ [0.5, -0.3])) * 8 + 0.01
    months = np.ceil(months) if ties else months
    return pl.DataFrame(
        {
            "months": months,
            "event": rng.uniform(size=n) < 0.7,
            "a": x[:, 0],
            "b": x[:, 1],
            "cluster": rng.integers(0, 25, n).astype(str),
            "strata": rng.integers(0, 2, n),
            "cause": rng.integers(1, 3, n).astype(str),
            "entry": rng.uniform(0, 0.9, n) * months,
        }
    )


def phreg(rows: pl.DataFrame, **options: object) -> "PHReg":
    x = rows.select("a", "b").to_numpy()
    return PHReg(rows["months"].to_numpy(), x, rows["event"].cast(int).to_numpy(), ties="efron", **options)


def test_survival_with_delayed_entry_agrees_with_statsmodels() -> None:
    rows = frame()
    ours = kaplan_meier(rows["months"], rows["event"], rows["entry"])[1:]
    theirs = SurvfuncRight(rows["months"].to_numpy(), rows["event"].cast(int).to_numpy(), rows["entry"].to_numpy())
    np.testing.assert_allclose(ours["survival"].to_numpy(), theirs.surv_prob, atol=1e-10)
    np.testing.assert_array_equal(ours["at_risk"].to_numpy(), theirs.n_risk)


def test_log_rank_agrees_with_lifelines_and_with_statsmodels_under_delayed_entry() -> None:
    rows = frame()
    group = rows["cluster"].cast(pl.Int64) % 3
    found = log_rank(rows["months"], rows["event"], group)
    theirs = multivariate_logrank_test(rows["months"].to_numpy(), group.to_numpy(), rows["event"].to_numpy())
    assert (found["chi2"], found["p"]) == pytest.approx((theirs.test_statistic, theirs.p_value), abs=1e-10)
    late = log_rank(rows["months"], rows["event"], group, rows["entry"])
    values = rows["months"].to_numpy(), rows["event"].cast(int).to_numpy(), group.to_numpy()
    assert (late["chi2"], late["p"]) == pytest.approx(survdiff(*values, entry=rows["entry"].to_numpy()), abs=1e-10)


def test_log_rank_needs_two_groups() -> None:
    found = log_rank(pl.Series([1.0, 2.0]), pl.Series([True, True]), pl.Series(["x", "x"]))
    assert (found["groups"], found["chi2"], found["p"]) == (1, None, None)


def test_incidence_and_its_error_agree_with_statsmodels_under_ties() -> None:
    rows = frame()
    cause = pl.select(pl.when(rows["event"]).then(rows["cause"])).to_series()
    ours = aalen_johansen(rows["months"], cause).filter((pl.col("cause") == "1") & (pl.col("months") > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = CumIncidenceRight(rows["months"].to_numpy(), cause.fill_null("0").cast(int).to_numpy())
    place = np.searchsorted(theirs.times, ours["months"].to_numpy())
    np.testing.assert_allclose(ours["cif"].to_numpy(), theirs.cinc[0][place], atol=1e-10)
    inner = (ours["cif"].to_numpy() > 0) & np.isfinite(theirs.cinc_se[0][place])
    kept = 1 - ours["cif"].to_numpy()[inner]
    half = np.log(np.log(1 - ours["ci_high"].to_numpy()[inner]) / np.log(kept))
    error = half / 1.959963984540054 * kept * np.abs(np.log(kept))
    np.testing.assert_allclose(error, theirs.cinc_se[0][place][inner], atol=1e-10)


def test_incidence_without_ties_agrees_with_lifelines() -> None:
    rows = frame(ties=False)
    cause = pl.select(pl.when(rows["event"]).then(rows["cause"])).to_series()
    ours = aalen_johansen(rows["months"], cause).filter((pl.col("cause") == "2") & (pl.col("months") > 0))
    fitted = AalenJohansenFitter(calculate_variance=False)
    theirs = fitted.fit(rows["months"].to_numpy(), cause.fill_null("0").cast(int).to_numpy(), event_of_interest=2)
    expected = theirs.cumulative_density_["CIF_2"].loc[ours["months"].to_numpy()].to_numpy()
    np.testing.assert_allclose(ours["cif"].to_numpy(), expected, atol=1e-10)


@pytest.mark.parametrize("strata", [None, "strata"])
def test_cox_agrees_with_statsmodels(strata: str | None) -> None:
    rows = frame()
    ours = cox(rows, ["a", "b"], strata=strata)
    theirs = phreg(rows, strata=rows["strata"].to_numpy() if strata else None).fit()
    np.testing.assert_allclose(ours["coef"].to_numpy(), theirs.params, atol=1e-6)
    np.testing.assert_allclose(ours["se"].to_numpy(), theirs.bse, atol=1e-6)
    np.testing.assert_allclose(ours["hr"].to_numpy(), np.exp(theirs.params), atol=1e-6)
    np.testing.assert_allclose(ours["p"].to_numpy(), theirs.pvalues, atol=1e-6)


def test_cox_clustered_errors_agree_with_statsmodels() -> None:
    """Without ties: under Efron's ties statsmodels weighs score residuals otherwise than lifelines and R do."""
    rows = frame(ties=False)
    ours = cox(rows, ["a", "b"], cluster="cluster")
    theirs = phreg(rows).fit(groups=rows["cluster"].cast(int).to_numpy())
    np.testing.assert_allclose(ours["se"].to_numpy(), theirs.bse, atol=1e-6)


def test_proportionality_test_is_grambsch_and_therneaus_on_statsmodels_residuals() -> None:
    rows = frame(ties=False)
    fitted = phreg(rows).fit()
    residuals = fitted.schoenfeld_residuals
    died = np.flatnonzero(np.isfinite(residuals[:, 0]))
    scaled = len(died) * residuals[died] @ fitted.cov_params()
    rank = rows["months"].gather(died).rank().to_numpy()
    rank = rank - rank.mean()
    statistic = (rank @ scaled) ** 2 / (len(died) * np.diag(fitted.cov_params()) * (rank**2).sum())
    from scipy.stats import chi2

    found = cox(rows, ["a", "b"], cluster="cluster")["ph_p"].to_numpy()
    np.testing.assert_allclose(found, chi2.sf(statistic, 1), atol=1e-6)


def test_proportionality_test_tells_a_changing_effect_from_a_constant_one() -> None:
    """Weibull durations of other shape in the two groups: hazards cross, so they are not proportional."""
    rng = np.random.default_rng(4)
    group = np.repeat([0.0, 1.0], 150)
    shape = np.where(group > 0, 3.0, 0.8)
    crossing = pl.DataFrame({"months": rng.weibull(shape) * 10 + 1e-3, "event": [True] * 300, "g": group})
    constant = pl.DataFrame({"months": rng.exponential(np.where(group > 0, 5, 10)), "event": [True] * 300, "g": group})
    assert cox(crossing, ["g"])["ph_p"][0] < 1e-4
    assert cox(constant, ["g"])["ph_p"][0] > 0.01


@pytest.mark.parametrize(
    ("change", "terms", "sentence"),
    [
        ({"event": pl.lit(False)}, ["a", "b"], "at least 5 events for its covariates, and there are 0"),
        ({"b": pl.col("a") * 2}, ["a", "b"], "collinear"),
        ({}, [], "No covariate varies"),
        ({"a": (pl.col("months") < 3).cast(float) * 1.0, "event": pl.lit(True)}, ["a"], "separates|converge"),
    ],
)
def test_cox_says_why_it_cannot_be_fitted(change: dict[str, pl.Expr], terms: list[str], sentence: str) -> None:
    with pytest.raises(DesignError, match=sentence):
        cox(frame().with_columns(**change), terms)


def test_constant_terms_are_found() -> None:
    assert terms_that_vary(frame().with_columns(c=pl.lit(1.0)), ["a", "c"]) == ["a"]


def episodes(n: int = 80, seed: int = 6) -> pl.DataFrame:
    """Start-stop rows with tied ends, late entry, and a covariate that changes from row to row."""
    rng = np.random.default_rng(seed)
    rows = []
    for subject in range(n):
        start, last, fixed = int(rng.integers(0, 3)), int(rng.integers(4, 15)), float(rng.normal())
        for month in range(start, last):
            ended = month == last - 1 and subject % 4 != 0
            rows.append((f"s{subject:02d}", float(month), month + 1.0, ended, fixed, float(rng.normal())))
    names = ["subject", "start_months", "stop_months", "event", "a", "b"]
    return pl.DataFrame(rows, schema=names, orient="row")


def phreg_of(rows: pl.DataFrame) -> "PHReg":
    """statsmodels counts who enters at t as at risk at t; a moment later is what start-stop rows mean."""
    return phreg(rows.rename({"stop_months": "months"}), entry=rows["start_months"].to_numpy() + 1e-6)


def test_time_varying_cox_agrees_with_lifelines_and_statsmodels() -> None:
    rows = episodes()
    ours = cox_coefficients(risk_sets(rows, ["a", "b"]), np.ones((1, 80)))[0]
    table = rows.with_columns(pl.col("event").cast(int), pl.col("subject").str.slice(1).cast(int)).to_pandas()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = CoxTimeVaryingFitter().fit(
            table,
            event_col="event",
            start_col="start_months",
            stop_col="stop_months",
            id_col="subject",
            fit_options={"precision": 1e-10},
        )
    np.testing.assert_allclose(ours, theirs.params_.loc[["a", "b"]].to_numpy(), atol=1e-6)
    also = phreg_of(rows).fit()
    np.testing.assert_allclose(ours, also.params, atol=1e-6)


def test_weights_are_copies() -> None:
    """A subject of weight k counts as k subjects that tie, sample by sample; weight 0 leaves it out."""
    rows = episodes()
    weights = np.random.default_rng(1).integers(0, 4, size=(3, 80)).astype(float)
    found = cox_coefficients(risk_sets(rows, ["a", "b"]), weights)
    for sample, coef in zip(weights, found, strict=True):
        times = dict(zip(rows["subject"].unique().sort(), sample.astype(int).tolist(), strict=True))
        copies = pl.concat([rows.filter(pl.col("subject") == s) for s, k in times.items() for _ in range(k)])
        np.testing.assert_allclose(coef, phreg_of(copies).fit().params, atol=1e-6)


def test_a_sample_that_does_not_carry_the_fit_is_not_a_number() -> None:
    weights = np.zeros((2, 80))
    weights[1] = 1
    found = cox_coefficients(risk_sets(episodes(), ["a", "b"]), weights)
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()
