"""Efficiency: the composite index over the years, its metrics, and the index against compute."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from views.charts.theme import FADED, ISOLATED, LEGEND_COLUMNS, MEDIUM, NEUTRAL, SMALL, WIDE, layered

FIRST_YEAR, LAST_YEAR = 2011, 2025
TOP = 0.7
METRIC_NAMES = {
    "cost_per_flop": "Cost per FLOP",
    "cost_per_parameter": "Cost per parameter",
    "compute_per_dollar": "FLOP per dollar",
    "compute_per_watt": "FLOP per watt",
    "flop_per_joule": "FLOP per joule",
}
PUBLISHED = ("cost_per_flop", "cost_per_parameter", "compute_per_dollar", "compute_per_watt")


def line_chart(
    by_year: pl.DataFrame, years: tuple[int, int], *, percent: bool = False, live: bool = False
) -> alt.LayerChart:
    """Mean composite by year with n over each point; the brush starts at `years`, `percent` adds the changes.

    `by_year` has columns year, n, composite, pct_change (percent). The years chosen are also drawn as a band and by
    the points' opacity, since a click empties the brush without an event; `live` lets the brush do that instead.
    Drawn on canvas, since Vega's brush has no name that a screen reader could say: give the chart a description.
    """
    brush = alt.selection_interval(
        name="years",
        encodings=["x"],
        value={"x": [years[0] - 0.5, years[1] + 0.5]},
        mark=alt.BrushConfig(fill=NEUTRAL, fillOpacity=0.1, stroke=NEUTRAL),
    )
    first, last = _span(by_year)
    scale = alt.Scale(domain=[first - 0.6, last + 0.6], nice=False)
    base = alt.Chart(by_year.with_columns(change=pl.col("pct_change") / 100)).encode(
        x=alt.X("year:Q", title="Year of publication", scale=scale).axis(
            format="d", values=list(range(first, last + 1)), grid=False
        ),
        y=alt.Y("composite:Q", title="Composite index (0 to 1)").scale(domain=[0, _top(by_year)]),
    )
    chosen = brush if live else f"inrange(datum.year, [{years[0]}, {years[1]}])"
    points = base.mark_point(filled=True, size=70).encode(
        opacity=alt.when(chosen).then(alt.value(ISOLATED)).otherwise(alt.value(FADED)), tooltip=year_tooltip()
    )
    numbers = base.mark_text(dy=-14).encode(text="n:Q")
    layers = [] if live else [_band(years, scale)]
    layers += [base.mark_line(opacity=0.7), points.add_params(brush), numbers, *(_changes(base) if percent else [])]
    chart = layered(*layers, title="Composite efficiency index by year", **WIDE)
    return chart if live else chart.properties(usermeta={"embedOptions": {"renderer": "canvas"}})


def _band(years: tuple[int, int], scale: alt.Scale) -> alt.Chart:
    ends = pl.DataFrame({"from": [years[0] - 0.5], "to": [years[1] + 0.5]})
    return (
        alt.Chart(ends)
        .mark_rect(color=NEUTRAL, opacity=0.14)
        .encode(x=alt.X("from:Q", scale=scale), x2="to:Q", tooltip=alt.value(None))
    )


def year_tooltip() -> list[alt.Tooltip]:
    """What a point of the line says."""
    return [
        alt.Tooltip("year:Q", title="Year", format="d"),
        alt.Tooltip("composite:Q", title="Composite index", format=".3f"),
        alt.Tooltip("n:Q", title="Models"),
        alt.Tooltip("change:Q", title="Change on the year before", format="+.1%"),
    ]


def _changes(base: alt.Chart) -> list[alt.Chart]:
    """Percent changes under the points, in two rows so that neighbours never touch."""
    rows = []
    for odd, below in ((0, 18), (1, 32)):
        shown = base.transform_filter(f"isValid(datum.change) && datum.year % 2 === {odd}")
        rows.append(shown.mark_text(dy=below, fontWeight=600).encode(text=alt.Text("change:Q", format="+.1%")))
    return rows


def _span(by_year: pl.DataFrame) -> tuple[int, int]:
    years = by_year["year"].to_list()
    return min([FIRST_YEAR, *years]), max([LAST_YEAR, *years])


def _top(by_year: pl.DataFrame) -> float:
    highest = by_year.select(pl.col("composite").max()).item()
    return TOP if highest is None or highest <= TOP else 1.0


def metric_chart(by_year: pl.DataFrame, metrics: Sequence[str] = PUBLISHED) -> alt.Chart:
    """Normalised yearly means of the metrics, side by side within each year."""
    order = [METRIC_NAMES[name] for name in metrics]
    return (
        alt.Chart(long_metrics(by_year, metrics), title="Normalised metrics by year", **MEDIUM)
        .mark_bar()
        .encode(
            x=alt.X("year:O", title="Year of publication").axis(labelAngle=0),
            xOffset=alt.XOffset("metric:N", sort=order).scale(domain=order),
            y=alt.Y("mean:Q", title="Mean (0 to 1, 1 best)").scale(domain=[0, 1]),
            color=alt.Color("metric:N", title=None, sort=order)
            .scale(domain=order)
            .legend(orient="bottom", direction="horizontal", columns=2),
            tooltip=[
                alt.Tooltip("year:O", title="Year"),
                alt.Tooltip("metric:N", title="Metric"),
                alt.Tooltip("mean:Q", title="Mean", format=".3f"),
            ],
        )
    )


def long_metrics(by_year: pl.DataFrame, metrics: Sequence[str]) -> pl.DataFrame:
    """One row a year and metric that has a mean. Columns: year, metric (its name), mean."""
    tidy = by_year.select("year", *metrics).unpivot(metrics, index="year", variable_name="metric", value_name="mean")
    return tidy.with_columns(pl.col("metric").replace_strict(METRIC_NAMES)).drop_nulls("mean")


def scatter_chart(models: pl.DataFrame) -> alt.Chart:
    """Composite index of each model against its training compute, on a log axis."""
    return (
        alt.Chart(models, title="Index and training compute", **SMALL)
        .mark_circle(size=50, opacity=0.6)
        .encode(
            x=alt.X("composite:Q", title="Composite index").scale(domain=[0, 1]),
            y=alt.Y("training_compute_flop:Q", title="Training compute (FLOP)")
            .scale(type="log")
            .axis(format=".0e", tickCount=6),
            tooltip=[
                alt.Tooltip("model:N", title="Model"),
                alt.Tooltip("year:Q", title="Year", format="d"),
                alt.Tooltip("composite:Q", title="Composite index", format=".3f"),
                alt.Tooltip("training_compute_flop:Q", title="Training compute (FLOP)", format=".2e"),
            ],
        )
    )


def availability_chart(availability: pl.DataFrame, metrics: Sequence[str]) -> alt.Chart:
    """Share of each year's models that have a metric at all.

    `availability` has columns year, models and a count a metric.
    """
    shares = availability.with_columns(pl.col(name) / pl.col("models") for name in metrics)
    order = [METRIC_NAMES[name] for name in metrics]
    return (
        alt.Chart(long_metrics(shares, metrics), title="Share of models with each metric", width=800, height=180)
        .mark_line(point=True)
        .encode(
            x=alt.X("year:Q", title="Year of publication")
            .scale(zero=False)
            .axis(format="d", grid=False, tickMinStep=1),
            y=alt.Y("mean:Q", title="Share of models").scale(domain=[0, 1]).axis(format="%"),
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


def dashboard_chart(
    by_year: pl.DataFrame, models: pl.DataFrame, years: tuple[int, int], metrics: Sequence[str] = PUBLISHED
) -> alt.VConcatChart:
    """Line over bars and scatter as one chart that stands alone: the brush of the line filters the other two."""
    line = line_chart(by_year, years, live=True)
    inside = "!isValid(years.year) || inrange(datum.year, years.year)"
    below = alt.hconcat(
        metric_chart(by_year, metrics).transform_filter(inside), scatter_chart(models).transform_filter(inside)
    )
    composed: alt.VConcatChart = alt.vconcat(line, below, title="Efficiency of AI models").resolve_scale(
        color="independent"
    )
    return composed
