"""The headline slope and missing data: complete cases, inverse-probability weights, multiple imputation."""

from collections.abc import Sequence
from typing import Any

import polars as pl

from engine.missing import MUCH_MISSING, Imputer, completeness, masked_error, much_missing, patterns, pooled, shares
from engine.regression import DesignError, Fit, complete_rows, fit, weighted
from engine.scaling.spec import ScalingSpec
from engine.scaling_law import COLUMNS, law_design, parse_effects
from engine.streams import stream

REPORTED = (
    "parameters",
    "training_compute_flop",
    "cost_usd_2023",
    "year",
    "publication_date",
    "organization",
    "organization_type",
    "domain",
    "architecture",
    "access",
)
METHOD_SCHEMA: dict[str, Any] = {
    "method": pl.String,
    "n": pl.Int64,
    **dict.fromkeys(("slope", "se", "ci_low", "ci_high"), pl.Float64),
    "imputations": pl.Int64,
    "degrees": pl.Float64,
    "fmi": pl.Float64,
    "note": pl.String,
}
IMPUTED_SCHEMA: dict[str, Any] = {
    "column": pl.String,
    "method": pl.String,
    "observed": pl.Int64,
    "imputed": pl.Int64,
    **dict.fromkeys(("observed_mean_ln", "imputed_mean_ln", "ks", "ks_p"), pl.Float64),
}
MASKED_FIGURES = ("rmse", "mean_error", "baseline_rmse")
MASKED_SCHEMA: dict[str, Any] = {
    "column": pl.String,
    "cells": pl.Int64,
    "imputations": pl.Int64,
    **dict.fromkeys((f"{name}_ln" for name in MASKED_FIGURES), pl.Float64),
}
METHOD = "chained regressions, predictive mean matching"


def missing_tables(table: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """missing_columns and missing_patterns of the rows asked about."""
    return {"missing_columns": shares(table, REPORTED), "missing_patterns": patterns(table, REPORTED[:3])}


def complete_row(fitted: Fit) -> dict[str, Any]:
    """The row of the complete cases."""
    return {"method": "complete case", "n": fitted.n, **_figures(fitted), "note": ""}


def _figures(fitted: Fit) -> dict[str, float]:
    term = fitted.term("x")
    return {"slope": term["coef"], **{name: term[name] for name in ("se", "ci_low", "ci_high")}}


def weighted_row(spec: ScalingSpec, table: pl.DataFrame, effects: str) -> dict[str, Any]:
    """Complete cases weighted by the inverse of their probability of being complete.

    That follows the year, domain and organization type. Errors take the weights as known, which is cautious (Robins,
    Rotnitzky and Zhao 1994). The note says why where it can't be done.
    """
    row: dict[str, Any] = {"method": "inverse-probability weights", "note": ""}
    logs = _logs(spec, table)
    complete = logs["x"].is_not_null() & logs["y"].is_not_null()
    try:
        model = completeness(logs, complete, ["year"], ["domain", "organization_type"])
        weighed = logs.with_columns(weight=pl.Series(model.weights())).filter(complete)
        return row | _weighted_fit(spec, weighed, effects, model.floored)
    except DesignError as error:
        return row | {"note": f"not run: {error}"}


def _weighted_fit(spec: ScalingSpec, rows: pl.DataFrame, effects: str, floored: int) -> dict[str, Any]:
    extra = ["organization"] if spec.covariance == "cluster" else []
    used = complete_rows(rows, ["x", "y", *extra], list(parse_effects(effects)))
    fitted = fit(weighted(law_design(used, effects, spec.covariance), used["weight"].to_numpy()), spec.covariance)
    note = f"{floored} probabilities were raised to the floor" if floored else ""
    return {"n": fitted.n, **_figures(fitted), "note": note}


def _logs(spec: ScalingSpec, table: pl.DataFrame) -> pl.DataFrame:
    """Every row, with x and y null where they are not known."""
    y, x = COLUMNS[spec.direction]
    ln = {name: pl.when(pl.col(column) > 0).then(pl.col(column)).log() for name, column in (("x", x), ("y", y))}
    return table.with_columns(**ln)


def imputable(spec: ScalingSpec, table: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows with at least one of the two variables known (the others carry nothing), and the numbers imputed from.

    Those are x, y, the third quantity unless it is more than 80 % missing, the year and its square, a dummy a domain.
    """
    logs = _logs(spec, table)
    rows = logs.filter((pl.col("x").is_not_null() | pl.col("y").is_not_null()) & pl.col("year").is_not_null())
    if rows.is_empty():
        raise DesignError("no row has a release year and one of the two variables")
    columns = {"x": pl.col("x"), "y": pl.col("y"), **_third(spec, rows)}
    if rows["year"].n_unique() > 2:
        z = (pl.col("year") - pl.col("year").mean()) / pl.col("year").std()
        columns |= {"year": z, "year squared": z**2}
    levels = rows["domain"].drop_nulls().unique().sort().to_list()[1:]
    dummies = {f"domain={d}": (pl.col("domain") == d).fill_null(False).cast(pl.Float64) for d in levels}
    return rows, rows.select(**columns, **dummies)


def _third(spec: ScalingSpec, rows: pl.DataFrame) -> dict[str, pl.Expr]:
    """The quantity that is not in the law, as a help to impute those that are."""
    name = next(q for q in REPORTED[:3] if q not in COLUMNS[spec.direction])
    value = pl.when(pl.col(name) > 0).then(pl.col(name)).log()
    share = rows.select(value.is_null().mean()).item()
    return {"third": value} if share <= MUCH_MISSING else {}


def imputed_estimates(spec: ScalingSpec, table: pl.DataFrame, effects: str, chosen: Sequence[int]) -> pl.DataFrame:
    """The slope on each of the chosen imputations. Columns: imputation, n, coefficients, slope, se."""
    rows, numbers = imputable(spec, table)
    imputer, found = Imputer(numbers), []
    for index in chosen:
        filled = imputer.draw(stream(spec.seed, "scaling imputation", index))
        fitted = fit(law_design(rows.with_columns(filled["x"], filled["y"]), effects, spec.covariance), spec.covariance)
        term = fitted.term("x")
        found.append((index, fitted.n, len(fitted.coef), term["coef"], term["se"]))
    schema = {"imputation": pl.Int64, "n": pl.Int64, "coefficients": pl.Int64, "slope": pl.Float64, "se": pl.Float64}
    return pl.DataFrame(found, schema=schema, orient="row")


def imputation_checks(spec: ScalingSpec, table: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """imputed (counts, and a Kolmogorov-Smirnov test of imputed against known values) and masked_error (natural logs).

    Imputed values may well differ from known ones where missingness depends on the year or domain.
    """
    _, numbers = imputable(spec, table)
    names = dict(zip(("y", "x"), COLUMNS[spec.direction], strict=True))
    filled = Imputer(numbers).draw(stream(spec.seed, "scaling imputation", 0))
    imputed = [{"column": names[v], **_compared(numbers[v], filled[v])} for v in ("x", "y")]
    masked = [
        masked_error(numbers.select(v, pl.exclude(v)), v, stream(spec.seed, "scaling masked cells", i))
        for i, v in enumerate(("x", "y"))
    ]
    return {
        "imputed": pl.DataFrame(imputed, schema=IMPUTED_SCHEMA),
        "masked_error": pl.DataFrame([_in_ln(m, names) for m in masked], schema=MASKED_SCHEMA),
    }


def _in_ln(masked: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A row of masked_error: the column by its name, the figures by their unit."""
    figures = {f"{name}_ln": masked[name] for name in MASKED_FIGURES}
    return {**masked, **figures, "column": names[masked["column"]]}


def _compared(known: pl.Series, filled: pl.Series) -> dict[str, Any]:
    from scipy.stats import ks_2samp

    observed, imputed = filled.filter(known.is_not_null()).to_numpy(), filled.filter(known.is_null()).to_numpy()
    row: dict[str, Any] = {"method": METHOD, "observed": len(observed), "imputed": len(imputed)}
    row["observed_mean_ln"] = float(observed.mean())
    if not len(imputed):
        return row
    test = ks_2samp(observed, imputed)
    return row | {"imputed_mean_ln": float(imputed.mean()), "ks": float(test.statistic), "ks_p": float(test.pvalue)}


def pooled_row(estimates: pl.DataFrame) -> dict[str, Any]:
    """The imputations' slopes by Rubin's rules."""
    n, k = int(estimates["n"][0]), int(estimates["coefficients"][0])
    found = pooled(estimates["slope"].to_list(), estimates["se"].to_list(), n - k)
    low, high = found.interval()
    return {
        "method": "multiple imputation",
        "n": n,
        "slope": found.estimate,
        "se": found.se,
        "ci_low": low,
        "ci_high": high,
        "imputations": found.imputations,
        "degrees": found.degrees,
        "fmi": found.fmi,
        "note": "",
    }


def imputation_warnings(spec: ScalingSpec, table: pl.DataFrame) -> list[str]:
    """A sentence for each variable of the law that is mostly missing."""
    return much_missing(table, COLUMNS[spec.direction])
