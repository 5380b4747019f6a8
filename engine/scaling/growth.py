"""How fast compute, cost and parameters grow, how many models pass thresholds, and where that leads."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.regression import Covariance, DesignError, Fit, design, fit
from engine.scaling.spec import ScalingSpec
from engine.scaling_law import origin_known
from engine.summaries import counted, exp_or_none

Floats = NDArray[np.float64]
QUANTITIES = {"training_compute_flop": "compute", "cost_usd_2023": "cost", "parameters": "parameters"}
THRESHOLDS_FLOP = (1e23, 1e25, 1e26)
DAYS_PER_YEAR = 365.25
MID_YEAR = 0.5
FEWEST_RELEASES = 3
GROWTH_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("series", "quantity", "sample"), pl.String),
    "n": pl.Int64,
    **dict.fromkeys(
        ("per_year", "ci_low", "ci_high", "doubling_months", "doubling_ci_low", "doubling_ci_high"), pl.Float64
    ),
    "note": pl.String,
}


@dataclass(frozen=True)
class Series:
    """Releases over time: `rows` has model, organization, t (decimal year), y (natural log of the quantity).

    `lack` says why there are none.
    """

    quantity: str
    sample: str
    rows: pl.DataFrame
    lack: str = "there is no release"

    @property
    def name(self) -> str:
        return f"{self.quantity}, {self.sample}"

    def check(self) -> None:
        """Raise `DesignError` where there is no release."""
        if self.rows.is_empty():
            raise DesignError(self.lack)


def all_series(spec: ScalingSpec, table: pl.DataFrame) -> list[Series]:
    """Compute, cost and parameters of the models whose growth is asked: notable ones (every row, where the table does
    not say), and those among the running top n on their release day, from the first year of growth on.

    Derivatives are releases too and stay in, as in the figures these are checked against (DATA).
    """
    dated = with_time(table)
    known = origin_known(table)
    notable = dated.filter(pl.col("notable").fill_null(False)) if known else dated
    sample = "notable models" if known else "all models of the table"
    found = []
    for column, quantity in QUANTITIES.items():
        for name, rows in ((sample, notable), (f"running top {spec.top_n}", running_top(dated, column, spec.top_n))):
            late = rows.filter((pl.col(column) > 0) & (pl.col("t") >= spec.growth_from))
            logs = late.select("model", "organization", "t", y=pl.col(column).log())
            found.append(Series(quantity, name, logs, _lack(dated, rows, column, spec.growth_from)))
    return found


def _lack(dated: pl.DataFrame, sampled: pl.DataFrame, column: str, first: int) -> str:
    """Why a sample of the dated rows has no release from the first year on, if it has none."""
    if dated.is_empty():
        return "no row has a release date or a year"
    if not (dated[column] > 0).any():
        return f"no dated row has a positive {column}"
    if sampled.is_empty():
        return "no row is marked notable"
    return f"no release from {first} on has a positive {column}"


def with_time(table: pl.DataFrame) -> pl.DataFrame:
    """Adds t: the publication day as a decimal year, or the middle of the year where only that is known."""
    day = pl.col("publication_date")
    start = pl.date(day.dt.year(), 1, 1)
    exact = day.dt.year() + (day - start).dt.total_days() / DAYS_PER_YEAR
    return table.with_columns(t=pl.coalesce(exact, pl.col("year") + MID_YEAR)).drop_nulls("t")


def running_top(dated: pl.DataFrame, column: str, n: int) -> pl.DataFrame:
    """Rows that are among the n largest released up to their own day; ties with the n-th are in."""
    rows = dated.filter(pl.col(column) > 0).sort("t", maintain_order=True)
    values, times = rows[column].to_numpy(), rows["t"].to_numpy()
    last = np.searchsorted(times, times, "right")
    larger = np.array([int((values[:end] > value).sum()) for value, end in zip(values, last, strict=True)], np.int64)
    return rows.filter(pl.Series(larger < n, dtype=pl.Boolean))


def growth(series: list[Series], covariance: Covariance) -> pl.DataFrame:
    """Growth a year: OLS of the log on time. Columns: GROWTH_SCHEMA; per_year is a factor (4.3: to 4.3 times), the note
    says why a series has none."""
    rows = []
    for one in series:
        row = {"series": one.name, "quantity": one.quantity, "sample": one.sample, "n": one.rows.height, "note": ""}
        try:
            one.check()
            rows.append(row | _rate(trend(one.rows, covariance)))
        except DesignError as error:
            rows.append(row | {"note": f"not run: {error}"})
    return pl.DataFrame(rows, schema=GROWTH_SCHEMA)


def trend(rows: pl.DataFrame, covariance: Covariance = "HC3") -> Fit:
    """OLS of y on t; `DesignError` where there are too few rows or one date only."""
    if rows.height < FEWEST_RELEASES:
        raise DesignError(f"{counted(rows.height, 'release')}; a trend takes {FEWEST_RELEASES}.")
    if rows["t"].n_unique() == 1:
        raise DesignError(f"all {rows.height} releases have one date; a trend takes two.")
    return fit(design(rows, "y", ["t"], None, "organization" if covariance == "cluster" else None), covariance)


def _rate(fitted: Fit) -> dict[str, float | None]:
    """Factor a year and doubling time; the doubling time's interval is that of the slope, turned, and has an end only
    where the slope's has a positive one."""
    term = fitted.term("t")
    months = {name: _doubling(term[name]) for name in ("coef", "ci_low", "ci_high")}
    return {
        "n": fitted.n,
        "per_year": exp_or_none(term["coef"]),
        "ci_low": exp_or_none(term["ci_low"]),
        "ci_high": exp_or_none(term["ci_high"]),
        "doubling_months": months["coef"],
        "doubling_ci_low": months["ci_high"],
        "doubling_ci_high": months["ci_low"],
    }


def _doubling(rate: float) -> float | None:
    return 12 * math.log(2) / rate if rate > 0 else None


def thresholds(table: pl.DataFrame) -> pl.DataFrame:
    """Models at or above each threshold by year, country and openness.

    Columns: threshold_flop, year, country ('not known' without one), access, models, derivatives (of them: built on
    another model, and so with that one's compute).
    """
    kept = table.filter(pl.col("training_compute_flop").is_not_null() & pl.col("year").is_not_null())
    parts = [
        kept.filter(pl.col("training_compute_flop") >= threshold)
        .group_by(
            "year",
            country=pl.col("country_first").fill_null("not known"),
            access=pl.col("access").fill_null("unknown"),
        )
        .agg(models=pl.len().cast(pl.Int64), derivatives=pl.col("base_model").is_not_null().sum().cast(pl.Int64))
        .select(pl.lit(threshold).alias("threshold_flop"), pl.all())
        for threshold in THRESHOLDS_FLOP
    ]
    return pl.concat(parts).sort("threshold_flop", "year", "country", "access")


def series_points(series: list[Series]) -> pl.DataFrame:
    """What the growth charts draw. Columns: series, quantity, sample, model, organization, t, value (own unit)."""
    return pl.concat(
        one.rows.select(
            pl.lit(one.name).alias("series"),
            pl.lit(one.quantity).alias("quantity"),
            pl.lit(one.sample).alias("sample"),
            "model",
            "organization",
            "t",
            value=pl.col("y").exp(),
        )
        for one in series
    )
