"""The ledger of measures: how many are in force in which country when, and a comparison of countries."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import altair as alt
import polars as pl

from views.charts.theme import DARK, GRID, INK, LEGEND_COLUMNS, layered

ROW_HEIGHT = 17
SEQUENTIAL = (
    {"expr": f"{DARK} ? '#38608f' : '#cfe1f3'"},
    {"expr": f"{DARK} ? '#6aa6e0' : '#4f8fcb'"},
    {"expr": f"{DARK} ? '#def1ff' : '#08306b'"},
)
MEASURES = {
    "imposed": "Measures imposed",
    "faced": "Measures faced",
    "faced_us": "Measures faced, from the US",
}
YEAR_AT_FIRST = "substring(datum.label, 5) === 'Q1' ? substring(datum.label, 0, 4) : ''"
FIRST_DAY = dt.date(2015, 1, 1)


def ledger_chart(cells: pl.DataFrame, title: str, chosen: tuple[str, str]) -> alt.LayerChart:
    """Measures in force by country (rows) and quarter (columns), counted on the quarter's last day.

    `cells` has columns country, quarter ('2022 Q4'), day and measures, its countries in the order of the rows; a
    click on a cell is reported as the selection `cell`, and `chosen` (country, quarter) is outlined.
    """
    countries = cells["country"].unique(maintain_order=True).to_list()
    base = alt.Chart(cells).encode(
        x=alt.X("quarter:O", title="Quarter (year at its first)").axis(
            labelAngle=0, labelExpr=YEAR_AT_FIRST, labelOverlap=False
        ),
        y=alt.Y("country:N", title=None, sort=countries).axis(labelOverlap=False),
    )
    clicked = alt.selection_point(name="cell", fields=["country", "quarter"], on="click", empty=False)
    squares = (
        base.mark_rect(stroke=GRID, strokeWidth=0.5, cursor="pointer")
        .encode(color=_in_force(), tooltip=_cell_tooltip())
        .add_params(clicked)
    )
    here = (pl.col("country") == chosen[0]) & (pl.col("quarter") == chosen[1])
    outline = base.mark_rect(filled=False, stroke=INK, strokeWidth=2.5, fillOpacity=0)
    outline.data = cells.filter(here)
    return layered(squares, outline, title=title, width=800, height=ROW_HEIGHT * len(countries))


def _in_force() -> Any:
    scale = alt.Scale(range=list(SEQUENTIAL), domainMin=1)
    colour = alt.Color("measures:Q", title="Measures in force", scale=scale).legend(
        orient="top", direction="horizontal", tickMinStep=1, format="d", gradientLength=180
    )
    return alt.condition("datum.measures > 0", colour, alt.value("transparent"))


def _cell_tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("country:N", title="Country"),
        alt.Tooltip("day:T", title="On", format="%d %B %Y"),
        alt.Tooltip("measures:Q", title="Measures in force"),
    ]


def compare_chart(
    steps: pl.DataFrame, models: pl.DataFrame, countries: Sequence[str], measure: str
) -> alt.VConcatChart:
    """Measures in force over training compute, each country a colour, on one axis of time.

    `steps` has columns country, date and measures, a step function; `models` model, country, publication_date, year
    and training_compute_flop.
    """
    colour = (
        alt.Color("country:N", title=None, sort=list(countries))
        .scale(domain=list(countries))
        .legend(orient="top", direction="horizontal", columns=LEGEND_COLUMNS)
    )
    upper = _steps(steps, colour, measure)
    lower = _compute(models, colour)
    composed: alt.VConcatChart = alt.vconcat(upper, lower, spacing=18).resolve_scale(x="shared", color="shared")
    return composed


def _time(name: str, title: str | None) -> alt.X:
    start = alt.DateTime(year=FIRST_DAY.year, month=1, date=1)
    return alt.X(f"{name}:T", title=title, scale=alt.Scale(domainMin=start)).axis(
        grid=False, format="%Y", tickCount={"interval": "year", "step": 1}
    )


def _steps(steps: pl.DataFrame, colour: alt.Color, measure: str) -> alt.Chart:
    return (
        alt.Chart(steps, title=MEASURES[measure], width=800, height=190)
        .mark_line(interpolate="step-after", strokeWidth=2.5)
        .encode(
            x=_time("date", None),
            y=alt.Y("measures:Q", title="Measures in force").axis(tickMinStep=1),
            color=colour,
            tooltip=[
                alt.Tooltip("country:N", title="Country"),
                alt.Tooltip("date:T", title="From", format="%d %B %Y"),
                alt.Tooltip("measures:Q", title="Measures in force"),
            ],
        )
    )


def _compute(models: pl.DataFrame, colour: alt.Color) -> alt.LayerChart:
    y = alt.Y("training_compute_flop:Q", title="Training compute (FLOP)").scale(type="log")
    y = y.axis(format=".0e", tickCount=6)
    points = (
        alt.Chart(models)
        .mark_circle(size=28, opacity=0.4)
        .encode(x=_time("publication_date", "Release"), y=y, color=colour, tooltip=_model_tooltip())
    )
    lines = (
        alt.Chart(yearly_medians(models))
        .mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=60))
        .encode(
            x=_time("mid_year", "Release"),
            y=y,
            color=colour,
            tooltip=[
                alt.Tooltip("country:N", title="Country"),
                alt.Tooltip("year:Q", title="Year", format="d"),
                alt.Tooltip("n:Q", title="Models"),
                alt.Tooltip("training_compute_flop:Q", title="Median training compute (FLOP)", format=".2e"),
            ],
        )
    )
    title = "Training compute, yearly medians"
    return layered(points, lines, title=title, width=800, height=260)


def _model_tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("country:N", title="Country"),
        alt.Tooltip("publication_date:T", title="Release", format="%d %B %Y"),
        alt.Tooltip("training_compute_flop:Q", title="Training compute (FLOP)", format=".2e"),
    ]


def yearly_medians(models: pl.DataFrame) -> pl.DataFrame:
    """Median compute of a country's models by year. Columns: country, year, mid_year (date), n, and the median."""
    return (
        models.group_by("country", "year")
        .agg(n=pl.len().cast(pl.Int64), training_compute_flop=pl.col("training_compute_flop").median())
        .with_columns(mid_year=pl.date(pl.col("year"), 7, 1))
        .sort("country", "year")
    )
