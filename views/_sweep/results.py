"""What a sweep found: charts, failures, the points themselves."""

import io
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from engine.sweep import SweepSpec
from views import _page
from views._results import Answer
from views._sweep import axes, shaping
from views._tabs import tabs
from views.charts import sweep as charts

ROWS = 200
FAILED_ROWS = 100
MOST_ACROSS = 8
FIRST_FIGURES = ("p_positive", "median_months", "p_invest", "slope")
UNITS = {"_usd": "USD", "_months": "months", "_flop": "FLOP"}
TITLES = {
    "p_positive": "Probability NPV > 0",
    "mean_usd": "Mean NPV (USD)",
    "sd_usd": "Standard deviation (USD)",
    "var5_usd": "5 % value at risk (USD)",
    "cvar5_usd": "Expected shortfall, 5 % (USD)",
    "p_invest": "Probability of investing",
    "apc_star_share": "Purchase commitment to break even (share of cost)",
}


@dataclass(frozen=True)
class Shown:
    """Points and what their columns are called."""

    answer: Answer
    points: pl.DataFrame
    good: pl.DataFrame

    @property
    def spec(self) -> SweepSpec:
        found: SweepSpec = self.answer.spec
        return found

    @property
    def names(self) -> list[str]:
        """The axes that have more than one value, else all."""
        names = list(self.spec.axes)
        return [name for name in names if self.good[name].n_unique() > 1] or names

    @property
    def logs(self) -> list[str]:
        return [name for name, axis in self.spec.axes.items() if axis.scale == "log"]

    def title(self, name: str) -> str:
        return axes.label(self.spec.target, name) if name in self.spec.axes else figure_title(name)


def figure_title(name: str) -> str:
    """A figure's column in words, with its unit."""
    if name in TITLES:
        return TITLES[name]
    for ending, unit in UNITS.items():
        if name.endswith(ending):
            return f"{_words(name.removesuffix(ending))} ({unit})"
    return f"{_words(name.removesuffix('_se'))}, standard error" if name.endswith("_se") else _words(name)


def _words(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def section(answer: Answer, points: pl.DataFrame) -> None:
    """Counts, the charts in tabs, and the points to take away."""
    shown = Shown(answer, points, shaping.done(points))
    failed = points.height - shown.good.height
    st.caption(f"{points.height:,} of {shown.spec.size():,} points are there, {failed:,} of them failed.")
    views = {"Heat map": _heat_map, "Response curves": _curves, "Parallel coordinates": _parallel}
    kept = {name: lambda draw=draw: _drawn(shown, draw) for name, draw in views.items()}
    tabs("sweep_view", {**kept, "Failures": lambda: _failures(shown), "Points": lambda: _points(shown)})
    _take_away(shown)


def _drawn(shown: Shown, draw: object) -> None:
    """A chart, where there is something to draw."""
    figures = shaping.figures(shown.good, list(shown.spec.axes))
    if not figures:
        st.info("No point has a figure yet: see the failures, or wait for the first points.")
        return
    assert callable(draw)
    draw(shown, figures)


def _pick(label: str, options: Sequence[str], shown: Shown, key: str, first: str | None = None) -> str:
    """A choice of columns, kept in the address; one that is no longer there is forgotten."""
    if st.session_state.get(key) not in options:
        st.session_state.pop(key, None)
    index = options.index(first) if first in options else 0
    return str(st.selectbox(label, options, index=index, format_func=shown.title, key=key, bind="query-params"))


def _figure(shown: Shown, figures: Sequence[str]) -> str:
    first = next((name for name in FIRST_FIGURES if name in figures), None)
    return _pick("Figure", figures, shown, "sweep_figure", first)


def _heat_map(shown: Shown, figures: Sequence[str]) -> None:
    names = shown.names
    if len(names) < 2:
        st.info("A heat map needs two axes with more than one value; this design has one. See the response curves.")
        return
    places = st.columns(3)
    with places[0]:
        x = _pick("Across", names, shown, "sweep_x")
    with places[1]:
        y = _pick("Up", [name for name in names if name != x], shown, "sweep_y")
    with places[2]:
        figure = _figure(shown, figures)
    cells = shaping.cells(shown.good, x, y, figure, shown.logs)
    told = f"{cells['n'].sum():,} of {shown.points.height:,} points in {cells.height:,} cells{_averaged(cells)}"
    titles = shown.title(x), shown.title(y), shown.title(figure)
    _page.draw(
        charts.heat_map(cells, *titles, told),
        "sweep-heat-map",
        shown.answer,
        cells,
        alt=f"Heat map of {titles[2]} over {titles[0]} and {titles[1]}: {_span(cells)}; {told}.",
    )


def _averaged(cells: pl.DataFrame) -> str:
    most = cells["n"].max()
    return f"; the mean of up to {most:,} points in each" if isinstance(most, int) and most > 1 else ""


def _span(data: pl.DataFrame) -> str:
    low, high = data["value"].min(), data["value"].max()
    return f"from {_page.cell(low)} to {_page.cell(high)}"


def _curves(shown: Shown, figures: Sequence[str]) -> None:
    names = shown.names
    places = st.columns(3)
    with places[0]:
        x = _pick("Along", names, shown, "sweep_along")
    others = [name for name in names if name != x]
    with places[1]:
        colour = _pick("One line for each", others, shown, "sweep_colour") if others else None
    with places[2]:
        figure = _figure(shown, figures)
    lines = shaping.lines(shown.good, x, figure, colour, shown.logs)
    told = f"{lines['n'].sum():,} of {shown.points.height:,} points in {lines.height:,} means"
    name = shown.title(colour) if colour else ""
    _page.draw(
        charts.response_chart(lines, shown.title(x), shown.title(figure), name, told, log=x in shown.logs),
        "sweep-response",
        shown.answer,
        lines,
        alt=f"Lines of {shown.title(figure)} along {shown.title(x)}, {_span(lines)}; {told}.",
    )


def _parallel(shown: Shown, figures: Sequence[str]) -> None:
    figure = _figure(shown, figures)
    names = [*shown.names[: MOST_ACROSS - 1], figure]
    sample = shaping.sample(shown.good, names, figure)
    drawn = sample["point"].n_unique()
    told = f"{drawn:,} of {shown.points.height:,} points drawn, spread evenly over the design"
    titles = {name: shown.title(name) for name in names}
    named = pl.col("column").replace(titles)
    _page.draw(
        charts.parallel_chart(
            sample.with_columns(named),
            shaping.ranges(shown.good, names).with_columns(named),
            list(titles.values()),
            titles[figure],
            told,
        ),
        "sweep-parallel",
        shown.answer,
        sample,
        alt=f"Parallel coordinates of {', '.join(titles.values())}; {told}.",
    )


def _failures(shown: Shown) -> None:
    failed = shaping.failures(shown.points, list(shown.spec.axes))
    if failed.is_empty():
        st.markdown("No point failed.")
        return
    _page.small_table(shaping.reasons(failed).head(FAILED_ROWS), "Reasons")
    _page.small_table(failed.head(FAILED_ROWS), "Points that failed")
    st.caption(f"{min(failed.height, FAILED_ROWS):,} of {failed.height:,} failed points shown.")
    st.download_button(
        "Failed points (CSV)",
        lambda: _page.csv(failed, _page.source_line(shown.answer)),
        file_name="sweep-failures.csv",
        mime="text/csv",
        on_click="ignore",
    )


def _points(shown: Shown) -> None:
    st.dataframe(shown.points.head(ROWS), hide_index=True)
    st.caption(f"{min(shown.points.height, ROWS):,} of {shown.points.height:,} points shown; all are in the files.")


def _take_away(shown: Shown) -> None:
    source = _page.source_line(shown.answer)
    with st.container(horizontal=True):
        st.download_button(
            "All points (CSV)",
            lambda: _page.csv(shown.points, source),
            file_name="sweep-points.csv",
            mime="text/csv",
            on_click="ignore",
        )
        st.download_button(
            "All points (Parquet)",
            lambda: parquet(shown.points, source),
            file_name="sweep-points.parquet",
            mime="application/vnd.apache.parquet",
            on_click="ignore",
        )


def parquet(points: pl.DataFrame, source: str) -> bytes:
    """Points as Parquet, with their source in its metadata."""
    sink = io.BytesIO()
    points.write_parquet(sink, metadata={"source": source})
    return sink.getvalue()
