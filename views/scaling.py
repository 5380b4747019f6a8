"""Scaling laws of compute, cost and parameters."""

import streamlit as st

from engine.scaling_law import COLUMNS
from views import _page
from views._results import Answer, answers
from views.charts import scaling as charts
from views.content import STUDIES


def figures(answer: Answer) -> None:
    """The headline fit in numbers."""
    s = answer.result.summary
    left, middle, right = st.columns(3)
    left.metric("Slope", f"{s['slope']:.3f}", help="response in percent for one percent of the regressor")
    middle.metric("95 % interval", f"{s['ci_low']:.2f} to {s['ci_high']:.2f}")
    right.metric("Bootstrap interval", f"{s['boot_low']:.2f} to {s['boot_high']:.2f}")
    st.caption(f"n = {s['n']:,}, standard error {s['se']:.3f}, R² {s['r2']:.3f}, AIC {s['aic']:.1f}.")


def dashboard(answer: Answer) -> None:
    """Finding, law, slopes."""
    tables, direction = answer.result.tables, answer.spec.direction
    _page.finding(answer.result.summary["finding"])
    figures(answer)
    s = answer.result.summary
    _page.draw(
        charts.law_chart(tables["points"], tables["fits"], direction, COLUMNS[direction]),
        "scaling-law",
        answer,
        tables["points"],
        alt=f"Scatter of {s['n']} models on log axes with a fitted line of slope {s['slope']:.2f}.",
    )
    _page.draw(
        charts.slope_chart(tables["fits"]),
        "scaling-slopes",
        answer,
        tables["fits"],
        alt="Slopes with 95 % intervals of every fit, pooled and within release years.",
    )
    _page.draw(
        charts.year_chart(tables["by_year"]),
        "scaling-years",
        answer,
        tables["by_year"],
        alt="Slope among the models of each release year with 95 % intervals.",
    )


def page() -> None:
    """The page."""
    _page.head(STUDIES["scaling"])
    found = answers("scaling")
    for place, answer in _page.columns(found):
        with place:
            dashboard(answer)
    if found:
        _page.tables(found)
        _page.foot(found)


if __name__ == "__main__":
    page()
