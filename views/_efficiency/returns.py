"""Do the metrics show diminishing returns to training compute?"""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from engine.efficiency.index import with_metrics
from engine.efficiency.returns import sample
from views import _page, _results
from views._results import Answer
from views.charts import returns as charts
from views.charts.efficiency import METRIC_NAMES

LEAST_P = 0.001
METHOD = (
    "Elasticity of each metric to training compute within release years, with a quadratic term and one break; errors "
    "and bootstrap by organisation; models that aren't derivatives, 2012 on, without outliers. FLOP per watt grows "
    "with run time and is shown only because the published index uses it."
)


def table(elasticity: pl.DataFrame) -> pl.DataFrame:
    """The answer, one row a metric, with headings for people."""
    return elasticity.select(
        pl.col("metric").replace_strict(METRIC_NAMES).alias("Metric"),
        pl.col("n").alias("Models"),
        _interval("elasticity", "ci_low", "ci_high").alias("Elasticity [95 %]"),
        _p("quadratic_p").alias("Quadratic p"),
        pl.col("break_log10_flop").round(1).alias("Break (log10 FLOP)"),
        pl.col("slope_below").round(2).alias("Slope below"),
        pl.col("slope_above").round(2).alias("Slope above"),
        _p("break_p").alias("Break p"),
        pl.col("verdict").alias("Verdict"),
    )


def cost_table(costs: pl.DataFrame) -> pl.DataFrame:
    """Cost elasticity by method, with headings for people."""
    return costs.select(
        pl.col("method").alias("Method"),
        pl.col("n").alias("Models"),
        _interval("elasticity", "ci_low", "ci_high").alias("Elasticity of cost [95 %]"),
        pl.col("se").alias("SE"),
        pl.col("first_stage_f").alias("First-stage F"),
    )


def _interval(value: str, low: str, high: str) -> pl.Expr:
    shown = [pl.col(c).map_elements(lambda v: f"{v:+.2f}", return_dtype=pl.String) for c in (value, low, high)]
    return pl.format("{}\u00a0[{},\u00a0{}]", *shown)


def _p(name: str) -> pl.Expr:
    value = pl.col(name)
    words = value.map_elements(lambda p: f"{p:.3f}", return_dtype=pl.String)
    return pl.when(value < LEAST_P).then(pl.lit(f"<\u00a0{LEAST_P}")).otherwise(words)


def section(found: Sequence[Answer]) -> None:
    """The answer in words, the table, each metric with its break, and the elasticity of cost."""
    answer = found[-1]
    tables = answer.result.tables
    st.markdown(f"**Answer.** {_page.escape(answer.result.summary['answer'])}")
    st.markdown(METHOD)
    if tables["elasticity"].is_empty():
        return
    _page.small_table(table(tables["elasticity"]), "Diminishing returns")
    breaks(answer)
    st.subheader("Elasticity of cost with respect to compute")
    st.markdown(
        "Compute is on both sides of FLOP per dollar, so that its errors bias that slope. Here cost is regressed on "
        "compute, by least squares and with log parameters as an instrument. Below one means a FLOP gets cheaper with "
        "scale."
    )
    _page.small_table(cost_table(tables["cost_elasticity"]), "Elasticity of cost")


@st.fragment
def breaks(answer: Answer) -> None:
    """One metric against compute with its segmented fit."""
    elasticity = answer.result.tables["elasticity"]
    metric = str(
        st.selectbox(
            "Metric against compute",
            elasticity["metric"].to_list(),
            format_func=METRIC_NAMES.__getitem__,
            key="break",
            bind="query-params",
        )
    )
    fit = elasticity.filter(pl.col("metric") == metric).row(0, named=True)
    points, line = charts.adjusted(sample(with_metrics(_results.table("models", answer.vintage)), metric), fit)
    _page.draw(
        charts.break_chart(points, line, metric, fit["break_log10_flop"]),
        "efficiency-break",
        answer,
        points.select("model", "organization", "year", "log10_flop", "y"),
        alt=f"Scatter of {METRIC_NAMES[metric]} against training compute for {fit['n']} models, with a fit that bends "
        f"at 10^{fit['break_log10_flop']:.1f} FLOP: slopes {fit['slope_below']:.2f} and {fit['slope_above']:.2f}.",
    )
    st.caption(f"Break p = {fit['break_p']:.3f} (sup-F, wild cluster bootstrap). {_page.escape(fit['verdict'])}")
