"""Proportional hazards by lifelines: coefficients, clustered errors, and the Schoenfeld test of each covariate."""

import warnings
from typing import Any

import numpy as np
import polars as pl

from engine.regression import DesignError

PRECISE = {"precision": 1e-12, "r_precision": 1e-16}
SEPARATED = 5.0
FEWEST_EVENTS = 5
_NUMBERS = ("coef", "se", "hr", "ci_low", "ci_high", "p", "ph_p")
COX_SCHEMA: dict[str, Any] = {"term": pl.String, **dict.fromkeys(_NUMBERS, pl.Float64)}


def terms_that_vary(frame: pl.DataFrame, terms: list[str]) -> list[str]:
    """Those of the terms that are not constant over the frame."""
    return [term for term in terms if frame[term].n_unique() > 1]


def cox(
    frame: pl.DataFrame, terms: list[str], *, cluster: str | None = None, strata: str | None = None
) -> pl.DataFrame:
    """Cox proportional hazards (Efron's ties) of months and event on the terms, by lifelines.

    `frame` has months, event, the terms, and the columns named; rows with a null in any are left out. Errors are
    clustered (Lin and Wei 1989) where `cluster` is given. Delayed entry at one time for all needs no more than
    leaving out who did not reach it.
    Columns: term, coef, se, hr, ci_low, ci_high (of the hazard ratio, 95 %), p, ph_p (Grambsch and Therneau's test
    on Schoenfeld residuals against the rank of time, with the model's own variance).
    Raises `DesignError` where the rows don't carry the fit.
    """
    columns = ["months", "event", *terms, *(name for name in (cluster, strata) if name)]
    rows = frame.select(*dict.fromkeys(columns)).drop_nulls()
    _check(rows, terms)
    robust = _fitted(rows, terms, cluster, strata)
    plain = _fitted(rows, terms, None, strata) if cluster else robust
    _check_separation(plain, rows, terms)
    return pl.DataFrame(_rows(robust, _proportional(plain, rows, terms, strata)), schema=COX_SCHEMA)


def _check(rows: pl.DataFrame, terms: list[str]) -> None:
    events = int(rows["event"].sum())
    if not terms:
        raise DesignError("No covariate varies over the subjects.")
    if events < max(FEWEST_EVENTS, len(terms) + 1):
        needed = max(FEWEST_EVENTS, len(terms) + 1)
        raise DesignError(f"It needs at least {needed} events for its covariates, and there are {events}.")
    matrix = rows.select(terms).cast(pl.Float64).to_numpy()
    centred = matrix - matrix.mean(axis=0)
    scaled = centred / np.maximum(np.abs(centred).max(axis=0), 1e-300)
    if np.linalg.matrix_rank(scaled) < len(terms):
        raise DesignError(f"The covariates {', '.join(terms)} are collinear over the {rows.height} subjects.")


def _pandas(rows: pl.DataFrame, terms: list[str], cluster: str | None, strata: str | None) -> Any:
    kept = ["months", *terms, *(name for name in (cluster, strata) if name)]
    return rows.select(*dict.fromkeys(kept), pl.col("event").cast(pl.Int64)).to_pandas()


def _fitted(rows: pl.DataFrame, terms: list[str], cluster: str | None, strata: str | None) -> Any:
    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fitted = CoxPHFitter().fit(
                _pandas(rows, terms, cluster, strata),
                "months",
                "event",
                cluster_col=cluster,
                strata=[strata] if strata else None,
                fit_options=PRECISE,
            )
        except ConvergenceError:
            raise DesignError(f"The fit on {rows.height} subjects doesn't converge; use fewer covariates.") from None
    return fitted


def _check_separation(fitted: Any, rows: pl.DataFrame, terms: list[str]) -> None:
    """A likelihood that rises for ever stops at a large coefficient with an enormous (not clustered) error."""
    spread = rows.select(terms).cast(pl.Float64).to_numpy().std(axis=0)
    errors = fitted.standard_errors_.loc[terms].to_numpy()
    if not (errors * spread < SEPARATED).all():
        raise DesignError(f"A covariate separates the {rows.height} subjects completely; use fewer covariates.")


def _proportional(fitted: Any, rows: pl.DataFrame, terms: list[str], strata: str | None) -> dict[str, float]:
    from lifelines.statistics import proportional_hazard_test

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        test = proportional_hazard_test(fitted, _pandas(rows, terms, None, strata), time_transform="rank")
    return dict(zip(test.name, (float(p) for p in test.p_value), strict=True))


def _rows(fitted: Any, proportional: dict[str, float]) -> list[dict[str, Any]]:
    table = fitted.summary
    wanted = {
        "coef": "coef",
        "se": "se(coef)",
        "hr": "exp(coef)",
        "ci_low": "exp(coef) lower 95%",
        "ci_high": "exp(coef) upper 95%",
        "p": "p",
    }
    return [
        {
            "term": term,
            **{name: float(table.loc[term, column]) for name, column in wanted.items()},
            "ph_p": proportional[term],
        }
        for term in table.index
    ]
