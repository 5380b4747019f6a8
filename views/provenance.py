"""Where the data come from, what is in them, and adding your own."""

import re

import polars as pl
import streamlit as st

from engine.result import Result
from jobs import client
from views import _changes, _choices, _page, _results

PREVIEW_ROWS = 5
FILE_TYPES = ["csv", "parquet", "zip"]


def sources(status: Result) -> None:
    """Source, licence and hash of every table."""
    st.header("Sources and licences")
    shown = status.tables["sources"]
    _page.small_table(shown.select("table", "publisher", "licence", "retrieved", "rows", "vintage"), "Sources")
    with st.expander("Addresses and hashes"):
        for row in shown.iter_rows(named=True):
            st.markdown(f"- **{row['table']}**: {row['name']}, <{row['url']}>, SHA-256 of the file `{row['sha256']}`")


def preview(vintage: str) -> None:
    """Head of a table with its size and dates."""
    st.header("Tables")
    names = _results.sources(vintage)["table"].to_list()
    name = st.selectbox("Table", names, key="table", bind="query-params")
    frame = _results.table(name, vintage)
    st.markdown(f"{frame.height:,} rows, {frame.width} columns{date_range(frame)}. The first {PREVIEW_ROWS} rows:")
    st.dataframe(frame.head(PREVIEW_ROWS), hide_index=True)
    source = _source_of(name, vintage)
    st.caption(source)
    st.download_button(
        "The whole table (CSV)",
        lambda: _page.csv(frame, source),
        file_name=f"{name}-{vintage}.csv",
        mime="text/csv",
        on_click="ignore",
    )


def date_range(frame: pl.DataFrame) -> str:
    """First and last date of the first date column that has any; empty when there is none."""
    for name, kind in frame.schema.items():
        if kind == pl.Date and frame[name].drop_nulls().len():
            return f", {name.replace('_', ' ')} from {frame[name].min()} to {frame[name].max()}"
    if "year" in frame.columns:
        return f", years {frame['year'].min()} to {frame['year'].max()}"
    return ""


def _source_of(name: str, vintage: str) -> str:
    row = _results.sources(vintage).filter(pl.col("table") == name).row(0, named=True)
    return f"Source: {row['publisher']} ({row['licence']}, retrieved {row['retrieved']}). Vintage {row['vintage']}."


def losses(status: Result) -> None:
    """Columns that differ from what was expected, and rows left out."""
    st.header("Drift and dropped rows")
    drift, dropped = status.tables["drift"], status.tables["dropped"].filter(pl.col("rows") > 0)
    if drift.is_empty():
        st.info("Every column is where it was expected.")
    else:
        _page.small_table(drift, "Drift")
    if dropped.is_empty():
        st.info("No row was dropped.")
    else:
        _page.small_table(dropped, "Dropped rows")
    for note in status.warnings:
        st.markdown(f"- {note}")


def uploads() -> None:
    """A user's own files as a named vintage; bad input is told and changes nothing."""
    st.header("Your own data")
    st.markdown(
        "Files of any known kind, recognised by their header; tables not among them come from the bundled vintage. "
        "The files stay on the machine that runs this app."
    )
    with st.form("import", border=True):
        files = st.file_uploader("Files", type=FILE_TYPES, accept_multiple_files=True)
        name = st.text_input("Name of the vintage", placeholder="2026-02")
        if st.form_submit_button("Import"):
            _import({file.name: file.getvalue() for file in files}, name.strip())


def _import(files: dict[str, bytes], name: str) -> None:
    if not files or not re.search(r"\S", name):
        st.error("Choose at least one file and give the vintage a name.")
        return
    try:
        status = client.import_files(files, name)
    except client.BAD_INPUT as error:
        st.error(str(error))
        return
    _results.forget_data()
    rows = ", ".join(f"{count:,} {table}" for table, count in status.summary["rows"].items())
    st.success(f"Vintage {name} is ready: {rows}. Choose it in the sidebar.")


def page() -> None:
    """The page."""
    vintage = _choices.vintage()
    st.title("Data and provenance")
    st.markdown("**What are the figures made of, from where, and under which licence?**")
    try:
        status = _results.data_status(vintage)
    except client.BAD_INPUT as error:
        st.error(str(error))
        return
    sources(status)
    preview(vintage)
    losses(status)
    _changes.section(vintage)
    uploads()
    st.header("The command that gives the same result")
    st.code(f"python -m jobs data status --vintage {vintage}", language=None)


if __name__ == "__main__":
    page()
