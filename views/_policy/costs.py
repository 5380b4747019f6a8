"""As cost rises: who still invests, and figure 6 of the study."""

import streamlit as st

from views import _page
from views._results import Answer
from views.charts import welfare as charts


def show(answer: Answer) -> None:
    """Chance of investing and change in welfare over the cost multiple."""
    curves, own, s = answer.result.tables["curves"], answer.spec.cost_multiple, answer.result.summary
    half, few = s["cost_multiple_half"], s["cost_multiple_1_percent"]
    _page.draw(
        charts.lines_chart(curves, "p_invest", "cost_multiple", "Who invests as cost rises", own, log=True),
        "policy-invest",
        answer,
        curves,
        alt=f"Chance of investing by cost multiple and instrument; without support half of the projects go ahead at "
        f"{half:.3g} times the reference cost and one in a hundred at {few:.3g} times.",
    )
    _page.draw(
        charts.figure6_chart(curves, own),
        "policy-figure-6",
        answer,
        curves,
        alt="Change in welfare by cost multiple and instrument, computed from the welfare function.",
    )
    st.caption(
        "Outlay is the same share of the cost at every multiple; revenue stays as calibrated at multiple 1. A line "
        "ends where no level of the instrument spends that much. Dashed: the multiple asked for."
    )
