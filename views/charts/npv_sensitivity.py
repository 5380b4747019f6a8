"""Investment: one input at a time, two against each other, and when the money is back."""

from typing import Any

import altair as alt
import polars as pl

from views.charts.npv import BILLION
from views.charts.theme import LEGEND_COLUMNS, layered

NEGATIVE, MIDDLE, POSITIVE = "#b3430b", "#ececec", "#1c4f91"
PALE = "#d7e6f7"
FIGURES = {"mean_usd": ("Mean NPV (billion USD)", ",.4r"), "p_positive": ("Probability NPV > 0", ".1%")}


def spider_chart(spider: pl.DataFrame, figure: str) -> alt.LayerChart:
    """A figure as each input goes through its range alone, its base at 100 %.

    `spider` has columns input (in words), value, base_value, mean_usd, p_positive; a base of zero is left out.
    """
    drawn = spider_points(spider, figure)
    title, form = FIGURES[figure]
    legend = alt.Legend(orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS, symbolType="stroke")
    lines = (
        alt.Chart(drawn)
        .mark_line(strokeWidth=2.5, point=alt.OverlayMarkDef(size=28))
        .encode(
            x=alt.X("change:Q", title="Input, against its base").axis(format="%").scale(zero=False, nice=False),
            y=alt.Y("figure:Q", title=title).scale(zero=False).axis(format=".0%" if figure == "p_positive" else "~g"),
            color=alt.Color("input:N", title=None, legend=legend),
            strokeDash=alt.StrokeDash("input:N", title=None, legend=legend),
            tooltip=[
                alt.Tooltip("input:N", title="Input"),
                alt.Tooltip("value:Q", title="Set to", format=",.4r"),
                alt.Tooltip("figure:Q", title=title, format=form),
            ],
        )
    )
    return layered(lines, title="One input at a time", width=800, height=320)


def spider_points(spider: pl.DataFrame, figure: str) -> pl.DataFrame:
    """Columns: input, value, change (1 at base; of revenue itself for mu, its logarithm), figure (billions if USD)."""
    scale = BILLION if figure.endswith("_usd") else 1.0
    logarithm = pl.col("input").str.starts_with("Revenue mu")
    ratio = (
        pl.when(logarithm)
        .then((pl.col("value") - pl.col("base_value")).exp())
        .otherwise(pl.col("value") / pl.col("base_value"))
    )
    known = spider.filter(pl.col("base_value") != 0)
    return known.select("input", "value", change=ratio, figure=pl.col(figure) / scale)


def heat_chart(grid: pl.DataFrame, figure: str, x_title: str, y_title: str) -> alt.LayerChart:
    """A figure over two inputs; losses orange. `grid` has columns x_value, y_value, mean_usd, p_positive."""
    title, form = FIGURES[figure]
    scale = BILLION if figure.endswith("_usd") else 1.0
    cells = grid.select("x_value", "y_value", figure=pl.col(figure) / scale)
    chart = (
        alt.Chart(cells)
        .mark_rect()
        .encode(
            x=alt.X("x_value:O", title=x_title).axis(format=".3~g", labelAngle=0),
            y=alt.Y("y_value:O", title=y_title, sort="descending").axis(format=".3~g"),
            color=alt.Color("figure:Q", title=title, scale=_colours(cells["figure"], figure)).legend(
                orient="bottom", gradientLength=220, format=".0%" if figure == "p_positive" else "~g"
            ),
            tooltip=[
                alt.Tooltip("x_value:Q", title=x_title, format=",.4r"),
                alt.Tooltip("y_value:Q", title=y_title, format=",.4r"),
                alt.Tooltip("figure:Q", title=title, format=form),
            ],
        )
    )
    return layered(chart, title=f"{title} over two inputs", width=800, height=420)


def _colours(values: pl.Series, figure: str) -> alt.Scale:
    low, high = float(values.min() or 0.0), float(values.max() or 0.0)  # type: ignore[arg-type]
    if figure == "mean_usd" and low < 0 < high:
        return alt.Scale(domainMid=0, range=[NEGATIVE, MIDDLE, POSITIVE])
    return alt.Scale(range=[NEGATIVE, MIDDLE] if figure == "mean_usd" and high <= 0 else [PALE, POSITIVE])


def payback_chart(payback: pl.DataFrame) -> alt.LayerChart:
    """Share of outcomes that have paid back by each month. `payback` has columns month, probability, cumulative."""
    half: dict[str, Any] = {"strokeDash": [5, 3]}
    area = (
        alt.Chart(payback)
        .mark_line(interpolate="step-after", strokeWidth=2.5)
        .encode(
            x=alt.X("month:Q", title="Month").scale(zero=False, nice=False).axis(format="d", tickMinStep=1),
            y=alt.Y("cumulative:Q", title="Paid back by then").scale(domain=[0, 1]).axis(format="%"),
            tooltip=[
                alt.Tooltip("month:Q", title="Month"),
                alt.Tooltip("probability:Q", title="In this month", format=".2%"),
                alt.Tooltip("cumulative:Q", title="By then", format=".2%"),
            ],
        )
    )
    rule = alt.Chart(pl.DataFrame({"at": [0.5]})).mark_rule(**half).encode(y="at:Q")
    return layered(area, rule, title="When the money is back", width=800, height=250)
