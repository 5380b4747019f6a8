"""Discounting, revenue after a lead is lost, and mixtures of log-normals: shared mathematics, no study."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

NODES = 16
MAX_NODE_WIDTH = 12.0
MAX_PANELS = 64
NEWTON_TOLERANCE = 1e-9
MAX_STEPS = 200


def monthly_rate(annual_rate: float) -> float:
    """Rate a month that compounds to the annual rate: (1 + r)^(1/12) - 1."""
    return float(np.expm1(np.log1p(annual_rate) / 12))


def annuity(annual_rate: ArrayLike, months: ArrayLike) -> Floats:
    """Present value of 1 a month for months 1..k, discounted monthly; the arguments broadcast.

    At an annual rate of .20, annuity(.20, 72) = 43.443829. At a rate of zero it is the number of months.
    """
    log_rate, k = np.broadcast_arrays(np.log1p(np.asarray(annual_rate, float)) / 12, np.asarray(months, float))
    step = np.expm1(log_rate)
    return np.divide(-np.expm1(-k * log_rate), step, out=k.copy(), where=step != 0)


def months_kept(exclusivity_months: ArrayLike, horizon_months: ArrayLike) -> Floats:
    """Whole months of full revenue, clip(floor(T), 1, H); the arguments broadcast."""
    return np.clip(np.floor(np.asarray(exclusivity_months, float)), 1.0, np.asarray(horizon_months, float))


def revenue_factor(kept_annuity: ArrayLike, horizon_annuity: ArrayLike, drop: ArrayLike) -> Floats:
    """F = A(k) + (1 - drop) (A(H) - A(k)): present value of revenue per unit of first-month revenue."""
    kept, whole = np.asarray(kept_annuity, float), np.asarray(horizon_annuity, float)
    return kept + (1 - np.asarray(drop, float)) * (whole - kept)


def panels_needed(low: Floats, high: Floats, sigma: Floats) -> int:
    """Panels of 16 Gauss-Legendre nodes for factors spread over [low, high] beside a log-normal of that sigma.

    One panel keeps the mixture's distribution function within 1e-10 of the integral while the spread, in
    units of sigma at its lower end, stays below 12 (measured against the integral in closed form).
    """
    widest = float(np.max((high - low) / (low * sigma), initial=0.0))
    return int(min(MAX_PANELS, max(1, np.ceil(widest / MAX_NODE_WIDTH))))


def uniform_nodes(panels: int) -> tuple[Floats, Floats]:
    """Nodes on (0, 1) and weights summing to 1 that integrate over Uniform(0, 1): Gauss-Legendre by panels."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    starts = np.arange(panels)[:, None]
    return ((starts + (nodes + 1) / 2) / panels).ravel(), np.tile(weights / 2 / panels, panels)


@dataclass(frozen=True)
class LogNormalMixture:
    """One finite mixture of log-normals a row: X = exp(log_scale_j + sigma Z) with probability weight_j.

    log_scale and weight have shape (rows, components), sigma (rows,); weights sum to 1 along a row.
    """

    log_scale: Floats
    weight: Floats
    sigma: Floats

    def mean(self) -> Floats:
        """E[X], shape (rows,)."""
        return np.exp(self.sigma**2 / 2) * self._average(np.exp(self.log_scale))

    def sd(self) -> Floats:
        """Standard deviation of X, shape (rows,)."""
        scale = np.exp(self.log_scale)
        centre = self._average(scale)
        spread = self._average((scale - centre[:, None]) ** 2)
        growth = np.exp(self.sigma**2)
        return np.sqrt(growth * (np.expm1(self.sigma**2) * self._average(scale**2) + spread))

    def cdf(self, log_x: Floats) -> Floats:
        """P(ln X <= log_x) for one log_x a row."""
        return self._average(ndtr(self._standardised(log_x)))

    def partial_mean(self, log_x: Floats) -> Floats:
        """E[X; ln X <= log_x] for one log_x a row: the part of the mean that lies below."""
        below = ndtr(self._standardised(log_x) - self.sigma[:, None])
        return np.exp(self.sigma**2 / 2) * self._average(np.exp(self.log_scale) * below)

    def log_quantile(self, p: float) -> Floats:
        """ln of the p-quantile of X, shape (rows,), 0 < p < 1.

        Newton's method on the probit of the distribution function, kept inside a bracket and replaced by
        bisection where it would leave it. The bracket is exact: a mixture's quantile lies between the
        smallest and the largest of its components'.
        """
        z = float(ndtri(p))
        low = self.log_scale.min(axis=1) + self.sigma * z
        high = self.log_scale.max(axis=1) + self.sigma * z
        guess = np.clip(self._normal_quantile(z), low, high)
        for _ in range(MAX_STEPS):
            value, step = self._probit_step(guess, z)
            low, high = np.where(value < z, guess, low), np.where(value < z, high, guess)
            moved = guess + step
            inside = (moved >= low) & (moved <= high)
            guess = np.where(inside, moved, (low + high) / 2)
            if np.all(np.where(inside, np.abs(step), high - low) < NEWTON_TOLERANCE):
                return guess
        raise ArithmeticError(f"The {p:g} quantile was not found in {MAX_STEPS} steps.")

    def _normal_quantile(self, z: float) -> Floats:
        """Quantile of the normal with the mean and variance of ln X: where the search starts."""
        centre = self._average(self.log_scale)
        variance = self.sigma**2 + self._average((self.log_scale - centre[:, None]) ** 2)
        return centre + np.sqrt(variance) * z

    def _probit_step(self, log_x: Floats, z: float) -> tuple[Floats, Floats]:
        """Probit of the distribution function at log_x, and the Newton step from there towards z."""
        standard = self._standardised(log_x)
        value = ndtri(self._average(ndtr(standard)))
        np.multiply(standard, standard, out=standard)
        density = self._average(np.exp(-0.5 * standard)) / self.sigma
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = (z - value) * np.exp(-0.5 * value**2) / density
        return value, np.where(np.isfinite(step), step, np.inf)

    def _standardised(self, log_x: Floats) -> Floats:
        inverse = 1 / self.sigma[:, None]
        return log_x[:, None] * inverse - self.log_scale * inverse

    def _average(self, values: Floats) -> Floats:
        return np.einsum("ij,ij->i", self.weight, values)
