"""APC*: the smallest advance purchase commitment that makes a project drawn at random worth its cost."""

from typing import Any

import polars as pl
import streamlit as st

from views import _page
from views._policy import words
from views._results import Answer
from views.charts import welfare as charts

NOTHING = 1e-9
WHAT = (
    "**Payment**: the share is paid for sure. **Floor**: discounted revenue is topped up to the share of the cost, so "
    "the commitment pays only where revenue falls short. A floor below the cost softens losses but turns none into a "
    "gain, so the chance of a gain stays as it is."
)


def show(answer: Answer) -> None:
    """The triple in both versions, the chance of a gain by commitment, and who finances the project."""
    commitment, bound = answer.result.tables["commitment"], answer.spec.apc_max_share
    for version in ("payment", "floor"):
        st.markdown(f"- {triple(commitment, version, bound)}")
    st.markdown(WHAT)
    _page.draw(
        charts.commitment_chart(commitment),
        "policy-commitment",
        answer,
        commitment,
        alt="Chance of a gain by purchase commitment: " + "; ".join(_chances(commitment)),
    )
    st.caption("Amounts in billion USD, present value.")
    _page.small_table(table(commitment), "Purchase commitments")


def triple(commitment: pl.DataFrame, version: str, bound: float) -> str:
    """APC* in USD, project cost and leverage; or that none is needed, or none is enough."""
    row = commitment.filter(version=version, multiple_of_apc_star=1.0).row(0, named=True)
    name, cost = f"APC\\* as a {version}", words.billions(row["project_cost_usd"])
    if row["share_of_cost"] is None:
        return f"**{name}**: none within {bound:.0%} of the cost of {cost} is enough."
    if row["share_of_cost"] == 0:
        return f"**{name}**: none is needed, the expected net present value is not negative at a cost of {cost}."
    return (
        f"**{name}**: {words.billions(row['commitment_usd'])} on a project of {cost}, {row['share_of_cost']:.2%} of "
        f"it, a leverage of {row['leverage']:.3g} dollars of project a dollar committed; expected to cost "
        f"{words.billions(row['expected_outlay_usd'])}."
    )


def _chances(commitment: pl.DataFrame) -> list[str]:
    known = commitment.drop_nulls("p_positive").to_dicts()
    return [f"{r['version']} at {r['multiple_of_apc_star']:.0%} of APC* {r['p_positive']:.1%}" for r in known]


def table(commitment: pl.DataFrame) -> pl.DataFrame:
    """One row a version and multiple of APC*; amounts in billion USD."""
    return pl.DataFrame([_row(row) for row in commitment.iter_rows(named=True)], infer_schema_length=None)


def _nothing(value: float, row: dict[str, Any]) -> bool:
    """Whether an amount is what a search for zero leaves over."""
    return bool(abs(value) < NOTHING * row["project_cost_usd"])


def _row(row: dict[str, Any]) -> dict[str, Any]:
    def amount(name: str) -> float | None:
        value = row[name]
        return None if value is None else 0.0 if _nothing(value, row) else value / words.BILLION

    def share(name: str) -> str:
        return "none within bound" if row[name] is None else f"{row[name]:.2%}"

    return {
        "version": row["version"],
        "of APC*": f"{row['multiple_of_apc_star']:.0%}",
        "P(NPV > 0)": "" if row["p_positive"] is None else f"{row['p_positive']:.2%}",
        "public share": share("share_of_cost"),
        "private share": share("private_share"),
        "commitment": amount("commitment_usd"),
        "project cost": amount("project_cost_usd"),
        "leverage": row["leverage"],
        "expected outlay": amount("expected_outlay_usd"),
        "mean NPV": amount("mean_npv_usd"),
    }
