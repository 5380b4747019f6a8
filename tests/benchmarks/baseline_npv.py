"""The original's way to simulate: a loop over paths and, in it, a loop over months, in plain Python.

Written from its description (FEATURES NPV-02 to NPV-07): log-normal first-month revenue, exclusivity drawn
by inverting a table, a fixed drop afterwards, cash flows of months 1 to 72 discounted at the monthly rate.
"""

import math
import random
from collections.abc import Sequence


def simulate(
    n_sims: int,
    horizon_months: int,
    annual_discount_rate: float,
    mu: float,
    sigma: float,
    drop: float,
    upfront_cost_usd: float,
    table: Sequence[tuple[float, float]],
    seed: int,
) -> list[float]:
    """NPV of each path; `table` holds exclusivity in months and its cumulative probability, the last of them 1."""
    rng = random.Random(seed)
    monthly = (1 + annual_discount_rate) ** (1 / 12) - 1
    found = []
    for _ in range(n_sims):
        revenue = math.exp(rng.gauss(mu, sigma))
        exclusive = draw_exclusivity(table, rng.random())
        value = -upfront_cost_usd
        for month in range(1, horizon_months + 1):
            cash = revenue if month <= exclusive else revenue * (1 - drop)
            value += cash / (1 + monthly) ** month
        found.append(value)
    return found


def draw_exclusivity(table: Sequence[tuple[float, float]], uniform: float) -> float:
    """The first duration whose cumulative probability exceeds the draw."""
    for months, cumulative in table:
        if uniform < cumulative:
            return months
    return table[-1][0]
