"""Instruments at equal outlay: table, surplus and gain a dollar, with the assumptions beside them."""

import polars as pl
import streamlit as st

from views import _page
from views._policy import words
from views._results import Answer
from views.charts import welfare as charts

VIEWS = {"Change from no policy": True, "Level": False}


def show(answer: Answer) -> None:
    """Table, charts, and what they take for granted."""
    instruments, mcpf = answer.result.tables["instruments"], answer.spec.mcpf
    if sentence := words.transfer(instruments, mcpf):
        st.warning(sentence)
    outlay = words.billions(answer.result.summary["outlay_usd"])
    st.caption(
        f"Each instrument that spends may spend {outlay} on average. Amounts in billion USD, present value, expected "
        "of one potential project."
    )
    _page.small_table(table(instruments), "Instruments at equal outlay")
    left, right = st.columns([3, 2], gap="large")
    with left:
        _charts(answer, instruments, mcpf)
    with right:
        st.subheader("What this takes for granted")
        st.markdown("\n".join(f"- {line}" for line in answer.result.tables["assumptions"]["assumption"]))


def _charts(answer: Answer, instruments: pl.DataFrame, mcpf: float) -> None:
    view = st.segmented_control(
        "Surplus shown as", list(VIEWS), default="Change from no policy", required=True, key="as", bind="query-params"
    )
    change = VIEWS[str(view)]
    _page.draw(
        charts.surplus_chart(instruments, mcpf, change=change),
        "policy-surplus",
        answer,
        charts.surplus_parts(instruments, mcpf, change=change),
        alt=f"Surplus by instrument, {str(view).lower()}. {in_words(instruments)}",
        key=f"surplus {change}",
    )
    shown = words.shown(instruments)
    _page.draw(
        charts.gain_chart(shown, mcpf),
        "policy-gain",
        answer,
        shown.select("instrument", "label", "fiscal", "welfare_change", "gain_per_dollar", "shown"),
        alt="Change in welfare a dollar of outlay: "
        + "; ".join(f"{r['label']} {r['shown']}" for r in shown.to_dicts()),
    )


def in_words(instruments: pl.DataFrame) -> str:
    """Change in welfare of each instrument."""
    each = instruments.drop_nulls("welfare").filter(pl.col("instrument") != charts.NO_POLICY).to_dicts()
    return "; ".join(
        f"{row['label']}: welfare {row['welfare_change'] / words.BILLION:+,.3g} billion USD" for row in each
    )


def table(instruments: pl.DataFrame) -> pl.DataFrame:
    """One row an instrument, amounts in billion USD."""
    return pl.DataFrame([_row(row) for row in instruments.iter_rows(named=True)], infer_schema_length=None)


def _row(row: dict[str, object]) -> dict[str, object]:
    def amount(name: str) -> float | None:
        value = row[name]
        return value / words.BILLION if isinstance(value, float) else None

    chance = row["p_invest"]
    return {
        "instrument": words.unbroken(str(row["label"])),
        "level": words.unbroken(words.level(row)),
        "invests": f"{chance:.2%}" if isinstance(chance, float) else "",
        "PS": amount("ps"),
        "CS": amount("cs"),
        "DWL": amount("dwl"),
        "outlay": amount("fiscal"),
        "welfare": amount("welfare"),
        "change": amount("welfare_change"),
        "gain a dollar": words.unbroken(words.gain(row)),
    }
