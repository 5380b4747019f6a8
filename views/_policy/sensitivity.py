"""Sensitivity: one input changed at a time, levels found anew."""

import polars as pl
import streamlit as st

from views import _page
from views._policy import words
from views._results import Answer
from views.charts import welfare as charts

NO_LEVEL = "no level"
FIGURES = {"Gain a dollar": "gain_per_dollar", "Change in welfare": "welfare_change", "Who invests": "p_invest"}


def show(answer: Answer) -> None:
    """A figure over an input, both from menus."""
    left, right = st.columns(2)
    names = {title: name for name, title in charts.INPUTS.items()}
    title = str(left.selectbox("Input", list(names), key="input", bind="query-params"))
    figure = str(
        right.segmented_control(
            "Figure", list(FIGURES), default="Gain a dollar", required=True, key="figure", bind="query-params"
        )
    )
    rows = answer.result.tables["sensitivity"].filter(pl.col("parameter") == names[title])
    drawn = rows.rename({"value": names[title]})
    own = getattr(answer.spec, names[title])
    _page.draw(
        charts.lines_chart(
            drawn,
            FIGURES[figure],
            names[title],
            f"{figure} by {_lower(title)}",
            own,
            log=names[title] == "cost_multiple",
        ),
        f"policy-sensitivity-{names[title]}",
        answer,
        rows,
        alt=f"{figure} by {_lower(title)} and instrument: {span(rows, FIGURES[figure])}.",
        key=f"sensitivity {title} {figure}",
    )
    _page.small_table(table(rows, title, FIGURES[figure]), f"{figure} by {_lower(title)}")
    st.caption(
        f"Levels are found anew at each value, on the same calibration; {NO_LEVEL}: none spends exactly the outlay. "
        "Dashed: the value asked for."
    )


def _lower(title: str) -> str:
    return title[0].lower() + title[1:]


def span(rows: pl.DataFrame, figure: str) -> str:
    """From where to where the figure goes, by instrument."""
    known = rows.drop_nulls(figure)
    ends = known.group_by("label", maintain_order=True).agg(low=pl.col(figure).min(), high=pl.col(figure).max())
    return "; ".join(
        f"{label} {_short(low, figure)} to {_short(high, figure)}" for label, low, high in ends.iter_rows()
    )


def table(rows: pl.DataFrame, title: str, figure: str) -> pl.DataFrame:
    """Values down, instruments that have the figure somewhere across; `no level` where they can't spend the outlay."""
    shown = pl.col(figure).map_elements(lambda value: words.unbroken(_short(value, figure)), return_dtype=pl.String)
    wide = rows.with_columns(shown).pivot("label", index="value", values=figure)
    some = [name for name in wide.columns if wide[name].null_count() < wide.height]
    return wide.select(some).with_columns(pl.col(pl.String).fill_null(NO_LEVEL)).rename({"value": title})


def _short(value: float, figure: str) -> str:
    if figure == "p_invest":
        return f"{value:.1%}"
    return f"{value / words.BILLION:+,.3g} bn USD" if figure == "welfare_change" else f"{value:+.3g} USD"
