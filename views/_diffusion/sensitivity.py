"""Sensitivity: the median lead under other thresholds, frontiers, minimum leads, windows and access rules."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from engine.diffusion import DiffusionSpec
from views import _page
from views._diffusion import words
from views._results import Answer
from views.charts import diffusion_sensitivity as charts

CLOSED = {
    "all": "API, hosted and unreleased",
    "released": "API and hosted",
    "api": "API only",
    "unreleased": "unreleased only",
    "with_unknown": "closed and unknown",
}
OPEN = {"any": "any open weights", "commercial": "commercial use allowed", "unrestricted": "unrestricted weights"}


def show(answer: Answer) -> None:
    """Heat map over theta and frontier rule; the other rules from menus."""
    every = answer.result.tables["sensitivity"]
    if every.is_empty():
        st.info("There is no sensitivity table for this rule.")
        return
    rows, about = _chosen(every, answer.spec)
    if answer.spec.measure == "capability":
        st.markdown("By capability neither theta nor the frontier rule has a part; lead, window and access have.")
        _page.small_table(figures(every), "Medians under other rules")
        return
    _page.draw(
        charts.heat_map(rows, "Median lead (months) under other rules"),
        "diffusion-sensitivity",
        answer,
        rows,
        alt=f"Heat map of the median lead over theta and frontier rule, {about}: {span(every, rows)}",
        key=f"heat map {about}",
    )
    st.markdown(span(every, rows))


def _chosen(every: pl.DataFrame, spec: DiffusionSpec) -> tuple[pl.DataFrame, str]:
    """The rows of the rules chosen, and those rules in words."""
    places = st.columns(3)
    lead = _menu(
        places[0], "Minimum lead of the sweep (months)", every["min_lead_months"], spec.min_lead_months, "lead"
    )
    window = _menu(places[1], "Follow-up of the sweep (months)", every["window_months"], spec.window_months, "window")
    rules = {
        access(*pair): pair
        for pair in every.select("closed_access", "open_weights").unique(maintain_order=True).iter_rows()
    }
    rule = str(places[2].selectbox("Closed against open", list(rules), key="sweep_access", bind="query-params"))
    closed, weights = rules[rule]
    rows = every.filter(
        (pl.col("min_lead_months") == lead)
        & (pl.col("window_months") == window)
        & (pl.col("closed_access") == closed)
        & (pl.col("open_weights") == weights)
    )
    return rows, f"minimum lead {lead:g}, follow-up {window:g} months, {rule}"


def _menu(place: st.delta_generator.DeltaGenerator, label: str, values: pl.Series, own: float, key: str) -> float:
    options: Sequence[float] = values.unique().sort().to_list()
    return float(
        place.selectbox(
            label, options, index=options.index(own), key=f"sweep_{key}", bind="query-params", format_func="{:g}".format
        )
    )


def access(closed: str, weights: str) -> str:
    """An access definition in words."""
    return f"{CLOSED[closed]}; {OPEN[weights]}"


def span(every: pl.DataFrame, rows: pl.DataFrame) -> str:
    """How far the median moves, and where the rule asked for stands."""
    known = rows.drop_nulls("median_months")
    if known.is_empty():
        return "No cell has a median."
    first, last = (
        known.sort("median_months").head(1).row(0, named=True),
        known.sort("median_months").tail(1).row(0, named=True),
    )
    own = every.filter("default")
    asked = f" The rule asked for gives {words.months(own['median_months'][0])}." if own.height else ""
    return (
        f"The median runs from {first['median_months']:.1f} months (theta {first['theta']:g}, {first['frontier']}) to "
        f"{last['median_months']:.1f} (theta {last['theta']:g}, {last['frontier']}).{asked}"
    )


def figures(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a rule, for the clock that has neither theta nor a frontier."""
    return pl.DataFrame(
        [
            {
                "minimum lead": row["min_lead_months"],
                "follow-up": row["window_months"],
                "closed against open": access(row["closed_access"], row["open_weights"]),
                "subjects": row["subjects"],
                "ended": row["events"],
                "median (months)": words.months(row["median_months"]),
                "95 %": words.interval(row["ci_low"], row["ci_high"]),
                "asked for": "yes" if row["default"] else "",
            }
            for row in rows.iter_rows(named=True)
        ]
    )
