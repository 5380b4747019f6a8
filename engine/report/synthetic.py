"""Synthetic inputs with known slopes, to test the whole chain (the study's smoke test)."""

import datetime as dt

import numpy as np
import polars as pl

from engine.streams import stream

COMPUTE_SLOPE, COST_SLOPE = 1.65, 0.7
ROWS, PAIRS = 400, 300
LAG_LN_MEAN, LAG_LN_SD = 2.0, 0.6
DAYS_PER_MONTH = 30.4375
START = dt.date(2018, 1, 1)


def synthetic_scaling(seed: int) -> pl.DataFrame:
    """Models whose ln compute and ln cost are lines in ln parameters with normal errors of sd .5.

    Columns: model, parameters, training_compute_flop, cost_usd_2023, year.
    """
    draw = stream(seed, "report synthetic", 0)
    ln_parameters = draw.normal(22.0, 2.0, ROWS)
    ln_compute = 14.0 + COMPUTE_SLOPE * ln_parameters + draw.normal(0.0, 0.5, ROWS)
    ln_cost = -2.0 + COST_SLOPE * ln_parameters + draw.normal(0.0, 0.5, ROWS)
    return pl.DataFrame(
        {
            "model": [f"SYNTHETIC {i}" for i in range(ROWS)],
            "parameters": np.exp(ln_parameters),
            "training_compute_flop": np.exp(ln_compute),
            "cost_usd_2023": np.exp(ln_cost),
            "year": draw.integers(2014, 2025, ROWS),
        }
    )


def synthetic_pairs(seed: int) -> pl.DataFrame:
    """Pairs with log-normal lags (median e^2 months). Columns: those of the diffusion pairs."""
    draw = stream(seed, "report synthetic", 1)
    starts = [START + dt.timedelta(days=int(day)) for day in draw.integers(0, 2000, PAIRS)]
    days = [round(float(months) * DAYS_PER_MONTH) for months in draw.lognormal(LAG_LN_MEAN, LAG_LN_SD, PAIRS)]
    return pl.DataFrame(
        {
            "innovator_date": starts,
            "follower_date": [start + dt.timedelta(days=lag) for start, lag in zip(starts, days, strict=True)],
            "innovator_organization": [f"SYNTHETIC {i % 20}" for i in range(PAIRS)],
            "follower_organization": [f"SYNTHETIC {20 + i % 30}" for i in range(PAIRS)],
            "lag_months": [lag / DAYS_PER_MONTH for lag in days],
        }
    )
