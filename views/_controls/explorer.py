"""Who opens models, and which organisation trains how large ones where."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from views import _page
from views._controls.world import NO_COUNTRY, models_in_years
from views._results import Answer
from views.charts import explorer as charts
from views.charts.theme import ORGANIZATION_TYPES

MOST_COUNTRIES = 6
FEWEST, DEFAULT, MOST = 5, 12, 30


def accessibility(models: pl.DataFrame) -> pl.DataFrame:
    """Models by type of organisation and accessibility. Columns: organization_type, accessibility, models."""
    typed = models.filter(pl.col("organization_type").is_not_null())
    return typed.group_by("organization_type", "accessibility").agg(models=pl.len().cast(pl.Int64))


def cells(models: pl.DataFrame, count: int) -> pl.DataFrame:
    """Mean log10 compute of the `count` organisations with most models of known compute, in their countries.

    A row for every pair, in the order of the axes. Columns: organization, country, n, log10_compute_flop.
    """
    known = models.filter(
        (pl.col("training_compute_flop") > 0)
        & pl.col("organization").is_not_null()
        & pl.col("country").is_not_null()
        & (pl.col("country") != NO_COUNTRY)
    )
    organisations = _largest(known, "organization", count)
    theirs = known.filter(pl.col("organization").is_in(organisations["organization"].implode()))
    grid = organisations.join(_largest(theirs, "country", MOST_COUNTRIES), how="cross")
    means = theirs.group_by("organization", "country").agg(
        n=pl.len().cast(pl.Int64), log10_compute_flop=pl.col("training_compute_flop").log10().mean()
    )
    joined = grid.join(means, on=["organization", "country"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("n").fill_null(0))


def _largest(models: pl.DataFrame, column: str, count: int) -> pl.DataFrame:
    ranked = models.group_by(column).len().sort("len", column, descending=[True, False])
    return ranked.head(count).select(column)


def section(found: Sequence[Answer]) -> None:
    """Accessibility by type of organisation, and the heat map of organisations and countries."""
    answer = found[-1]
    models = models_in_years(answer)
    counts = accessibility(models)
    if counts.is_empty():
        st.info("No model of these years has a type of organisation. Choose other years.")
        return
    _accessibility(answer, counts)
    count = st.slider("Organisations", FEWEST, MOST, DEFAULT, key="organizations", bind="query-params")
    _organisations(answer, cells(models, int(count)))


def _accessibility(answer: Answer, counts: pl.DataFrame) -> None:
    present = set(counts["organization_type"])
    kinds = [kind for kind in ORGANIZATION_TYPES if kind in present]
    open_share = pl.col("models").filter(pl.col("accessibility").str.starts_with("Open")).sum() / pl.col("models").sum()
    shares = dict(counts.group_by("organization_type").agg(open_share).iter_rows())
    words = ", ".join(f"{kind} {shares[kind]:.0%}" for kind in kinds)
    _page.draw(
        charts.accessibility_chart(counts, kinds),
        "controls-accessibility",
        answer,
        counts,
        alt=f"Shares of accessibility by type of organisation. Open weights: {words}.",
    )


def _organisations(answer: Answer, grid: pl.DataFrame) -> None:
    if grid.is_empty():
        st.info("No model of these years has known training compute. Choose other years.")
        return
    filled = grid.drop_nulls("log10_compute_flop")
    top = filled.sort("log10_compute_flop").row(-1, named=True)
    _page.draw(
        charts.organisation_chart(grid),
        "controls-organisations",
        answer,
        grid,
        alt=f"Heat map of mean log10 training compute by organisation and country, {filled.height} cells with data; "
        f"the largest is {top['organization']} in {top['country']}, {top['log10_compute_flop']:.1f}.",
    )
