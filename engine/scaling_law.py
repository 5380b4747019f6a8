"""Rows and fits of the scaling law: shared by the scaling and bootstrap studies."""

from typing import Literal

import polars as pl

from engine.regression import Covariance, Fit, design, fit

Direction = Literal["compute_on_parameters", "cost_on_parameters", "parameters_on_compute"]
Effects = Literal["pooled", "year"]

COLUMNS: dict[str, tuple[str, str]] = {
    "compute_on_parameters": ("training_compute_flop", "parameters"),
    "cost_on_parameters": ("cost_usd_2023", "parameters"),
    "parameters_on_compute": ("parameters", "training_compute_flop"),
}
UNITS = {"training_compute_flop": "FLOP", "cost_usd_2023": "USD of 2023", "parameters": "parameters"}


def points(table: pl.DataFrame, direction: str, effects: str = "pooled") -> pl.DataFrame:
    """Rows a fit uses, both variables positive. Columns: model, organization, year, x, y (natural logs), cell.

    `cell` is the code of the effect's level (0 throughout when pooled); with year effects, rows without a year go.
    """
    y, x = COLUMNS[direction]
    kept = table.filter((pl.col(x) > 0) & (pl.col(y) > 0))
    if effects == "year":
        kept = kept.filter(pl.col("year").is_not_null())
    cell = pl.col("year").cast(pl.Int64) if effects == "year" else pl.lit(0, pl.Int64)
    return kept.select("model", "organization", "year", x=pl.col(x).log(), y=pl.col(y).log(), cell=cell)


def fit_law(table: pl.DataFrame, direction: str, effects: str, covariance: Covariance = "HC3") -> Fit:
    """OLS of y on x (both natural logs) with the effects; `DesignError` when it can't be run."""
    rows = points(table, direction, effects)
    cluster = "organization" if covariance == "cluster" else None
    return fit(design(rows, "y", ["x"], ["year"] if effects == "year" else None, cluster), covariance)
