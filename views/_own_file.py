"""A file of the user's own in place of a table: the uploader, what it may hold, and a template."""

from collections.abc import Mapping

import polars as pl
import streamlit as st

from engine.tables import layout_report
from jobs import client
from views import _page

NOT_IN_THE_ADDRESS = "A file can't be part of this page's address: after a reload, choose it again."


def uploader(label: str, table: str) -> Mapping[str, str] | None:
    """The user's file as table name to path: empty without one, None where it won't do, which is then told."""
    file = st.file_uploader(label, key=f"own {table}", help="CSV or Parquet; it is kept on this server for its runs.")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(NOT_IN_THE_ADDRESS, width="stretch")
        _accepted(table)
    if file is None:
        return {}
    try:
        return {table: client.keep_upload(table, file.name, file.getvalue())}
    except client.BAD_INPUT as error:
        st.error(str(error))
        return None


def _accepted(table: str) -> None:
    """The columns such a file may have, and an empty one to fill."""
    columns = layout_report(table)
    with st.popover("Columns and template"):
        st.markdown("Upper and lower case, spaces and underscores don't matter. Columns not needed may be absent.")
        _page.small_table(columns.rename(HEADINGS), "Accepted columns")
        st.download_button(
            "Empty template (CSV)",
            template(columns),
            file_name=f"{table}-template.csv",
            mime="text/csv",
            key=f"template {table}",
            on_click="ignore",
        )


def template(columns: pl.DataFrame) -> str:
    """A CSV of the canonical column names alone."""
    return ",".join(columns["column"]) + "\n"


HEADINGS = {"column": "Column", "also": "Or named", "unit": "Unit", "needed": "Needed"}
