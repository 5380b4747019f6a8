"""Do returns diminish? The index in both versions, year effects, and each metric against compute with its break."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import polars as pl

from views.charts.efficiency import METRIC_NAMES, long_metrics
from views.charts.theme import BAND_OPACITY, LEGEND_COLUMNS, NEUTRAL, WIDE, layered

PUBLISHED, CORRECTED = "As published", "Corrected"
UNITS = {
    "compute_per_dollar": "log10 FLOP per USD",
    "cost_per_parameter": "log10 USD per parameter",
    "flop_per_joule": "log10 FLOP per joule",
    "compute_per_watt": "log10 FLOP per watt",
}


def both_chart(lines: pl.DataFrame, availability: pl.DataFrame, metrics: Sequence[str]) -> alt.VConcatChart:
    """The composite as published and corrected, with n, over the share of models that have each metric.

    `lines` has columns version, year, n and composite; `availability` year, models and a count a metric.
    """
    upper = _versions(lines)
    lower = _available(availability, metrics)
    composed: alt.VConcatChart = alt.vconcat(upper, lower, spacing=20).resolve_scale(color="independent", x="shared")
    return composed


def _x(title: str | None = None) -> alt.X:
    return (
        alt.X("year:Q", title=title)
        .scale(zero=False, nice=False, padding=16)
        .axis(format="d", grid=False, tickMinStep=1)
    )


def _versions(lines: pl.DataFrame) -> alt.LayerChart:
    order = [PUBLISHED, CORRECTED]
    base = alt.Chart(lines).encode(
        x=_x(),
        y=alt.Y("composite:Q", title="Composite index (0 to 1)").scale(domain=[0, 1]),
        color=alt.Color("version:N", title=None, sort=order)
        .scale(domain=order)
        .legend(orient="top", direction="horizontal", columns=LEGEND_COLUMNS),
        tooltip=[
            alt.Tooltip("version:N", title="Index"),
            alt.Tooltip("year:Q", title="Year", format="d"),
            alt.Tooltip("composite:Q", title="Mean", format=".3f"),
            alt.Tooltip("n:Q", title="Models"),
        ],
    )
    drawn = base.mark_line(strokeWidth=2.5)
    points = base.mark_point(filled=True, size=60)
    above = base.transform_filter(f"datum.version === '{CORRECTED}'").mark_text(dy=-12).encode(text="n:Q")
    below = base.transform_filter(f"datum.version === '{PUBLISHED}'").mark_text(dy=14).encode(text="n:Q")
    return layered(drawn, points, above, below, title="The index, n at each point", width=800, height=270)


def _available(availability: pl.DataFrame, metrics: Sequence[str]) -> alt.Chart:
    shares = availability.with_columns(pl.col(name) / pl.col("models") for name in metrics)
    order = [METRIC_NAMES[name] for name in metrics]
    return (
        alt.Chart(long_metrics(shares, metrics), title="Models that have each metric", width=800, height=170)
        .mark_line(strokeWidth=2, point=alt.OverlayMarkDef(size=40))
        .encode(
            x=_x("Release year"),
            y=alt.Y("mean:Q", title="Share of models").axis(format="%"),
            color=alt.Color("metric:N", title=None, sort=order)
            .scale(domain=order)
            .legend(orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS),
            tooltip=[
                alt.Tooltip("year:Q", title="Year", format="d"),
                alt.Tooltip("metric:N", title="Metric"),
                alt.Tooltip("mean:Q", title="Share of models", format=".0%"),
            ],
        )
    )


def hedonic_chart(hedonic: pl.DataFrame, metric: str) -> alt.LayerChart:
    """Year effects of one metric at constant compute, against its first year, with 95 % intervals and n."""
    first = hedonic.select(pl.col("year").min()).item()
    base = alt.Chart(hedonic).encode(
        x=_x("Release year"),
        tooltip=[
            alt.Tooltip("year:Q", title="Year", format="d"),
            alt.Tooltip("n:Q", title="Models"),
            alt.Tooltip("effect:Q", title=f"Against {first} (log10)", format="+.2f"),
            alt.Tooltip("ci_low:Q", title="95 % from", format="+.2f"),
            alt.Tooltip("ci_high:Q", title="95 % to", format="+.2f"),
        ],
    )
    zero = alt.Chart(pl.DataFrame({"zero": [0.0]})).mark_rule(strokeDash=[4, 4], color=NEUTRAL).encode(y="zero:Q")
    title = f"{UNITS[metric]}, against {first}"
    band = base.mark_area(opacity=BAND_OPACITY).encode(y=alt.Y("ci_low:Q", title=title), y2="ci_high:Q")
    line = base.mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=60)).encode(y="effect:Q")
    numbers = base.mark_text(dy=-12).encode(y="effect:Q", text="n:Q")
    name = METRIC_NAMES[metric]
    return layered(zero, band, line, numbers, title=f"{name} by year, at constant training compute", **WIDE)


def adjusted(rows: pl.DataFrame, fit: Mapping[str, Any]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Points with release-year effects taken out, and the segmented fit through them.

    `rows` has columns model, year, log10_flop and y (log10 metric); `fit` slope_below, slope_above, break_log10_flop.
    Points: model, year, log10_flop, y. Line: log10_flop, y at both ends and the break.
    """
    x, at = pl.col("log10_flop"), float(fit["break_log10_flop"])
    bend = float(fit["slope_above"]) - float(fit["slope_below"])
    fitted = float(fit["slope_below"]) * x + bend * (x - at).clip(lower_bound=0.0)
    rest = pl.col("y") - fitted
    level = float(rows.select(rest.mean()).item())
    points = rows.with_columns(y=pl.col("y") - rest.mean().over("year") + level)
    low, high = rows.select(x.min().alias("low"), x.max().alias("high")).row(0)
    places = pl.DataFrame({"log10_flop": sorted({low, at, high})})
    return points, places.with_columns(y=fitted + level)


def break_chart(points: pl.DataFrame, line: pl.DataFrame, metric: str, at: float) -> alt.LayerChart:
    """A metric against training compute with release-year effects taken out, its segmented fit and the break."""
    x = alt.X("log10_flop:Q", title="Training compute (log10 FLOP)").scale(zero=False)
    y = alt.Y("y:Q", title=f"{UNITS[metric]}, year effects out").scale(zero=False)
    dots = (
        alt.Chart(points)
        .mark_circle(size=42, opacity=0.5)
        .encode(
            x=x,
            y=y,
            tooltip=[
                alt.Tooltip("model:N", title="Model"),
                alt.Tooltip("year:Q", title="Year", format="d"),
                alt.Tooltip("log10_flop:Q", title="log10 FLOP", format=".2f"),
                alt.Tooltip("y:Q", title=UNITS[metric], format=".2f"),
            ],
        )
    )
    fit = alt.Chart(line).mark_line(strokeWidth=3, color="#d9480f").encode(x=x, y=y)
    place = pl.DataFrame({"log10_flop": [at], "text": [f"break at 10^{at:.1f}"]})
    rule = alt.Chart(place).mark_rule(strokeDash=[4, 4]).encode(x=x)
    label = (
        alt.Chart(place).mark_text(align="left", dx=6, dy=8, baseline="top").encode(x=x, y=alt.value(0), text="text:N")
    )
    return layered(rule, label, dots, fit, title=f"{METRIC_NAMES[metric]} and training compute", width=800, height=320)
