"""Uncertainty carried through: data confidence, the law's prediction interval, the price, to cost and NPV."""

from collections.abc import Mapping, Sequence

import polars as pl
import streamlit as st

from engine.npv import NpvSpec
from views import _page
from views._investment import words
from views._investment.asking import places, whole
from views._results import Answer
from views.charts import npv_ranges as charts

SWITCHES = {
    "uncertain_data": "compute data",
    "uncertain_law": "scaling law",
    "uncertain_price": "price of compute",
}
ALL, NONE = "all carried", "none"


def show(heads: Sequence[Answer]) -> list[Answer]:
    """Switches, then cost and NPV with each part alone and together."""
    st.markdown(
        "How sure is the upfront cost, and what does that do to the value? Each part can be left out; revenue, its mu "
        "and the lead stay as asked."
    )
    switched = switches()
    shown = []
    for place, head in places(heads):
        with place:
            answer = whole(head, "uncertainty", **switched)
            if answer is not None:
                _uncertainty(answer)
            shown.append(answer or head)
    return shown


def switches() -> Mapping[str, bool]:
    """What is carried, by field."""
    boxes = st.columns(len(SWITCHES))
    return {
        name: box.toggle(str(NpvSpec.model_fields[name].title), value=True, key=name, bind="query-params")
        for box, name in zip(boxes, SWITCHES, strict=True)
    }


def _uncertainty(answer: Answer) -> None:
    rows = answer.result.tables["uncertainty"]
    st.markdown(finding(rows, answer.spec))
    drawn = cost_rows(rows)
    _page.draw(
        charts.range_chart(drawn, "Uncertain cost", "Upfront cost, 5-95 % (USD)"),
        "npv-uncertainty",
        answer,
        drawn,
        alt="Intervals of the upfront cost: "
        + "; ".join(f"{row} {words.between(low, high)}" for row, _, _, low, high in drawn.iter_rows()),
    )
    shares = rows.filter(~pl.col("part").is_in([ALL, NONE])).select("part", share="log_variance_share")
    if shares["share"].sum() > 0:
        said = ", ".join(f"{part} {share:.1%}" for part, share in shares.iter_rows())
        _page.draw(charts.parts_chart(shares), "npv-parts", answer, shares, alt=f"Shares of the variance: {said}.")
    _page.small_table(figures(rows), "Uncertainty")
    st.caption(
        "Cost and the chance that the mean NPV is positive in closed form; the chance of a gain and the value at risk "
        "from simulated paths."
    )


def finding(rows: pl.DataFrame, spec: NpvSpec) -> str:
    """Which part matters, and what all that is carried does to the cost and to the chance of a gain."""
    every = rows.filter(pl.col("part") == ALL).row(0, named=True)
    parts = rows.filter(~pl.col("part").is_in([ALL, NONE])).sort("log_variance_share", descending=True)
    if not every["log10_sd"]:
        return "No part that is carried makes this cost uncertain."
    top = parts.row(0, named=True)
    return (
        f"With all that is carried the cost lies between {words.usd(every['cost_p5_usd'])} and "
        f"{words.usd(every['cost_p95_usd'])} (5-95 %); {top['part']} makes {top['log_variance_share']:.0%} of the "
        f"variance of its logarithm. A gain has probability {words.chance(every['p_positive'])}. The data's confidence "
        f"is {spec.data_confidence}, an error of {spec.log10_sd_data:g} in log10."
    )


def cost_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Parts with an interval. Columns: row, kind, value, low, high."""
    carried = pl.when("carried").then(pl.lit("Carried")).otherwise(pl.lit("Left out"))
    return rows.filter((pl.col("log10_sd") > 0) | (pl.col("part") == ALL)).select(
        row="part", kind=carried, value="cost_median_usd", low="cost_p5_usd", high="cost_p95_usd"
    )


def figures(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a part: its error, the cost's interval, its share, and the chances that follow."""
    return pl.DataFrame(
        [
            {
                "uncertain": row["part"],
                "carried": "" if row["part"] == NONE else "yes" if row["carried"] else "no",
                "sd (log10)": row["log10_sd"],
                "cost, 5-95 %": words.between(row["cost_p5_usd"], row["cost_p95_usd"]),
                "share of variance": f"{row['log_variance_share']:.1%}",
                "chance that the mean NPV is positive": words.chance(row["p_expected_npv_positive"]),
                "probability NPV > 0": words.chance(row["p_positive"]),
                "5 % value at risk": words.usd(row["var5_usd"]),
            }
            for row in rows.iter_rows(named=True)
        ]
    )
