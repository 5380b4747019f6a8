"""Slopes by tier, release year and organisation type."""

import polars as pl
import streamlit as st

from views import _page
from views._results import Answer
from views.charts import scaling as charts
from views.charts import scaling_more as more


def section(answer: Answer) -> None:
    """Forests of slopes, and the tests that they are equal."""
    tables = answer.result.tables
    by_tier = tables["by_tier"].rename({"tier": "Tier (parameters)"})
    _page.draw(
        more.forest_chart(by_tier, "Tier (parameters)", "Slope by tier", "Slope"),
        "scaling-tiers",
        answer,
        tables["by_tier"],
        alt=f"Slope with 95 % interval in {by_tier.height} tiers of model size.",
    )
    _page.draw(
        charts.year_chart(tables["by_year"]),
        "scaling-years",
        answer,
        tables["by_year"],
        alt="Slope among the models of each release year with 95 % intervals.",
    )
    types = tables["by_type"].filter(pl.col("effects") == "pooled").rename({"organization_type": "Type"})
    _page.draw(
        more.forest_chart(types, "Type", "Slope by organisation type", "Slope"),
        "scaling-types",
        answer,
        tables["by_type"],
        alt=f"Slope with 95 % interval for {types.height} organisation types.",
    )
    st.subheader("Are the slopes equal?")
    _page.small_table(
        tables["tests"].select("test", "effects", "statistic", "df", "p", "note"), "Tests of equal slopes"
    )
    st.subheader("Organisation types against industry")
    columns = [
        "organization_type",
        "n",
        "slope_difference",
        "slope_difference_p",
        "level_difference",
        "level_difference_p",
    ]
    _page.small_table(types.rename({"Type": "organization_type"}).select(*columns), "Differences by organisation type")
