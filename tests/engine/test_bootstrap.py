"""The bootstrap's algebra against refits by statsmodels on the same resamples, to 1e-10."""

import warnings

import numpy as np
import polars as pl
import pytest

from engine.bootstrap import _weighted_slopes, pairs_slope, pairs_slopes
from engine.streams import stream


def rows(n: int = 120) -> pl.DataFrame:
    rng = np.random.default_rng(11)
    x = rng.normal(20, 3, n)
    cell = rng.integers(0, 6, n)
    return pl.DataFrame({"x": x, "y": 1.7 * x + cell + rng.normal(size=n), "cell": cell})


@pytest.mark.parametrize("pooled", [True, False])
def test_weighted_slopes_are_refits(pooled: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import statsmodels.api as sm
    frame = rows().with_columns(cell=pl.lit(0)) if pooled else rows()
    weights = np.random.default_rng(2).multinomial(120, np.full(120, 1 / 120), size=5).astype(float)
    dummies = (frame["cell"].to_numpy()[:, None] == np.unique(frame["cell"])).astype(float)
    design = np.column_stack([frame["x"].to_numpy(), dummies])
    for weight, slope in zip(weights, _weighted_slopes(frame, weights), strict=True):
        refit = sm.WLS(frame["y"].to_numpy(), design, weights=weight).fit()
        assert slope == pytest.approx(refit.params[0], rel=1e-10)


def test_replicates_centre_on_the_slope_with_the_right_spread() -> None:
    """Pooled OLS has a known asymptotic error; 4,000 replicates put the bootstrap's within 10 % of HC0."""
    from engine.regression import design, fit

    frame = rows().with_columns(cell=pl.lit(0))
    slopes = pairs_slopes(frame, 4_000, stream(1, "bootstrap", 0))
    expected = fit(design(frame, "y", ["x"]), "HC0").term("x")
    assert slopes.mean() == pytest.approx(pairs_slope(frame), abs=4 * expected["se"] / np.sqrt(4_000))
    assert slopes.std() == pytest.approx(expected["se"], rel=0.1)
