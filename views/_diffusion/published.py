"""The published preset: the study's own file of pairs, its statistics, and why nothing rests on them."""

import tempfile
from pathlib import Path

import polars as pl
import streamlit as st

from engine.diffusion import DiffusionSpec
from engine.diffusion.published import NEEDS_PAIRS, PAIRS
from jobs import client
from views import _choices, _page
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
NEEDS_FILE = "The published command needs the file too: add `--pairs FILE`."


def ask(spec: DiffusionSpec) -> Answer | None:
    """The answer from the user's file; without one a sentence and the command."""
    file = st.file_uploader("The study's file of pairs", key="pairs file", help="CSV, XLSX or Parquet; it is not kept.")
    if file is None:
        st.info(f"{NEEDS_PAIRS} Here: choose the file above.")
        st.code(COMMAND, language=None)
        return None
    try:
        return _answered(spec, Path(file.name).name, file.getvalue())
    except client.BAD_INPUT as error:
        st.error(str(error))
        return None


def _answered(spec: DiffusionSpec, name: str, content: bytes) -> Answer:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        result = client.answer(spec, _choices.vintage(), {PAIRS: str(path)}, runner="inline").result
    return Answer(spec, _choices.vintage(), result)


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
