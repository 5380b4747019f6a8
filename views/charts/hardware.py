"""Performance of AI hardware per watt and per dollar, with its growth a year."""

import altair as alt
import polars as pl

from views.charts.theme import LEGEND_COLUMNS, layered

RATIOS = {"flop_per_s_per_w": "FLOP/s per watt", "flop_per_s_per_usd": "FLOP/s per USD at release"}
PRECISIONS = ("FP32", "Tensor FP16")


def hardware_chart(points: pl.DataFrame, trends: pl.DataFrame, ratio: str) -> alt.LayerChart:
    """Chips by release date on a log axis, with the fitted growth of each precision.

    `points` has columns hardware, manufacturer, release_date, precision, ratio and value; `trends` precision, ratio
    and per_year.
    """
    shown = points.filter(pl.col("ratio") == ratio)
    x = alt.X("release_date:T", title="Release").axis(grid=False, format="%Y")
    y = alt.Y("value:Q", title=RATIOS[ratio]).scale(type="log").axis(format=".0e", tickCount=6)
    colour = (
        alt.Color("precision:N", title=None, sort=list(PRECISIONS))
        .scale(domain=list(PRECISIONS))
        .legend(orient="top", direction="horizontal", columns=LEGEND_COLUMNS)
    )
    chips = (
        alt.Chart(shown)
        .mark_point(filled=True, size=50, opacity=0.6)
        .encode(
            x=x,
            y=y,
            color=colour,
            tooltip=[
                alt.Tooltip("hardware:N", title="Chip"),
                alt.Tooltip("manufacturer:N", title="Manufacturer"),
                alt.Tooltip("release_date:T", title="Release", format="%d %B %Y"),
                alt.Tooltip("precision:N", title="Precision"),
                alt.Tooltip("value:Q", title=RATIOS[ratio], format=".2e"),
            ],
        )
    )
    lines = alt.Chart(trend_lines(shown, trends.filter(pl.col("ratio") == ratio)))
    fitted = lines.mark_line(strokeWidth=2.5).encode(x=x, y=y, color=colour)
    return layered(chips, fitted, title=f"{RATIOS[ratio]}, by chip", width=800, height=320)


def trend_lines(points: pl.DataFrame, trends: pl.DataFrame) -> pl.DataFrame:
    """Two ends of each fitted trend: least squares passes through the mean. Columns: precision, release_date, value."""
    years = (pl.col("release_date") - pl.date(2020, 1, 1)).dt.total_days() / 365.25
    per_year = pl.col("per_year").log1p()
    fitted = points.join(trends.select("precision", "per_year"), on="precision")
    centred = years - years.mean().over("precision")
    level = pl.col("value").log().mean().over("precision")
    drawn = fitted.select("precision", "release_date", value=(level + per_year * centred).exp())
    ends = pl.col("release_date").is_in(
        pl.concat_list(pl.col("release_date").min().over("precision"), pl.col("release_date").max().over("precision"))
    )
    return drawn.filter(ends).unique().sort("precision", "release_date")
