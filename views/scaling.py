"""Scaling laws of compute, cost and parameters."""

import functools
from collections.abc import Callable, Sequence

import streamlit as st

from engine.scaling_law import COLUMNS
from views import _page
from views._results import Answer, answers
from views._scaling import checks, growth, slopes
from views._tabs import tabs
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
    st.subheader("Published beside corrected")
    columns = [
        "name",
        "published_n",
        "published_slope",
        "corrected_n",
        "corrected_effects",
        "corrected_slope",
        "change",
    ]
    _page.small_table(tables["comparison"].select(*columns), "Published and corrected slopes")


def each(found: Sequence[Answer], draw: Callable[[Answer], None]) -> None:
    """A section for every preset shown."""
    for place, answer in _page.columns(found):
        with place:
            draw(answer)


def page() -> None:
    """The page."""
    _page.head(STUDIES["scaling"])
    found = answers("scaling")
    if found:
        sections = {
            "Law": dashboard,
            "Slopes": slopes.section,
            "Growth": growth.section,
            "Checks": checks.section,
            "Missing data": checks.missing,
        }
        tabs("tab", {name: functools.partial(each, found, draw) for name, draw in sections.items()})
        _page.tables(found)
        _page.foot(found)


if __name__ == "__main__":
    page()
