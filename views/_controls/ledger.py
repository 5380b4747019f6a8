"""Measures in force by country and quarter, and the state acts behind any of them."""

import datetime as dt
from collections.abc import Sequence

import polars as pl
import streamlit as st

from engine.export_controls.counts import in_force
from views import _page
from views._results import Answer
from views.charts import ledger as charts

ACT_PAGE = "https://globaltradealert.org/state-act/{}"
SIDES = {"faced": "Who faces", "imposed": "Who imposes", "faced_us": "Who faces the United States"}
MOST_NAMED = 4
DEFAULT_COUNTRY = "China"
COUNTRY, QUARTER, MEASURE = "ledger_country", "ledger_quarter", "ledger_measure"


def quarter_ends(first: dt.date, last: dt.date) -> pl.DataFrame:
    """Quarters that hold the days from first to last. Columns: quarter ('2022 Q4'), day (its last, up to `last`)."""
    start = dt.date(first.year, 3 * ((first.month - 1) // 3) + 1, 1)
    days = pl.date_range(start, last, "1q", eager=True).dt.offset_by("1q").dt.offset_by("-1d")
    label = pl.col("day").dt.year().cast(pl.String) + " Q" + pl.col("day").dt.quarter().cast(pl.String)
    ends = pl.DataFrame({"day": days}).with_columns(label.alias("quarter"))
    return ends.select("quarter", day=pl.min_horizontal("day", pl.lit(last)))


def ledger(spells: pl.DataFrame, countries: Sequence[str], measure: str) -> pl.DataFrame:
    """Measures in force on the last day of each quarter, the countries with most at the end first.

    Countries that never have one are left out. Columns: country, quarter, day, measures.
    """
    ends = spells.select(pl.col("date_implemented").min().alias("low"), pl.col("date_implemented").max().alias("high"))
    if spells.is_empty():
        return pl.DataFrame(schema={"country": pl.String, "quarter": pl.String, "day": pl.Date, "measures": pl.Int64})
    quarters = quarter_ends(*ends.row(0))
    moments = pl.DataFrame({"country": countries}).join(quarters.select(date="day"), how="cross")
    counted = in_force(spells.filter(pl.col("measure") == measure), moments).select(
        "country", day="date", measures=measure
    )
    cells = counted.join(quarters, on="day").filter(pl.col("measures").max().over("country") > 0)
    last = pl.col("measures").sort_by("day").last().over("country")
    return cells.sort([last, "country", "day"], descending=[True, False, False]).select(
        "country", "quarter", "day", "measures"
    )


def acts_behind(answer: Answer, measure: str, country: str, day: dt.date) -> pl.DataFrame:
    """State acts in force for a country on a day, as a table to read."""
    tables = answer.result.tables
    held = tables["spells"].filter(
        (pl.col("measure") == measure)
        & (pl.col("country") == country)
        & (pl.col("date_implemented") <= day)
        & (pl.col("date_removed").is_null() | (pl.col("date_removed") > day))
    )
    since = held.group_by("state_act_id").agg(since=pl.col("date_implemented").min())
    return readable(since.join(tables["measures"], on="state_act_id").sort("since", "state_act_id"), "since")


def readable(acts: pl.DataFrame, since: str = "date_implemented") -> pl.DataFrame:
    """Columns of a table of state acts, named for people."""
    return acts.select(
        pl.col("state_act_id").cast(pl.String).alias("State act"),
        pl.col("implementers").map_elements(_named, return_dtype=pl.String).alias("Imposed by"),
        *(
            pl.col(column).dt.strftime("%-d\u00a0%b\u00a0%Y").alias(title)
            for column, title in (
                ("date_announced", "Announced"),
                (since, "In force from"),
                ("date_removed", "Removed"),
            )
        ),
        pl.col("evaluations").alias("Evaluation"),
        pl.col("affected_countries").alias("Countries affected"),
        pl.col("note").alias("Note"),
    )


def _named(implementers: str) -> str:
    names = implementers.split(", ")
    return implementers if len(names) <= MOST_NAMED else f"{', '.join(names[:2])} and {len(names) - 2} more"


def clicked(key: str) -> None:
    """Take country and quarter from the cell clicked; a click that clears the cell changes nothing."""
    cells = st.session_state[key].selection.get("cell") or []
    if cells:
        st.session_state[COUNTRY], st.session_state[QUARTER] = cells[0]["country"], cells[0]["quarter"]


def section(found: Sequence[Answer]) -> None:
    """The ledger, the acts behind a cell, and the acts with a note."""
    answer = found[-1]
    measure = str(
        st.radio("Side", list(SIDES), format_func=SIDES.__getitem__, key=MEASURE, horizontal=True, bind="query-params")
    )
    spells, tables = answer.result.tables["spells"], answer.result.tables
    countries = pl.concat(
        [tables["stock"]["country"], spells.filter(pl.col("measure") == "imposed")["country"]]
    ).unique()
    cells = ledger(spells, countries.sort().to_list(), measure)
    if cells.is_empty():
        st.info("No measure of this kind is in force in the table of measures. Choose another side.")
        return
    country, quarter = _choice(cells)
    _chart(answer, cells, measure, country, quarter)
    _acts(answer, cells, measure, country, quarter)
    _noted(answer)


def _choice(cells: pl.DataFrame) -> tuple[str, str]:
    """Country and quarter by menu: what a click on a cell sets, for keyboards and for the URL."""
    countries = cells["country"].unique(maintain_order=True).to_list()
    quarters = cells["quarter"].unique().sort().to_list()
    for key, options in ((COUNTRY, countries), (QUARTER, quarters)):
        if st.session_state.get(key) not in (None, *options):
            del st.session_state[key]
    st.caption("Click a cell, or choose a country and a quarter, to list the state acts in force on its last day.")
    left, right = st.columns(2)
    start = countries.index(DEFAULT_COUNTRY) if DEFAULT_COUNTRY in countries else 0
    country = left.selectbox("Country of the ledger", countries, index=start, key=COUNTRY, bind="query-params")
    quarter = right.selectbox("Quarter", quarters, index=len(quarters) - 1, key=QUARTER, bind="query-params")
    return str(country), str(quarter)


def _chart(answer: Answer, cells: pl.DataFrame, measure: str, country: str, quarter: str) -> None:
    last = cells.filter(pl.col("day") == cells["day"].max()).head(5)
    words = ", ".join(f"{name} {n}" for name, n in last.select("country", "measures").iter_rows())
    key = f"controls-ledger {measure} {country} {quarter}"
    _page.draw(
        charts.ledger_chart(cells, charts.MEASURES[measure] + " and in force", (country, quarter)),
        "controls-ledger",
        answer,
        cells,
        alt=f"Heat map of measures in force by country and quarter. Most at the end: {words}.",
        key=key,
        on_select=lambda: clicked(key),
    )


def _acts(answer: Answer, cells: pl.DataFrame, measure: str, country: str, quarter: str) -> None:
    day = cells.filter(pl.col("quarter") == quarter)["day"][0]
    acts = acts_behind(answer, measure, country, day)
    st.subheader(f"{country}, {day.day} {day:%B %Y}: {acts.height} state acts")
    if acts.is_empty():
        st.info(f"No state act is in force for {country} on {day.day} {day:%B %Y}.")
    else:
        _page.small_table(acts, "State acts in force", {"State act": ACT_PAGE})


def _noted(answer: Answer) -> None:
    """Acts that are not counted, or not to the end, and why."""
    noted = answer.result.tables["measures"].filter((pl.col("note") != "") | ~pl.col("counted"))
    st.subheader("State acts with a note")
    st.caption("Never implemented, removed, rescinded, or liberalising. Green interventions are never counted.")
    _page.small_table(readable(noted), "State acts with a note", {"State act": ACT_PAGE})
