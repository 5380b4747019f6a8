"""Where models come from."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from views import _page, _results
from views._results import Answer
from views.charts import geography as charts

NO_COUNTRY = "Multinational"


def models_in_years(answer: Answer) -> pl.DataFrame:
    """All models of the vintage released in the years asked for, by first-listed country, as `country`."""
    everything = _results.table("models", answer.vintage)
    within = pl.col("year").is_between(answer.spec.year_low, answer.spec.year_high)
    return everything.filter(within).with_columns(country=pl.col("country_first"))


def ranking(models: pl.DataFrame) -> pl.DataFrame:
    """Countries by number of models, largest first. Columns: country, n."""
    listed = models.filter(pl.col("country").is_not_null() & (pl.col("country") != NO_COUNTRY))
    return listed.group_by("country").agg(n=pl.len().cast(pl.Int64)).sort("n", "country", descending=[True, False])


def section(found: Sequence[Answer]) -> None:
    """Map and ranking, linked, with what they leave out."""
    answer = found[-1]
    models = models_in_years(answer)
    counts = ranking(models)
    if counts.is_empty():
        st.info("No model of these years lists a country. Choose other years.")
        return
    st.caption("Click a country on the map or in the bars to highlight it in both; click beside it to clear.")
    words = ", ".join(f"{country} {n}" for country, n in counts.head(charts.TOP).iter_rows())
    _page.draw(
        charts.geography_chart(counts),
        "controls-map",
        answer,
        counts,
        alt=f"World map and bars of the number of models by first-listed country: {words}.",
    )
    _left_out(models, counts)


def _left_out(models: pl.DataFrame, counts: pl.DataFrame) -> None:
    several = models.filter(pl.col("country") == NO_COUNTRY).height
    unknown = models["country"].null_count()
    hidden = sorted(set(counts["country"]) - charts.countries_on_the_map())
    st.caption(
        f"{models.height:,} models, with or without known compute, each at its first-listed country. Not shown: "
        f"{several} listed as multinational and {unknown} without a country"
        + (f"; too small for the map: {', '.join(hidden)}." if hidden else ".")
        + " Shapes: Natural Earth (public domain)."
    )
