"""Do groups lose their lead at the same rate? The log-rank test."""

import math

import numpy as np
import polars as pl

from engine.survival.records import counted


def log_rank(
    months: pl.Series, event: pl.Series, group: pl.Series, entry: pl.Series | None = None
) -> dict[str, float | int | None]:
    """Log-rank test of equal hazards in all groups (Mantel 1966; Peto and Peto 1972), delayed entry allowed.

    Returns groups, n, events, chi2, df and p; chi2 and p are None where fewer than two groups are ever at risk.
    """
    found = counted(months, event, entry)
    code = group.rank("dense").to_numpy()
    member = (code[:, None] == np.unique(code)[None, :]).astype(np.float64)
    n, d = found.n_at_risk, found.n_events
    share = (found.at_risk @ member) / n[:, None]
    surplus = (found.ended @ member - d[:, None] * share).sum(axis=0)
    spread = d * np.divide(n - d, n - 1, out=np.zeros_like(n), where=n > 1)
    covariance = np.diag(spread @ share) - share.T @ (share * spread[:, None])
    df = int(np.linalg.matrix_rank(covariance, tol=1e-9)) if len(n) else 0
    facts: dict[str, float | int | None] = {"groups": member.shape[1], "n": len(months), "events": int(d.sum())}
    if df == 0:
        return {**facts, "chi2": None, "df": 0, "p": None}
    chi2 = float(surplus @ np.linalg.pinv(covariance, rcond=1e-9) @ surplus)
    return {**facts, "chi2": chi2, "df": df, "p": chi2_p_value(chi2, df)}


def chi2_p_value(chi2: float, df: int) -> float:
    """Upper tail of the chi-squared distribution."""
    from scipy.special import chdtrc

    return float(chdtrc(df, max(chi2, 0.0))) if math.isfinite(chi2) else math.nan
