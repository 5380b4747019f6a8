"""Invented tables with known laws, and a way to ask the two studies of them."""

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from engine.bootstrap import Bootstrap
from engine.result import Result
from engine.scaling import Scaling, ScalingSpec
from engine.study import Work

SLOPE, DOMAIN_STEP, YEAR_STEP, NOISE = 1.3, 2.0, 0.8, 1.0
DOMAINS = ("Biology", "Language", "Vision")
TYPES = ("Academia", "Industry", "Government")


def table(n: int = 400, seed: int = 5, noise: float = NOISE) -> pl.DataFrame:
    """Models of 2014-2025 whose ln compute is 1.3 ln parameters + .8 a year + 2 a domain + noise.

    Every third has a cost: ln cost = .7 ln parameters - 4 + noise.
    """
    rng = np.random.default_rng(seed)
    year = rng.integers(2014, 2026, n)
    domain, kind = rng.integers(0, 3, n), rng.integers(0, 3, n)
    x = rng.normal(20, 3, n) + 0.5 * (year - 2020)
    y = SLOPE * x + YEAR_STEP * (year - 2020) + DOMAIN_STEP * domain + 20 + noise * rng.normal(size=n)
    cost = np.where(np.arange(n) % 3 == 0, np.exp(0.7 * x - 4 + noise * rng.normal(size=n)), np.nan)
    return pl.DataFrame(
        {
            "model": [f"model {i}" for i in range(n)],
            "organization": [f"lab {i}" for i in rng.integers(0, 40, n)],
            "organization_type": [TYPES[i] for i in kind],
            "domain": [DOMAINS[i] for i in domain],
            "architecture": pl.Series([None] * n, dtype=pl.String),
            "access": ["open" if i else "closed" for i in rng.integers(0, 2, n)],
            "year": year,
            "publication_date": [
                dt.date(int(y), 1, 1) + dt.timedelta(int(d)) for y, d in zip(year, x * 7, strict=True)
            ],
            "parameters": np.exp(x),
            "training_compute_flop": np.exp(y),
            "cost_usd_2023": pl.Series(cost).fill_nan(None),
        }
    )


def rows_of(frame: pl.DataFrame) -> pl.DataFrame:
    """x, y and labels, as `scaling_law.points` gives them."""
    return frame.with_columns(x=pl.col("parameters").log(), y=pl.col("training_compute_flop").log())


def bootstrapped(frame: pl.DataFrame, **fields: Any) -> Result:
    """The bootstrap study on a table."""
    study = Bootstrap()
    work = Work(study.spec_type.parse({"replicates": 500, **fields}), {"scaling": frame})
    return study.combine(work, [study.run_chunk(work, chunk) for chunk in study.chunks(work)])  # type: ignore[arg-type]


def answered(frame: pl.DataFrame, **fields: Any) -> Result:
    """The scaling study on a table, with the bootstrap it needs."""
    study, spec = Scaling(), ScalingSpec.parse({"replicates": 500, **fields})
    need = study.needs(spec)["bootstrap"]
    boot = bootstrapped(frame, **need.model_dump(exclude={"study"}))
    work = Work(spec, {"scaling": frame}, {"bootstrap": boot})
    return study.combine(work, [study.run_chunk(work, chunk) for chunk in study.chunks(work)])
