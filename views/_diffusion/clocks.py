"""Clocks: the lead by every measure, the curves behind it, and the number at risk."""

import polars as pl
import streamlit as st

from views import _page
from views._diffusion import words
from views._results import Answer
from views.charts import diffusion_groups as charts


def show(answer: Answer) -> None:
    """Curves of all clocks, their figures, and who is at risk when."""
    tables = answer.result.tables
    curves = named(tables["clock_curves"]).rename({"clock": "level"})
    bands = st.toggle("Show the 95 % bands", key="clock_bands", bind="query-params")
    if curves.is_empty():
        st.info("No clock has five subjects; there is no curve to draw.")
    else:
        _page.draw(
            charts.curves_chart(curves, answer.spec.window_months, "Leads that hold, by every clock", bands=bands),
            "diffusion-clocks",
            answer,
            curves,
            alt="Survival curves of the leads by " + ", ".join(curves["level"].unique(maintain_order=True)) + ".",
            key=f"clocks {bands}",
        )
    _page.small_table(figures(tables["clocks"]), "Every clock")
    st.caption("A clock with fewer than five subjects at risk has counts only.")
    st.subheader("At risk")
    st.markdown(
        f"{words.clock(answer.spec.measure, answer.spec.task)}, every half-year; ended and censored up to then."
    )
    _page.small_table(tables["at_risk"].rename({"at_risk": "at risk", "events": "ended"}), "At risk")


def named(clocks: pl.DataFrame) -> pl.DataFrame:
    """Rows with the clock's name in words."""
    names = [words.clock(measure, task) for measure, task in clocks.select("measure", "task").iter_rows()]
    return clocks.with_columns(clock=pl.Series(names, dtype=pl.String))


def figures(clocks: pl.DataFrame) -> pl.DataFrame:
    """One row a clock, capability with and without derived models."""
    return pl.DataFrame(
        [
            {
                "clock": row["clock"],
                "derived models": "" if row["derived_versions"] is None else "yes" if row["derived_versions"] else "no",
                "already matched": row["already_matched"],
                "subjects": row["subjects"],
                "ended": row["events"],
                "median (months)": "" if row["restricted_mean_months"] is None else words.months(row["median_months"]),
                "95 %": words.interval(row["ci_low"], row["ci_high"]),
                "95 %, clustered": words.interval(row["cluster_low"], row["cluster_high"]),
                "until": row["last_day"],
            }
            for row in named(clocks).iter_rows(named=True)
        ]
    )
