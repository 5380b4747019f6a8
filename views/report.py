"""The report: the whole study by one run, its checks, figures, tables and replication package."""

from functools import partial

import streamlit as st

from jobs import client
from views import _choices, _page, _results
from views._report import asking, previews, running, status
from views._tabs import tabs
from views.content import REPORT


def made(material: client.ReportMaterial) -> None:
    """The report: status and package, then what it is made of in tabs."""
    status.section(material)
    previews.downloads(material)
    sections = {
        "Checks": status.checks,
        "Summary": previews.summary,
        "Figures": previews.pictures,
        "Tables": previews.tables,
        "Runs": status.runs,
    }
    tabs("report_view", {name: partial(draw, material) for name, draw in sections.items()})
    if material.result.warnings:
        st.header("Notes")
        st.markdown("\n".join(f"- {_page.escape(note)}" for note in material.result.warnings))


def shown(asked: asking.Asked) -> None:
    """The report where it is stored, else its run."""
    question = client.report_question(asked.spec, asked.vintage, asked.files)
    st.query_params["run"] = question.key
    material = _results.report_material(question, asked.config)
    if material is None:
        running.section(question)
    else:
        made(material)


def command(asked: asking.Asked) -> None:
    """The command line that gives the same result, and the whole tree with it."""
    st.header("The command that gives the same result")
    st.code(asked.command, language=None, wrap_lines=True)
    st.caption(
        "It writes the whole tree to the folder report, or where the flag --out says: every figure for print, every "
        "table as text, CSV, LaTeX and HTML, models, logs and validation reports."
    )


def page() -> None:
    """The page."""
    _page.head(REPORT)
    st.page_link("views/provenance.py", label="What changed between two data vintages")
    st.caption("A report has versions of its own: the preset in the sidebar changes nothing here.")
    asked = asking.asked(_choices.vintage())
    if asked is None:
        return
    try:
        shown(asked)
    except client.BAD_INPUT as error:
        st.error(str(error))
    command(asked)


if __name__ == "__main__":
    page()
