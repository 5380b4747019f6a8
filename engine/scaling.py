"""Scaling laws: how compute, cost and parameters go together."""

from collections.abc import Sequence
from typing import Any, ClassVar

import polars as pl

from engine import registry
from engine.regression import Covariance, DesignError, Fit, design, fit
from engine.result import Result
from engine.scaling_law import Direction, Effects, fit_law, points
from engine.spec import Spec, SpecError, parameter
from engine.study import Study, Work
from engine.summaries import MIN_HEADLINE_ROWS

FITTED = ("compute_on_parameters", "cost_on_parameters", "parameters_on_compute")
EFFECTS = ("pooled", "year")
MIN_YEAR_ROWS = 10


class ScalingSpec(Spec):
    """Which law is the headline, and how its errors are computed."""

    study: ClassVar[str] = "scaling"

    direction: Direction = parameter(
        "compute_on_parameters", "Direction of the fit", description="response on regressor, both in natural logs"
    )
    effects: Effects = parameter("pooled", "Effects", description="pooled, or with a dummy a release year", group="Fit")
    covariance: Covariance = parameter(
        "HC3", "Standard errors", description="heteroskedasticity-robust, or clustered by organization", group="Fit"
    )
    replicates: int = parameter(10_000, "Bootstrap replicates", ge=100, le=1_000_000, group="Bootstrap")


class Scaling(Study[ScalingSpec]):
    """Log-log least squares in every direction, pooled and with year effects, beside the pairs bootstrap."""

    spec_type = ScalingSpec
    inputs: ClassVar[tuple[str, ...]] = ("scaling",)

    def needs(self, spec: ScalingSpec) -> dict[str, Spec]:
        """The bootstrap of the headline slope."""
        wanted = {name: getattr(spec, name) for name in ("preset", "seed", "direction", "effects", "replicates")}
        return {"bootstrap": registry.study("bootstrap").spec_type.parse(wanted)}

    def combine(self, work: Work[ScalingSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables of METHODS section 7, and the points the charts draw."""
        spec, table = work.spec, work.tables["scaling"]
        fits, warnings = all_fits(table, spec.covariance)
        chosen = (pl.col("name") == spec.direction) & (pl.col("effects") == spec.effects)
        headline = fits.filter(chosen)
        if headline.is_empty():
            raise SpecError(f"The headline fit '{spec.direction}' can't be run: {warnings[0]}")
        row = headline.row(0, named=True)
        boot = work.needs["bootstrap"].summary
        summary = {
            "direction": spec.direction,
            **{name: row[name] for name in ("n", "slope", "se", "ci_low", "ci_high", "r2", "aic")},
            "boot_low": boot["ci_low"],
            "boot_high": boot["ci_high"],
            "finding": finding(fits, spec.direction),
        }
        yearly = by_year(table, spec.direction)
        drawn = points(table, spec.direction)
        return Result(self.name, summary, {"fits": fits, "by_year": yearly, "points": drawn}, tuple(warnings))


def all_fits(table: pl.DataFrame, covariance: Covariance) -> tuple[pl.DataFrame, list[str]]:
    """Every direction, pooled and with year effects, and a sentence for each that could not be run.

    Columns: name, direction, effects, n, slope, intercept, residual_sd, se, ci_low, ci_high, r2, aic.
    """
    rows, failures = [], []
    for direction in FITTED:
        for effects in EFFECTS:
            try:
                rows.append(_row(direction, effects, fit_law(table, direction, effects, covariance)))
            except DesignError as error:
                failures.append(f"{direction}, {effects}: {error}")
    return pl.DataFrame(rows, schema=_FIT_SCHEMA), failures


_FIT_SCHEMA = {
    "name": pl.String,
    "direction": pl.String,
    "effects": pl.String,
    "n": pl.Int64,
    **dict.fromkeys(("slope", "intercept", "residual_sd", "se", "ci_low", "ci_high", "r2", "aic"), pl.Float64),
}


def _row(direction: str, effects: str, fitted: Fit) -> dict[str, Any]:
    term = fitted.term("x")
    return {
        "name": direction,
        "direction": direction,
        "effects": effects,
        "n": fitted.n,
        "slope": term["coef"],
        "intercept": float(fitted.coef[0]),
        "residual_sd": fitted.residual_sd(),
        **{name: term[name] for name in ("se", "ci_low", "ci_high")},
        "r2": fitted.r2,
        "aic": float(fitted.aic),
    }


def by_year(table: pl.DataFrame, direction: str) -> pl.DataFrame:
    """Slope per release year with HC3 error; null where a year has fewer than ten rows. Columns: year, n, slope, se."""
    rows = points(table, direction).drop_nulls("year")
    found = []
    for (year,), frame in rows.group_by("year", maintain_order=True):
        found.append({"year": year, "n": frame.height, **_year_slope(frame)})
    schema = {"year": pl.Int64, "n": pl.Int64, "slope": pl.Float64, "se": pl.Float64}
    return pl.DataFrame(found, schema=schema).sort("year")


def _year_slope(frame: pl.DataFrame) -> dict[str, float | None]:
    if frame.height < MIN_YEAR_ROWS:
        return {"slope": None, "se": None}
    term = fit(design(frame, "y", ["x"])).term("x")
    return {"slope": term["coef"], "se": term["se"]}


def finding(fits: pl.DataFrame, direction: str) -> str:
    """The headline: the pooled slope beside the one within years, or why there is none."""
    rows = {row["effects"]: row for row in fits.filter(pl.col("name") == direction).iter_rows(named=True)}
    pooled, within = rows.get("pooled"), rows.get("year")
    if pooled is None or pooled["n"] < MIN_HEADLINE_ROWS:
        return f"No headline: {pooled['n'] if pooled else 0} rows, and it needs {MIN_HEADLINE_ROWS}."
    response, regressor = direction.split("_on_")
    text = (
        f"A model with 1 % more {regressor} has {_interval(pooled)} % more {response} "
        f"(n = {pooled['n']}, pooled over years)"
    )
    if within is None:
        return text + "."
    return f"{text}; among models of one release year it is {_interval(within)} % (n = {within['n']})."


def _interval(row: dict[str, float]) -> str:
    return f"{row['slope']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
