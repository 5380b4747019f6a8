"""First-month revenue as the user gives it: parameters or percentiles, and its quantiles."""

import functools
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy.special import betainc, betaincinv, ndtri

from engine.cashflow import Floats
from engine.npv.options import PERCENTILES, RANGE, Options, RevenueKind
from engine.spec import SpecError

SHARES = np.array([0.05, 0.5, 0.95])
LARGEST_MISS = 0.25
PLACES = 2**15 + 1


@dataclass(frozen=True)
class Revenue:
    """Distribution of first-month revenue in USD; `points` are ln median and sigma, low-mode-high, or the values."""

    kind: RevenueKind
    points: tuple[float, ...]

    def quantile(self, share: Floats) -> Floats:
        """Quantiles at shares strictly between 0 and 1, any shape."""
        if self.kind == "lognormal":
            return np.exp(self.points[0] + self.points[1] * ndtri(share))
        if self.kind == "empirical":
            values = np.array(self.points)
            return values[np.minimum((share * len(values)).astype(np.int64), len(values) - 1)]
        low, mode, high = self.points
        if self.kind == "uniform":
            return low + share * (high - low)
        return _triangular(share, low, mode, high) if self.kind == "triangular" else _pert(share, low, mode, high)

    def draw(self, share: Floats) -> Floats:
        """`quantile` for many shares; a PERT revenue's by a table, within 1e-7 of its range."""
        if self.kind != "pert":
            return self.quantile(share)
        return np.interp(share, *_pert_table(*self.points))

    @property
    def median(self) -> float:
        return float(self.quantile(np.array([0.5]))[0])

    @property
    def mean(self) -> float:
        """Expected revenue, in closed form."""
        if self.kind == "lognormal":
            return float(np.exp(self.points[0] + self.points[1] ** 2 / 2))
        if self.kind == "pert":
            return (self.points[0] + 4 * self.points[1] + self.points[2]) / 6
        if self.kind == "uniform":
            return (self.points[0] + self.points[2]) / 2
        return float(np.mean(self.points))


def _triangular(share: Floats, low: float, mode: float, high: float) -> Floats:
    turn = (mode - low) / (high - low)
    left = low + np.sqrt(share * (high - low) * (mode - low))
    right = high - np.sqrt((1 - share) * (high - low) * (high - mode))
    return np.where(share < turn, left, right)


def _pert(share: Floats, low: float, mode: float, high: float) -> Floats:
    """Quantiles of the beta distribution with mean (low + 4 mode + high) / 6 (Malcolm et al. 1959)."""
    a = 1 + 4 * (mode - low) / (high - low)
    return np.asarray(low + (high - low) * betaincinv(a, 6 - a, share))


@functools.lru_cache(maxsize=8)
def _pert_table(low: float, mode: float, high: float) -> tuple[Floats, Floats]:
    """Distribution function at places that crowd towards both ends, and the places."""
    places = low + (high - low) * np.sin(np.linspace(0, np.pi / 2, PLACES)) ** 2
    return pert_share(places, low, mode, high), places


def pert_share(value: Floats, low: float, mode: float, high: float) -> Floats:
    """Distribution function of the PERT distribution."""
    a = 1 + 4 * (mode - low) / (high - low)
    return np.asarray(betainc(a, 6 - a, np.clip((value - low) / (high - low), 0, 1)))


def typed_revenue(spec: Options) -> Revenue | None:
    """The revenue the user typed, as parameters or as percentiles; None where mu and sigma say it.

    Percentiles are fitted by least squares, of logarithms for a log-normal. Raises `SpecError` when no
    distribution of the kind comes within a quarter of each.
    """
    if spec.revenue == "empirical":
        return Revenue("empirical", tuple(sorted(float(v) for v in spec.revenue_values_usd.split(","))))
    if spec.typed_percentiles:
        return _fitted(spec.revenue, np.array([getattr(spec, name) for name in PERCENTILES]))
    if spec.revenue == "lognormal":
        return None
    low, mode, high = (getattr(spec, name) for name in RANGE)
    return Revenue(spec.revenue, (low, (low + high) / 2 if mode is None else mode, high))


def _fitted(kind: RevenueKind, asked: Floats) -> Revenue:
    if kind == "lognormal":
        made = Revenue(kind, _log_line(asked))
    elif kind == "uniform":
        slope, start = np.polyfit(SHARES, asked, 1)
        made = Revenue(kind, (float(start), float(start + slope / 2), float(start + slope)))
    else:
        made = _three_points(kind, asked)
    _check_fit(made, asked)
    return made


def _log_line(asked: Floats) -> tuple[float, float]:
    slope, start = np.polyfit(ndtri(SHARES), np.log(asked), 1)
    return float(start), float(slope)


def _three_points(kind: RevenueKind, asked: Floats) -> Revenue:
    """Low, mode and high whose percentiles come nearest, as gaps that can't be negative."""
    from scipy.optimize import least_squares

    unit = float(asked[2] - asked[0])

    def made(x: Floats) -> Revenue:
        low, below, above = float(x[0]), float(x[1]), float(x[2])
        return Revenue(kind, tuple(unit * v for v in (low, low + below, low + below + above)))

    start = np.array([asked[0] / unit / 2, 0.6, 0.6])
    lower = np.array([1e-9, 1e-6, 1e-6])
    found = least_squares(
        lambda x: (made(x).quantile(SHARES) - asked) / unit,
        np.maximum(start, lower),
        bounds=(lower, np.inf),
        xtol=1e-14,
        ftol=1e-14,
        gtol=1e-14,
    )
    return made(found.x)


def _check_fit(made: Revenue, asked: Floats) -> None:
    fitted = made.quantile(SHARES)
    if made.kind in ("triangular", "pert", "uniform") and made.points[0] <= 0:
        raise SpecError(f"npv: a {made.kind} revenue with these percentiles would go below zero; choose lognormal.")
    if np.any(np.abs(fitted / asked - 1) > LARGEST_MISS):
        raise SpecError(
            f"npv: no {made.kind} revenue has these percentiles; the nearest has "
            f"{fitted[0]:.4g}, {fitted[1]:.4g} and {fitted[2]:.4g} USD a month."
        )


def revenue_table(spec: Options, made: Revenue) -> pl.DataFrame:
    """Columns: percentile, asked_usd (null where not typed), fitted_usd."""
    asked = [getattr(spec, name) for name in PERCENTILES]
    schema = {"percentile": pl.Float64, "asked_usd": pl.Float64, "fitted_usd": pl.Float64}
    return pl.DataFrame(
        {"percentile": SHARES * 100, "asked_usd": asked, "fitted_usd": made.quantile(SHARES)}, schema=schema
    )
