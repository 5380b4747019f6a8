"""Export controls and the scale of models."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from engine.export_controls import FIXED_BINS, TERCILES, finding
from views import _choices, _page, _results
from views._controls import association, chips, compare, explorer, ledger, world
from views._results import Answer, answers
from views._tabs import tabs
from views.charts import export_controls as charts
from views.content import STUDIES

EVERYWHERE = "All countries"
YEARS = ("year_low", "year_high")
Answers = Sequence[Answer]


def release_years(_: Mapping[str, Any]) -> dict[str, Any]:
    """The years asked for by a range slider; an end left where it is asks for nothing."""
    years = _results.table("models", _choices.vintage())["year"]
    first, last = int(years.min()), int(years.max())  # type: ignore[arg-type]
    low, high = st.slider("Release years", first, last, (first, last), key="release_years", bind="query-params")
    return {name: value for name, value, end in zip(YEARS, (low, high), (first, last), strict=True) if value != end}


def country_choice(found: Answers) -> str:
    """The dropdown that drives every chart: countries by number of models, the first of them to start with."""
    ranked = dict.fromkeys(name for answer in reversed(found) for name in answer.result.tables["countries"]["country"])
    options = [*ranked, EVERYWHERE]
    return str(st.selectbox("Country", options, key="country", bind="query-params"))


def of_country(models: pl.DataFrame, country: str) -> pl.DataFrame:
    """The models of a country, or all."""
    return models if country == EVERYWHERE else models.filter(pl.col("country") == country)


def dashboard(answer: Answer, country: str, *, side_by_side: bool) -> None:
    """Headline, scatter, box plot and bars of one preset."""
    levels = TERCILES if answer.preset == "published" else FIXED_BINS
    models = of_country(answer.result.tables["models"], country)
    if models.is_empty():
        st.info(f"No model of {country} has every field this preset needs. Choose another country.")
        return
    _page.finding(finding(models, levels))
    st.caption("Click an organisation type in the legend to isolate it; click it again to clear.")
    _page.draw(
        charts.scatter_chart(models, levels),
        "controls-scatter",
        answer,
        models,
        alt=f"Scatter of log10 training compute against log10 parameters for {models.height} models, {country}.",
    )
    left, right = (st.container(), st.container()) if side_by_side else st.columns([4, 3.5])
    with left:
        _box(answer, models, levels, country)
    with right:
        _bars(answer, models, levels, country)
    whole = charts.dashboard_chart(models, levels)
    _page.downloads("controls-dashboard", whole, models, answer, label="Download the dashboard")


def _box(answer: Answer, models: pl.DataFrame, levels: Sequence[str], country: str) -> None:
    medians = models.group_by("control_bin").agg(pl.col("log10_compute_flop").median())
    by_level = dict(medians.iter_rows())
    words = ", ".join(f"{level} {by_level[level]:.1f}" for level in levels if level in by_level)
    _page.draw(
        charts.box_chart(models, levels),
        "controls-box",
        answer,
        models,
        alt=f"Box plot of log10 training compute by level of export controls, {country}. Medians: {words}.",
    )


def _bars(answer: Answer, models: pl.DataFrame, levels: Sequence[str], country: str) -> None:
    counts = charts.level_counts(models, levels)
    words = ", ".join(f"{level} {n}" for level, n in counts.iter_rows())
    _page.draw(
        charts.count_chart(models, levels),
        "controls-count",
        answer,
        counts,
        alt=f"Bars of the number of models by level of export controls, {country}: {words}.",
    )


def dashboards(found: Answers) -> None:
    """The three linked charts of each preset, and the rows lost."""
    country = country_choice(found)
    for place, answer in _page.columns(found):
        with place:
            dashboard(answer, country, side_by_side=len(found) > 1)
    for each in found:
        st.header(f"Rows lost, {each.preset} preset")
        lost = each.result.tables["attrition"].select(Step="step", Rows="rows", Lost="lost")
        _page.small_table(lost, f"Rows lost, {each.preset} preset")


def page() -> None:
    """The page."""
    _page.head(STUDIES["export-controls"])
    found = answers("export-controls", YEARS, release_years)
    if not found:
        return
    reading = association.short(found[-1].result.summary.get("reading", ""))
    if reading:
        st.markdown(f"**Reading.** {_page.escape(reading)} The tab *Association* has the figures.")
    sections = {
        "Dashboard": dashboards,
        "Measures in force": ledger.section,
        "Countries compared": compare.section,
        "World map": world.section,
        "Chips": chips.section,
        "Association": association.section,
        "Explorer": explorer.section,
    }
    tabs("controls", {name: functools.partial(draw, found) for name, draw in sections.items()})
    _page.tables(found)
    _page.foot(found)


if __name__ == "__main__":
    page()
