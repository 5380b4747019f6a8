"""Chips that Chinese and American models were trained on, where that is reported."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from engine.export_controls.chips import COMPARED
from views import _page
from views._results import Answer
from views.charts import chips as charts

INTRODUCTION = (
    "Chips by class where a model's hardware is reported. *Under US licence*: needs a licence for China since October "
    "2022 or October 2023. *Made for China*: kept below the thresholds of a rule then in force. A model that lists "
    "chips of several classes counts for each in equal parts. Derivatives are left out."
)
THIN = 10


def falling(disclosure: pl.DataFrame, country: str) -> str:
    """How many models report their hardware in the year with the highest share and in the last one, in a sentence."""
    rows = disclosure.filter((pl.col("country") == country) & (pl.col("models") >= THIN)).sort("year")
    if rows.is_empty():
        return f"No year has {THIN} models of {country}."
    top, last = rows.sort("share", "year").row(-1, named=True), rows.row(-1, named=True)
    before = (
        f"{country}: {top['share']:.0%} of the models of {top['year']} report their hardware "
        f"({top['with_hardware']} of {top['models']})"
    )
    if top["year"] == last["year"]:
        return f"{before}, the most of any year."
    return (
        f"{before}, but {last['share']:.0%} of those of {last['year']} ({last['with_hardware']} of {last['models']})."
    )


def section(found: Sequence[Answer]) -> None:
    """Chip mix of each country beside the other's, over the share of models that report hardware at all."""
    answer = found[-1]
    mix, disclosure = (answer.result.tables[name] for name in ("chip_mix", "chip_disclosure"))
    st.markdown(INTRODUCTION)
    st.markdown(" ".join(falling(disclosure, country) for country in COMPARED))
    for place, country in zip(st.columns(len(COMPARED)), COMPARED, strict=True):
        with place:
            _mix(answer, mix.filter(pl.col("country") == country), country)
    if disclosure.height:
        _page.draw(
            charts.disclosure_chart(disclosure, COMPARED),
            "controls-disclosure",
            answer,
            disclosure,
            alt=f"Share of models that report their hardware, by year. {falling(disclosure, COMPARED[0])}",
        )


def _mix(answer: Answer, mix: pl.DataFrame, country: str) -> None:
    if mix.is_empty():
        st.info(f"No model of {country} reports its hardware.")
        return
    last = mix.filter(pl.col("year") == mix["year"].max())
    words = ", ".join(f"{charts.NAMES[c]} {s:.0%}" for c, s in last.select("chip_class", "share").iter_rows())
    _page.draw(
        charts.mix_chart(mix, country),
        f"controls-chips-{country.lower().replace(' ', '-')}",
        answer,
        mix,
        alt=f"Stacked bars of chip classes of models of {country} by year. In {last['year'][0]}: {words}.",
    )
