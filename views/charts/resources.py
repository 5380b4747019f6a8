"""Open and closed models, frontier models and the rest, and what a dollar, a watt and an hour buy."""

import altair as alt
import polars as pl

from views.charts.explorer import OPENNESS
from views.charts.theme import FADED, INK, LEGEND_COLUMNS, NEUTRAL, layered

TWO_LINES = (
    "indexof(datum.label, ' (') > 0 ? [split(datum.label, ' (')[0], '(' + split(datum.label, ' (')[1]] : datum.label"
)
ACCESS = {"open": "Open weights", "closed": "Closed", "unknown": "Unknown"}
GROUPS = {True: "Frontier", False: "Other"}
RATES = {
    "flop_per_dollar": "FLOP per dollar",
    "flop_per_watt": "FLOP per watt",
    "flop_per_hour": "FLOP per hour",
}
FIGURES = {"training_compute_flop": "Mean training compute (FLOP)", "cost_usd_2023": "Mean cost (USD of 2023)"}


def access_chart(models: pl.DataFrame) -> alt.VConcatChart:
    """Mean log10 compute of open and closed models by year, over models by accessibility in order of openness.

    A brush over the years filters the bars; a click on a bar names its largest model within them. `models` has
    columns model, year, access, accessibility and training_compute_flop. Drawn on canvas: give it a description.
    """
    brush = alt.selection_interval(
        name="years", encodings=["x"], mark=alt.BrushConfig(fill=NEUTRAL, fillOpacity=0.12, stroke=NEUTRAL)
    )
    upper = _access_lines(models, brush)
    lower = _access_bars(models, brush)
    composed: alt.VConcatChart = alt.vconcat(upper, lower, spacing=20).resolve_scale(color="independent")
    return composed.properties(usermeta={"embedOptions": {"renderer": "canvas"}})


def _access_lines(models: pl.DataFrame, brush: alt.Parameter) -> alt.Chart:
    means = (
        models.group_by("access", "year")
        .agg(n=pl.len().cast(pl.Int64), log10_flop=pl.col("training_compute_flop").log10().mean())
        .with_columns(pl.col("access").replace_strict(ACCESS))
        .sort("access", "year")
    )
    order = list(ACCESS.values())
    return (
        alt.Chart(means, title="Mean training compute by access", width=800, height=240)
        .mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=55))
        .encode(
            x=alt.X("year:Q", title="Release year (drag to choose)")
            .scale(zero=False, nice=False, padding=14)
            .axis(format="d", grid=False, tickMinStep=1),
            y=alt.Y("log10_flop:Q", title="Mean log10 FLOP").scale(zero=False),
            color=alt.Color("access:N", title=None, sort=order)
            .scale(domain=order)
            .legend(orient="top", direction="horizontal"),
            strokeDash=alt.StrokeDash("access:N", legend=None).scale(domain=order),
            tooltip=[
                alt.Tooltip("access:N", title="Access"),
                alt.Tooltip("year:Q", title="Year", format="d"),
                alt.Tooltip("n:Q", title="Models with known compute"),
                alt.Tooltip("log10_flop:Q", title="Mean log10 FLOP", format=".2f"),
            ],
        )
        .add_params(brush)
    )


def _access_bars(models: pl.DataFrame, brush: alt.Parameter) -> alt.LayerChart:
    clicked = alt.selection_point(name="accessibility", fields=["accessibility"], on="click", toggle=False, empty=False)
    top = "format(datum.top.training_compute_flop, '.1e')"
    base = (
        alt.Chart(models)
        .transform_filter(brush)
        .transform_aggregate(n="count()", top="argmax(training_compute_flop)", groupby=["accessibility"])
        .transform_calculate(
            largest="datum.top.model", label=f"'largest: ' + datum.top.model + ' (' + {top} + ' FLOP)'"
        )
        .encode(
            y=alt.Y("accessibility:N", title=None, sort=list(OPENNESS)).axis(labelExpr=TWO_LINES),
            tooltip=[
                alt.Tooltip("accessibility:N", title="Accessibility"),
                alt.Tooltip("n:Q", title="Models with known compute"),
                alt.Tooltip("largest:N", title="Largest in training compute"),
            ],
        )
    )
    x = alt.X("n:Q", title="Models with known compute")
    bars = base.mark_bar(cursor="pointer").encode(
        x=x, opacity=alt.when(clicked).then(alt.value(1)).otherwise(alt.value(0.75))
    )
    numbers = base.mark_text(align="left", dx=4).encode(x=x, text="n:Q")
    names = base.mark_text(align="left", dx=4, dy=13, fontWeight=600, color=INK).encode(
        x=alt.value(0), text="label:N", opacity=alt.when(clicked).then(alt.value(1)).otherwise(alt.value(0))
    )
    title = "Models by accessibility"
    return layered(bars.add_params(clicked), numbers, names, title=title, width=800, height=290)


def frontier_chart(models: pl.DataFrame, figure: str, year: int, *, linear: bool) -> alt.VConcatChart:
    """Yearly mean of a figure for frontier models and others with a rule at a year, over box plots of that year.

    `models` has columns model, year, frontier and the figure.
    """
    known = models.filter(pl.col(figure) > 0).with_columns(
        value=pl.col(figure), group=pl.col("frontier").replace_strict(GROUPS, return_dtype=pl.String)
    )
    scale = alt.Scale(type="linear" if linear else "log")
    axis = alt.Axis(format="~s" if linear else ".0e", tickCount=6)
    y = alt.Y("value:Q", title=FIGURES[figure], scale=scale, axis=axis)
    composed: alt.VConcatChart = alt.vconcat(
        _frontier_lines(known, y, year), _frontier_boxes(known.filter(pl.col("year") == year), figure, year), spacing=18
    )
    return composed


def group_colour() -> alt.Color:
    """Frontier and other, always in the same colours."""
    order = list(GROUPS.values())
    return (
        alt.Color("group:N", title=None, sort=order)
        .scale(domain=order)
        .legend(orient="top", direction="horizontal", columns=LEGEND_COLUMNS)
    )


def _frontier_lines(known: pl.DataFrame, y: alt.Y, year: int) -> alt.LayerChart:
    means = known.group_by("group", "year").agg(n=pl.len().cast(pl.Int64), value=pl.col("value").mean())
    x = (
        alt.X("year:Q", title="Release year")
        .scale(zero=False, nice=False, padding=14)
        .axis(format="d", grid=False, tickMinStep=1)
    )
    lines = (
        alt.Chart(means.sort("group", "year"))
        .mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=55))
        .encode(
            x=x,
            y=y,
            color=group_colour(),
            tooltip=[
                alt.Tooltip("group:N", title="Models"),
                alt.Tooltip("year:Q", title="Year", format="d"),
                alt.Tooltip("n:Q", title="Number"),
                alt.Tooltip("value:Q", title="Mean", format=".3g"),
            ],
        )
    )
    rule = alt.Chart(pl.DataFrame({"year": [year]})).mark_rule(strokeDash=[4, 4]).encode(x=x)
    return layered(lines, rule, title="Frontier models and the rest", width=800, height=260)


def _frontier_boxes(known: pl.DataFrame, figure: str, year: int) -> alt.LayerChart:
    counts = known.group_by("group").agg(n=pl.len().cast(pl.Int64))
    y = alt.Y("group:N", title=None, sort=list(GROUPS.values()))
    title = FIGURES[figure].removeprefix("Mean ").capitalize()
    title = title.replace("flop", "FLOP").replace("usd", "USD")
    boxes = (
        alt.Chart(known)
        .mark_boxplot(extent="min-max", size=24, median={"color": "white"}, rule={"color": NEUTRAL})
        .encode(
            y=y, x=alt.X("value:Q", title=title).scale(type="log").axis(format=".0e", tickCount=6), color=group_colour()
        )
    )
    labels = counts.with_columns(label="n = " + pl.col("n").cast(pl.String))
    numbers = alt.Chart(labels).mark_text(align="left", dx=4, dy=-24).encode(y=y, x=alt.value(0), text="label:N")
    return layered(boxes, numbers, title=f"Released in {year}", width=800, height=150)


def rates(models: pl.DataFrame) -> pl.DataFrame:
    """Median training compute per dollar, watt and hour by year. Columns: rate (in words), year, n, median."""
    compute = pl.col("training_compute_flop")
    ratios = {
        "flop_per_dollar": compute / pl.col("cost_usd_2023"),
        "flop_per_watt": compute / pl.col("training_power_draw_w"),
        "flop_per_hour": compute / pl.col("training_time_hours"),
    }
    long = models.select("year", **ratios).unpivot(list(ratios), index="year", variable_name="rate")
    known = long.filter(pl.col("value").is_finite() & (pl.col("value") > 0))
    return (
        known.group_by("rate", "year")
        .agg(n=pl.len().cast(pl.Int64), median=pl.col("value").median())
        .with_columns(pl.col("rate").replace_strict(RATES))
        .sort("rate", "year")
    )


def rate_chart(medians: pl.DataFrame, frontier: pl.DataFrame) -> alt.VConcatChart:
    """Median FLOP per dollar, watt and hour by year with n over each point, over the number of frontier models.

    A click in the legend isolates a rate. `medians` is `rates(...)`; `frontier` has columns year and models.
    """
    order = list(RATES.values())
    isolated = alt.selection_point(name="rate", fields=["rate"], bind="legend")
    x = (
        alt.X("year:Q", title="Release year")
        .scale(zero=False, nice=False, padding=16)
        .axis(format="d", grid=False, tickMinStep=1)
    )
    base = alt.Chart(medians).encode(
        x=x,
        y=alt.Y("median:Q", title="Median (FLOP per unit)").scale(type="log").axis(format=".0e", tickCount=6),
        color=alt.Color("rate:N", title=None, sort=order)
        .scale(domain=order)
        .legend(orient="top", direction="horizontal", columns=LEGEND_COLUMNS),
        opacity=alt.when(isolated).then(alt.value(1)).otherwise(alt.value(FADED)),
        tooltip=[
            alt.Tooltip("rate:N", title="Rate"),
            alt.Tooltip("year:Q", title="Year", format="d"),
            alt.Tooltip("n:Q", title="Models"),
            alt.Tooltip("median:Q", title="Median", format=".2e"),
        ],
    )
    lines = base.mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=55)).add_params(isolated)
    numbers = base.mark_text(dy=-11, fontSize=10).encode(text="n:Q")
    upper = layered(lines, numbers, title="Per dollar, watt and hour", width=800, height=300)
    counts = (
        alt.Chart(frontier, title="Frontier models", width=800, height=90)
        .mark_bar(size=12, color=NEUTRAL)
        .encode(x=x, y=alt.Y("models:Q", title="Models").axis(tickMinStep=1), tooltip=["year:Q", "models:Q"])
    )
    composed: alt.VConcatChart = alt.vconcat(upper, counts, spacing=18).resolve_scale(x="shared")
    return composed
