"""Cumulative incidence of competing causes, exact under ties."""

from typing import Any

import numpy as np
import polars as pl

from engine.survival.product_limit import clustered, influence, log_log_interval
from engine.survival.records import Counted, Floats, counted

INCIDENCE_SCHEMA: dict[str, Any] = {
    "cause": pl.String,
    **dict.fromkeys(("months", "cif", "ci_low", "ci_high"), pl.Float64),
    "at_risk": pl.Int64,
    "events": pl.Int64,
}


def aalen_johansen(
    months: pl.Series, cause: pl.Series, entry: pl.Series | None = None, cluster: pl.Series | None = None
) -> pl.DataFrame:
    """Cumulative incidence of each cause (Aalen and Johansen 1978), one row a cause and event time, and month 0.

    `cause` is null where the duration is censored. Ties are used as they are, all causes of a time at once, so that
    the causes add up to one minus the Kaplan-Meier estimate. The 95 % interval is log-log on one minus the incidence
    with the infinitesimal-jackknife variance (clustered where `cluster` is given): with one cause and no delayed
    entry it is one minus that of `kaplan_meier`.
    Columns: cause, months, cif, ci_low, ci_high, at_risk, events (of the cause).
    """
    found = counted(months, cause.is_not_null(), entry)
    own = pl.Series(range(len(months))) if cluster is None else cluster
    entered = len(months) if entry is None else int((entry.cast(pl.Float64) <= 0).sum())
    parts = [pl.DataFrame(schema=INCIDENCE_SCHEMA)]
    for name in cause.drop_nulls().unique().sort().to_list():
        ended = found.ended & (cause == name).fill_null(False).to_numpy()[None, :]
        parts.append(_one_cause(str(name), found, ended, own, entered))
    return pl.concat(parts)


def _one_cause(name: str, found: Counted, ended: Any, cluster: pl.Series, entered: int) -> pl.DataFrame:
    d = ended.sum(axis=1)
    before = np.concatenate([[1.0], np.cumprod(1 - found.n_events / found.n_at_risk)[:-1]])
    cif = np.cumsum(before * d / found.n_at_risk)
    variance = clustered(_influence(found, ended, before), cluster)
    with np.errstate(divide="ignore", invalid="ignore"):
        high, low = log_log_interval(1 - cif, variance / (1 - cif) ** 2)
    return pl.DataFrame(
        {
            "cause": [name] * (len(cif) + 1),
            "months": np.concatenate([[0.0], found.times]),
            "cif": np.concatenate([[0.0], cif]),
            "ci_low": np.concatenate([[0.0], 1 - low]),
            "ci_high": np.concatenate([[0.0], 1 - high]),
            "at_risk": np.concatenate([[entered], found.n_at_risk.astype(np.int64)]),
            "events": np.concatenate([[0], d]),
        },
        schema=INCIDENCE_SCHEMA,
    )


def _influence(found: Counted, ended: Any, before: Floats) -> Floats:
    """Derivative of the incidence by each subject's weight, (times, subjects)."""
    n, d = found.n_at_risk, ended.sum(axis=1)
    earlier = np.vstack([np.zeros((1, found.at_risk.shape[1])), influence(found)[:-1]])
    hazard = (ended - found.at_risk * (d / n)[:, None]) / n[:, None]
    return np.asarray(np.cumsum(before[:, None] * (earlier * (d / n)[:, None] + hazard), axis=0))
