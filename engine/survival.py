"""Product-limit estimation with delayed entry: shared mathematics, no study."""

import math

import numpy as np
import polars as pl
from numpy.typing import NDArray

NORMAL_975 = 1.959963984540054
ROUNDING = 1e-12


def kaplan_meier(months: pl.Series, event: pl.Series, entry: pl.Series | None = None) -> pl.DataFrame:
    """Product-limit estimate (Kaplan and Meier 1958) with log-log 95 % interval (Kalbfleisch and Prentice).

    `months` are durations, `event` is true where the duration ended in an event, `entry` the months at which a
    subject comes under observation (0 when absent). Subjects at risk at t: entry < t <= duration.
    Columns: months (0 and every event time), survival, ci_low, ci_high, at_risk, events.
    """
    t, d = months.to_numpy().astype(np.float64), event.to_numpy().astype(bool)
    start = np.full(len(t), -1.0) if entry is None else entry.to_numpy().astype(np.float64)
    times = np.unique(t[d])
    at_risk = np.array([int(((start < s) & (t >= s)).sum()) for s in times], dtype=np.int64)
    events = np.array([int((d & (t == s)).sum()) for s in times], dtype=np.int64)
    survival = np.cumprod(1 - events / at_risk)
    low, high = _log_log_interval(survival, at_risk, events)
    entered = int((start < 0).sum() if entry is None else (start <= 0).sum())
    return pl.DataFrame(
        {
            "months": np.concatenate([[0.0], times]),
            "survival": np.concatenate([[1.0], survival]),
            "ci_low": np.concatenate([[1.0], low]),
            "ci_high": np.concatenate([[1.0], high]),
            "at_risk": np.concatenate([[entered], at_risk]),
            "events": np.concatenate([[0], events]),
        }
    )


def _log_log_interval(
    survival: NDArray[np.float64], at_risk: NDArray[np.int64], events: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Interval exp(-exp(ln(-ln S) +- z se)); it collapses on S where the variance is not defined (S = 0)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(events / (at_risk * (at_risk - events).astype(np.float64)))
        half = NORMAL_975 * np.sqrt(greenwood) / np.abs(np.log(survival))
        low, high = survival ** np.exp(half), survival ** np.exp(-half)
    bad = ~np.isfinite(half)
    return np.where(bad, survival, low), np.where(bad, survival, high)


def median(curve: pl.DataFrame, column: str = "survival") -> float | None:
    """First time at which the curve is at or below one half; None when it never is."""
    below = curve.filter(pl.col(column) <= 0.5 + ROUNDING)
    return None if below.is_empty() else float(below["months"][0])


def median_interval(curve: pl.DataFrame) -> tuple[float | None, float | None]:
    """Brookmeyer-Crowley interval: where the lower and the upper limit of the curve cross one half."""
    return median(curve, "ci_low"), median(curve, "ci_high")


def restricted_mean(curve: pl.DataFrame, horizon: float) -> float:
    """Area under the curve up to the horizon, in months."""
    months = curve["months"].to_list()
    edges = [min(m, horizon) for m in [*months[1:], math.inf]]
    starts = [min(m, horizon) for m in months]
    return math.fsum(s * (b - a) for s, a, b in zip(curve["survival"], starts, edges, strict=True))
