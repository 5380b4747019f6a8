"""Forecast fans with parameter and residual uncertainty, and their back-test."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from engine.regression import DesignError
from engine.scaling.growth import Series, trend
from engine.streams import stream
from engine.summaries import counted, exp_or_none

Floats = NDArray[np.float64]
DRAWS = 2_000
RESIDUALS_PER_DRAW = 4
QUANTILES = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
STEP_YEARS = 0.5
SCORED_YEARS = 3
MIN_SCORED = 5
FORECAST_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("series", "quantity", "sample"), pl.String),
    "t": pl.Float64,
    **dict.fromkeys((*QUANTILES, "trend", "trend_ci_low", "trend_ci_high"), pl.Float64),
}
BACKTEST_SCHEMA: dict[str, Any] = {
    **dict.fromkeys(("series", "quantity", "sample"), pl.String),
    **dict.fromkeys(("fitted_to", "n_fitted", "n_scored"), pl.Int64),
    **dict.fromkeys(("coverage_50", "coverage_90", "mean_error_log10", "rmse_log10", "per_year_fitted"), pl.Float64),
    "note": pl.String,
}


@dataclass(frozen=True)
class Fan:
    """A trend with what it does not know: lines (draws, 2) of resampled fits, and residuals (times, draws) to go with
    each. The same draws serve every date."""

    intercept: float
    slope: float
    centre: float
    lines: Floats
    residuals: Floats

    def at(self, t: float) -> dict[str, float]:
        """Quantiles of ln y of one release at t, and the trend with its 95 % interval."""
        means = self.lines[:, 0] + self.lines[:, 1] * (t - self.centre)
        drawn = np.quantile(means + self.residuals, list(QUANTILES.values()))
        low, high = np.quantile(means, [0.025, 0.975])
        line = self.intercept + self.slope * (t - self.centre)
        ends = {"trend": line, "trend_ci_low": float(low), "trend_ci_high": float(high)}
        return dict(zip(QUANTILES, map(float, drawn), strict=True)) | ends


def fan(rows: pl.DataFrame, rng: np.random.Generator) -> Fan:
    """Fit the trend, and refit it on DRAWS resamples of organizations (a row without one is its own).

    Residuals are widened by sqrt(n / (n - 2)). Raises `DesignError` where the trend can't be fitted.
    """
    fitted = trend(rows)
    t, y = rows["t"].to_numpy(), rows["y"].to_numpy()
    centre = float(t.mean())
    own = pl.concat_str(pl.lit("\0"), pl.int_range(pl.len()).cast(pl.String))
    codes = rows.select(pl.coalesce("organization", own).rank("dense") - 1).to_series().to_numpy()
    sums = np.zeros((int(codes.max()) + 1, 5))
    np.add.at(sums, codes, np.column_stack([np.ones(len(t)), t - centre, y, (t - centre) ** 2, (t - centre) * y]))
    counts = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=DRAWS)
    intercept = float(fitted.coef[0] + fitted.coef[1] * centre)
    lines = _lines(counts @ sums)
    if not len(lines):
        raise DesignError("no resample of organizations carries a trend")
    widened = np.asarray(fitted.residuals * math.sqrt(fitted.n / (fitted.n - 2)))
    residuals = rng.choice(widened, size=(RESIDUALS_PER_DRAW, len(lines)))
    return Fan(intercept, float(fitted.coef[1]), centre, lines, residuals)


def _lines(sums: Floats) -> Floats:
    """Intercept at the centre and slope from weighted sums of 1, t, y, t^2, ty; resamples of one date are left out."""
    n, t, y, tt, ty = sums.T
    spread = tt - t * t / n
    usable = spread > 1e-9 * np.maximum(tt, 1e-12)
    slope = (ty - t * y / n)[usable] / spread[usable]
    return np.column_stack([(y[usable] - slope * t[usable]) / n[usable], slope])


def forecasts(series: list[Series], last_year: int, seed: int) -> tuple[pl.DataFrame, list[str]]:
    """A fan for each series from its last release to the end of the year asked, and a sentence for each without one.

    Columns: FORECAST_SCHEMA; t is a decimal year, quantiles are those of one release in the quantity's own unit, trend
    is the median with the 95 % interval of the fit alone.
    """
    rows, failures = [], []
    for index, one in enumerate(series):
        try:
            one.check()
            found = fan(one.rows, stream(seed, "scaling forecast", index))
        except DesignError as error:
            failures.append(f"No forecast of {one.name}: {error}")
            continue
        fans = _fan_rows(one, found, last_year)
        rows += fans
        failures += _shortcomings(one, fans, last_year)
    return pl.DataFrame(rows, schema=FORECAST_SCHEMA), failures


def _fan_rows(one: Series, found: Fan, last_year: int) -> list[dict[str, Any]]:
    """A row every half year; a figure too large to be written is none."""
    head = {"series": one.name, "quantity": one.quantity, "sample": one.sample}
    start = math.ceil(_last(one.rows) / STEP_YEARS) * STEP_YEARS
    times = [float(t) for t in np.arange(start, last_year + 1 + 1e-9, STEP_YEARS)]
    return [{**head, "t": t, **{name: exp_or_none(v) for name, v in found.at(t).items()}} for t in times]


def _shortcomings(one: Series, rows: list[dict[str, Any]], last_year: int) -> list[str]:
    if not rows:
        return [f"No forecast of {one.name}: its releases run to {int(_last(one.rows))}, past {last_year}."]
    if any(row[name] is None for row in rows for name in QUANTILES):
        n = counted(one.rows.height, "release")
        return [f"The forecast of {one.name}, from {n}, goes beyond any number; such figures are left empty."]
    return []


def _last(rows: pl.DataFrame) -> float:
    return float(rows.select(pl.col("t").max()).item())


def backtest(series: list[Series], fitted_to: int, seed: int) -> pl.DataFrame:
    """Fit each series up to a year, score the releases of the three years after it.

    Columns: BACKTEST_SCHEMA; coverage is the share of releases inside the central 50 and 90 % of the fan on their own
    day, the error is log10 of the release over the fan's median. The note says why a series has no score.
    """
    rows = []
    for index, one in enumerate(series):
        head = {"series": one.name, "quantity": one.quantity, "sample": one.sample, "fitted_to": fitted_to}
        past = one.rows.filter(pl.col("t") < fitted_to + 1)
        after = one.rows.filter(pl.col("t").is_between(fitted_to + 1, fitted_to + 1 + SCORED_YEARS, closed="left"))
        head |= {"n_fitted": past.height, "n_scored": after.height}
        try:
            rows.append(head | _score(past, after, stream(seed, "scaling back-test", index)))
        except DesignError as error:
            rows.append(head | {"note": f"not run: {error}"})
    return pl.DataFrame(rows, schema=BACKTEST_SCHEMA)


def _score(past: pl.DataFrame, after: pl.DataFrame, rng: np.random.Generator) -> dict[str, Any]:
    if after.height < MIN_SCORED:
        raise DesignError(f"{counted(after.height, 'release')} after the fit; a score takes {MIN_SCORED}")
    found = fan(past, rng)
    at = pl.DataFrame([found.at(t) for t in after["t"].to_list()])
    y = after["y"]
    error = (y - at["p50"]).to_numpy() / math.log(10)
    return {
        "coverage_50": float(y.is_between(at["p25"], at["p75"]).sum() / y.len()),
        "coverage_90": float(y.is_between(at["p05"], at["p95"]).sum() / y.len()),
        "mean_error_log10": float(error.mean()),
        "rmse_log10": float(np.sqrt((error**2).mean())),
        "per_year_fitted": exp_or_none(found.slope),
        "note": "",
    }
