"""Fits in every direction, pooled and with effects, and the published one next to the corrected one."""

import math
from typing import Any

import numpy as np
import polars as pl

from engine.regression import Covariance, DesignError, Fit, fit, t_quantile
from engine.scaling_law import COLUMNS, POOLED, fit_law, law_design, points, usable_effects
from engine.summaries import MIN_HEADLINE_ROWS, counted, exp_or_none

FITTED = tuple(COLUMNS)
SHOWN_EFFECTS = (POOLED, "year", "year,domain")
CORRECTED_EFFECTS = "year,domain"
LINE_POINTS = 60
_FIGURES = ("slope", "intercept", "residual_sd", "se", "ci_low", "ci_high", "p", "r2", "aic")
FIT_SCHEMA: dict[str, Any] = {
    "name": pl.String,
    "direction": pl.String,
    "effects": pl.String,
    "covariance": pl.String,
    "n": pl.Int64,
    **dict.fromkeys(_FIGURES, pl.Float64),
}
WORDS = {"year": "release year", "domain": "domain", "organization_type": "organization type"}


def all_fits(table: pl.DataFrame, effects: str, covariance: Covariance) -> tuple[pl.DataFrame, list[str]]:
    """Every direction with each set of effects shown and the asked one, and a sentence for each that can't be run.

    An effect whose column the table lacks is left out. Columns: FIT_SCHEMA; slope, intercept and residual_sd in natural
    logs, with the effects' first levels in the intercept.
    """
    rows, failures = [], []
    for direction in FITTED:
        asked = dict.fromkeys(usable_effects(table, direction, e)[0] for e in (*SHOWN_EFFECTS, effects))
        for chosen in asked:
            try:
                rows.append(_row(direction, chosen, covariance, fit_law(table, direction, chosen, covariance)))
            except DesignError as error:
                failures.append(f"No fit of {direction} ({chosen}): {error}")
    return pl.DataFrame(rows, schema=FIT_SCHEMA), failures


def _row(direction: str, effects: str, covariance: str, fitted: Fit) -> dict[str, Any]:
    term = fitted.term("x")
    return {
        "name": direction,
        "direction": direction,
        "effects": effects,
        "covariance": covariance,
        "n": fitted.n,
        "slope": term["coef"],
        "intercept": float(fitted.coef[0]),
        "residual_sd": fitted.residual_sd(),
        **{name: term[name] for name in ("se", "ci_low", "ci_high", "p")},
        "r2": fitted.r2,
        "aic": float(fitted.aic),
    }


def comparison(table: pl.DataFrame, covariance: Covariance) -> pl.DataFrame:
    """Published next to corrected, a row a direction: pooled on all rows with HC3, and with year and domain effects on
    originals. Columns: name, then n, slope, ci_low, ci_high of each with its prefix, corrected_effects, change.
    """
    originals, rows = table.filter(pl.col("base_model").is_null()), []
    for direction in FITTED:
        effects = usable_effects(originals, direction, CORRECTED_EFFECTS)[0]
        sides = {"published": (table, POOLED, "HC3"), "corrected": (originals, effects, covariance)}
        row: dict[str, Any] = {"name": direction, "corrected_effects": effects}
        for side, (frame, chosen, errors) in sides.items():
            row |= {f"{side}_{name}": value for name, value in _figures(frame, direction, chosen, errors).items()}
        rows.append(row)
    figures = {f"{s}_{n}": pl.Float64 for s in ("published", "corrected") for n in ("slope", "ci_low", "ci_high")}
    counts = {"published_n": pl.Int64, "corrected_n": pl.Int64}
    frame = pl.DataFrame(rows, schema={"name": pl.String, "corrected_effects": pl.String, **counts, **figures})
    return frame.with_columns(change=pl.col("corrected_slope") - pl.col("published_slope"))


def _figures(table: pl.DataFrame, direction: str, effects: str, covariance: Any) -> dict[str, Any]:
    """Figures of one fit; none where it can't be run (the study says so elsewhere)."""
    try:
        row = _row(direction, effects, covariance, fit_law(table, direction, effects, covariance))
    except DesignError:
        return {}
    return {name: row[name] for name in ("n", "slope", "ci_low", "ci_high")}


def line(rows: pl.DataFrame, covariance: Covariance) -> pl.DataFrame:
    """The pooled law over the range of its points, for a chart.

    Columns: x, y (natural logs), ci_low, ci_high (95 % band of the median), pi_low, pi_high (of a single model).
    """
    d = law_design(rows, POOLED, covariance)
    fitted = fit(d, covariance)
    x = np.linspace(d.x[:, 1].min(), d.x[:, 1].max(), LINE_POINTS)
    grid = np.column_stack([np.ones(LINE_POINTS), x])
    spread = np.sqrt(np.einsum("ij,jk,ik->i", grid, fitted.covariance, grid))
    leverage = np.einsum("ij,jk,ik->i", grid, np.linalg.inv(d.x.T @ d.x), grid)
    y = grid @ fitted.coef
    near = t_quantile(0.975, fitted.degrees) * spread
    far = t_quantile(0.975, fitted.n - 2) * fitted.residual_sd() * np.sqrt(1 + leverage)
    ends = {"ci_low": y - near, "ci_high": y + near, "pi_low": y - far, "pi_high": y + far}
    return pl.DataFrame({"x": x, "y": y, **ends})


def verdict(fits: pl.DataFrame, direction: str, name: str = POOLED) -> str:
    """What the response does as the regressor grows, from the interval of one fit against 0 and 1; economies or
    diseconomies of scale where the response is compute or cost.
    """
    found = fits.filter((pl.col("name") == direction) & (pl.col("effects") == name))
    response, regressor = direction.split("_on_")
    n = found["n"][0] if found.height else 0
    if n < MIN_HEADLINE_ROWS:
        return f"No verdict {_within(name)}: {counted(n, 'row')}, {MIN_HEADLINE_ROWS} needed"
    return f"{response} {_course(response, regressor, found['ci_low'][0], found['ci_high'][0]).format(_within(name))}"


def _course(response: str, regressor: str, low: float, high: float) -> str:
    """What follows the response in a verdict; {} stands where the effects are said."""
    s = "" if response == "parameters" else "s"
    scale = ("", "") if response == "parameters" else (" (diseconomies of scale)", " (economies of scale)")
    if high < 0:
        return f"fall{s} as {regressor} {'grow' if regressor == 'parameters' else 'grows'} {{}}"
    if low <= 0:
        return f"can't be told from not changing with {regressor} {{}}"
    if low > 1:
        return f"grow{s} faster than {regressor} {{}}{scale[0]}"
    if high < 1:
        return f"grow{s} more slowly than {regressor} {{}}{scale[1]}"
    return f"can't be told from growing in proportion to {regressor} {{}}"


def _within(effects: str) -> str:
    if effects == POOLED:
        return "pooled over years"
    return f"within {' and '.join(WORDS.get(name, name) for name in effects.split(','))}"


def finding(fits: pl.DataFrame, direction: str) -> str:
    """The headline: the pooled slope beside the ones within effects and what follows, or why there is none."""
    mine = fits.filter(pl.col("name") == direction)
    pooled = mine.filter(pl.col("effects") == POOLED)
    if pooled.is_empty() or pooled["n"][0] < MIN_HEADLINE_ROWS:
        n = pooled["n"][0] if pooled.height else 0
        return f"No headline: {counted(n, 'row')}, and it needs {MIN_HEADLINE_ROWS}."
    response, regressor = direction.split("_on_")
    parts = [f"{_interval(row)} {_within(row['effects'])} (n = {row['n']})" for row in mine.iter_rows(named=True)]
    verdicts = "; ".join(_capital(verdict(fits, direction, name)) for name in _telling(mine))
    change = f"more {response}:" if (mine["ci_low"] > 0).all() else f"a change in {response} of"
    return f"1 % more {regressor} goes with {change} {', '.join(parts)}. {verdicts}."


def _telling(mine: pl.DataFrame) -> list[str]:
    """The effects whose verdicts are worth saying: pooled, and the fullest set."""
    listed = mine["effects"].to_list()
    return list(dict.fromkeys([POOLED, max(listed, key=lambda name: (name != POOLED, name.count(",")))]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _interval(row: dict[str, float]) -> str:
    return f"{row['slope']:.2f} % {_ends(row)}"


def _ends(row: dict[str, float]) -> str:
    return f"[{row['ci_low']:.2f}, {row['ci_high']:.2f}]"


def predictions(table: pl.DataFrame, parameters: float) -> tuple[pl.DataFrame, list[str]]:
    """Training compute of a model of that many parameters by every route, and a sentence for each that can't be taken.

    Columns: route, n, training_compute_flop (median), low_flop, high_flop (95 % prediction interval of one model),
    mean_flop (the median times exp(s^2 / 2): what a fit in logs leaves out). The published configuration has no
    residual, so no interval.
    """
    anchored = ANCHOR_FLOP * (parameters / ANCHOR_PARAMETERS) ** ANCHOR_EXPONENT
    found: list[tuple[Any, ...]] = [
        ("published configuration: 1e20 FLOP at 1e9 parameters, exponent 1.697", None, anchored, None, None, None)
    ]
    failures = []
    for route, predict in _ROUTES.items():
        try:
            n, *logs = predict(table, math.log(parameters))
        except DesignError as error:
            failures.append(f"No prediction by {route}: {error}")
            continue
        values = [None if log is None else exp_or_none(log) for log in logs]
        found.append((route, n, *values))
        if any(log is not None and value is None for log, value in zip(logs, values, strict=True)):
            failures.append(f"The prediction by {route} goes beyond any number of FLOP; that end is left empty.")
    names = ("training_compute_flop", "low_flop", "high_flop", "mean_flop")
    schema = {"route": pl.String, "n": pl.Int64, **dict.fromkeys(names, pl.Float64)}
    return pl.DataFrame(found, schema=schema, orient="row"), failures


ANCHOR_FLOP, ANCHOR_PARAMETERS, ANCHOR_EXPONENT = 1e20, 1e9, 1.697


def _direct(table: pl.DataFrame, x: float, effects: str) -> tuple[int, float, float, float, float]:
    """Rows, and the natural logs of median, ends and mean."""
    rows = points(table, "compute_on_parameters", effects)
    d = law_design(rows, effects)
    fitted = fit(d)
    at = np.zeros(d.x.shape[1])
    at[0], at[1] = 1.0, x
    if effects == "year":
        at[-1] = 1.0
    y = float(at @ fitted.coef)
    leverage = float(at @ np.linalg.inv(d.x.T @ d.x) @ at)
    spread = fitted.residual_sd()
    half = t_quantile(0.975, fitted.n - len(fitted.coef)) * spread * math.sqrt(1 + leverage)
    return fitted.n, y, y - half, y + half, y + spread**2 / 2


def _inverse(table: pl.DataFrame, x: float) -> tuple[int, float, float, float, None]:
    """Calibration: the compute at which the law of parameters on compute has its median there (Osborne 1991).

    Raises `DesignError` where that law's slope can't be told from 0, which leaves the compute open.
    """
    d = law_design(points(table, "parameters_on_compute"), POOLED)
    fitted = fit(d)
    term = fitted.term("x")
    if term["ci_low"] <= 0 <= term["ci_high"]:
        raise DesignError(f"its slope, {_ends(term)}, is too near 0 to be inverted.")
    compute, (intercept, slope) = d.x[:, 1], fitted.coef
    y = float((x - intercept) / slope)
    leverage = 1 / fitted.n + (y - compute.mean()) ** 2 / float(((compute - compute.mean()) ** 2).sum())
    half = t_quantile(0.975, fitted.n - 2) * fitted.residual_sd() / abs(float(slope)) * math.sqrt(1 + leverage)
    return fitted.n, y, y - half, y + half, None


_ROUTES = {
    "fitted law, pooled": lambda table, x: _direct(table, x, POOLED),
    "fitted law, within the last release year": lambda table, x: _direct(table, x, "year"),
    "inverse of the law of parameters on compute": _inverse,
}
