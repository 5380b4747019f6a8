"""Scaling: the law over its points, its slope by specification, and its slope by release year."""

import math
from typing import Any

import altair as alt
import polars as pl

from views.charts.theme import BAND_OPACITY, LEGEND_COLUMNS, NEUTRAL, WIDE, layered

AXES = {
    "training_compute_flop": "Training compute (FLOP)",
    "cost_usd_2023": "Training cost (USD of 2023)",
    "parameters": "Parameters",
}
NAMES = {
    "compute_on_parameters": "Compute on parameters",
    "cost_on_parameters": "Cost on parameters",
    "parameters_on_compute": "Parameters on compute",
}
NORMAL_95 = 1.959963984540054


def law_chart(points: pl.DataFrame, fits: pl.DataFrame, direction: str, columns: tuple[str, str]) -> alt.LayerChart:
    """Points on log axes with the pooled law, its 95 % band for one model, and the law within release years.

    `points` has x and y in natural logs; `columns` names (response, regressor); `fits` is the study's table.
    """
    drawn = points.with_columns(regressor=pl.col("x").exp(), response=pl.col("y").exp())
    x = alt.X("regressor:Q", title=AXES[columns[1]]).scale(type="log").axis(format=".0e", tickCount=8)
    y = alt.Y("response:Q", title=AXES[columns[0]]).scale(type="log").axis(format=".0e", tickCount=6)
    marks = alt.Chart(drawn).mark_circle(size=36, opacity=0.45).encode(x=x, y=y, tooltip=_point_tooltip(columns))
    lines = alt.Chart(law_lines(points, fits, direction)).encode(x=x)
    band = lines.transform_filter("isValid(datum.low)").mark_area(opacity=BAND_OPACITY).encode(y="low:Q", y2="high:Q")
    law = lines.mark_line(strokeWidth=2.5).encode(
        y=y,
        strokeDash=alt.StrokeDash("law:N", title=None).legend(
            orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS
        ),
        color=alt.Color("law:N", title=None).legend(orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS),
    )
    return layered(band, marks, law, title=NAMES[direction], width=800, height=340)


def _point_tooltip(columns: tuple[str, str]) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("organization:N", title="Organisation"),
        alt.Tooltip("year:Q", title="Year", format="d"),
        alt.Tooltip("regressor:Q", title=AXES[columns[1]], format=".2e"),
        alt.Tooltip("response:Q", title=AXES[columns[0]], format=".2e"),
    ]


def effects_name(effects: str) -> str:
    """What a fit holds constant, in words: Pooled, or Within release year and domain."""
    words = {"year": "release year", "organization_type": "organisation type"}
    held = " and ".join(words.get(part, part) for part in effects.split(","))
    return "Pooled" if effects == "pooled" else f"Within {held}"


def law_lines(points: pl.DataFrame, fits: pl.DataFrame, direction: str) -> pl.DataFrame:
    """The pooled law with its band, and the slope within years through the same centre.

    Columns: law, regressor, response, low, high (the band of the pooled one: two residual deviations).
    """
    ends = [float(points.select(f).item()) for f in (pl.col("x").min(), pl.col("x").max())]
    centre = [float(points.select(pl.col(name).mean()).item()) for name in ("x", "y")]
    rows = [
        _line_row(fit, x, centre)
        for fit in fits.filter(pl.col("name") == direction).to_dicts()
        for x in (ends[0], centre[0], ends[1])
    ]
    schema = {"law": pl.String, **dict.fromkeys(("regressor", "response", "low", "high"), pl.Float64)}
    return pl.DataFrame(rows, schema=schema)


def _line_row(fit: dict[str, Any], x: float, centre: list[float]) -> dict[str, Any]:
    pooled = fit["effects"] == "pooled"
    y = fit["intercept"] + fit["slope"] * x if pooled else centre[1] + fit["slope"] * (x - centre[0])
    spread = NORMAL_95 * fit["residual_sd"]
    return {
        "law": f"{effects_name(fit['effects'])}: slope {fit['slope']:.2f}",
        "regressor": math.exp(x),
        "response": math.exp(y),
        "low": math.exp(y - spread) if pooled else None,
        "high": math.exp(y + spread) if pooled else None,
    }


def slope_chart(fits: pl.DataFrame) -> alt.LayerChart:
    """Slope and 95 % interval of every fit, with a rule at 1."""
    named = fits.with_columns(
        law=pl.col("name").replace_strict(NAMES),
        kind=pl.col("effects").map_elements(effects_name, return_dtype=pl.String),
    )
    base = alt.Chart(named).encode(
        y=alt.Y("law:N", title=None, sort=list(NAMES.values())),
        yOffset=alt.YOffset("kind:N"),
        color=alt.Color("kind:N", title=None).legend(orient="bottom", direction="horizontal"),
        tooltip=[
            "law:N",
            "kind:N",
            "n:Q",
            *(alt.Tooltip(f"{c}:Q", format=".3f") for c in ("slope", "ci_low", "ci_high")),
        ],
    )
    one = alt.Chart(pl.DataFrame({"one": [1.0]})).mark_rule(strokeDash=[4, 4], color=NEUTRAL).encode(x="one:Q")
    interval = base.mark_rule(strokeWidth=2).encode(x=alt.X("ci_low:Q", title="Slope (95 % interval)"), x2="ci_high:Q")
    point = base.mark_point(filled=True, size=70).encode(x="slope:Q")
    return layered(one, interval, point, title="Slopes", width=800, height=190)


def year_chart(by_year: pl.DataFrame) -> alt.LayerChart:
    """Slope among the models of each release year, 95 % interval; years with too few rows are left out."""
    known = by_year.drop_nulls("slope").with_columns(
        low=pl.col("slope") - NORMAL_95 * pl.col("se"), high=pl.col("slope") + NORMAL_95 * pl.col("se")
    )
    base = alt.Chart(known).encode(
        x=alt.X("year:Q", title="Release year").scale(zero=False).axis(format="d", grid=False),
        tooltip=[
            alt.Tooltip("year:Q", title="Year", format="d"),
            alt.Tooltip("n:Q", title="Models"),
            alt.Tooltip("slope:Q", title="Slope", format=".3f"),
            alt.Tooltip("se:Q", title="Standard error", format=".3f"),
        ],
    )
    bars = base.mark_rule(strokeWidth=2, opacity=0.6).encode(y=alt.Y("low:Q", title="Slope"), y2="high:Q")
    points = base.mark_point(filled=True, size=70).encode(y="slope:Q")
    return layered(bars, points, title="Slope by release year", **WIDE)
