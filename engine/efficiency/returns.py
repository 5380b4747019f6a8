"""Do the metrics show diminishing returns to training compute? Elasticities, curvature, a break, and cost by IV."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from engine.efficiency.index import LOWER_IS_BETTER
from engine.regression import Design, Floats, design, fit, fit_iv
from engine.streams import stream
from engine.wild_cluster import cluster_weights

TESTED = ("compute_per_dollar", "cost_per_parameter", "flop_per_joule", "compute_per_watt")
FIRST_YEAR = 2012
FENCE = 3.0
BREAK_SHARES = np.linspace(0.15, 0.85, 60)
BOOTSTRAP_REPLICATES = 999
LEVEL = 0.05

_NUMBERS = ("elasticity", "se", "ci_low", "ci_high", "quadratic", "quadratic_p")
_BREAK = ("break_log10_flop", "slope_below", "slope_above", "break_p")
ELASTICITY_SCHEMA: dict[str, Any] = {
    "metric": pl.String,
    "n": pl.Int64,
    **dict.fromkeys((*_NUMBERS, *_BREAK), pl.Float64),
    "verdict": pl.String,
}


def sample(models: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Rows of the regressions: originals (no base model) of 2012 on, with the metric within three interquartile
    ranges of its quartiles, in years with at least two such rows.

    Columns: y (log10 metric), x (log10 FLOP, centred), log10_flop, log10_parameters, log10_cost, year, organization,
    and model where `models` has it.
    """
    rows = models.filter(
        pl.col("base_model").is_null() & (pl.col("year") >= FIRST_YEAR) & pl.col("organization").is_not_null()
    ).select(
        "^model$",
        "year",
        "organization",
        y=pl.col(f"log10_{metric}"),
        log10_flop=pl.col("training_compute_flop").log10(),
        log10_parameters=pl.when(pl.col("parameters") > 0).then(pl.col("parameters").log10()),
        log10_cost=pl.when(pl.col("cost_usd_2023") > 0).then(pl.col("cost_usd_2023").log10()),
    )
    low, high = pl.col("y").quantile(0.25, "linear"), pl.col("y").quantile(0.75, "linear")
    within = pl.col("y").is_between(low - FENCE * (high - low), high + FENCE * (high - low))
    kept = rows.drop_nulls("y").filter(within).filter(pl.len().over("year") >= 2)
    return kept.with_columns(x=pl.col("log10_flop") - pl.col("log10_flop").mean())


def elasticity(models: pl.DataFrame, metric: str, seed: int) -> pl.DataFrame:
    """One row of the elasticity table (`ELASTICITY_SCHEMA`). Raises `DesignError` where the rows don't carry it.

    Elasticity: slope of the log10 metric on log10 compute with year effects, errors clustered by organization;
    quadratic: coefficient of the squared term; break: place, slopes and test of one kink (see `segmented`).
    """
    rows = sample(models, metric)
    straight = design(rows, "y", ["x"], ["year"], "organization")
    term = fit(straight, "cluster").term("x")
    squared = design(rows.with_columns(x2=pl.col("x") ** 2), "y", ["x", "x2"], ["year"], "organization")
    bend = fit(squared, "cluster").term("x2")
    kink = segmented(straight, stream(seed, "efficiency", TESTED.index(metric)))
    centre = float(rows.select(pl.col("log10_flop").mean()).item())
    row = {
        "metric": metric,
        "n": len(straight.y),
        "elasticity": term["coef"],
        **{name: term[name] for name in ("se", "ci_low", "ci_high")},
        "quadratic": bend["coef"],
        "quadratic_p": bend["p"],
        "break_log10_flop": kink.at + centre,
        "slope_below": kink.below,
        "slope_above": kink.above,
        "break_p": kink.p,
    }
    return pl.DataFrame([{**row, "verdict": verdict(row)}], schema=ELASTICITY_SCHEMA)


@dataclass(frozen=True)
class Kink:
    """The best single break of a continuous piecewise-linear fit: place, slopes below and above, bootstrap p."""

    at: float
    below: float
    above: float
    p: float


def segmented(d: Design, rng: np.random.Generator, replicates: int = BOOTSTRAP_REPLICATES) -> Kink:
    """One-break continuous segmented fit of y on x beside the design's effects.

    The break is sought on 60 quantiles of x between 15 and 85 %; the largest F over them is tested by a wild cluster
    bootstrap under no break (Hansen 1996; Cameron, Gelbach and Miller 2008).
    """
    x = d.x[:, d.names.index("x")]
    grid = np.quantile(x, BREAK_SHARES)
    basis = np.linalg.qr(d.x)[0]
    hinges = np.maximum(x[:, None] - grid[None, :], 0.0)
    hinges = hinges - basis @ (basis.T @ hinges)
    directions = hinges / np.linalg.norm(hinges, axis=0)
    residuals = d.y - basis @ (basis.T @ d.y)
    spare = len(d.y) - d.x.shape[1] - 1
    observed = _f_statistics(directions, residuals[:, None], residuals[:, None], spare)[:, 0]
    best = int(np.argmax(observed))
    p = _bootstrap_p(d, directions, residuals, basis, float(observed[best]), spare, rng, replicates)
    below, above = _slopes(d, x, float(grid[best]))
    return Kink(float(grid[best]), below, above, p)


def _f_statistics(directions: Floats, y: Floats, residuals: Floats, spare: int) -> Floats:
    """F of each candidate break (rows) for each sample (columns)."""
    gained = (directions.T @ y) ** 2
    return gained * spare / ((residuals**2).sum(axis=0) - gained)


def _bootstrap_p(
    d: Design,
    directions: Floats,
    residuals: Floats,
    basis: Floats,
    observed: float,
    spare: int,
    rng: np.random.Generator,
    replicates: int,
) -> float:
    assert d.clusters is not None
    weights = cluster_weights(int(d.clusters.max()) + 1, replicates, rng)
    samples = residuals[:, None] * weights.T[d.clusters]
    projected = samples - basis @ (basis.T @ samples)
    largest = _f_statistics(directions, projected, projected, spare).max(axis=0)
    return float((1 + (largest >= observed).sum()) / (1 + len(largest)))


def _slopes(d: Design, x: Floats, at: float) -> tuple[float, float]:
    hinged = np.column_stack([d.x, np.maximum(x - at, 0.0)])
    coef = np.linalg.lstsq(hinged, d.y, rcond=None)[0]
    below = float(coef[d.names.index("x")])
    return below, below + float(coef[-1])


def verdict(row: dict[str, Any]) -> str:
    """In words, from the intervals: does the metric get better or worse with compute, and do gains shrink?"""
    sign = -1.0 if row["metric"] in LOWER_IS_BETTER else 1.0
    low, high = sorted((sign * row["ci_low"], sign * row["ci_high"]))
    better = sign * row["elasticity"] > 0
    trend = f"Gets {'better' if better else 'worse'} with training compute"
    if low <= 0 <= high:
        trend = "No change with training compute that can be told from zero"
    notes = [*_curvature(row, sign, better=better), *_break(row, sign)]
    return f"{trend}; {' and '.join(notes) if notes else 'no curvature or break that can be told from chance'}."


def _curvature(row: dict[str, Any], sign: float, *, better: bool) -> list[str]:
    if row["quadratic_p"] > LEVEL:
        return []
    turning_down = sign * row["quadratic"] < 0
    word = "shrink" if turning_down == better else "grow"
    return [f"the {'gain' if better else 'loss'} per tenfold {word}s with scale (quadratic {_p(row['quadratic_p'])})"]


def _break(row: dict[str, Any], sign: float) -> list[str]:
    if row["break_p"] > LEVEL:
        return []
    word = "worse" if sign * (row["slope_above"] - row["slope_below"]) < 0 else "better"
    return [f"the slope turns {word} above 10^{row['break_log10_flop']:.1f} FLOP ({_p(row['break_p'])})"]


def _p(value: float) -> str:
    return f"p = {value:.3f}" if value >= 0.001 else "p < .001"


def cost_elasticity(models: pl.DataFrame) -> pl.DataFrame:
    """Elasticity of cost with respect to compute, by OLS and by IV with log parameters as the instrument.

    Compute is on both sides of FLOP per dollar, so its errors bias that slope (division bias); the instrument's
    don't share them. Year effects, errors clustered by organization.
    Columns: method, n, elasticity, se, ci_low, ci_high, first_stage_f (null for OLS).
    """
    rows = sample(models, "compute_per_dollar").drop_nulls(["log10_cost", "log10_parameters"])
    d = design(rows.rename({"log10_parameters": "z"}), "log10_cost", ["x", "z"], ["year"], "organization")
    keep = [i for i, name in enumerate(d.names) if name != "z"]
    instrument = d.x[:, d.names.index("z")]
    plain = Design(d.y, d.x[:, keep], tuple(d.names[i] for i in keep), d.clusters)
    reduced = plain.x.copy()
    reduced[:, plain.names.index("x")] = instrument
    first = fit(Design(plain.x[:, plain.names.index("x")], reduced, plain.names, d.clusters), "cluster").term("x")
    fits = {"OLS": fit(plain, "cluster"), "IV": fit_iv(plain, "x", instrument)}
    rows_out = []
    for method, fitted in fits.items():
        term = fitted.term("x")
        f_statistic = (first["coef"] / first["se"]) ** 2 if method == "IV" else None
        figures = {name: term[name] for name in ("se", "ci_low", "ci_high")}
        rows_out.append(
            {"method": method, "n": fitted.n, "elasticity": term["coef"], **figures, "first_stage_f": f_statistic}
        )
    return pl.DataFrame(rows_out, schema=COST_SCHEMA)


COST_SCHEMA: dict[str, Any] = {
    "method": pl.String,
    "n": pl.Int64,
    **dict.fromkeys(("elasticity", "se", "ci_low", "ci_high", "first_stage_f"), pl.Float64),
}


def hedonic(models: pl.DataFrame, metric: str) -> pl.DataFrame:
    """Year effects of a metric at constant compute: log10 metric on year dummies and log10 compute.

    Relative to the first year; errors clustered by organization.
    Columns: metric, year, n, effect (log10), se, ci_low, ci_high.
    """
    rows = sample(models, metric)
    fitted = fit(design(rows, "y", ["x"], ["year"], "organization"), "cluster")
    counts = dict(rows.group_by("year").len().iter_rows())
    first = min(counts)
    found = [{"year": first, "effect": 0.0, "se": 0.0, "ci_low": 0.0, "ci_high": 0.0}]
    for year in sorted(counts):
        if year != first:
            term = fitted.term(f"year={year}")
            figures = {name: term[name] for name in ("se", "ci_low", "ci_high")}
            found.append({"year": year, "effect": term["coef"], **figures})
    return pl.DataFrame([{"metric": metric, "n": counts[int(row["year"])], **row} for row in found]).select(
        "metric", "year", "n", "effect", "se", "ci_low", "ci_high"
    )
