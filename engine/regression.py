"""Least squares with robust covariance: shared mathematics, no study."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.summaries import counted

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
    rows = complete_rows(frame, [y, *x, *([cluster] if cluster else [])], effects)
    parts, names = [np.ones(rows.height)], ["const"]
    for name in x:
        parts.append(rows[name].cast(pl.Float64).to_numpy())
        names.append(name)
    for effect in effects:
        codes, levels = rows[effect].rank("dense").to_numpy(), rows[effect].unique().sort().to_list()
        parts.append((codes[:, None] == np.arange(2, len(levels) + 1)).astype(np.float64))
        names += [f"{effect}={level}" for level in levels[1:]]
    matrix = np.column_stack(parts)
    _check(matrix, names, x, effects)
    clusters = rows[cluster].rank("dense").cast(pl.Int64).to_numpy() - 1 if cluster else None
    return Design(rows[y].cast(pl.Float64).to_numpy(), matrix, tuple(names), clusters)


def complete_rows(frame: pl.DataFrame, columns: list[str], effects: list[str]) -> pl.DataFrame:
    """The rows a design uses: no null in the columns and effects, none alone in its level of an effect.

    Raises `DesignError` for a column without any value and when the effects leave nothing.
    """
    for name in (*columns, *effects):
        if frame.height and frame[name].null_count() == frame.height:
            raise DesignError(f"The regression has 0 rows: '{name}' has no value in any of the {frame.height} rows.")
    known = frame.drop_nulls([*columns, *effects])
    rows = drop_singletons(known, effects)
    if rows.is_empty() and not known.is_empty():
        raise DesignError(f"Every level of {' or '.join(effects)} has one row only; use fewer effects or more data.")
    return rows


def drop_singletons(frame: pl.DataFrame, effects: list[str]) -> pl.DataFrame:
    """Rows that share their level of every effect with another row; repeated until nothing more goes."""
    while effects:
        kept = frame.filter(pl.all_horizontal(pl.len().over(e) > 1 for e in effects))
        if kept.height == frame.height:
            break
        frame = kept
    return frame


def _check(matrix: Floats, names: list[str], x: list[str], effects: list[str]) -> None:
    n, k = matrix.shape
    if n <= k:
        fewer = "use fewer effects or more data" if effects else "more data are needed"
        raise DesignError(f"The regression has {counted(n, 'row')} for {k} coefficients; {fewer}.")
    for name in x:
        if np.ptp(matrix[:, names.index(name)]) == 0:
            raise DesignError(f"Regressor '{name}' is constant over the {n} rows used; it can't be fitted.")
    scaled = matrix / np.maximum(np.abs(matrix).max(axis=0), 1e-300)
    if np.linalg.matrix_rank(scaled) < k:
        dummies = f" and the effects of {', '.join(effects)}" if effects else ""
        raise DesignError(f"The regressors {', '.join(x)}{dummies} are collinear; drop one of them.")


def fit(d: Design, covariance: Covariance = "HC3") -> Fit:
    """Ordinary least squares with heteroskedasticity-robust or cluster-robust covariance.

    HC0-HC3 after MacKinnon and White (1985); cluster after Liang and Zeger (1986) with the usual small-sample
    factor G/(G-1) (n-1)/(n-k). AIC counts regression coefficients, as statsmodels does.
    """
    gram_inverse = _inverse(d.x.T @ d.x)
    coef = gram_inverse @ (d.x.T @ d.y)
    residuals = d.y - d.x @ coef
    n, k = d.x.shape
    rss = float(residuals @ residuals)
    return Fit(
        d.names,
        coef,
        gram_inverse @ _meat(d, residuals, gram_inverse, covariance) @ gram_inverse,
        residuals,
        n,
        _explained(rss, d.y),
        float(n * (np.log(2 * np.pi * rss / n) + 1) + 2 * k) if rss > 0 else -math.inf,
        _degrees(d, covariance),
    )


def fit_iv(d: Design, endogenous: str, instrument: Floats, covariance: Covariance = "cluster") -> Fit:
    """Two-stage least squares with one instrument for one endogenous regressor (just identified).

    Robust covariance of the scores z u, z being the regressors with the endogenous one replaced by its instrument
    (Wooldridge 2010, section 5.2). `instrument` is (n,).
    """
    z = d.x.copy()
    z[:, d.names.index(endogenous)] = instrument
    inverse = _inverse(z.T @ d.x)
    coef = inverse @ (z.T @ d.y)
    residuals = d.y - d.x @ coef
    meat = _meat(Design(d.y, z, d.names, d.clusters), residuals, _inverse(z.T @ z), covariance)
    n, rss = len(d.y), float(residuals @ residuals)
    degrees = _degrees(d, covariance)
    explained = _explained(rss, d.y)
    return Fit(d.names, coef, inverse @ meat @ inverse.T, residuals, n, explained, math.nan, degrees)


def _explained(rss: float, y: Floats) -> float:
    """R squared; not a number for a constant response, which leaves nothing to explain."""
    centred = y - y.mean()
    return 1 - rss / float(centred @ centred) if np.ptp(y) > 0 else math.nan


def leverages(x: Floats) -> Floats:
    """Diagonal of the hat matrix (n,) of a design matrix (n, k) of full rank."""
    basis = np.linalg.qr(x)[0]
    return np.asarray((basis**2).sum(axis=1))


def weighted(d: Design, weights: Floats) -> Design:
    """The design whose least squares is `d`'s weighted least squares: rows multiplied by the root of the weights."""
    root = np.sqrt(weights)
    return Design(d.y * root, d.x * root[:, None], d.names, d.clusters)


def contrast(fitted: Fit, weights: Floats) -> dict[str, float]:
    """A linear combination of coefficients, weights (k,): `coef`, `se`, `ci_low`, `ci_high`, `p`, as `Fit.term`."""
    covariance = np.atleast_2d(weights @ fitted.covariance @ weights)
    single = Fit(
        ("combination",),
        np.atleast_1d(weights @ fitted.coef),
        covariance,
        fitted.residuals,
        fitted.n,
        fitted.r2,
        fitted.aic,
        fitted.degrees,
    )
    return single.term("combination")


def wald(fitted: Fit, contrasts: Floats) -> dict[str, float]:
    """Test that every combination of coefficients, a row (k,) each, is zero: `statistic` (F), `df`, `df_residual`, `p`.

    Wald statistic over its number of rows, as F with that many and n - k degrees of freedom (clusters - 1 under
    cluster errors).
    """
    from scipy.special import fdtrc

    values = contrasts @ fitted.coef
    spread = contrasts @ fitted.covariance @ contrasts.T
    df = len(contrasts)
    if np.linalg.matrix_rank(spread, hermitian=True) < df:
        raise DesignError(f"A joint test of {df} terms needs more rows or clusters than there are.")
    spare = fitted.degrees if math.isfinite(fitted.degrees) else float(fitted.n - len(fitted.coef))
    statistic = float(values @ np.linalg.solve(spread, values)) / df
    return {"statistic": statistic, "df": df, "df_residual": spare, "p": float(fdtrc(df, spare, statistic))}


def _inverse(matrix: Floats) -> Floats:
    return np.asarray(np.linalg.inv(matrix))


def _degrees(d: Design, covariance: Covariance) -> float:
    return float(d.clusters.max()) if covariance == "cluster" and d.clusters is not None else math.inf


def _meat(d: Design, residuals: Floats, gram_inverse: Floats, covariance: Covariance) -> Floats:
    n, k = d.x.shape
    if covariance == "cluster":
        if d.clusters is None:
            raise DesignError("Cluster-robust errors need a cluster column.")
        groups = int(d.clusters.max()) + 1
        if groups < 2:
            raise DesignError("Cluster-robust errors need at least two clusters; the rows used are all in one.")
        scores = np.zeros((groups, k))
        np.add.at(scores, d.clusters, d.x * residuals[:, None])
        return np.asarray(scores.T @ scores * (groups / (groups - 1) * (n - 1) / (n - k)))
    return np.asarray(d.x.T @ (d.x * _row_weights(d, residuals, gram_inverse, covariance)[:, None]))


def _row_weights(d: Design, residuals: Floats, gram_inverse: Floats, covariance: Covariance) -> Floats:
    n, k = d.x.shape
    if covariance in ("HC0", "HC1"):
        return residuals**2 * (n / (n - k) if covariance == "HC1" else 1.0)
    spare = 1 - np.einsum("ij,jk,ik->i", d.x, gram_inverse, d.x)
    if spare.min() < NO_LEVERAGE_LEFT:
        raise DesignError(f"A row is alone in its cell, so {covariance} is not defined; use fewer effects.")
    return np.asarray(residuals**2 / (spare if covariance == "HC2" else spare**2))
