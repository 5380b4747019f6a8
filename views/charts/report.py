"""What only the report draws: compute by tier, and a card that says why there is no picture."""

import math
import textwrap
from typing import Any

import altair as alt
import polars as pl

from views.charts.diffusion_groups import dashes
from views.charts.scaling import AXES
from views.charts.theme import layered

CARD_LETTERS = 76
LINE_PIXELS = 24
LABEL_LIMIT = 480


def tier_chart(points: pl.DataFrame, by_tier: pl.DataFrame, columns: tuple[str, str]) -> alt.LayerChart:
    """Points on log axes by tier of parameters, each tier's fitted line drawn over its own points.

    `points` has x and y in natural logs and tier; `by_tier` has tier, n, slope, ci_low, ci_high; `columns` names
    (response, regressor).
    """
    legend = alt.Legend(orient="bottom", direction="vertical", columns=1, labelLimit=LABEL_LIMIT)
    named = points.join(tier_names(by_tier), on="tier", how="inner")
    drawn = named.with_columns(regressor=pl.col("x").exp(), response=pl.col("y").exp())
    order = tier_names(by_tier)["name"].to_list()
    x = alt.X("regressor:Q", title=AXES[columns[1]]).scale(type="log").axis(format=".0e", tickCount=8)
    y = alt.Y("response:Q", title=AXES[columns[0]]).scale(type="log").axis(format=".0e", tickCount=6)
    colour = alt.Color("name:N", title=None, sort=order, legend=legend)
    marks = alt.Chart(drawn.select("name", "regressor", "response")).mark_circle(size=34, opacity=0.35)
    lines = alt.Chart(tier_lines(named, by_tier)).mark_line(strokeWidth=3)
    dash = alt.StrokeDash("name:N", sort=order, legend=None, scale=dashes())
    layers = (marks.encode(x=x, y=y, color=colour), lines.encode(x=x, y=y, color=colour, strokeDash=dash))
    return layered(*layers, title="Compute and parameters by tier", width=800, height=340)


def tier_names(by_tier: pl.DataFrame) -> pl.DataFrame:
    """Tiers in their order with what the legend says. Columns: tier, name."""
    return by_tier.select("tier", name=pl.struct(pl.all()).map_elements(_tier_name, return_dtype=pl.String))


def _tier_name(row: dict[str, Any]) -> str:
    if row["slope"] is None:
        return f"{row['tier']} parameters: n = {row['n']}, too few for a slope"
    slope = f"{row['slope']:.2f} [{row['ci_low']:.2f}, {row['ci_high']:.2f}]"
    return f"{row['tier']} parameters: slope {slope}, n = {row['n']}"


def tier_lines(points: pl.DataFrame, by_tier: pl.DataFrame) -> pl.DataFrame:
    """Two ends of each tier's line, which goes through the tier's centre. Columns: name, regressor, response."""
    slopes = {row["tier"]: row["slope"] for row in by_tier.iter_rows(named=True) if row["slope"] is not None}
    rows = []
    for (tier, name), own in points.group_by("tier", "name", maintain_order=True):
        if tier in slopes:
            x, y = own["x"].to_numpy(), own["y"].to_numpy()
            for end in (x.min(), x.max()):
                rows.append((name, math.exp(end), math.exp(y.mean() + slopes[tier] * (end - x.mean()))))
    schema = {"name": pl.String, "regressor": pl.Float64, "response": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def card(sentence: str) -> alt.LayerChart:
    """A sentence where a picture would be."""
    lines = textwrap.wrap(sentence, CARD_LETTERS)
    text = alt.Chart(pl.DataFrame({"x": [0.0]})).mark_text(
        text=lines, align="left", baseline="top", fontSize=15, lineHeight=LINE_PIXELS, x=12, y=12
    )
    return layered(text, title="No picture", width=800, height=LINE_PIXELS * (len(lines) + 1))
