"""What the decision turns on: when the money is back, and what a purchase commitment buys."""

import math
from typing import Any

import numpy as np
import polars as pl

from engine.cashflow import Floats
from engine.npv import exact, many
from engine.npv.distribution import Distribution
from engine.npv.scenarios import Scenarios

MULTIPLES = (0.0, 0.5, 1.0, 1.5)
MOST_MONTHS = 120
PATHS = 16_384


def payback_table(project: Scenarios, mu: float, seed: int, *, simulated: bool) -> pl.DataFrame:
    """When discounted revenue has covered the present value of all spending, for a project of one row.

    Columns: month, probability (of payback in that month, or since the row before), cumulative. What is missing to
    1 is never paid back within the horizon. Revenue never falls below zero, so payback by month m means that the
    revenue of m months covers the cost: the project's own, with that horizon.
    """
    horizon = int(project.values["horizon_months"][0])
    months = np.unique(np.linspace(1, horizon, min(horizon, MOST_MONTHS)).round())
    rows = project.take(np.zeros(len(months), np.int64))
    shorter = rows.with_values(horizon_months=months, mu=np.full(len(months), mu), mu_shift=np.zeros(len(months)))
    cumulative = many.evaluate(shorter, seed, PATHS)["p_positive"] if simulated else _covered(shorter, mu)
    cumulative = np.maximum.accumulate(np.maximum(cumulative, 0.0))
    return pl.DataFrame(
        {
            "month": months.astype(np.int64),
            "probability": np.diff(cumulative, prepend=0.0),
            "cumulative": cumulative,
        }
    )


def _covered(projects: Scenarios, mu: float) -> Floats:
    mix = exact.mixture(projects)
    return np.asarray(1 - mix.cdf(np.log(projects.values["cost_usd"]) - mu))


def payback_median(table: pl.DataFrame) -> int | None:
    """Month by which half of the outcomes have paid back; None when fewer than half do."""
    reached = table.filter(pl.col("cumulative") >= 0.5)["month"]
    return int(reached[0]) if reached.len() else None


def financing_table(figures: dict[str, Any], x: Distribution, bound: float) -> pl.DataFrame:
    """Purchase commitments of 0, 50, 100 and 150 % of the smallest that brings the mean NPV to zero.

    Columns: apc_star_multiple, share (of the cost), apc_usd, project_cost_usd, own_cost_usd, leverage (project cost
    over commitment), mean_usd, p_positive, within_bound. The commitment is paid at the start.
    """
    cost, scale = figures["upfront_cost_usd"], math.exp(figures["mu"])
    star = max(0.0, 1 - figures["breakeven_cost_multiple"])
    rows = []
    for multiple in MULTIPLES:
        share = min(multiple * star, 1.0)
        own = cost * (1 - share)
        chance = 1 - x.cdf(own / scale) if own > 0 else 1.0
        leverage = 1 / share if share else None
        rows.append((multiple, share, share * cost, cost, own, leverage, figures["mean_usd"] + share * cost, chance))
    names = (
        "apc_star_multiple",
        "share",
        "apc_usd",
        "project_cost_usd",
        "own_cost_usd",
        "leverage",
        "mean_usd",
        "p_positive",
    )
    made = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.Float64), orient="row")
    return made.with_columns(within_bound=pl.col("share") <= bound)
