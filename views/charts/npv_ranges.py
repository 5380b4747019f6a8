"""Investment: values with ranges, a row each: prices, compute by route, uncertain cost, Sobol indices."""

import textwrap
from typing import Any

import altair as alt
import polars as pl

from views.charts.theme import LEGEND_COLUMNS, layered

ROW_PIXELS = 40
LABEL_LETTERS = 22
BREAK = "|"
DOT_PIXELS = 120
KINDS = ["first: by itself", "total: with the others"]


def range_chart(rows: pl.DataFrame, title: str, unit: str, dots: pl.DataFrame | None = None) -> alt.LayerChart:
    """A row each: a bar from low to high and a point at the value, on a log axis.

    `rows` has columns row, kind, value, low, high (null where there is no range); `dots` has row, name and value,
    drawn small on their row.
    """
    order = broken(rows["row"]).to_list()
    kinds = rows["kind"].unique(maintain_order=True).to_list()
    base = alt.Chart(rows.with_columns(label=broken(rows["row"]))).encode(
        y=named_rows(order),
        color=alt.Color("kind:N", title=None, sort=kinds)
        .scale(domain=kinds)
        .legend(orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS, symbolType="circle"),
        tooltip=_tooltip(unit),
    )
    bars = (
        base.transform_filter("isValid(datum.low)")
        .mark_bar(height=8, opacity=0.55)
        .encode(x=_x("low", unit), x2="high")
    )
    points = (
        base.transform_filter("isValid(datum.value)")
        .mark_point(filled=True, size=DOT_PIXELS, opacity=1)
        .encode(x=_x("value", unit), shape=alt.Shape("kind:N", sort=kinds, legend=None))
    )
    below = [] if dots is None else [_dots(dots, order, unit)]
    height = ROW_PIXELS * max(rows.height, 2)
    return layered(*below, bars, points, title=title, width=800, height=height)


def broken(names: pl.Series) -> pl.Series:
    """Names broken into lines for an axis, so that they leave room on a narrow screen."""
    return pl.Series("label", [BREAK.join(textwrap.wrap(name, LABEL_LETTERS)) for name in names], dtype=pl.String)


def named_rows(order: list[Any]) -> alt.Y:
    """An axis of rows in that order, named by a column `label` of `broken` names."""
    return alt.Y("label:N", title=None, sort=order).axis(
        labelExpr=f"split(datum.label, '{BREAK}')", labelOverlap=False, grid=False
    )


def _x(field: str, unit: str) -> alt.X:
    return alt.X(f"{field}:Q", title=unit).scale(type="log", padding=10).axis(format=".0e", tickCount=6)


def _dots(dots: pl.DataFrame, order: list[str], unit: str) -> alt.Chart:
    return (
        alt.Chart(dots.with_columns(label=broken(dots["row"])))
        .mark_tick(thickness=2, size=18, opacity=0.45)
        .encode(
            x=_x("value", unit),
            y=named_rows(order),
            tooltip=[alt.Tooltip("name:N", title="Model"), alt.Tooltip("value:Q", title=unit, format=".3e")],
        )
    )


def _tooltip(unit: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("row:N", title="What"),
        alt.Tooltip("value:Q", title=unit, format=".3e"),
        alt.Tooltip("low:Q", title="From", format=".3e"),
        alt.Tooltip("high:Q", title="To", format=".3e"),
    ]


def parts_chart(shares: pl.DataFrame) -> alt.LayerChart:
    """Share of the variance of ln cost by part. `shares` has columns part, share."""
    base = alt.Chart(shares.with_columns(label=broken(shares["part"]))).encode(
        y=named_rows(broken(shares["part"]).to_list()),
        tooltip=[alt.Tooltip("part:N", title="Part"), alt.Tooltip("share:Q", title="Share", format=".1%")],
    )
    x = alt.X("share:Q", title="Share of the variance of ln cost").scale(domain=[0, 1]).axis(format="%")
    bars = base.mark_bar(height={"band": 0.6}).encode(x=x)
    labels = base.mark_text(align="left", dx=5).encode(x=x, text=alt.Text("share:Q", format=".1%"))
    return layered(bars, labels, title="Which part matters", width=800, height=ROW_PIXELS * max(shares.height, 2))


def indices_chart(indices: pl.DataFrame, figure: str) -> alt.LayerChart:
    """First and total Sobol indices of each input with 95 % intervals, the largest total on top.

    `indices` has columns input, first, first_ci_low, first_ci_high, total, total_ci_low, total_ci_high.
    """
    long = long_indices(indices)
    order = broken(indices.sort("total", descending=True)["input"]).to_list()
    base = alt.Chart(long.with_columns(label=broken(long["input"]))).encode(
        y=named_rows(order),
        yOffset=alt.YOffset("kind:N", sort=KINDS).scale(domain=KINDS, paddingOuter=0.6),
        color=alt.Color("kind:N", title=None, sort=KINDS)
        .scale(domain=KINDS)
        .legend(orient="bottom", direction="horizontal", columns=LEGEND_COLUMNS, symbolType="circle"),
        tooltip=[
            alt.Tooltip("input:N", title="Input"),
            alt.Tooltip("kind:N", title="Index"),
            alt.Tooltip("value:Q", title="Value", format=".3f"),
            alt.Tooltip("low:Q", title="95 % from", format=".3f"),
            alt.Tooltip("high:Q", title="95 % to", format=".3f"),
        ],
    )
    zero = alt.Chart(pl.DataFrame({"at": [0.0]})).mark_rule(strokeDash=[4, 4]).encode(x="at:Q")
    spans = base.mark_bar(height=3).encode(x=alt.X("low:Q", title="Share of the variance, 95 % interval"), x2="high:Q")
    dots = base.mark_point(filled=True, size=90, opacity=1).encode(
        x="value:Q", shape=alt.Shape("kind:N", sort=KINDS, legend=None)
    )
    title = alt.TitleParams("Sobol indices", subtitle=figure)
    return layered(zero, spans, dots, title=title, width=800, height=44 * max(indices.height, 2))


def long_indices(indices: pl.DataFrame) -> pl.DataFrame:
    """One row an input and index. Columns: input, kind, value, low, high."""
    return pl.concat(
        indices.select("input", kind=pl.lit(kind), value=name, low=f"{name}_ci_low", high=f"{name}_ci_high")
        for name, kind in zip(("first", "total"), KINDS, strict=True)
    )
