"""Growth, doubling times, forecasts with their back-test, and counts above thresholds."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from views import _page
from views._results import Answer
from views.charts import scaling_more as more

THRESHOLDS = {"1e23 FLOP": 1e23, "1e25 FLOP": 1e25, "1e26 FLOP": 1e26}


def show(found: Sequence[Answer]) -> None:
    """One series at a time of every answer, with what it foretells and how well it would have; then the counts."""
    st.markdown(
        "Growth is the slope of the log on the release date. The fan holds the uncertainty of the trend (organisations "
        "resampled) and of single models around it; the back-test fits to earlier years and scores later ones."
    )
    names = list(dict.fromkeys(name for answer in found for name in answer.result.tables["growth"]["series"]))
    if not names:
        st.info("No series has enough dated models.")
        return
    name = st.selectbox("Series", names, key="series", bind="query-params")
    for place, answer in _page.columns(found):
        with place:
            _series(answer, name)
    _thresholds(found)


def _series(answer: Answer, name: str) -> None:
    tables = answer.result.tables
    _page.small_table(growth_table(tables["growth"]), "Growth a year")
    if name in tables["growth"]["series"]:
        _page.draw(
            more.forecast_chart(tables["series"], tables["forecast"], name),
            "scaling-forecast",
            answer,
            tables["forecast"].filter(pl.col("series") == name),
            alt=f"{name} since 2010 with a forecast fan of 50 and 90 %.",
        )
    else:
        st.info(f"No '{name}' here: too few dated models.")
    st.subheader("Back-test")
    columns = ["series", "fitted_to", "n_fitted", "n_scored", "coverage_50", "coverage_90", "rmse_log10", "note"]
    _page.small_table(tables["backtest"].select(*columns), "Back-test of the forecasts")


def growth_table(growth: pl.DataFrame) -> pl.DataFrame:
    """Growth factors and doubling times with intervals, with headings for people."""
    return growth.select(
        pl.col("series").alias("Series"),
        pl.col("n").alias("Models"),
        pl.format("x{} [{}, {}]", *(pl.col(c).round(2) for c in ("per_year", "ci_low", "ci_high"))).alias("A year"),
        pl.format(
            "{} [{}, {}]", *(pl.col(c).round(1) for c in ("doubling_months", "doubling_ci_low", "doubling_ci_high"))
        ).alias("Doubling (months)"),
        pl.col("note").alias("Note"),
    )


def _thresholds(found: Sequence[Answer]) -> None:
    st.subheader("Models above a threshold")
    left, right = st.columns(2)
    chosen = left.segmented_control(
        "Threshold", list(THRESHOLDS), default="1e25 FLOP", key="threshold", required=True, bind="query-params"
    )
    by = right.segmented_control(
        "By", ["country", "access"], default="country", key="threshold_by", required=True, bind="query-params"
    )
    for place, answer in _page.columns(found):
        with place:
            _counts(answer, chosen, by)


def _counts(answer: Answer, chosen: str, by: str) -> None:
    counts = answer.result.tables["thresholds"]
    shown = counts.filter(pl.col("threshold_flop") == THRESHOLDS[chosen])
    if shown.is_empty():
        st.info(f"No model is at or above {chosen}.")
        return
    st.caption(counted(shown, chosen))
    _page.draw(
        more.threshold_chart(counts, THRESHOLDS[chosen], by),
        "scaling-thresholds",
        answer,
        shown,
        alt=f"{shown['models'].sum()} models at or above {chosen} by release year and {by}.",
    )


def counted(shown: pl.DataFrame, chosen: str) -> str:
    """What the counts above a threshold hold: every model with compute and year, derivatives among them."""
    return (
        f"Counted in either preset is every model of the table whose compute and release year are known: derivatives "
        f"too, which may carry their base model's compute ({shown['derivatives'].sum():,} of the "
        f"{shown['models'].sum():,} at or above {chosen} are marked as such)."
    )
