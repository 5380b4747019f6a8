"""Value: the figures with their errors, the distribution by tier, the cumulative curve."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import streamlit as st

from views import _page
from views._investment import words
from views._investment.asking import places
from views._results import Answer
from views.charts import npv as charts

SHOWN = ("mean_usd", "p_positive", "var5_usd", "cvar5_usd", "sd_usd", "upfront_cost_usd")


def show(heads: Sequence[Answer]) -> list[Answer]:
    """Of each preset."""
    for place, head in places(heads):
        with place:
            _figures(head)
            _distribution(head)
            _cumulative(head)
            _agreement(head)
    return list(heads)


def _figures(head: Answer) -> None:
    intervals = head.result.tables.get("intervals")
    _page.small_table(figures(head.result.summary, intervals), "Figures")
    st.caption(
        "Losses are negative: one outcome in twenty is below the value at risk, and the expected shortfall is the mean "
        + ("of those." if intervals is not None else "of those. Exact: there is no Monte Carlo error.")
    )


def figures(summary: Any, intervals: pl.DataFrame | None) -> pl.DataFrame:
    """Columns: figure, value and, for a simulation, Monte Carlo standard error, 95 % interval, method."""
    errors = {} if intervals is None else {row["figure"]: row for row in intervals.to_dicts()}
    rows = []
    for name in SHOWN:
        row = {"figure": words.FIGURES[name], "value": words.figure(name, summary[name])}
        rows.append(row if intervals is None else {**row, **_error(name, errors.get(name))})
    return pl.DataFrame(rows)


def _error(name: str, row: dict[str, Any] | None) -> dict[str, str]:
    names = ("Monte Carlo standard error", "95 % interval", "method")
    if row is None:
        return dict.fromkeys(names, "")
    low, high = (words.figure(name, row[end]) for end in ("ci_low", "ci_high"))
    error = f"{row['se']:.2g}" if name == "p_positive" else words.figure(name, row["se"])
    return dict(zip(names, (error, f"{low} to {high}", row["method"]), strict=True))


def _distribution(head: Answer) -> None:
    data, tiers = head.result.tables["distribution"], head.result.tables["tiers"]
    marks = {row["tier"]: (row["mean_usd"], row["var5_usd"]) for row in tiers.iter_rows(named=True)}
    said = "; ".join(f"tier {t}: mean {words.usd(m)}, value at risk {words.usd(v)}" for t, (m, v) in marks.items())
    _page.draw(
        charts.tiers_chart(data, marks),
        "npv-distribution",
        head,
        data,
        alt=f"Histograms of net present value by tier; {said}.",
    )
    digest = head.result.summary.get("paths_digest")
    made = f"Histogram of simulated paths; SHA-256 of the path array {digest}." if digest else "From the exact mixture."
    st.caption(f"Figure 5 of the study, redrawn. {made}")


def _cumulative(head: Answer) -> None:
    data = head.result.tables["distribution"]
    _page.draw(
        charts.cumulative_chart(data),
        "npv-cumulative",
        head,
        data,
        alt=f"Cumulative probability of net present value by tier; above zero with probability "
        f"{words.chance(head.result.summary['p_positive'])} in tier {head.spec.tier}.",
    )


def _agreement(head: Answer) -> None:
    found = head.result.tables.get("agreement")
    if found is None:
        return
    st.subheader("Beside the exact engine")
    st.markdown(
        "z is the difference over the error of the simulation; beyond four either way something would be wrong."
    )
    rows = [
        {
            "figure": words.FIGURES[row["figure"]],
            "exact": words.figure(row["figure"], row["exact"]),
            "simulated": words.figure(row["figure"], row["simulated"]),
            "z": row["z"],
        }
        for row in found.iter_rows(named=True)
    ]
    _page.small_table(pl.DataFrame(rows, schema_overrides={"z": pl.Float64}), "Beside the exact engine")
