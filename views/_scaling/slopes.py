"""Slopes by tier, release year and organisation type."""

import polars as pl
import streamlit as st

from views import _page
from views._results import Answer
from views.charts import scaling as charts
from views.charts import scaling_more as more

NO_YEARS = "No slope by release year: no year has the ten models it takes."
NO_TYPES = "No comparison of organisation types: none has the ten models it takes."


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
    _years(answer)
    st.subheader("Are the slopes equal?")
    _page.small_table(
        tables["tests"].select("test", "effects", "statistic", "df", "p", "note"), "Tests of equal slopes"
    )
    _types(answer)


def _years(answer: Answer) -> None:
    by_year = answer.result.tables["by_year"]
    if by_year.drop_nulls("slope").is_empty():
        st.info(NO_YEARS)
        return
    alt = "Slope among the models of each release year with 95 % intervals."
    _page.draw(charts.year_chart(by_year), "scaling-years", answer, by_year, alt=alt)


def _types(answer: Answer) -> None:
    st.subheader("Organisation types against industry")
    by_type = answer.result.tables["by_type"]
    pooled = by_type.filter(pl.col("effects") == "pooled").rename({"organization_type": "Type"})
    if pooled.drop_nulls("slope").is_empty():
        st.info(NO_TYPES)
        return
    _page.draw(
        more.forest_chart(pooled, "Type", "Slope by organisation type", "Slope"),
        "scaling-types",
        answer,
        by_type,
        alt=f"Slope with 95 % interval for {pooled.height} organisation types.",
    )
    _page.small_table(against_industry(by_type), "Differences by organisation type")


def against_industry(by_type: pl.DataFrame) -> pl.DataFrame:
    """Differences in slope and level from industry with 95 % intervals, with headings for people."""
    return by_type.select(
        pl.col("organization_type").alias("Type"),
        pl.col("effects").map_elements(charts.effects_name, return_dtype=pl.String).alias("Fit"),
        pl.col("n").alias("Models"),
        *(_difference(name) for name in ("slope", "level")),
        pl.col("note").alias("Note"),
    )


def _difference(of: str) -> pl.Expr:
    ends = (pl.col(f"{of}_difference{end}").round(2) for end in ("", "_ci_low", "_ci_high"))
    return pl.format("{} [{}, {}]", *ends).alias(f"Difference in {of}")
