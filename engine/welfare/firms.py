"""Firms that know part of what they will earn: types, residual uncertainty, and means in closed form.

ln of first-month revenue is m + e: the type m ~ N(mu, rho sigma^2), which the firm knows, and an independent residual
e ~ N(0, (1 - rho) sigma^2), which nobody does. Discounted revenue is X = exp(m + e) F with the factor F independent of
both, a finite mixture. Everything is a partial moment of a bivariate normal, by Owen's T function (Owen 1956).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, owens_t

from engine.cashflow import Floats, LogNormalMixture

TINY = 1e-100


@dataclass(frozen=True)
class Types:
    """Firms of one kind. `factor` holds F at mu = 0 as a mixture of one row; its sigma is that of ln revenue."""

    mu: float
    sigma: float
    rho: float
    factor: LogNormalMixture

    @property
    def type_sd(self) -> float:
        return self.sigma * math.sqrt(self.rho)

    @property
    def residual_sd(self) -> float:
        return self.sigma * math.sqrt(1 - self.rho)

    def type_earning(self, first_month: float) -> float:
        """The type whose expected first-month revenue is this; minus infinity for nothing."""
        return math.log(first_month) - self.residual_sd**2 / 2 if first_month > 0 else -math.inf

    def share_above(self, type_floor: float) -> float:
        """P(m >= type_floor)."""
        return float(ndtr(-self._standard(type_floor)))

    def mean_above(self, type_floor: float) -> float:
        """E[R0; m >= type_floor], first-month revenue."""
        tilted = self._standard(type_floor) - self.type_sd
        return math.exp(self.mu + self.sigma**2 / 2) * float(ndtr(-tilted))

    def share_between(self, low: float, high: float) -> float:
        """P(low <= m < high), from the tail that keeps it exact however few they are."""
        return _between(self._standard(low), self._standard(high))

    def mean_between(self, low: float, high: float) -> float:
        """E[R0; low <= m < high], first-month revenue."""
        ends = (self._standard(low) - self.type_sd, self._standard(high) - self.type_sd)
        return math.exp(self.mu + self.sigma**2 / 2) * _between(*ends)

    def capped_mean_above(self, cap: float, type_floor: float) -> float:
        """E[min(X, cap); m >= type_floor]: the limited expected value of discounted revenue."""
        below, above = self._partial_mean(cap, type_floor), self._chance(cap, type_floor, exceeded=True)
        return below + cap * above

    def shortfall_above(self, cap: float, type_floor: float) -> float:
        """E[max(cap - X, 0); m >= type_floor]."""
        below = self._chance(cap, type_floor, exceeded=False)
        return max(0.0, cap * below - self._partial_mean(cap, type_floor))

    def capped_mean_of(self, cap: float, own_type: float) -> float:
        """E[min(X, cap) | m = own_type]."""
        scale, weight, sd = self.factor.scale[0], self.factor.weight[0], self.residual_sd
        if sd == 0:
            return float(weight @ np.minimum(scale * math.exp(own_type), cap))
        z = (math.log(cap) - np.log(scale) - own_type) / sd
        return float(weight @ (scale * math.exp(own_type + sd**2 / 2) * ndtr(z - sd) + cap * ndtr(-z)))

    def _partial_mean(self, cap: float, type_floor: float) -> float:
        """E[X; X <= cap, m >= type_floor]."""
        tilted = _joint(self._z(cap) - self.sigma, self._standard(type_floor) - self.type_sd, self.rho)
        growth = math.exp(self.mu + self.sigma**2 / 2)
        return growth * float(self.factor.weight[0] @ (self.factor.scale[0] * tilted))

    def _chance(self, cap: float, type_floor: float, *, exceeded: bool) -> float:
        """P(X <= cap, m >= type_floor), or the same with X > cap."""
        joint = _joint(self._z(cap), self._standard(type_floor), self.rho, upper=exceeded)
        return float(self.factor.weight[0] @ joint)

    def _z(self, cap: float) -> Floats:
        """ln of first-month revenue at which X is the cap, by component, in standard deviations from mu."""
        return np.asarray((math.log(cap) - np.log(self.factor.scale[0]) - self.mu) / self.sigma)

    def _standard(self, type_floor: float) -> float:
        """A bound on types in standard deviations from mu; without a spread, all are at or above it or none is."""
        if self.type_sd == 0:
            return -math.inf if self.mu >= type_floor else math.inf
        return (type_floor - self.mu) / self.type_sd


def _between(low: float, high: float) -> float:
    """P(low <= Z < high) for a standard normal."""
    return float(ndtr(-low) - ndtr(-high) if low > 0 else ndtr(high) - ndtr(low))


def _joint(a: Floats, b: float, rho: float, *, upper: bool = False) -> Floats:
    """P(Y <= a, Z >= b) for standard normals with squared correlation rho, correlated positively; upper: Y > a.

    Kept between the bounds of Frechet, within which the error of the subtraction is unseen in the tails.
    """
    sign = 1.0 if upper else -1.0
    most = np.minimum(ndtr(-sign * a), ndtr(-b))
    if math.isinf(b):
        return most
    if rho == 1:
        return most if upper else np.maximum(ndtr(a) - ndtr(b), 0.0)
    joint = _orthant(-sign * a, -b, sign * math.sqrt(rho), math.sqrt(1 - rho))
    return np.clip(joint, np.maximum(ndtr(-sign * a) - ndtr(b), 0.0), most)


def _orthant(h: Floats, k: float, correlation: float, rest: float) -> Floats:
    """P(Y <= h, Z <= k) for standard normals; rest is sqrt(1 - correlation^2)."""
    h, k = np.where(h == 0, TINY, h), k or TINY
    with np.errstate(over="ignore"):
        first = owens_t(h, (k / h - correlation) / rest)
        second = owens_t(k, (h / k - correlation) / rest)
    return np.asarray((ndtr(h) + ndtr(k)) / 2 - first - second - np.where(h * k < 0, 0.5, 0.0))
