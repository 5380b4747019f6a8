"""Our least squares against statsmodels: same design, agreement to 1e-8 (both are double precision)."""

import warnings

import numpy as np
import polars as pl
import pytest

from engine.regression import Covariance, DesignError, design, drop_singletons, fit


def invented(n: int = 200, seed: int = 3) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    year = rng.integers(2018, 2024, size=n)
    y = 1.7 * x + 0.3 * (year - 2018) + rng.normal(size=n) * (1 + np.abs(x))
    return pl.DataFrame({"x": x, "y": y, "year": year, "org": rng.integers(0, 12, size=n)})


@pytest.mark.parametrize("covariance", ["HC0", "HC1", "HC2", "HC3", "cluster"])
@pytest.mark.parametrize("effects", [[], ["year"]])
def test_agrees_with_statsmodels(covariance: Covariance, effects: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm
    d = design(invented(), "y", ["x"], effects, "org")
    ours = fit(d, covariance)
    options = {"cov_kwds": {"groups": d.clusters}} if covariance == "cluster" else {}
    theirs = sm.OLS(d.y, d.x).fit(cov_type=covariance, **options)
    np.testing.assert_allclose(ours.coef, theirs.params, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(ours.se(), theirs.bse, rtol=1e-8)
    assert ours.r2 == pytest.approx(theirs.rsquared, rel=1e-10)
    assert ours.aic == pytest.approx(theirs.aic, rel=1e-10)


def test_singletons_go_before_the_fit() -> None:
    frame = pl.concat([invented(50), pl.DataFrame({"x": [9.0], "y": [9.0], "year": [1999], "org": [0]})])
    assert drop_singletons(frame, ["year"]).filter(pl.col("year") == 1999).is_empty()
    assert np.isfinite(fit(design(frame, "y", ["x"], ["year"]), "HC3").se()).all()


@pytest.mark.parametrize(
    ("frame", "x", "word"),
    [
        (invented(2), ["x"], "2 rows"),
        (invented().with_columns(x=pl.lit(1.0)), ["x"], "constant"),
        (invented().with_columns(z=pl.col("x") * 2), ["x", "z"], "collinear"),
        (invented().with_columns(x=pl.lit(None, pl.Float64)), ["x"], "0 rows"),
    ],
)
def test_designs_that_cannot_be_fitted_say_why(frame: pl.DataFrame, x: list[str], word: str) -> None:
    with pytest.raises(DesignError, match=word):
        fit(design(frame, "y", x))
