"""The published preset: the study's own file of pairs, its statistics, and why nothing rests on them."""

import polars as pl
import streamlit as st

from engine.diffusion import DiffusionSpec
from engine.diffusion.published import NEEDS_PAIRS, PAIRS
from views import _choices, _own_file, _page, _results
from views._results import Answer
from views.charts import diffusion as charts

COMMAND = "python -m jobs diffusion --preset published --pairs FILE"
DEGENERATE = (
    "Degenerate: every pair of the study starts from one of two innovators, and whatever model came later counts as a "
    "follower. Two observations make no curve."
)
STATISTICS = {
    "innovator": "innovator",
    "pairs": "pairs",
    "mean_months": "mean",
    "median_months": "median",
    "sd_months": "standard deviation",
    "cv": "CV",
    "q1_months": "lower quartile",
    "q3_months": "upper quartile",
    "min_months": "least",
    "max_months": "most",
}
OBSERVATIONS = {"organization": "innovator", "release_date": "release", "months": "months", "status": "status"}
OF_PAIRS = "pairs"


def ask(spec: DiffusionSpec) -> Answer | None:
    """The answer from the user's file; without one a sentence and the command."""
    files = _own_file.uploader("The study's file of pairs", PAIRS)
    if files is None:
        return None
    if not files:
        st.info(f"{NEEDS_PAIRS} Here: choose the file above.")
        st.code(COMMAND, language=None)
        return None
    return _results.ask(spec, _choices.vintage(), OF_PAIRS, files)


def show(answer: Answer) -> None:
    """Finding, label, statistics of the lags, the curve and its subjects."""
    _page.finding(answer.result.summary["finding"])
    st.warning(DEGENERATE)
    tables = answer.result.tables
    statistics = tables["lag_statistics"].select(pl.col(name).alias(words) for name, words in STATISTICS.items())
    st.subheader("Lags (months)")
    _page.small_table(statistics, "Lags in months")
    curve = tables["survival"]
    _page.draw(
        charts.survival_chart(curve, "First followers beyond the minimum lead"),
        "diffusion-survival",
        answer,
        curve,
        alt=f"Survival curve of {answer.result.summary['subjects']} observations, all of them ended.",
    )
    subjects = tables["subjects"].select(pl.col(name).alias(words) for name, words in OBSERVATIONS.items())
    _page.small_table(subjects, "Observations")
