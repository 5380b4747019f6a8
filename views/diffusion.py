"""Diffusion: how long a closed model's lead lasts."""

import streamlit as st

from views import _page
from views._results import Answer, answers
from views.charts import diffusion as charts
from views.content import STUDIES


def figures(answer: Answer) -> None:
    """Subjects, events and median."""
    s = answer.result.summary
    places = st.columns(4)
    places[0].metric("Near the frontier", s["near_frontier"])
    places[1].metric("Already matched", s["already_matched"], help="an open model had the compute on the release day")
    places[2].metric("Subjects (events)", f"{s['subjects']} ({s['events']})")
    places[3].metric("Median lead (months)", months(s["median_months"]))
    st.caption(f"95 % interval of the median: {months(s['ci_low'])} to {months(s['ci_high'])} months.")


def months(value: float | None) -> str:
    """A duration, or that it was not reached."""
    return "not reached" if value is None else f"{value:.1f}"


def dashboard(answer: Answer) -> None:
    """Finding, curve, subjects."""
    s, curve = answer.result.summary, answer.result.tables["survival"]
    _page.finding(s["finding"])
    figures(answer)
    _page.draw(
        charts.survival_chart(curve),
        "diffusion-survival",
        answer,
        curve,
        alt=f"Survival curve of {s['subjects']} leads; the median is {months(s['median_months'])} months.",
    )


def page() -> None:
    """The page."""
    _page.head(STUDIES["diffusion"])
    found = answers("diffusion")
    for place, answer in _page.columns(found):
        with place:
            dashboard(answer)
    if found:
        _page.tables(found)
        _page.foot(found)


if __name__ == "__main__":
    page()
