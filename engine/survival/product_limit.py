"""Product-limit estimation with delayed entry, its intervals, median and restricted mean."""

import math

import numpy as np
import polars as pl

from engine.survival.records import Counted, Floats, counted

NORMAL_975 = 1.959963984540054
ROUNDING = 1e-12


def kaplan_meier(
    months: pl.Series, event: pl.Series, entry: pl.Series | None = None, cluster: pl.Series | None = None
) -> pl.DataFrame:
    """Product-limit estimate (Kaplan and Meier 1958) with log-log 95 % interval (Kalbfleisch and Prentice).

    `months` are durations, `event` is true where the duration ended in an event, `entry` the months at which a
    subject comes under observation (0 when absent). Subjects at risk at t: entry < t <= duration.
    Columns: months (0 and every event time), survival, ci_low, ci_high, at_risk, events; with `cluster` also
    cluster_low, cluster_high, from the variance clustered by it (see `influence`).
    Raises `DurationError` for a negative or missing duration.
    """
    found = counted(months, event, entry)
    n, d = found.n_at_risk, found.n_events
    survival = np.asarray(np.cumprod(1 - d / n), np.float64)
    with np.errstate(divide="ignore"):
        greenwood = np.asarray(np.cumsum(d / (n * (n - d))), np.float64)
    entered = len(months) if entry is None else int((entry.cast(pl.Float64) <= 0).sum())
    limits = dict(zip(("ci_low", "ci_high"), log_log_interval(survival, greenwood), strict=True))
    if cluster is not None:
        spread = clustered(influence(found), cluster)
        limits |= dict(zip(("cluster_low", "cluster_high"), log_log_interval(survival, spread), strict=True))
    return pl.DataFrame(
        {
            "months": np.concatenate([[0.0], found.times]),
            "survival": np.concatenate([[1.0], survival]),
            **{name: np.concatenate([[1.0], limit]) for name, limit in limits.items()},
            "at_risk": np.concatenate([[entered], n.astype(np.int64)]),
            "events": np.concatenate([[0], d.astype(np.int64)]),
        }
    )


def influence(found: Counted) -> Floats:
    """Derivative of the log of the estimate by each subject's weight: (times, subjects), infinite where it is zero.

    Its sum of squares is Greenwood's variance of the log (exactly, without delayed entry); summed within clusters
    first it is the infinitesimal jackknife, robust to dependence within them (Efron 1982; Williams 1995; R's
    survfit with cluster).
    """
    n, d = found.n_at_risk, found.n_events
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = (found.at_risk * (d / n)[:, None] - found.ended) / (n - d)[:, None]
        return np.asarray(np.cumsum(steps, axis=0))


def clustered(influences: Floats, cluster: pl.Series) -> Floats:
    """Variance at each time from influences (times, subjects): squares of their sums within clusters."""
    codes = cluster.rank("dense").to_numpy().astype(np.int64) - 1
    member = (codes[:, None] == np.arange(codes.max() + 1)[None, :]).astype(np.float64)
    usable = np.isfinite(influences).all(axis=1)
    found = np.full(len(influences), np.inf)
    found[usable] = ((influences[usable] @ member) ** 2).sum(axis=1)
    return found


def log_log_interval(survival: Floats, log_variance: Floats) -> tuple[Floats, Floats]:
    """Interval exp(-exp(ln(-ln S) +- z se)); it collapses on S where the variance is not defined (S = 0)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        half = NORMAL_975 * np.sqrt(log_variance) / np.abs(np.log(survival))
        low, high = survival ** np.exp(half), survival ** np.exp(-half)
    bad = ~np.isfinite(half)
    return np.where(bad, survival, low), np.where(bad, survival, high)


def median(curve: pl.DataFrame, column: str = "survival") -> float | None:
    """First time at which the curve is at or below one half; None when it never is."""
    below = curve.filter(pl.col(column) <= 0.5 + ROUNDING)
    return None if below.is_empty() else float(below["months"][0])


def median_interval(
    curve: pl.DataFrame, low: str = "ci_low", high: str = "ci_high"
) -> tuple[float | None, float | None]:
    """Brookmeyer-Crowley interval: where the lower and the upper limit of the curve cross one half."""
    return median(curve, low), median(curve, high)


def restricted_mean(curve: pl.DataFrame, horizon: float) -> float:
    """Area under the curve up to the horizon, in months."""
    months = curve["months"].to_list()
    edges = [min(m, horizon) for m in [*months[1:], math.inf]]
    starts = [min(m, horizon) for m in months]
    return math.fsum(s * (b - a) for s, a, b in zip(curve["survival"], starts, edges, strict=True))
