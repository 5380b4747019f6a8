"""Who follows: cumulative incidence of leads ended by each kind of follower."""

import polars as pl
import streamlit as st

from views import _page
from views._results import Answer
from views.charts import diffusion_incidence as charts

DIMENSIONS = {
    "Country of the follower": "country",
    "Organization type of the follower": "organization_type",
    "Licence of the follower": "licence",
    "Access of the next model to match": "access",
}
ABOUT = (
    "Aalen-Johansen estimates: at any month the shares of all kinds and the share that still holds add up to one. "
    "Kinds with fewer than five leads ended are put together as other."
)
ABOUT_ACCESS = (
    "Here a lead ends with the next original model of any access that reaches the threshold, so that closed and open "
    "models compete to be first."
)


def show(answer: Answer) -> None:
    """Incidence by one property of the follower."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    name = str(left.selectbox("By", list(DIMENSIONS), key="dimension", bind="query-params"))
    bands = right.toggle("Show the 95 % bands", key="incidence_bands", bind="query-params")
    dimension = DIMENSIONS[name]
    found = answer.result.tables["cumulative_incidence"].filter(pl.col("dimension") == dimension)
    st.markdown(f"{ABOUT} {ABOUT_ACCESS}" if dimension == "access" else ABOUT)
    if found.is_empty():
        st.info(_why(answer, dimension))
        return
    ends = last(found)
    _page.draw(
        charts.incidence_chart(found, answer.spec.window_months, name, bands=bands),
        f"diffusion-incidence-{dimension}",
        answer,
        found,
        alt=f"Cumulative incidence by {name.lower()}, at the end: {in_words(ends)}.",
        key=f"incidence {dimension} {bands}",
    )
    _page.small_table(figures(ends), "Incidence at the end")


def _why(answer: Answer, dimension: str) -> str:
    if dimension == "access" and answer.spec.measure == "capability":
        return "By capability the access of the next model is not compared; choose another clock."
    return "No lead ended; there is no incidence to draw."


def last(found: pl.DataFrame) -> pl.DataFrame:
    """The last row of each cause, the most frequent first."""
    ended = found.group_by("cause", maintain_order=True).agg(ended=pl.col("events").sum())
    ends = found.group_by("cause", maintain_order=True).last()
    return ends.join(ended, on="cause", how="left", maintain_order="left").sort("cif", descending=True)


def in_words(ends: pl.DataFrame) -> str:
    """Causes with their shares."""
    return ", ".join(f"{cause} {cif:.0%}" for cause, cif in ends.select("cause", "cif").iter_rows())


def figures(ends: pl.DataFrame) -> pl.DataFrame:
    """One row a cause: leads ended, share at the end with interval."""
    percent = [f"{low:.0%} to {high:.0%}" for low, high in ends.select("ci_low", "ci_high").iter_rows()]
    shares = [f"{cif:.1%}" for cif in ends["cif"]]
    return ends.select(pl.col("cause").alias("ended by"), "ended").with_columns(
        pl.Series("share at the end", shares, dtype=pl.String), pl.Series("95 %", percent, dtype=pl.String)
    )
