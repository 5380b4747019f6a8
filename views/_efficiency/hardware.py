"""Hardware per watt and per dollar."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from views import _page
from views._results import Answer
from views.charts import hardware as charts


def trend_table(trends: pl.DataFrame) -> pl.DataFrame:
    """Growth a year of each ratio, with headings for people."""
    low, high = (pl.col(c).map_elements(_percent, return_dtype=pl.String) for c in ("ci_low", "ci_high"))
    return trends.select(
        pl.col("ratio").replace_strict(charts.RATIOS).alias("Ratio"),
        pl.col("precision").alias("Precision"),
        pl.col("n").alias("Chips"),
        pl.col("per_year").map_elements(_percent, return_dtype=pl.String).alias("Growth a year"),
        pl.format("{} to {}", low, high).alias("95 %"),
        pl.col("doubling_years").round(1).alias("Doubling (years)"),
    )


def _percent(share: float) -> str:
    return f"{100 * share:+.0f} %"


def section(found: Sequence[Answer]) -> None:
    """Growth of each ratio, and the chips behind it."""
    answer = found[-1]
    points, trends = (answer.result.tables[name] for name in ("hardware", "hardware_trends"))
    if points.is_empty():
        st.info("The table of hardware has no chip with a known ratio.")
        return
    st.markdown(
        "Peak performance per watt of thermal design power and per dollar at release, chips from 2008 on. Growth is "
        "fitted by least squares on the log, with heteroskedasticity-robust intervals (HC3)."
    )
    _page.small_table(trend_table(trends), "Growth of hardware")
    for ratio, name in charts.RATIOS.items():
        shown = points.filter(pl.col("ratio") == ratio)
        growth = trends.filter(pl.col("ratio") == ratio).select("precision", "per_year").iter_rows()
        words = ", ".join(f"{precision} {_percent(share)} a year" for precision, share in growth)
        _page.draw(
            charts.hardware_chart(points, trends, ratio),
            f"efficiency-{ratio.replace('_', '-')}",
            answer,
            shown,
            alt=f"Scatter of {name} by release date for {shown.height} points. {words}.",
        )
