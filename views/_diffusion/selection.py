"""Selection: how few closed models have a known training compute."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from views import _page
from views._results import Answer
from views.charts import diffusion_disclosure as charts


def show(answer: Answer) -> None:
    """The sentence, the chart and the numbers."""
    rows = answer.result.tables["disclosure"]
    st.markdown(sentence(answer.result.summary))
    if rows.is_empty():
        st.info(f"No closed model was released in or after {answer.spec.first_year}.")
        return
    _page.draw(
        charts.disclosure_chart(rows),
        "diffusion-disclosure",
        answer,
        rows,
        alt=f"Bars of closed models by year and access class, with the part whose compute is known: {in_words(rows)}.",
    )
    _page.small_table(figures(rows), "Closed models with known compute")


def sentence(s: Mapping[str, Any]) -> str:
    """What the clock by compute can't see."""
    if not s["recent_released"]:
        return "The data has no recent API or hosted model."
    return (
        f"Of {s['recent_released']} API and hosted models released since {s['recent_since']} only "
        f"{s['recent_compute_known']} have a known training compute. The clock by compute sees only these; the clock "
        "by capability needs a benchmark score instead."
    )


def in_words(rows: pl.DataFrame) -> str:
    """Known of all in each year."""
    by_year = rows.group_by("year", maintain_order=True).agg(pl.col("known").sum(), pl.col("models").sum())
    return ", ".join(f"{year} {known} of {models}" for year, known, models in by_year.iter_rows())


def figures(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a year and class."""
    shares = pl.Series("share", [f"{share:.0%}" for share in rows["share"]], dtype=pl.String)
    return rows.drop("share").with_columns(shares).rename({"accessibility": "access class", "known": "known compute"})
