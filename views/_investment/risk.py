"""Risk: break-even, payback, goal seek, calibration, and what a purchase commitment buys."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from views import _page
from views._investment import goal, words
from views._investment.asking import places, whole
from views._results import Answer
from views.charts import npv_sensitivity as charts


def show(heads: Sequence[Answer]) -> list[Answer]:
    """Goal seek for all presets from one set of controls, then the rest of each."""
    goal.show(heads)
    shown = []
    for place, head in places(heads):
        with place:
            _calibration(head)
            _commitment(head)
            answer = whole(head)
            if answer is not None:
                _break_even(answer)
                _payback(answer)
            shown.append(answer or head)
    return shown


def _calibration(head: Answer) -> None:
    st.subheader("Calibration")
    rows = head.result.tables.get("calibration")
    if rows is None:
        given = "mu is given" if head.spec.mu is not None else "revenue is typed"
        st.info(f"Nothing is calibrated: {given}, at mu {head.result.summary['mu']:.4g}.")
        return
    binding = rows.filter("binds")["rule"][0]
    st.markdown(f"Revenue mu is the larger of two; the rule on the **{binding}** binds.")
    _page.small_table(calibration(rows), "Calibration")
    if not rows["met"].all():
        st.warning("Infeasible: no mu meets both rules. The rule that binds is kept, and the other is missed.")


def calibration(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a rule: its mu, whether it binds, target and what is achieved at the mu that binds."""
    return pl.DataFrame(
        [
            {
                "rule": row["rule"],
                "mu": "none" if row["mu"] is None else f"{row['mu']:.5f}",
                "binds": "yes" if row["binds"] else "no",
                "target": words.usd(row["target_usd"]),
                "achieved": words.usd(row["achieved_usd"]),
                "met": "yes" if row["met"] else "no",
            }
            for row in rows.iter_rows(named=True)
        ]
    )


def _commitment(head: Answer) -> None:
    st.subheader("Advance purchase commitment (APC*)")
    _page.small_table(commitments(head.result.summary), "Smallest commitments")
    _page.small_table(financing(head.result.tables["financing"]), "Financing")
    st.caption(f"The largest commitment allowed is {head.spec.apc_max_share:.0%} of the cost.")


def commitments(s: Mapping[str, Any]) -> pl.DataFrame:
    """The smallest commitment with a mean of zero, in both versions; a floor lowers no upfront cost."""
    cost, paid, floor = s["upfront_cost_usd"], s["apc_star_share"], s["apc_floor_star_share"]
    left = s["net_upfront_cost_usd"]
    rows = (("paid at the start", paid, left), ("a floor: buyers add what revenue falls short", floor, cost))
    return pl.DataFrame(
        [
            {
                "commitment": name,
                "smallest share": words.share(share),
                "amount": "" if share is None else words.usd(share * cost),
                "cost left to finance": "" if share is None else words.usd(rest),
            }
            for name, share, rest in rows
        ]
    )


def financing(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a commitment, in multiples of the smallest that brings the mean to zero."""
    return pl.DataFrame(
        [
            {
                "commitment": f"{row['apc_star_multiple']:.0%} of the smallest",
                "share of cost": f"{row['share']:.1%}",
                "commitment paid": words.usd(row["apc_usd"]),
                "own cost": words.usd(row["own_cost_usd"]),
                "leverage": "" if row["leverage"] is None else f"{row['leverage']:.3g}x",
                "mean NPV": words.usd(row["mean_usd"]),
                "probability NPV > 0": words.chance(row["p_positive"]),
                "allowed": "yes" if row["within_bound"] else "no",
            }
            for row in rows.iter_rows(named=True)
        ]
    )


def _break_even(answer: Answer) -> None:
    st.subheader(f"Break-even, tier {answer.spec.tier}")
    rows = answer.result.tables["break_even"].filter(pl.col("tier") == answer.spec.tier)
    _page.small_table(break_even(rows), "Break-even")


def break_even(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an input: its value now, the one that brings the mean to zero, and the sentence."""
    return rows.select(
        pl.Series("input", [words.title(name) for name in rows["input"]], dtype=pl.String),
        pl.col("base_value").alias("now"),
        pl.col("break_even_value").alias("break-even"),
        pl.col("sentence").alias("in words"),
    )


def _payback(answer: Answer) -> None:
    st.subheader("Payback")
    rows, month = answer.result.tables["payback"], answer.result.summary["payback_median_months"]
    last = rows.tail(1).row(0, named=True)
    st.markdown(payback(month, float(last["cumulative"]), last["month"]))
    _page.draw(
        charts.payback_chart(rows),
        "npv-payback",
        answer,
        rows,
        alt=f"Share of outcomes paid back by month, ending at {last['cumulative']:.1%} in month {last['month']}.",
    )


def payback(median: int | None, share: float, horizon: int) -> str:
    """When half of the outcomes have paid back, and how many ever do."""
    if median is None:
        return f"Fewer than half of the outcomes pay back: {share:.1%} within {horizon} months."
    return f"Half of the outcomes have paid back by month {median}, and {share:.1%} within {horizon} months."
