"""What changed between two vintages: rows, cells, and every headline figure."""

import streamlit as st

from engine import registry
from engine.result import Result, differences
from jobs import client
from views import _choices, _page, _results
from views.content import STUDIES

POLL_SECONDS = 1.0
LISTS = {"Revised cells": "revised", "Rows added": "added", "Rows removed": "removed", "Columns": "columns"}


def section(vintage: str) -> None:
    """The two vintages asked for and what differs, tables first, then figures."""
    st.header("What changed between two vintages")
    names = list(client.vintages())
    if len(names) < 2:
        st.info("There is one vintage only. Import files below, or run `python -m jobs data refresh`, to compare.")
        return
    now = names.index(vintage) if vintage in names else 0
    left, right = st.columns(2)
    old = left.selectbox("From", names, index=0 if now else 1, key="changes_from", bind="query-params")
    new = right.selectbox("To", names, index=now, key="changes_to", bind="query-params")
    if old == new:
        st.info("Choose two different vintages.")
        return
    try:
        found = _results.data_changes(old, new)
    except client.BAD_INPUT as error:
        st.error(str(error))
        return
    _page.finding(str(found.summary["finding"]))
    rows(found, f"{old} to {new}")
    st.subheader("Every headline figure")
    if _waiting(old, new):
        awaited(old, new)
    else:
        figures(old, new)


def rows(found: Result, name: str) -> None:
    """Counts a table, and one of the lists of rows with its download."""
    _page.small_table(found.tables["counts"], "Changes by table")
    listed = LISTS[
        str(st.segmented_control("List", list(LISTS), default="Revised cells", required=True, key="changes"))
    ]
    frame = found.tables[listed]
    if frame.is_empty():
        st.info("There are none.")
        return
    st.dataframe(frame, hide_index=True)
    source = f"Changes of the data from vintage {name}."
    st.download_button(
        "The list (CSV)",
        lambda: _page.csv(frame, source),
        file_name=f"{listed}-{name.replace(' ', '-')}.csv",
        mime="text/csv",
        on_click="ignore",
    )


def figures(old: str, new: str) -> None:
    """Figures of every study that has both, and why another has not."""
    pairs, preset = {}, _choices.presets()[-1]
    for name in STUDIES:
        spec = registry.study(name).spec_type.parse({"preset": preset})
        before, after = (_results.quick(spec, vintage) for vintage in (old, new))
        if isinstance(before, Result) and isinstance(after, Result):
            pairs[name] = (before, after)
        else:
            why = next((found for found in (before, after) if isinstance(found, str)), "Being computed.")
            st.markdown(f"- **{STUDIES[name].title}**: {_page.escape(why)}")
    st.dataframe(differences(pairs, (old, new)), hide_index=True)
    st.caption(
        f"Every figure of each study's summary, {preset} preset, on both vintages. The command for the rows: "
        f"`python -m jobs data changes {old} {new}`"
    )


def _waiting(old: str, new: str) -> bool:
    """Whether some study is still being computed on one of the two."""
    preset = _choices.presets()[-1]
    specs = [registry.study(name).spec_type.parse({"preset": preset}) for name in STUDIES]
    return any(_results.quick(spec, vintage) is None for spec in specs for vintage in (old, new))


@st.fragment(run_every=POLL_SECONDS)
def awaited(old: str, new: str) -> None:
    """The figures while some are being computed; the page runs again when all are there."""
    figures(old, new)
    if not _waiting(old, new):
        st.rerun()
