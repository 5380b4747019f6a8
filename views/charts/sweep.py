"""Sweeps: a figure over two axes, along one, and across all of them."""

from collections.abc import Sequence

import altair as alt
import polars as pl

from views.charts.theme import QUIET_INK, WIDE, layered

PALE, DEEP = "#d7e6f7", "#1c4f91"
LOW, HIGH = "#e0761a", "#3d7cc6"
BELOW, MIDDLE, ABOVE = "#b35806", "#f0f0f0", "#1c4f91"
CELL_PIXELS, LEAST_PIXELS = 22, 220
MOST_PIXELS = 560
COUNT = alt.Tooltip("n:Q", title="Points", format=",")


def heat_map(cells: pl.DataFrame, x: str, y: str, figure: str, subtitle: str) -> alt.LayerChart:
    """A figure over two axes; `x`, `y` and `figure` are their titles.

    `cells` has columns x, y (text), x_at, y_at (their order), value, lowest, highest, n. Where the figure has both
    signs the colours part at zero.
    """
    base = alt.Chart(cells).encode(
        x=alt.X("x:N", title=x, sort=_order(cells, "x")).axis(labelAngle=0),
        y=alt.Y("y:N", title=y, sort=_order(cells, "y")[::-1]),
        tooltip=[alt.Tooltip("x:N", title=x), alt.Tooltip("y:N", title=y), *_value_tooltips(figure)],
    )
    tiles = base.mark_rect().encode(
        color=alt.Color("value:Q", title=figure).scale(_colours(cells["value"])).legend(orient="bottom", format="~g")
    )
    height = min(max(CELL_PIXELS * cells["y"].n_unique(), LEAST_PIXELS), MOST_PIXELS)
    title = alt.TitleParams(f"{figure} over {x} and {y}", subtitle=[subtitle])
    return layered(tiles, title=title, width=WIDE["width"], height=height)


def _order(cells: pl.DataFrame, axis: str) -> list[str]:
    return cells.select(axis, f"{axis}_at").unique().sort(f"{axis}_at")[axis].to_list()


def _colours(values: pl.Series) -> alt.Scale:
    low, high = values.min(), values.max()
    if isinstance(low, int | float) and isinstance(high, int | float) and low < 0 < high:
        return alt.Scale(domainMid=0, range=[BELOW, MIDDLE, ABOVE])
    return alt.Scale(range=[PALE, DEEP])


def _value_tooltips(figure: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("value:Q", title=f"{figure}, mean", format=".5~g"),
        alt.Tooltip("lowest:Q", title="Lowest", format=".5~g"),
        alt.Tooltip("highest:Q", title="Highest", format=".5~g"),
        COUNT,
    ]


def response_chart(
    lines: pl.DataFrame, x: str, figure: str, colour: str, subtitle: str, *, log: bool = False
) -> alt.LayerChart:
    """A figure along an axis, one line a level of another; `x`, `figure` and `colour` are their titles.

    `lines` has columns x (a number, or text), line, line_at, value, lowest, highest, n.
    """
    number = lines["x"].dtype.is_numeric()
    place = alt.X("x:Q", title=x).scale(type="log" if log else "linear", zero=False, nice=False).axis(format="~g")
    order = lines.select("line", "line_at").unique().sort("line_at")["line"].to_list()
    base = alt.Chart(lines).encode(
        x=place if number else alt.X("x:N", title=x).axis(labelAngle=0),
        y=alt.Y("value:Q", title=figure).scale(zero=False).axis(format="~g"),
        color=alt.Color("line:N", title=colour, sort=order).legend(orient="bottom") if colour else alt.Undefined,
        tooltip=[
            alt.Tooltip("x:Q" if number else "x:N", title=x),
            *([alt.Tooltip("line:N", title=colour)] if colour else []),
            *_value_tooltips(figure),
        ],
    )
    title = alt.TitleParams(f"{figure} along {x}", subtitle=[subtitle])
    return layered(base.mark_line(), base.mark_circle(size=45, opacity=1), title=title, width=WIDE["width"], height=320)


def parallel_chart(
    sample: pl.DataFrame, ranges: pl.DataFrame, titles: Sequence[str], figure: str, subtitle: str
) -> alt.LayerChart:
    """Each point as a line across its axes and figures, coloured by one figure; `figure` is its title.

    `sample` has columns point, colour, column, share, value; `ranges` has column, low, high. Columns are titles.
    """
    across = alt.X("column:N", title=None, sort=list(titles)).axis(
        labelAngle=0, labelOverlap=False, labelExpr="split(datum.label, ' ')", grid=True
    )
    up = alt.Y("share:Q", title=None).axis(None).scale(domain=[-0.08, 1.08])
    curves = (
        alt.Chart(sample)
        .mark_line(strokeWidth=1, opacity=0.55)
        .encode(
            x=across,
            y=up,
            detail="point:N",
            color=alt.Color("colour:Q", title=figure).scale(range=[LOW, HIGH]).legend(orient="bottom", format="~g"),
            tooltip=[
                alt.Tooltip("point:N", title="Point"),
                alt.Tooltip("column:N", title="Column"),
                alt.Tooltip("value:N", title="Value"),
            ],
        )
    )
    ends = [
        alt.Chart(ranges.with_columns(at=pl.lit(at)))
        .mark_text(color=QUIET_INK, fontSize=11)
        .encode(x=across, y=alt.Y("at:Q"), text=f"{end}:N")
        for end, at in (("low", -0.06), ("high", 1.06))
    ]
    title = alt.TitleParams("Points across their axes", subtitle=[subtitle])
    return layered(curves, *ends, title=title, width=WIDE["width"], height=320)
