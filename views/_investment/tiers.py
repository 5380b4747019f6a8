"""Tiers: risk and break-even inputs side by side, and what recovers the cost."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from views import _page
from views._investment import words
from views._investment.asking import places, whole
from views._results import Answer


def show(heads: Sequence[Answer]) -> list[Answer]:
    """Of each preset."""
    shown = []
    for place, head in places(heads):
        with place:
            answer = whole(head)
            if answer is not None:
                _tiers(answer)
                _recovery(answer)
            shown.append(answer or head)
    return shown


def _tiers(answer: Answer) -> None:
    st.markdown("Each break-even input is the value that brings the mean NPV to zero by itself, all else as asked.")
    table = tiers_table(answer.result.tables["tiers"], answer.result.tables["break_even"])
    _page.small_table(table, "Tiers")


def tiers_table(tiers: pl.DataFrame, break_even: pl.DataFrame) -> pl.DataFrame:
    """Figures and break-even inputs down, tiers across. Columns: figure, then one a tier."""
    columns: dict[str, list[str]] = {"figure": []}
    inputs = break_even["input"].unique(maintain_order=True).to_list()
    names = [name for name in tiers.columns if name != "tier"]
    columns["figure"] = [words.FIGURES[n] for n in names] + [f"Break-even: {words.title(n)}" for n in inputs]
    for row in tiers.iter_rows(named=True):
        own = dict(break_even.filter(pl.col("tier") == row["tier"]).select("input", "break_even_value").iter_rows())
        ends = ["none within bounds" if own[n] is None else f"{own[n]:,.4g}" for n in inputs]
        columns[f"Tier {row['tier']}"] = [words.figure(n, row[n]) for n in names] + ends
    return pl.DataFrame(columns)


def _recovery(answer: Answer) -> None:
    st.subheader("What recovers the cost")
    st.markdown(
        "Revenue a month, undiscounted, that earns the upfront cost back within the median exclusivity, by model size; "
        "beside it what the study printed."
    )
    _page.small_table(recovery(answer.result.tables["recovery"]), "Recovery")


def recovery(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a model size: our figures, and the study's where it printed any."""
    return pl.DataFrame(
        [
            {
                "parameters": f"{row['parameters']:.3g}",
                "upfront cost": words.usd(row["upfront_cost_usd"]),
                "median exclusivity (months)": _months(row["exclusivity_months"]),
                "required a month": _or(row["required_monthly_revenue_usd"], "the lead does not end"),
                "study: cost": _or(row["quoted_upfront_cost_usd"], ""),
                "study: months": row["quoted_exclusivity_months"],
                "study: a month": _or(row["quoted_monthly_revenue_usd"], ""),
            }
            for row in rows.iter_rows(named=True)
        ],
        schema_overrides={"study: months": pl.Float64},
    )


def _months(value: float | None) -> str:
    return "not reached" if value is None else f"{value:.1f}"


def _or(value: float | None, otherwise: str) -> str:
    return otherwise if value is None else words.usd(value)
