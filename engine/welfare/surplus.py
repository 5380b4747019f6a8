"""Who gains what in a month: linear demand, a monopoly while the lead lasts and limit pricing after it.

With linear demand P = a - b q and no serving cost, a monopolist earns R = a^2 / (4 b); consumers get R / 2 and R / 2 is
lost. Followers then hold the price down until profit is (1 - drop) R. The price that does so is the monopoly's times
1 - sqrt(drop), which gives consumers (1 + sqrt(drop))^2 R / 2 and loses (1 - sqrt(drop))^2 R / 2. The three add up to
2 R, all that the market can yield, whatever the drop.
"""

from dataclasses import dataclass

import numpy as np

from engine.cashflow import (
    Floats,
    LogNormalMixture,
    annuity,
    monthly_rate,
    panels_needed,
    revenue_factor,
    uniform_nodes,
)


@dataclass(frozen=True)
class Surplus:
    """What producer and consumers get and what is lost, per unit of first-month monopoly profit.

    Arrays over the months 1..H, or floats when discounted and summed.
    """

    producer: Floats
    consumer: Floats
    deadweight: Floats


def while_leading() -> Surplus:
    """A month of monopoly."""
    return Surplus(np.array(1.0), np.array(0.5), np.array(0.5))


def once_matched(drop_low: float, drop_high: float) -> Surplus:
    """A month of limit pricing, expected over a drop that is uniform between the two."""
    drop, root = (drop_low + drop_high) / 2, _mean_root(drop_low, drop_high)
    values = (1 - drop, (1 + 2 * root + drop) / 2, (1 - 2 * root + drop) / 2)
    return Surplus(*(np.array(value) for value in values))


def _mean_root(low: float, high: float) -> float:
    """E[sqrt(U)] for U uniform on [low, high]: 2/3 (high^1.5 - low^1.5) / (high - low), divided through."""
    ends = np.sqrt([low, high])
    both = float(ends.sum())
    return float(2 / 3 * (high + ends.prod() + low) / both) if both > 0 else 0.0


def streams(kept: Floats, drop_low: float, drop_high: float) -> Surplus:
    """Expected surplus of each month 1..H; `kept[k - 1]` is the probability that the lead lasts k months."""
    leading = kept[::-1].cumsum()[::-1]
    before, after = while_leading(), once_matched(drop_low, drop_high)

    def mixed(name: str) -> Floats:
        return np.asarray(leading * getattr(before, name) + (1 - leading) * getattr(after, name))

    return Surplus(mixed("producer"), mixed("consumer"), mixed("deadweight"))


def present_value(monthly: Surplus, annual_rate: float) -> Surplus:
    """The streams discounted monthly and summed: E[F], E[H_cs] and E[H_dwl]."""
    discount = (1 + monthly_rate(annual_rate)) ** -np.arange(1.0, len(monthly.producer) + 1)
    return Surplus(
        *(np.array(discount @ stream) for stream in (monthly.producer, monthly.consumer, monthly.deadweight))
    )


def revenue_mixture(
    kept: Floats, annual_rate: float, drop_low: float, drop_high: float, sigma: float, spread: float, most_panels: int
) -> LogNormalMixture:
    """Discounted revenue X = R0 F at mu = 0, one row: a component for each number of months kept and node of the drop.

    `sigma` is that of ln R0. 16-node Gauss-Legendre over the drop, in as many panels as a log-normal of sd `spread`
    beside it asks for, but no more than `most_panels`.
    """
    months = np.flatnonzero(kept) + 1
    kept_annuity, whole = annuity(annual_rate, months)[:, None], annuity(annual_rate, len(kept))
    least, most = (revenue_factor(kept_annuity, whole, drop) for drop in (drop_high, drop_low))
    panels = min(most_panels, panels_needed(least, most, np.full(least.shape, spread)))
    node, node_weight = uniform_nodes(panels) if drop_low < drop_high else (np.array([0.5]), np.array([1.0]))
    factor = revenue_factor(kept_annuity, whole, drop_low + (drop_high - drop_low) * node)
    weight = kept[months - 1][:, None] * node_weight
    return LogNormalMixture(factor.reshape(1, -1), weight.reshape(1, -1), np.array([sigma]))
