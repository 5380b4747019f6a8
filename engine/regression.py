"""Least squares with robust covariance: shared mathematics, no study."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Covariance = Literal["HC0", "HC1", "HC2", "HC3", "cluster"]
Floats = NDArray[np.floating[Any]]
NO_LEVERAGE_LEFT = 1e-10


class DesignError(ValueError):
    """A regression that can't be run; the message is one sentence that says why."""


@dataclass(frozen=True)
class Design:
    """Response y (n,), regressors x (n, k) with their names, and the cluster code (n,) of each row, if any."""

    y: Floats
    x: Floats
    names: tuple[str, ...]
    clusters: NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Fit:
    """A least-squares fit: coefficients, their covariance, residuals and the usual figures."""

    names: tuple[str, ...]
    coef: Floats
    covariance: Floats
    residuals: Floats
    n: int
    r2: float
    aic: float
    degrees: float = math.inf

    def se(self) -> Floats:
        """Standard errors (k,)."""
        return np.sqrt(np.diag(self.covariance))

    def term(self, name: str) -> dict[str, float]:
        """Coefficient `coef`, `se`, 95 % interval `ci_low`, `ci_high` and two-sided `p` of one regressor.

        By Student's t with clusters - 1 degrees of freedom under cluster errors, else by the normal.
        """
        i = self.names.index(name)
        coef, se = float(self.coef[i]), float(self.se()[i])
        half = t_quantile(0.975, self.degrees) * se
        p = t_p_value(coef / se, self.degrees) if se > 0 else math.nan
        return {"coef": coef, "se": se, "ci_low": coef - half, "ci_high": coef + half, "p": p}

    def residual_sd(self) -> float:
        """Root of the residual sum of squares over n - k."""
        return float(np.sqrt(self.residuals @ self.residuals / (self.n - len(self.coef))))


def t_quantile(share: float, degrees: float) -> float:
    """Quantile of Student's t; of the normal for infinite degrees of freedom."""
    from scipy.special import ndtri, stdtrit

    return float(ndtri(share) if math.isinf(degrees) else stdtrit(degrees, share))


def t_p_value(t: float, degrees: float) -> float:
    """Two-sided p-value of Student's t; of the normal for infinite degrees of freedom."""
    from scipy.special import ndtr, stdtr

    return float(2 * (ndtr(-abs(t)) if math.isinf(degrees) else stdtr(degrees, -abs(t))))


def design(
    frame: pl.DataFrame, y: str, x: list[str], effects: list[str] | None = None, cluster: str | None = None
) -> Design:
    """Design matrix: constant, regressors, and a dummy a level (the first dropped) of each effect.

    Rows with a null in any column used are left out, and so are rows alone in their effect cell, which HC3
    can't weigh. Raises `DesignError` for too few rows, a constant or a collinear regressor.
    """
    effects = effects or []
    columns = [y, *x, *effects, *([cluster] if cluster else [])]
    rows = drop_singletons(frame.drop_nulls(columns), effects)
    parts, names = [np.ones(rows.height)], ["const"]
    for name in x:
        parts.append(rows[name].cast(pl.Float64).to_numpy())
        names.append(name)
    for effect in effects:
        for level in rows[effect].unique().sort().to_list()[1:]:
            parts.append((rows[effect] == level).cast(pl.Float64).to_numpy())
            names.append(f"{effect}={level}")
    matrix = np.column_stack(parts)
    _check(matrix, names, x)
    codes = rows[cluster].rank("dense").cast(pl.Int64).to_numpy() - 1 if cluster else None
    return Design(rows[y].cast(pl.Float64).to_numpy(), matrix, tuple(names), codes)


def drop_singletons(frame: pl.DataFrame, effects: list[str]) -> pl.DataFrame:
    """Rows that share their level of every effect with another row; repeated until nothing more goes."""
    while effects:
        kept = frame.filter(pl.all_horizontal(pl.len().over(e) > 1 for e in effects))
        if kept.height == frame.height:
            break
        frame = kept
    return frame


def _check(matrix: Floats, names: list[str], x: list[str]) -> None:
    n, k = matrix.shape
    if n <= k:
        raise DesignError(f"The regression has {n} rows for {k} coefficients; use fewer effects or more data.")
    for name in x:
        if np.ptp(matrix[:, names.index(name)]) == 0:
            raise DesignError(f"Regressor '{name}' is constant over the {n} rows used; it can't be fitted.")
    scaled = matrix / np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    if np.linalg.matrix_rank(scaled) < k:
        raise DesignError(f"The regressors {', '.join(x)} and effects are collinear; drop one of them.")


def fit(d: Design, covariance: Covariance = "HC3") -> Fit:
    """Ordinary least squares with heteroskedasticity-robust or cluster-robust covariance.

    HC0-HC3 after MacKinnon and White (1985); cluster after Liang and Zeger (1986) with the usual small-sample
    factor G/(G-1) (n-1)/(n-k). AIC counts regression coefficients, as statsmodels does.
    """
    gram_inverse = np.linalg.inv(d.x.T @ d.x)
    coef = gram_inverse @ (d.x.T @ d.y)
    residuals = d.y - d.x @ coef
    n, k = d.x.shape
    rss = float(residuals @ residuals)
    centred = d.y - d.y.mean()
    return Fit(
        d.names,
        coef,
        gram_inverse @ _meat(d, residuals, gram_inverse, covariance) @ gram_inverse,
        residuals,
        n,
        1 - rss / float(centred @ centred),
        n * (np.log(2 * np.pi * rss / n) + 1) + 2 * k,
        _degrees(d, covariance),
    )


def fit_iv(d: Design, endogenous: str, instrument: Floats, covariance: Covariance = "cluster") -> Fit:
    """Two-stage least squares with one instrument for one endogenous regressor (just identified).

    Robust covariance of the scores z u, z being the regressors with the endogenous one replaced by its instrument
    (Wooldridge 2010, section 5.2). `instrument` is (n,).
    """
    z = d.x.copy()
    z[:, d.names.index(endogenous)] = instrument
    inverse = np.linalg.inv(z.T @ d.x)
    coef = inverse @ (z.T @ d.y)
    residuals = d.y - d.x @ coef
    meat = _meat(Design(d.y, z, d.names, d.clusters), residuals, np.linalg.inv(z.T @ z), covariance)
    n, centred = len(d.y), d.y - d.y.mean()
    rss = float(residuals @ residuals)
    degrees = _degrees(d, covariance)
    return Fit(
        d.names, coef, inverse @ meat @ inverse.T, residuals, n, 1 - rss / float(centred @ centred), math.nan, degrees
    )


def _degrees(d: Design, covariance: Covariance) -> float:
    return float(d.clusters.max()) if covariance == "cluster" and d.clusters is not None else math.inf


def _meat(d: Design, residuals: Floats, gram_inverse: Floats, covariance: Covariance) -> Floats:
    n, k = d.x.shape
    if covariance == "cluster":
        if d.clusters is None:
            raise DesignError("Cluster-robust errors need a cluster column.")
        groups = int(d.clusters.max()) + 1
        scores = np.zeros((groups, k))
        np.add.at(scores, d.clusters, d.x * residuals[:, None])
        return scores.T @ scores * (groups / (groups - 1) * (n - 1) / (n - k))
    return d.x.T @ (d.x * _row_weights(d, residuals, gram_inverse, covariance)[:, None])


def _row_weights(d: Design, residuals: Floats, gram_inverse: Floats, covariance: Covariance) -> Floats:
    n, k = d.x.shape
    if covariance in ("HC0", "HC1"):
        return residuals**2 * (n / (n - k) if covariance == "HC1" else 1.0)
    spare = 1 - np.einsum("ij,jk,ik->i", d.x, gram_inverse, d.x)
    if spare.min() < NO_LEVERAGE_LEFT:
        raise DesignError(f"A row is alone in its cell, so {covariance} is not defined; use fewer effects.")
    return residuals**2 / (spare if covariance == "HC2" else spare**2)
