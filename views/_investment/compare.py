"""Up to four saved scenarios side by side: inputs that differ, figures, cumulative curves."""

from collections.abc import Mapping

import polars as pl
import streamlit as st

from engine.npv import NpvSpec
from jobs import client
from views import _page, _results
from views._investment import words
from views._results import Answer
from views.charts import npv as charts

CHOSEN, MOST = "scenarios compared", 4
SHOWN = tuple(name for name in words.FIGURES if name != "breakeven_cost_multiple")
NOT_COMPARED = ("parts",)
# no scenario's name ends in a blank
INPUT, FIGURE = "input ", "figure "


def show(kept: Mapping[str, NpvSpec], vintage: str) -> None:
    """The scenarios chosen."""
    st.subheader("Compare")
    names = st.pills(
        f"Scenarios side by side, up to {MOST}",
        list(kept),
        selection_mode="multi",
        default=list(kept)[:MOST],
        key=CHOSEN,
    )
    if len(names) > MOST:
        st.warning(f"At most {MOST} scenarios are compared; the first {MOST} are shown.")
    chosen = {name: kept[name] for name in names[:MOST]}
    found = {name: answer for name, spec in chosen.items() if (answer := _answered(name, spec, vintage)) is not None}
    if not found:
        st.info("Choose at least one scenario.")
        return
    different = differences({name: kept[name] for name in found})
    if different.is_empty():
        st.info("No input differs between them.")
    else:
        _page.small_table(different, "Inputs that differ")
    _page.small_table(figures(found), "Figures of the scenarios")
    _curves(found)


def _answered(name: str, spec: NpvSpec, vintage: str) -> Answer | None:
    return _results.ask(spec.changed(parts="figures"), vintage, f"compare {name}")


def differences(specs: Mapping[str, NpvSpec]) -> pl.DataFrame:
    """Fields down, scenarios across, where they are not all the same. Columns: INPUT, then one a scenario."""
    values = {name: spec.model_dump() for name, spec in specs.items()}
    rows = [
        {INPUT: words.title(field), **{name: words.setting(field, own[field]) for name, own in values.items()}}
        for field in NpvSpec.model_fields
        if field not in NOT_COMPARED and len({repr(own[field]) for own in values.values()}) > 1
    ]
    return pl.DataFrame(rows)


def figures(found: Mapping[str, Answer]) -> pl.DataFrame:
    """Figures down, scenarios across, each with the engine that answered."""
    columns = {FIGURE: ["Engine", *(words.FIGURES[name] for name in SHOWN)]}
    for name, answer in found.items():
        s = answer.result.summary
        columns[name] = [s["engine"], *(words.figure(field, s[field]) for field in SHOWN)]
    return pl.DataFrame(columns)


def _curves(found: Mapping[str, Answer]) -> None:
    points = curves(found)
    _page.draw(
        charts.curves_chart(points, "by scenario"),
        "npv-compare",
        next(iter(found.values())),
        points.with_columns(pl.col("curve").map_elements(client.safe_in_spreadsheets, return_dtype=pl.String)),
        alt=f"Cumulative probability of net present value of {', '.join(found)}.",
    )


def curves(found: Mapping[str, Answer]) -> pl.DataFrame:
    """Cumulative curves of each scenario's own tier. Columns: tier, npv (billion USD), cumulative, curve."""
    parts = [
        charts.cumulative_points(answer.result.tables["distribution"].filter(pl.col("tier") == answer.spec.tier))
        for answer in found.values()
    ]
    return pl.concat(part.with_columns(curve=pl.lit(name)) for name, part in zip(found, parts, strict=True))
