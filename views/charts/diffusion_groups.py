"""Medians of leads by group as a dot plot with intervals, and survival curves by group."""

import altair as alt
import polars as pl

from views.charts.theme import BAND_OPACITY, layered

ROW_PIXELS = 42
LABELS = "split(datum.label, '|')"
LABEL_LIMIT = 200
CURVE_HEIGHT = 300
DASHES = ([1, 0], [7, 3], [2, 2], [9, 3, 2, 3], [4, 1], [12, 4], [5, 2, 1, 2, 1, 2], [1, 3])


def forest_rows(groups: pl.DataFrame, end: float) -> pl.DataFrame:
    """Rows as they are drawn: adds label (level and counts), high (an open end reaches `end`) and open."""
    counts = (
        pl.when(pl.col("events").is_null())
        .then(pl.format("n = {}", "n"))
        .otherwise(pl.format("n = {}, {} ended", "n", "events"))
    )
    reached = pl.col("ci_low").is_not_null()
    return groups.with_columns(
        label=pl.format("{}|{}", "level", counts),
        high=pl.when(reached).then(pl.col("ci_high").fill_null(end)),
        open=reached & pl.col("ci_high").is_null(),
        shown_median=pl.when(pl.col("events").is_not_null()).then(
            pl.col("median_months").round(1).cast(pl.String).fill_null("not reached")
        ),
        shown_high=pl.when(reached).then(pl.col("ci_high").round(1).cast(pl.String).fill_null("not reached")),
    )


def median_chart(groups: pl.DataFrame, end: float, title: str) -> alt.LayerChart:
    """Median lead of each level with its 95 % interval; an arrow where the upper end was not reached by `end` months.

    `groups` has columns level, n, events, median_months, ci_low, ci_high; levels without events recorded have n only.
    """
    rows = forest_rows(groups, end)
    base = alt.Chart(rows).encode(
        y=alt.Y("label:N", title=None, sort=rows["label"].to_list()).axis(
            labelExpr=LABELS, labelLimit=LABEL_LIMIT, labelOverlap=False, grid=False
        ),
        tooltip=median_tooltip(),
    )
    scale = alt.Scale(domain=[0, end], nice=False)
    spans = base.mark_rule(strokeWidth=2).encode(x=alt.X("ci_low:Q", scale=scale), x2="high:Q")
    arrows = (
        base.transform_filter("datum.open")
        .mark_point(shape="triangle-right", filled=True, size=90, opacity=1)
        .encode(x=alt.X("high:Q", scale=scale))
    )
    dots = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=alt.X("median_months:Q", title="Median lead (months), 95 % interval", scale=scale)
    )
    height = ROW_PIXELS * max(rows.height, 2)
    return layered(spans, arrows, dots, title=title, width=800, height=height)


def median_tooltip() -> list[alt.Tooltip]:
    """What a group says."""
    return [
        alt.Tooltip("level:N", title="Group"),
        alt.Tooltip("n:Q", title="Leads"),
        alt.Tooltip("events:Q", title="Ended"),
        alt.Tooltip("shown_median:N", title="Median (months)"),
        alt.Tooltip("ci_low:Q", title="95 % from", format=".1f"),
        alt.Tooltip("shown_high:N", title="95 % to"),
    ]


def curves_chart(curves: pl.DataFrame, end: float, title: str, *, bands: bool = False) -> alt.LayerChart:
    """Survival curves by `level`, told apart by colour and dash; with `bands` their 95 % intervals.

    `curves` has columns level, months, survival, ci_low, ci_high, at_risk.
    """
    base = _steps(curves, end)
    lines = base.mark_line(interpolate="step-after", strokeWidth=2.5).encode(
        y=alt.Y("survival:Q", title="Share of leads that hold").scale(domain=[0, 1]).axis(format="%"),
        strokeDash=alt.StrokeDash("level:N", title=None, legend=legend(), scale=dashes()),
    )
    tooltips = base.mark_point(size=60, opacity=0, filled=True).encode(y="survival:Q", tooltip=curve_tooltip())
    band = base.mark_area(interpolate="step-after", opacity=BAND_OPACITY / 1.5).encode(y="ci_low:Q", y2="ci_high:Q")
    layers = [band, lines, tooltips] if bands else [lines, tooltips]
    return layered(*layers, title=title, width=800, height=CURVE_HEIGHT)


def _steps(curves: pl.DataFrame, end: float) -> alt.Chart:
    return alt.Chart(curves).encode(
        x=months_axis(end),
        color=alt.Color("level:N", title=None, legend=legend()),
    )


def months_axis(end: float) -> alt.X:
    """Months since release up to `end`, ticked every half-year or year."""
    every = 6 if end <= 72 else 12 * max(1, round(end / 120))
    ticks = [float(month) for month in range(0, int(end) + 1, every)]
    axis = alt.Axis(values=ticks, grid=False)
    return alt.X("months:Q", title="Months since release", axis=axis, scale=alt.Scale(domain=[0, end], nice=False))


def dashes() -> alt.Scale:
    """Dashes that tell lines apart without their colours."""
    return alt.Scale(range=[list(dash) for dash in DASHES])


def legend(symbol: str = "stroke") -> alt.Legend:
    """Below the plot; in one column where that is narrow."""
    columns = {"expr": "width > 0 && width < 480 ? 1 : 3"}
    return alt.Legend(
        orient="bottom", direction="horizontal", columns=columns, symbolType=symbol, symbolStrokeWidth=2.5
    )


def curve_tooltip() -> list[alt.Tooltip]:
    """What a step of a group's curve says."""
    return [
        alt.Tooltip("level:N", title="Group"),
        alt.Tooltip("months:Q", title="Months", format=".1f"),
        alt.Tooltip("survival:Q", title="Share that holds", format=".1%"),
        alt.Tooltip("ci_low:Q", title="95 % from", format=".1%"),
        alt.Tooltip("ci_high:Q", title="95 % to", format=".1%"),
        alt.Tooltip("at_risk:Q", title="At risk"),
    ]
