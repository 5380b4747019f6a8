"""Inverse-probability weights: complete cases stand for the incomplete ones that look like them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit

from engine.regression import DesignError

Floats = NDArray[np.float64]
FLOOR = 0.02
MIN_LEVEL_ROWS = 10
ITERATIONS = 100
CONVERGED = 1e-10


@dataclass(frozen=True)
class Completeness:
    """A logistic model of being complete: coefficients by name, each row's probability, and `floored`: how many of the
    complete rows had theirs raised to the floor."""

    names: tuple[str, ...]
    coef: Floats
    probability: Floats
    floored: int

    def weights(self) -> Floats:
        """1 / probability (n,), to be used on the complete rows."""
        return 1 / self.probability


def completeness(
    frame: pl.DataFrame, complete: pl.Series, numbers: Sequence[str], categories: Sequence[str]
) -> Completeness:
    """Probability of being complete by logistic regression on numbers (and their squares) and category dummies.

    A category's empty cells are a level of their own; levels with fewer than ten rows, or all or none complete, join
    the first. Probabilities below FLOOR are set to it. Raises `DesignError` when every row, or none, is complete, or
    nothing is known of all rows. After Robins, Rotnitzky and Zhao (1994).
    """
    share = float(complete.mean() or 0.0)  # type: ignore[arg-type]
    if share in (0.0, 1.0):
        raise DesignError(f"{'every' if share else 'no'} row is complete, so there is nothing to weigh")
    parts, names = [np.ones(frame.height)], ["const"]
    for name in numbers:
        if not frame[name].null_count() and frame[name].n_unique() > 1:
            z = _standardised(frame[name])
            parts += [z, z**2]
            names += [name, f"{name}^2"]
    for name in categories:
        for level in _levels(frame[name], complete):
            parts.append((frame[name].fill_null("not known") == level).cast(pl.Float64).to_numpy())
            names.append(f"{name}={level}")
    if len(parts) == 1:
        raise DesignError("nothing else is known of every row, so completeness can't be modelled")
    x, y = _independent(np.column_stack(parts), names), complete.cast(pl.Float64).to_numpy()
    coef = logistic(x[0], y)
    probability = expit(x[0] @ coef)
    floored = int(((probability < FLOOR) & (y == 1)).sum())
    return Completeness(tuple(x[1]), coef, np.maximum(probability, FLOOR), floored)


def _standardised(column: pl.Series) -> Floats:
    values = column.cast(pl.Float64).to_numpy()
    return np.asarray((values - values.mean()) / values.std())


def _levels(column: pl.Series, complete: pl.Series) -> list[str]:
    """Levels with a dummy: enough rows, and both complete and incomplete ones; the most frequent is the base."""
    frame = pl.DataFrame({"level": column.fill_null("not known"), "complete": complete})
    counted = frame.group_by("level").agg(n=pl.len(), share=pl.col("complete").mean()).sort("n", "level")
    told = counted.filter((pl.col("n") >= MIN_LEVEL_ROWS) & (pl.col("share") > 0) & (pl.col("share") < 1))
    return sorted(told["level"].to_list()[:-1])


def _independent(x: Floats, names: list[str]) -> tuple[Floats, list[str]]:
    """The columns that are no combination of earlier ones."""
    kept: list[int] = []
    for j in range(x.shape[1]):
        if np.linalg.matrix_rank(x[:, [*kept, j]]) == len(kept) + 1:
            kept.append(j)
    return x[:, kept], [names[j] for j in kept]


def logistic(x: Floats, y: Floats) -> Floats:
    """Maximum-likelihood coefficients (k,) by iteratively reweighted least squares; y is 0 or 1.

    Raises `DesignError` when they don't settle, as where a column parts the rows perfectly.
    """
    coef = np.zeros(x.shape[1])
    for _ in range(ITERATIONS):
        probability = expit(x @ coef)
        spread = np.maximum(probability * (1 - probability), 1e-12)
        step = np.linalg.lstsq(x.T @ (x * spread[:, None]), x.T @ (y - probability), rcond=None)[0]
        coef = coef + step
        if np.abs(step).max() < CONVERGED * max(1.0, float(np.abs(coef).max())):
            return np.asarray(coef)
    raise DesignError("the model of completeness does not settle: a column parts complete from incomplete rows")
