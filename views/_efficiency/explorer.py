"""Models by year and size, open and closed, frontier and others, and what a unit of anything buys."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import streamlit as st

from views import _page, _results
from views._results import Answer
from views.charts import explorer as charts
from views.charts import resources

GROUPS = {
    "none": None,
    "domain": "domain_bucket",
    "country": "country_group",
    "organisation": "organization_bucket",
}
DEFAULT_FROM = 2000
EVERYONE = "All organisations"
MOST_ORGANISATIONS = 15
Section = Callable[[Answer], None]


def section(found: Sequence[Answer]) -> None:
    """One exhibit at a time."""
    exhibits: dict[str, Section] = {
        "By year and size": by_year,
        "Open and closed": access,
        "Frontier and others": frontier,
        "Per dollar, watt and hour": per_unit,
    }
    name = st.segmented_control(
        "Exhibit", list(exhibits), default="By year and size", required=True, key="exhibit", bind="query-params"
    )
    exhibits[str(name)](found[-1])


def matching(models: pl.DataFrame, wanted: str) -> list[str]:
    """Names that hold the words searched for, as they stand, whatever their case; none for an empty search."""
    words = wanted.strip().casefold()
    return [name for name in models["model"].to_list() if words and words in name.casefold()]


def _years(models: pl.DataFrame, start: int, key: str) -> tuple[int, int]:
    low, high = (int(end) for end in models.select(pl.col("year").min().alias("a"), pl.col("year").max()).row(0))
    chosen: Any = st.slider("Release years", low, high, (max(low, start), high), key=key, bind="query-params")
    return int(chosen[0]), int(chosen[1])


def by_year(answer: Answer) -> None:
    """Heat map and scatter of a metric by year."""
    models = answer.result.tables["models"]
    left, middle, right = st.columns(3)
    metric = left.selectbox(
        "Metric", list(charts.METRICS), format_func=charts.METRICS.__getitem__, key="metric", bind="query-params"
    )
    wanted = middle.text_input("Search models", key="search", bind="query-params", placeholder="part of a name")
    era = right.toggle("Shade the time before 2010", key="era", bind="query-params")
    group = st.radio("Colour by", list(GROUPS), key="group", horizontal=True, bind="query-params")
    years = _years(models, DEFAULT_FROM, "explorer_years")
    shown = models.filter(pl.col("year").is_between(*years))
    found = matching(shown.filter(pl.col(str(metric)) > 0), wanted or "")
    if wanted:
        st.caption(f"{len(found)} of the models shown have '{wanted.strip()}' in their name.")
    _by_year_chart(answer, shown, str(metric), years, GROUPS[str(group)], found, era=bool(era))


def _by_year_chart(
    answer: Answer,
    shown: pl.DataFrame,
    metric: str,
    years: tuple[int, int],
    group: str | None,
    found: Sequence[str],
    *,
    era: bool,
) -> None:
    known = charts.binned(shown, metric)
    st.caption(
        "Click a cell to ring its models, or a model to mark its cell. Drag over the models to pick some out; click a "
        "group in the legend to isolate it."
    )
    _page.draw(
        charts.years_chart(shown, metric, years, group, found, era=era),
        "efficiency-years",
        answer,
        known.select("model", "organization", "year", "publication_date", metric),
        alt=f"Heat map by year and scatter of {charts.METRICS[metric]} for {known.height} of {shown.height} models, "
        f"{years[0]} to {years[1]}.",
        key=f"efficiency-years {metric} {group} {years}",
    )


def access(answer: Answer) -> None:
    """Open and closed models over the years, and accessibility in order of openness."""
    models = _known(answer)
    years = _years(models, DEFAULT_FROM, "access_years")
    shown = models.filter(pl.col("year").is_between(*years))
    if shown.is_empty():
        st.info("No model of these years has known training compute. Choose other years.")
        return
    st.caption(
        "Open means that weights can be downloaded; closed is API access, hosted access or unreleased; unknown is "
        "neither. Drag over the years to filter the bars; click a bar to name its largest model."
    )
    _page.draw(
        resources.access_chart(shown),
        "efficiency-access",
        answer,
        shown,
        alt=f"Mean training compute of open and closed models by year, and models by accessibility, for {shown.height} "
        f"models, {years[0]} to {years[1]}.",
    )
    _page.small_table(largest(shown), "Largest model by accessibility")


def _known(answer: Answer) -> pl.DataFrame:
    models = _results.table("models", answer.vintage).filter(pl.col("training_compute_flop") > 0)
    return models.select("model", "organization", "year", "access", "accessibility", "training_compute_flop")


def largest(models: pl.DataFrame) -> pl.DataFrame:
    """The model with most training compute of each accessibility, in order of openness, for reading."""
    top = models.sort("training_compute_flop", "model", descending=[True, False]).group_by("accessibility")
    rows = top.agg(pl.len().alias("n"), pl.col("model", "organization", "year", "training_compute_flop").first())
    order = pl.col("accessibility").replace_strict(
        {name: i for i, name in enumerate(charts.OPENNESS)}, default=len(charts.OPENNESS), return_dtype=pl.Int64
    )
    return rows.sort(order).select(
        pl.col("accessibility").alias("Accessibility"),
        pl.col("n").alias("Models"),
        pl.col("model").alias("Largest"),
        pl.col("organization").alias("Organisation"),
        pl.col("year").alias("Year"),
        pl.col("training_compute_flop").alias("Training compute (FLOP)"),
    )


def frontier(answer: Answer) -> None:
    """Frontier models and the rest: compute or cost, on a log or a linear axis, with one year's box plots."""
    models = _results.table("models", answer.vintage).filter(pl.col("year") >= charts.DEEP_LEARNING_YEAR)
    left, middle = st.columns(2)
    figure = left.radio(
        "Figure", list(resources.FIGURES), format_func=resources.FIGURES.__getitem__, key="figure", bind="query-params"
    )
    linear = middle.toggle("Linear axis", key="linear", bind="query-params")
    known = models.filter(pl.col(str(figure)) > 0)
    first, last = (int(year) for year in known.select(pl.col("year").min().alias("a"), pl.col("year").max()).row(0))
    year = st.slider("Year of the box plots", first, last, last, key="box_year", bind="query-params")
    counts = known.filter(pl.col("year") == year)["frontier"].sum()
    shown = known.select("model", "organization", "year", "frontier", str(figure))
    _page.draw(
        resources.frontier_chart(shown, str(figure), int(year), linear=bool(linear)),
        "efficiency-frontier",
        answer,
        shown,
        alt=f"{resources.FIGURES[str(figure)]} of frontier models and others by year, with box plots of {year} "
        f"({counts} frontier models).",
    )


def per_unit(answer: Answer) -> None:
    """Medians of what a dollar, a watt and an hour buy, of everyone or one organisation."""
    models = _results.table("models", answer.vintage).filter(
        (pl.col("year") >= charts.DEEP_LEARNING_YEAR) & (pl.col("training_compute_flop") > 0)
    )
    ranked = (
        models["organization"]
        .drop_nulls()
        .value_counts(sort=True)
        .sort("count", "organization", descending=[True, False])
    )
    options = [EVERYONE, *ranked["organization"].head(MOST_ORGANISATIONS)]
    chosen = st.selectbox("Organisation", options, key="organization", bind="query-params")
    own = models if chosen == EVERYONE else models.filter(pl.col("organization") == chosen)
    medians = resources.rates(own)
    if medians.is_empty():
        st.info(f"No model of {chosen} reports cost, power or time. Choose another organisation.")
        return
    counts = own.filter(pl.col("frontier")).group_by("year").agg(models=pl.len().cast(pl.Int64)).sort("year")
    st.caption(
        "n stands over each point. FLOP per watt and per hour grow with the size of a run: they are no efficiency."
    )
    _page.draw(
        resources.rate_chart(medians, counts),
        "efficiency-rates",
        answer,
        medians,
        alt=f"Median training compute per dollar, watt and hour by year, {chosen}; "
        f"{counts['models'].sum()} frontier models.",
    )
