"""Scaling laws of compute, cost and parameters."""

import functools
from collections.abc import Callable, Sequence

import polars as pl
import streamlit as st

from engine.scaling_law import COLUMNS
from views import _own_file, _page
from views._results import Answer, answers
from views._scaling import checks, growth, slopes
from views._tabs import tabs
from views.charts import scaling as charts
from views.content import STUDIES


def figures(answer: Answer) -> None:
    """The headline fit in numbers."""
    s = answer.result.summary
    left, middle, right = st.columns(3)
    left.metric("Slope", f"{s['slope']:.3f}", help="response in percent for one percent of the regressor")
    middle.metric("95 % interval", f"{s['ci_low']:.2f} to {s['ci_high']:.2f}")
    right.metric("Bootstrap interval", f"{s['boot_low']:.2f} to {s['boot_high']:.2f}")
    st.caption(f"n = {s['n']:,}, standard error {s['se']:.3f}, R² {s['r2']:.3f}, AIC {s['aic']:.1f}.")


def dashboard(answer: Answer) -> None:
    """Finding, law, slopes."""
    tables, direction = answer.result.tables, answer.spec.direction
    _page.finding(answer.result.summary["finding"])
    figures(answer)
    _page.draw(
        charts.law_chart(tables["points"], tables["fits"], tables["line"], direction, COLUMNS[direction]),
        "scaling-law",
        answer,
        tables["points"],
        alt=f"Scatter of {tables['points'].height} models on log axes with the pooled law, its 95 % confidence band "
        "and the 95 % prediction band of single models.",
    )
    _page.small_table(lost_rows(tables["attrition"]), "Rows on the way to the law")
    _page.draw(
        charts.slope_chart(tables["fits"]),
        "scaling-slopes",
        answer,
        tables["fits"],
        alt="Slopes with 95 % intervals of every fit, pooled and within release years.",
    )
    st.subheader("Published beside corrected")
    _page.small_table(compared(tables["comparison"]), "Published and corrected slopes")


def lost_rows(attrition: pl.DataFrame) -> pl.DataFrame:
    """What each step leaves of the table's models, with headings for people."""
    return attrition.select(
        pl.col("step").replace(charts.STEPS).alias("Rows of the law"),
        pl.col("rows").alias("Models left"),
        pl.col("lost").alias("Lost at this step"),
        pl.col("failing").alias("Fail it in the whole table"),
    )


def compared(comparison: pl.DataFrame) -> pl.DataFrame:
    """Published next to corrected slopes with 95 % intervals, with headings for people."""
    return comparison.select(
        pl.col("name").replace(charts.NAMES).alias("Law"),
        _with_interval("published").alias("As published, pooled"),
        pl.col("published_n").alias("Models"),
        _with_interval("corrected").alias("Corrected"),
        pl.col("corrected_n").alias("Models, corrected"),
        pl.col("corrected_effects").map_elements(charts.effects_name, return_dtype=pl.String).alias("Effects"),
        pl.col("change").round(3).alias("Change"),
    )


def _with_interval(side: str) -> pl.Expr:
    slope, low, high = (pl.col(f"{side}_{name}").round(3) for name in ("slope", "ci_low", "ci_high"))
    return pl.format("{} [{}, {}]", slope, low, high)


def each(found: Sequence[Answer], draw: Callable[[Answer], None]) -> None:
    """A section for every preset shown."""
    for place, answer in _page.columns(found):
        with place:
            draw(answer)


def page() -> None:
    """The page."""
    _page.head(STUDIES["scaling"])
    found = answers("scaling", files=_own_file.uploader("Your own scaling table", "scaling"))
    if found:
        sections = {
            "Law": functools.partial(each, found, dashboard),
            "Slopes": functools.partial(each, found, slopes.section),
            "Growth": functools.partial(growth.show, found),
            "Checks": functools.partial(each, found, checks.section),
            "Missing data": functools.partial(each, found, checks.missing),
        }
        tabs("tab", sections)
        _page.tables(found)
        _page.foot(found)


if __name__ == "__main__":
    page()
