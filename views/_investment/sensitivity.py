"""Sensitivity: tornado, spider, two inputs against each other, Sobol indices."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import streamlit as st

from engine.npv import NpvSpec
from engine.npv.explore import numeric_inputs
from views import _form, _page
from views._investment import indices, words
from views._investment.asking import places, whole
from views._results import Answer
from views.charts import npv as tornado_charts
from views.charts import npv_sensitivity as charts

GRID = "grid"
OF_FIGURE = ("mean_usd", "p_positive")


def show(heads: Sequence[Answer]) -> list[Answer]:
    """The view chosen; in the URL."""
    views: dict[str, Callable[[Sequence[Answer]], list[Answer]]] = {
        "Tornado": tornado,
        "Spider": spider,
        "Two inputs": heat_map,
        "Sobol indices": indices.show,
    }
    chosen = st.segmented_control(
        "View", list(views), default="Tornado", required=True, key="sensitivity_view", bind="query-params"
    )
    return views[str(chosen)](heads)


def _of_each(heads: Sequence[Answer], draw: Callable[[Answer], None], kind: str, **changes: Any) -> list[Answer]:
    """Draw every table's answer of each preset; what was shown."""
    shown = []
    for place, head in places(heads):
        with place:
            answer = whole(head, kind, **changes)
            if answer is not None:
                draw(answer)
            shown.append(answer or head)
    return shown


def tornado(heads: Sequence[Answer]) -> list[Answer]:
    """What moves the mean, largest swing on top."""
    return _of_each(heads, _tornado, "whole")


def _tornado(answer: Answer) -> None:
    rows = answer.result.tables["tornado"]
    _page.draw(
        tornado_charts.tornado_chart(rows, answer.result.summary["mean_usd"]),
        "npv-tornado",
        answer,
        rows,
        alt=f"Tornado chart of the mean when each input moves either way; the largest swing is {rows['input'][0]}.",
    )
    how = "compared on the same paths" if rows["swing_usd_se"].count() else "exact"
    st.caption(f"Each input {answer.spec.tornado_change:.0%} either way, {how}; mu stays where the calibration put it.")
    _page.small_table(swings(rows), "Tornado")


def swings(rows: pl.DataFrame) -> pl.DataFrame:
    """One row an input: both ends, the mean there, the swing and its Monte Carlo standard error."""
    return pl.DataFrame(
        [
            {
                "input": row["input"],
                "lower": f"{row['low_value']:.4g} {row['unit']}".strip(),
                "higher": f"{row['high_value']:.4g} {row['unit']}".strip(),
                "mean at lower": words.usd(row["mean_usd_at_low"]),
                "mean at higher": words.usd(row["mean_usd_at_high"]),
                "swing": words.usd(row["swing_usd"]),
                "standard error": "" if row["swing_usd_se"] is None else words.usd(row["swing_usd_se"]),
            }
            for row in rows.iter_rows(named=True)
        ]
    )


def _figure(key: str) -> str:
    return str(
        st.segmented_control(
            "Figure",
            OF_FIGURE,
            default="mean_usd",
            required=True,
            format_func=words.FIGURES.__getitem__,
            key=key,
            bind="query-params",
        )
    )


def lower(figure: str) -> str:
    """A figure's name within a sentence."""
    name = words.FIGURES[figure]
    return name[0].lower() + name[1:]


def _range() -> dict[str, Any]:
    field = NpvSpec.model_fields["grid_change"]
    return {"grid_change": _form.widget("grid_change", field, field.default)}


def spider(heads: Sequence[Answer]) -> list[Answer]:
    """One input at a time through its range."""
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        figure = _figure("spider_figure")
    with right:
        changes = _range()

    def draw(answer: Answer) -> None:
        rows = titled(answer.result.tables["spider"])
        _page.draw(
            charts.spider_chart(rows, figure),
            "npv-spider",
            answer,
            rows,
            alt=f"Lines of the {lower(figure)} as each of {rows['input'].n_unique()} inputs moves alone.",
            key=f"npv-spider {answer.preset} {figure}",
        )
        st.caption("The axis is the input over its base; for mu it is revenue itself over its base.")

    return _of_each(heads, draw, GRID, **changes)


def titled(spider: pl.DataFrame) -> pl.DataFrame:
    """Rows with the input in words."""
    return spider.with_columns(input=pl.Series([words.title(name) for name in spider["input"]], dtype=pl.String))


def heat_map(heads: Sequence[Answer]) -> list[Answer]:
    """Any two inputs against each other."""
    first, second, third = st.columns(3, vertical_alignment="bottom")
    changes = {name: _axis(place, name) for place, name in ((first, "grid_x"), (second, "grid_y"))}
    with third:
        changes |= _range()
    figure = _figure("heat_figure")

    def draw(answer: Answer) -> None:
        rows, titles = answer.result.tables["grid"], [words.title(answer.spec.grid_x), words.title(answer.spec.grid_y)]
        low, high = (words.figure(figure, v) for v in (rows[figure].min(), rows[figure].max()))  # type: ignore[arg-type]
        about = f"from {low} to {high}"
        _page.draw(
            charts.heat_chart(rows, figure, *titles),
            "npv-grid",
            answer,
            rows,
            alt=f"Heat map of the {lower(figure)} over {titles[0]} and {titles[1]}, {about}.",
            key=f"npv-grid {answer.preset} {figure} {answer.spec.grid_x} {answer.spec.grid_y}",
        )
        st.markdown(f"The {lower(figure)} runs {about}.")

    return _of_each(heads, draw, GRID, **changes)


def _axis(place: Any, name: str) -> Any:
    field, options = NpvSpec.model_fields[name], numeric_inputs()
    return place.selectbox(
        str(field.title).split(": ")[1].capitalize(),
        options,
        index=options.index(field.default),
        format_func=words.name,
        key=name,
        bind="query-params",
    )
