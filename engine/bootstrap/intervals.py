"""Intervals from bootstrap replicates."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.regression import t_quantile

Floats = NDArray[np.float64]
LEVEL = 0.95
BARS = 60
NARROWEST = 1e-9


def percentile(slopes: Floats, level: float = LEVEL) -> tuple[float, float]:
    """Quantiles of the replicates at (1 - level) / 2 and its complement, by linear interpolation."""
    low, high = np.quantile(slopes, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def bca(slopes: Floats, estimate: float, jackknifed: Floats, level: float = LEVEL) -> tuple[float, float] | None:
    """Bias-corrected and accelerated interval (Efron 1987); None where the replicates all lie on one side.

    `jackknifed` are the estimates without each unit; their skewness gives the acceleration.
    """
    from scipy.special import ndtr, ndtri

    below = ((slopes < estimate).sum() + (slopes <= estimate).sum()) / (2 * slopes.size)
    if not 0 < below < 1:
        return None
    bias, a = float(ndtri(below)), acceleration(jackknifed)
    reach = bias + t_quantile((1 + level) / 2, np.inf) * np.array([-1.0, 1.0])
    shares = ndtr(bias + reach / (1 - a * reach))
    low, high = np.quantile(slopes, shares)
    return float(low), float(high)


def acceleration(jackknifed: Floats) -> float:
    """A sixth of the skewness of the jackknife's influence values; zero when they don't vary."""
    finite = jackknifed[np.isfinite(jackknifed)]
    moved = finite.mean() - finite
    spread = float((moved**2).sum())
    return float((moved**3).sum() / (6 * spread**1.5)) if spread > 0 else 0.0


def histogram(slopes: Floats) -> pl.DataFrame:
    """Replicates in BARS equal bars, of a visible width also where they all but agree (points on one line).

    Columns: slope_low, slope_high, count.
    """
    low, high = float(slopes.min()), float(slopes.max())
    spare = max(0.0, NARROWEST * max(1.0, abs(low)) - (high - low)) / 2
    counts, edges = np.histogram(slopes, bins=BARS, range=(low - spare, high + spare))
    return pl.DataFrame({"slope_low": edges[:-1], "slope_high": edges[1:], "count": counts})
