"""Two to six countries on shared axes."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from views import _page
from views._controls.ledger import SIDES
from views._results import Answer
from views.charts import ledger as charts

FEWEST, MOST, DEFAULT = 2, 6, 3


def steps(stock: pl.DataFrame, models: pl.DataFrame, countries: Sequence[str], measure: str) -> pl.DataFrame:
    """Each country's step function from the first day shown to the last release. Columns: country, date, measures."""
    last = models.select(pl.col("publication_date").max()).item() or charts.FIRST_DAY
    known = stock.filter(pl.col("country").is_in(list(countries)) & (pl.col("date") <= last))
    counts = known.select("country", "date", measures=pl.col(measure).cast(pl.Int64))
    start = pl.DataFrame({"country": countries}).select(
        "country", date=pl.lit(charts.FIRST_DAY), measures=pl.lit(0, pl.Int64)
    )
    line = pl.concat([start, counts]).sort("country", "date")
    end = line.group_by("country", maintain_order=True).agg(pl.lit(last).alias("date"), pl.col("measures").last())
    return pl.concat([line, end]).sort("country", "date", maintain_order=True)


def section(found: Sequence[Answer]) -> None:
    """Measures in force and training compute of the countries chosen."""
    answer = found[-1]
    tables = answer.result.tables
    ranked = tables["countries"]["country"].to_list()
    left, right = st.columns([3, 2])
    chosen = left.pills(
        f"Countries ({FEWEST} to {MOST})",
        ranked,
        selection_mode="multi",
        default=ranked[:DEFAULT],
        wrap=True,
        key="compare",
        bind="query-params",
    )
    measure = right.selectbox(
        "Measures", list(SIDES), format_func=charts.MEASURES.__getitem__, key="compare_measure", bind="query-params"
    )
    if not FEWEST <= len(chosen) <= MOST:
        st.info(f"Choose {FEWEST} to {MOST} countries; {len(chosen)} are chosen.")
        return
    _chart(answer, chosen, str(measure))


def _chart(answer: Answer, chosen: list[str], measure: str) -> None:
    tables = answer.result.tables
    models = tables["models"].filter(pl.col("country").is_in(chosen) & (pl.col("publication_date") >= charts.FIRST_DAY))
    line = steps(tables["stock"], models, chosen, measure)
    counted = models.group_by("country").len().sort("len", descending=True)
    words = ", ".join(f"{country} {n}" for country, n in counted.iter_rows())
    _page.draw(
        charts.compare_chart(line, models, chosen, measure),
        "controls-compare",
        answer,
        models,
        alt=f"Measures in force and training compute of {' and '.join(chosen)} on one axis of time. Models: {words}.",
    )
    st.caption(f"Models released from {charts.FIRST_DAY.year} on that the joins keep: {words}.")
    latest = line.group_by("country", maintain_order=True).agg(pl.col("measures").last())
    medians = charts.yearly_medians(models).group_by("country").agg(pl.all().sort_by("year").last())
    _page.small_table(_summary(chosen, latest, medians), "Countries compared")


def _summary(chosen: list[str], latest: pl.DataFrame, medians: pl.DataFrame) -> pl.DataFrame:
    joined = pl.DataFrame({"country": chosen}).join(latest, on="country", how="left", maintain_order="left")
    return joined.join(medians, on="country", how="left", maintain_order="left").select(
        pl.col("country").alias("Country"),
        pl.col("measures").alias("Measures at the end"),
        pl.col("year").alias("Last year with models"),
        pl.col("n").alias("Models in it"),
        pl.col("training_compute_flop").alias("Median compute in it (FLOP)"),
    )
