"""How efficiently AI models turn money and power into compute."""

import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from engine.efficiency.index import CORRECTED_METRICS, PUBLISHED_METRICS
from engine.efficiency.spec import EfficiencySpec
from views import _choices, _form, _page
from views._efficiency import explorer, hardware, returns, versions
from views._results import Answer, answers
from views._tabs import tabs
from views.charts import efficiency as charts
from views.content import STUDIES

SPAN = (charts.FIRST_YEAR, charts.LAST_YEAR)
DEFAULT_YEARS = (2021, 2025)
WEIGHTS = ("weight_compute_per_dollar", "weight_cost_per_parameter", "weight_flop_per_joule")
LARGEST_WEIGHT = 10.0
DRAWN = ("model", "year", "composite", "training_compute_flop")
Answers = Sequence[Answer]


def whole_years(selected: Sequence[float], span: tuple[int, int]) -> tuple[int, int]:
    """The years a brush covers, at least one, within the span."""
    low, high = math.ceil(selected[0]), math.floor(selected[1])
    if low > high:
        low = high = round((selected[0] + selected[1]) / 2)
    return max(span[0], min(low, span[1])), max(span[0], min(high, span[1]))


def brushed(key: str) -> None:
    """Take the years from the brush of that line; a click without a drag, or a resize, changes nothing."""
    selected = st.session_state[key].selection.get("years", {}).get("year")
    if selected and (years := whole_years(selected, SPAN)) != st.session_state.get("years"):
        st.session_state["years"] = years
        redraw()


def redraw() -> None:
    """Give the lines new keys, so that their brushes are drawn anew from the years."""
    st.session_state["brushes"] = st.session_state.get("brushes", 0) + 1


def in_years(frame: pl.DataFrame, years: tuple[int, int]) -> pl.DataFrame:
    """Rows of those years, both ends included."""
    return frame.filter(pl.col("year").is_between(*years))


@st.fragment
def dashboard(found: Answers) -> None:
    """Line over bars and scatter, linked by the years."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    years = left.slider("Years", *SPAN, value=DEFAULT_YEARS, key="years", bind="query-params", on_change=redraw)
    percent = right.checkbox("Show yearly percent change", key="percent", bind="query-params", on_change=redraw)
    st.caption("Drag over the line to choose years, or move the slider; bars and scatter follow.")
    for place, answer in _page.columns(found):
        with place:
            _linked(answer, years, percent, side_by_side=len(found) > 1)


def _linked(answer: Answer, years: tuple[int, int], percent: bool, *, side_by_side: bool) -> None:
    _page.finding(answer.result.summary["finding"])
    by_year = in_years(answer.result.tables["by_year"], SPAN)
    _line(answer, by_year, years, percent)
    left, right = (st.container(), st.container()) if side_by_side else st.columns([4, 3.5])
    with left:
        _bars(answer, in_years(by_year, years), years)
    with right:
        _scatter(answer, in_years(answer.result.tables["models"], years).drop_nulls("composite"), years)
    models = answer.result.tables["models"].drop_nulls("composite").select(*DRAWN)
    whole = charts.dashboard_chart(by_year, models, years, metrics_of(answer.preset))
    _page.downloads("efficiency-dashboard", whole, models, answer, label="Download the dashboard")


def _line(answer: Answer, by_year: pl.DataFrame, years: tuple[int, int], percent: bool) -> None:
    key = f"efficiency-line {answer.preset} {st.session_state.get('brushes', 0)}"
    words = ", ".join(f"{year} {value:.2f}" for year, value in by_year.select("year", "composite").iter_rows())
    _page.draw(
        charts.line_chart(by_year, years, percent=percent),
        "efficiency-line",
        answer,
        by_year,
        alt=f"Line of the mean composite index by year: {words}.",
        key=key,
        on_select=lambda: brushed(key),
    )


def _bars(answer: Answer, by_year: pl.DataFrame, years: tuple[int, int]) -> None:
    if by_year.is_empty():
        st.info(f"No model of {years[0]} to {years[1]} has an index. Choose other years.")
        return
    _page.draw(
        charts.metric_chart(by_year, metrics_of(answer.preset)),
        "efficiency-metrics",
        answer,
        by_year,
        alt=f"Grouped bars of the normalised yearly means of each metric, {years[0]} to {years[1]}.",
    )


def _scatter(answer: Answer, models: pl.DataFrame, years: tuple[int, int]) -> None:
    if models.is_empty():
        return
    shown = models.select(*DRAWN)
    _page.draw(
        charts.scatter_chart(shown),
        "efficiency-scatter",
        answer,
        shown,
        alt=f"Scatter of training compute against the index for {shown.height} models, {years[0]} to {years[1]}.",
    )


def metrics_of(preset: str) -> tuple[str, ...]:
    """The metrics whose means a preset's bars show."""
    return PUBLISHED_METRICS if preset == "published" else CORRECTED_METRICS


def weights(presets: Sequence[str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Rows of the index and weights of its metrics; the published index has none of its own."""
    given: dict[str, Any] = {}
    places = st.columns(4, vertical_alignment="bottom")
    if len(presets) == 1:
        with places[3]:
            given["rows"] = _form.widget("rows", EfficiencySpec.model_fields["rows"], defaults["rows"])
    if "corrected" in presets:
        for place, name in zip(places, WEIGHTS, strict=False):
            title = str(EfficiencySpec.model_fields[name].title)
            given[name] = place.slider(title, 0.0, LARGEST_WEIGHT, 1.0, 0.5, key=name, bind="query-params")
    return given


def page() -> None:
    """The page."""
    _page.head(STUDIES["efficiency"])
    found = answers("efficiency", ("rows", *WEIGHTS), functools.partial(weights, _choices.presets()))
    if not found:
        return
    sections = {
        "Dashboard": dashboard,
        "Published beside corrected": versions.section,
        "Diminishing returns": returns.section,
        "Hardware": hardware.section,
        "Explorer": explorer.section,
    }
    tabs("efficiency", {name: functools.partial(draw, found) for name, draw in sections.items()})
    _page.tables(found)
    _page.foot(found)


if __name__ == "__main__":
    page()
