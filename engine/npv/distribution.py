"""The distribution of discounted revenue X at mu = 0, from either engine, and what is read off it."""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl

from engine.cashflow import Floats, LogNormalMixture
from engine.npv.scenarios import Scenarios
from engine.npv.spec import TIERS

BARS = 60
LOW, HIGH, HIGHEST = 0.001, 0.99, 0.9999


class Distribution(Protocol):
    """What an engine must tell of X."""

    def quantile(self, p: float) -> float:
        """The p-quantile of X."""

    def cdf(self, x: float) -> float:
        """P(X <= x)."""

    def partial_mean(self, x: float) -> float:
        """E[X; X <= x]."""


@dataclass(frozen=True)
class ExactX:
    """The first row of a mixture as a distribution."""

    mix: LogNormalMixture

    def quantile(self, p: float) -> float:
        return math.exp(float(self.mix.log_quantile(p)[0]))

    def cdf(self, x: float) -> float:
        return float(self.mix.cdf(np.log([x]))[0])

    def partial_mean(self, x: float) -> float:
        return float(self.mix.partial_mean(np.log([x]))[0])


def distribution_table(projects: Scenarios, mu: Floats, x: Distribution) -> pl.DataFrame:
    """Distribution of NPV by tier, for a chart.

    Columns: tier, npv_usd_low, npv_usd_high, probability, density_per_usd, cumulative (up to npv_usd_high).
    Bars of equal width between the .1 % and the 99 % quantile, and one bar on either side, from the
    total loss of the upfront cost to the 99.99 % quantile.
    """
    inner = np.linspace(x.quantile(LOW), x.quantile(HIGH), BARS + 1)
    edges = np.concatenate([[0.0], inner, [x.quantile(HIGHEST)]])
    cumulative = np.array([0.0, *(x.cdf(edge) for edge in edges[1:])])
    cost = projects.values["cost_usd"]
    return pl.concat(
        _tier_bars(tier, edges * math.exp(mu[row]) - cost[row], cumulative) for row, tier in enumerate(TIERS)
    )


def _tier_bars(tier: str, npv: Floats, cumulative: Floats) -> pl.DataFrame:
    probability, width = np.diff(cumulative), np.diff(npv)
    return pl.DataFrame(
        {
            "tier": [tier] * len(width),
            "npv_usd_low": npv[:-1],
            "npv_usd_high": npv[1:],
            "probability": probability,
            "density_per_usd": np.divide(probability, width, out=np.zeros(len(width)), where=width > 0),
            "cumulative": cumulative[1:],
        }
    )


def floor_share(x: Distribution, mean: float, cost: float, bound: float) -> float | None:
    """Smallest guaranteed floor K of discounted revenue, as a share of the cost, with E[max(X, K)] = C0.

    `mean` is E[X] and `cost` the upfront cost, both in units of X. 0 when the mean covers the cost by
    itself; None beyond `bound`. E[max(X, K)] = K P(X <= K) + E[X] - E[X; X <= K] rises with K and is at
    least C0 at K = C0.
    """
    from scipy.optimize import brentq

    def surplus(floor: float) -> float:
        return floor * x.cdf(floor) + mean - x.partial_mean(floor) - cost

    if mean >= cost:
        return 0.0
    share = float(brentq(surplus, cost * 1e-12, cost, rtol=1e-12)) / cost if surplus(cost) > 0 else 1.0
    return share if share <= bound else None
