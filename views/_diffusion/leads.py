"""Leads: the curve and its median on the spec's clock and on another, side by side."""

import polars as pl
import streamlit as st

from views import _page
from views._diffusion import asking, words
from views._results import Answer
from views.charts import diffusion as charts

BANDS = {"each lead by itself": ("ci_low", "ci_high"), "clustered by follower": ("cluster_low", "cluster_high")}


def show(answer: Answer) -> None:
    """Both clocks, each with curve, number at risk and medians."""
    left, right = st.columns(2, vertical_alignment="bottom")
    names = asking.other_clocks(answer.spec)
    chosen = left.selectbox("Compare with the clock", list(names), key="other_clock", bind="query-params")
    band = right.radio("95 % band", list(BANDS), key="band", bind="query-params", horizontal=True)
    own, other = st.columns(2, gap="large")
    with own:
        clock(answer, band)
    with other:
        compared = asking.by(answer.spec, *names[chosen])
        if compared is not None:
            clock(compared, band)
    st.caption("Each clock has its own time axis.")
    if compared is not None:
        _page.finding(compared.result.summary["finding"])
    st.subheader("Both clocks")
    _page.small_table(rows([answer, *([compared] if compared is not None else [])]), "Both clocks")


def clock(answer: Answer, band: str) -> None:
    """Survival curve of a clock with one of its bands."""
    curve, name = answer.result.tables["survival"], clock_name(answer)
    low, high = BANDS[band]
    s = answer.result.summary
    _page.draw(
        charts.survival_chart(curve.with_columns(ci_low=low, ci_high=high), name),
        f"diffusion-survival-{answer.spec.measure}",
        answer,
        curve,
        alt=f"{name}: survival curve of {s['subjects']} leads with its 95 % band and the number at risk; the median "
        f"is {words.months(s['median_months'])} months.",
        key=f"survival {name} {band}",
    )


def clock_name(answer: Answer) -> str:
    """The clock of an answer."""
    return words.clock(answer.spec.measure, answer.spec.task)


def rows(answers: list[Answer]) -> pl.DataFrame:
    """One row a clock: counts, median with both intervals, restricted mean."""
    return pl.DataFrame([_row(answer) for answer in answers])


def _row(answer: Answer) -> dict[str, object]:
    s = answer.result.summary
    return {
        "clock": clock_name(answer),
        "near the frontier": s["near_frontier"],
        "already matched": s["already_matched"],
        "subjects": s["subjects"],
        "ended": s["events"],
        "median (months)": words.months(s["median_months"]),
        "95 %": words.interval(s["ci_low"], s["ci_high"]),
        "95 %, clustered by follower": words.interval(s["cluster_low"], s["cluster_high"]),
        "restricted mean (months)": s["restricted_mean_months"],
    }
