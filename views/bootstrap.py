"""The bootstrap of a scaling slope."""

import streamlit as st

from views import _own_file, _page
from views._results import Answer, answers
from views.charts import scaling_more as charts
from views.content import STUDIES

INTERVALS = {"kind": "Kind", "method": "Method", "ci_low": "95 % from", "ci_high": "to"}


def dashboard(answer: Answer) -> None:
    """The interval in numbers, and the replicates behind it."""
    s, tables = answer.result.summary, answer.result.tables
    _page.finding(s["finding"])
    left, middle, right = st.columns(3)
    left.metric("Slope", f"{s['slope']:.3f}")
    middle.metric("95 % interval (percentile)", f"{s['ci_low']:.3f} to {s['ci_high']:.3f}")
    right.metric("Standard error", "not known" if s["se"] is None else f"{s['se']:.4f}")
    st.caption(f"{s['replicates']:,} {s['kind']} replicates of {s['n']:,} models.")
    _page.small_table(tables["intervals"].rename(INTERVALS), "Intervals by method")
    if s["se"] is None:
        st.info("The standard error is not known from 1 replicate, and the interval's ends are that replicate's slope.")
        return
    _page.draw(
        charts.distribution_chart(tables["distribution"], s["ci_low"], s["ci_high"]),
        "bootstrap-slopes",
        answer,
        tables["distribution"],
        alt=f"Histogram of {s['replicates']} bootstrap slopes between {s['ci_low']:.2f} and {s['ci_high']:.2f}.",
    )


def page() -> None:
    """The page."""
    _page.head(STUDIES["bootstrap"])
    found = answers("bootstrap", files=_own_file.uploader("Your own scaling table", "scaling"))
    for place, answer in _page.columns(found):
        with place:
            dashboard(answer)
    if found:
        _page.tables(found)
        _page.foot(found)


if __name__ == "__main__":
    page()
