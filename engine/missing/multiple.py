"""Multiple imputation by chained equations (van Buuren 2018) through statsmodels, with an owned generator."""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from engine.regression import DesignError, t_p_value, t_quantile

BURN_IN_CYCLES = 5
NEIGHBOURS = 20
MASKED_SHARE = 0.1
MASKED_IMPUTATIONS = 5
ROUNDING = 1e-12


@dataclass(frozen=True)
class Pooled:
    """Estimates of several imputations as one, by Rubin's (1987) rules.

    `fmi` is the fraction of missing information, `degrees` those of Barnard and Rubin (1999).
    """

    estimate: float
    se: float
    degrees: float
    fmi: float
    imputations: int

    def interval(self) -> tuple[float, float]:
        """95 % interval by Student's t."""
        half = t_quantile(0.975, self.degrees) * self.se
        return self.estimate - half, self.estimate + half

    def p_value(self) -> float:
        """Two-sided p of zero."""
        return t_p_value(self.estimate / self.se, self.degrees)


def pooled(estimates: Sequence[float], errors: Sequence[float], complete_degrees: float) -> Pooled:
    """Rubin's rules; `complete_degrees` are those the fit would have without missing data.

    Raises `DesignError` for fewer than two imputations.
    """
    m, values = len(estimates), np.asarray(estimates, np.float64)
    if m < 2:
        raise DesignError(f"{m} imputation is too few to pool; at least two are needed.")
    within, between = float(np.mean(np.square(errors))), float(values.var(ddof=1))
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total
    share = share if share > ROUNDING else 0.0
    observed = (complete_degrees + 1) / (complete_degrees + 3) * complete_degrees * (1 - share)
    degrees = observed if share == 0 else 1 / (share**2 / (m - 1) + 1 / observed)
    ratio = share / (1 - share)
    fmi = (ratio + 2 / (degrees + 3)) / (ratio + 1) if share else 0.0
    return Pooled(float(values.mean()), math.sqrt(total), degrees, fmi, m)


class Imputer:
    """Chained linear regressions with predictive mean matching over the columns of a numeric frame.

    Columns may hold nulls; `frame` (n rows) must have no other column. Each `draw` is a chain of its own, so that the
    imputations are independent and any of them can be computed alone. Raises `DesignError` for a column with too few
    values to match on.
    """

    def __init__(self, frame: pl.DataFrame) -> None:
        for name in frame.columns:
            known = frame.height - frame[name].null_count()
            if known < NEIGHBOURS:
                raise DesignError(f"Column '{name}' has {known} values; imputing it takes {NEIGHBOURS}.")
        self.frame = frame
        self.incomplete = [name for name in frame.columns if frame[name].null_count()]

    def draw(self, rng: np.random.Generator) -> pl.DataFrame:
        """The frame with its nulls filled; the same generator state gives the same values."""
        chain = self._chain(rng)
        for _ in range(BURN_IN_CYCLES):
            chain.update_all(1)
        filled = [pl.Series(name, chain.data[f"v{i}"].to_numpy()) for i, name in enumerate(self.frame.columns)]
        return pl.DataFrame(filled)

    def _chain(self, rng: np.random.Generator) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pandas as pd
            from statsmodels.imputation.mice import MICEData
        values = {f"v{i}": self.frame[name].cast(pl.Float64).to_numpy() for i, name in enumerate(self.frame.columns)}
        return MICEData(pd.DataFrame(values), k_pmm=NEIGHBOURS, rng=rng)


def masked_error(frame: pl.DataFrame, name: str, rng: np.random.Generator) -> dict[str, float | int | str]:
    """Hide a tenth of a column's known cells, impute them, and compare.

    Keys: column, cells, imputations, rmse and mean_error of the mean imputation (the column's unit), baseline_rmse (of
    the mean of what stays known).
    """
    known = np.flatnonzero(frame[name].is_not_null().to_numpy())
    hidden = np.sort(rng.choice(known, size=max(1, round(MASKED_SHARE * len(known))), replace=False))
    truth = frame[name].to_numpy()[hidden]
    flags = np.zeros(frame.height, np.bool_)
    flags[hidden] = True
    masked = frame.with_columns(pl.when(pl.Series(~flags)).then(pl.col(name)).alias(name))
    imputer = Imputer(masked)
    draws = np.array([imputer.draw(rng)[name].to_numpy()[hidden] for _ in range(MASKED_IMPUTATIONS)])
    error = draws.mean(axis=0) - truth
    baseline = float(masked.select(pl.col(name).mean()).item()) - truth
    return {
        "column": name,
        "cells": len(hidden),
        "imputations": MASKED_IMPUTATIONS,
        "rmse": float(np.sqrt((error**2).mean())),
        "mean_error": float(error.mean()),
        "baseline_rmse": float(np.sqrt((baseline**2).mean())),
    }
