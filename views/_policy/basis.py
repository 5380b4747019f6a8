"""What the answer rests on: the leads, what a month of the market yields, and every parameter with its source."""

import polars as pl
import streamlit as st

from views import _lead, _page
from views._results import Answer
from views.charts import welfare as charts


def show(answer: Answer) -> None:
    """Leads, streams, parameters."""
    st.subheader("The lead")
    _lead.show(answer)
    streams = answer.result.tables["streams"]
    first, last = streams.row(0, named=True), streams.row(-1, named=True)
    _page.draw(
        charts.streams_chart(streams),
        "policy-streams",
        answer,
        streams,
        alt=f"Expected surplus by month per unit of first-month profit: the producer's falls from "
        f"{first['producer']:.2f} to {last['producer']:.2f}, consumers' rises from {first['consumer']:.2f} to "
        f"{last['consumer']:.2f}.",
    )
    st.subheader("Parameters")
    _page.small_table(table(answer.result.tables["parameters"]), "Parameters with unit, range and source")


def table(parameters: pl.DataFrame) -> pl.DataFrame:
    """Parameters with headings for people."""
    return parameters.select("title", "value", "unit", "range", "source").rename({"title": "parameter"})
