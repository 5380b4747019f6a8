"""Subjects: every lead with what became of it; a row opens to say which model ended it, when and why."""

import html
from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from views import _page
from views._diffusion import sentences
from views._results import Answer

EVERY = "All"
SORTS: dict[str, tuple[str, bool]] = {
    "Release, first first": ("release_date", False),
    "Release, last first": ("release_date", True),
    "Longest lead": ("months", True),
    "Shortest lead": ("months", False),
    "Model": ("model", False),
    "Follower": ("follower", False),
}
SEARCHED = ("model", "organization", "follower", "matched_by", "primary_domain", "country")
STYLE = (
    "<style>.leads{container-type:inline-size;font-size:.9rem}"
    ".leads summary,.leads .heads{display:grid;grid-template-columns:1.2rem 2.2fr 1.6fr 6.5rem 6rem 3fr;gap:0 .8rem;"
    "padding:.4rem 0;border-bottom:1px solid rgba(128,136,145,.35);cursor:pointer;list-style:none;align-items:start}"
    ".leads .heads{font-weight:600;cursor:default}.leads summary::-webkit-details-marker{display:none}"
    ".leads summary::before{content:'+'}.leads details[open]>summary::before{content:'−'}"
    ".leads summary>*{overflow-wrap:anywhere}.leads summary:hover{text-decoration:underline}"
    ".leads .months{text-align:right;font-variant-numeric:tabular-nums}"
    ".leads p{margin:.5rem 0 .9rem 2rem;max-width:46rem}"
    "@container (max-width:620px){.leads summary{grid-template-columns:1.2rem 1fr 5.5rem}"
    ".leads .heads{display:none}.leads .maker,.leads .day{display:none}.leads .what{grid-column:2/-1}"
    ".leads p{margin-left:1.2rem}}</style>"
)


def show(answer: Answer) -> None:
    """Search, choice and order over the list."""
    subjects = sentences.outcomes(answer.result.tables["subjects"])
    places = st.columns(3, vertical_alignment="bottom")
    text = places[0].text_input(
        "Search", key="find", bind="query-params", type="search", placeholder="a model, maker, follower or domain"
    )
    status = places[1].selectbox("Outcome", _statuses(subjects), key="outcome", bind="query-params")
    order = places[2].selectbox("Order", list(SORTS), key="order", bind="query-params")
    shown = chosen(subjects, text or "", str(status), str(order))
    st.caption(f"{shown.height} of {subjects.height} models near the frontier. Open a row to read what became of it.")
    if shown.is_empty():
        st.info("No model fits. Change the search or the outcome.")
    else:
        st.html(listing(shown, answer))
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.caption(_page.source_line(answer, short=True), width="stretch")
        source = _page.source_line(answer)
        st.download_button(
            "Data (CSV)",
            lambda: _page.csv(shown, source),
            file_name=f"diffusion-subjects-{answer.preset}.csv",
            mime="text/csv",
            on_click="ignore",
        )


def _statuses(subjects: pl.DataFrame) -> list[str]:
    return [EVERY, *(name for name in (sentences.ENDED, sentences.LEADING, sentences.MATCHED))]


def chosen(subjects: pl.DataFrame, text: str, status: str, order: str) -> pl.DataFrame:
    """The subjects that a search (any case, plain text) and an outcome leave, in order; unknown values last."""
    found = subjects if status == EVERY else subjects.filter(pl.col("outcome") == status)
    if text.strip():
        hits = [
            pl.col(name).fill_null("").str.to_lowercase().str.contains(text.strip().lower(), literal=True)
            for name in SEARCHED
        ]
        found = found.filter(pl.any_horizontal(hits))
    column, down = SORTS[order]
    return found.sort(column, "model", descending=[down, False], nulls_last=True)


def listing(shown: pl.DataFrame, answer: Answer) -> str:
    """The rows as disclosures; the only one is open."""
    known = sentences.levels(answer.spec, answer.vintage)
    state = " open" if shown.height == 1 else ""
    rows = "".join(_row(row, sentences.story(row, answer.spec, known), state) for row in shown.iter_rows(named=True))
    names = (("", ""), ("", "Model"), ("maker", "Maker"), ("day", "Release"), ("months", "Months"), ("what", "Outcome"))
    heads = "".join(f'<span class="{kind}">{name}</span>' for kind, name in names)
    return (
        f'{STYLE}<div class="leads" role="region" aria-label="Leads">'
        f'<div class="heads" aria-hidden="true">{heads}</div>{rows}</div>'
    )


def _row(row: Mapping[str, Any], story: str, state: str) -> str:
    led = "" if row["already_matched"] else f"{row['months']:.1f}"
    cells = {"model": row["model"], "maker": (row["organization"] or "").replace(",", ", "), "day": row["release_date"]}
    cells |= {"months": led, "what": row["status"]}
    spans = "".join(f'<span class="{kind}">{html.escape(str(value))}</span> ' for kind, value in cells.items())
    return f"<details{state}><summary>{spans}</summary><p>{html.escape(story)}</p></details>"
