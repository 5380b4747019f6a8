"""The report's status in words, why it isn't green, every check with its evidence, and the runs behind them."""

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from engine import registry
from engine.report.spec import KINDS
from engine.result import Result
from jobs import client
from views import _page

ORDER = ("red", "amber", "green")
MEANINGS = {
    "green": "Green: every check holds.",
    "amber": "Amber: no check found a wrong figure, but {amber} of {all} want a look before figures are relied on.",
    "red": "Red: {red} of {all} checks found a wrong figure, and {amber} more want a look.",
}
NO_SUBJECT = "Inputs and published figures"
CHECK_COLUMNS = {"status": "Status", "name": "Check", "detail": "What was found", "evidence": "Evidence"}
BOX = {"green": st.success, "amber": st.warning, "red": st.error}


def section(material: client.ReportMaterial) -> None:
    """The status, and up front what keeps it from being green."""
    result = material.result
    status = str(result.summary["status"])
    st.header(f"Status: {status}")
    if material.watermark:
        st.error("SYNTHETIC: the scaling table and the pairs are drawn at random, so no figure here is a finding.")
    BOX[status](meaning(result.summary))
    reasons = why(result.tables["checks"])
    if reasons:
        st.markdown("\n".join(f"- {line}" for line in reasons))


def meaning(summary: Mapping[str, Any]) -> str:
    """A status in words, with the counts behind it."""
    counts = {name: int(summary[f"checks_{name}"]) for name in ORDER}
    return MEANINGS[str(summary["status"])].format(**counts, all=sum(counts.values()))


def why(checks: pl.DataFrame) -> list[str]:
    """A line of Markdown a subject of the checks that are not green, red ones first."""
    found: dict[tuple[str, str], list[str]] = {}
    for status in ORDER[:-1]:
        for name in checks.filter(pl.col("status") == status)["name"]:
            subject, colon, what = name.partition(": ")
            found.setdefault((status, subject if colon else NO_SUBJECT), []).append(what if colon else name)
    return [
        f"**{subject}**, {len(names)} {status}: {_page.escape('; '.join(names))}."
        for (status, subject), names in found.items()
    ]


def checks(material: client.ReportMaterial) -> None:
    """Every check, the worst first, with what it rests on."""
    found = material.result.tables["checks"]
    rank = pl.col("status").replace_strict({status: place for place, status in enumerate(ORDER)}, return_dtype=pl.Int8)
    listed = found.sort(rank, maintain_order=True).select(list(CHECK_COLUMNS)).rename(CHECK_COLUMNS)
    _page.small_table(listed, "Checks of the report")
    st.caption(
        "Evidence is the run (kind/version and the start of its key) and the table of it that was looked at; the runs "
        "are under Runs, data_loading_report is in the tree that the command writes."
    )


def runs(material: client.ReportMaterial) -> None:
    """Every run the report names, with its finding, and the page that shows it."""
    for name, run in sorted(material.runs.items()):
        with st.container(border=True):
            label = f"{name}, run {run.key[: _page.KEY_LETTERS]}"
            if material.question.files:
                st.markdown(f"**{label}**")
            else:
                st.page_link(page_of(name), label=f"**{label}**", query_params=address(run, material.vintage))
            st.markdown(_page.escape(str(run.summary.get("finding", ""))))
    if material.question.files:
        st.caption("The pages of these runs can't be linked to: files are no part of an address.")


def page_of(name: str) -> str:
    """The page of a run's study."""
    return f"views/{KINDS[name.partition('/')[0]].replace('-', '_')}.py"


def address(run: Result, vintage: str) -> dict[str, str]:
    """What a page's address says to ask the same run: vintage, preset, and every field that differs from it."""
    spec_type = registry.study(run.study).spec_type
    preset = str(run.spec["preset"])
    usual = spec_type.parse({"preset": preset}).model_dump(mode="json")
    asked = {name: str(value) for name, value in run.spec.items() if value != usual[name] and value is not None}
    return {**asked, "preset": preset, "vintage": vintage}
