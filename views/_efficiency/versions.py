"""The published index beside the corrected one, and why they part."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from engine.efficiency.index import METRICS
from engine.efficiency.returns import TESTED
from engine.efficiency.spec import EfficiencySpec
from views import _page, _results
from views._results import Answer
from views.charts import returns as charts
from views.charts.efficiency import FIRST_YEAR, LAST_YEAR, METRIC_NAMES

START = 2021
THIN = 10


def pair(found: Sequence[Answer]) -> dict[str, Answer]:
    """The answer of either preset, by its name on the chart; what the page didn't ask is asked with its defaults."""
    asked = {answer.preset: answer for answer in found}
    for preset in ("published", "corrected"):
        if preset not in asked:
            other = _results.ask(EfficiencySpec.parse({"preset": preset}), found[-1].vintage)
            if other is not None:
                asked[preset] = other
    names = {"published": charts.PUBLISHED, "corrected": charts.CORRECTED}
    return {name: asked[preset] for preset, name in names.items() if preset in asked}


def lines(answers: dict[str, Answer]) -> pl.DataFrame:
    """Yearly index of each version. Columns: version, year, n, composite."""
    return pl.concat(
        answer.result.tables["by_year"]
        .filter(pl.col("year").is_between(FIRST_YEAR, LAST_YEAR))
        .select(pl.lit(name).alias("version"), "year", "n", "composite")
        for name, answer in answers.items()
    )


def why(published: pl.DataFrame) -> str:
    """What the published index rests on in 2021 and in the last year, in sentences. `published`: its models."""
    rests = (
        published.drop_nulls("composite")
        .group_by("year")
        .agg(
            n=pl.len(),
            cost=pl.col("cost_per_flop").is_not_null().mean(),
            power=(pl.col("cost_per_flop").is_null() & pl.col("compute_per_watt").is_not_null()).mean(),
            index=pl.col("composite").mean(),
        )
    )
    rows = rests.filter((pl.col("n") >= THIN) & (pl.col("year") >= START)).sort("year").to_dicts()
    if len(rows) < 2 or rows[0]["year"] != START:
        return "Too few models of these years have an index to say what moves it."
    early, late = rows[0], rows[-1]
    return (
        f"The published index goes from {early['index']:.2f} in {START} to {late['index']:.2f} in {late['year']}. "
        f"Its composition changes: {early['cost']:.0%} of the indexed models of {START} (n = {early['n']}) report a "
        f"cost, and {late['cost']:.0%} of those of {late['year']} (n = {late['n']}). For {early['power']:.0%} and then "
        f"{late['power']:.0%} it rests on FLOP per watt alone, which grows with compute and run time, and is no "
        "efficiency."
    )


def section(found: Sequence[Answer]) -> None:
    """Both lines over availability, the reason, and year effects at constant compute."""
    answers = pair(found)
    st.markdown(_page.escape(why(answers[charts.PUBLISHED].result.tables["models"])))
    both = lines(answers)
    available = answers[charts.PUBLISHED].result.tables["availability"]
    available = available.filter(pl.col("year").is_between(FIRST_YEAR, LAST_YEAR))
    words = "; ".join(
        f"{name}: " + ", ".join(f"{y} {c:.2f}" for y, c in part.select("year", "composite").tail(5).iter_rows())
        for name in answers
        for part in [both.filter(pl.col("version") == name)]
    )
    _page.draw(
        charts.both_chart(both, available, METRICS),
        "efficiency-versions",
        found[-1],
        both,
        alt=f"Yearly means of the index, published and corrected, over the share of models with each metric. {words}.",
    )
    year_effects(found[-1])


@st.fragment
def year_effects(answer: Answer) -> None:
    """Hedonic year effects of one metric."""
    st.subheader("Year effects at constant training compute")
    hedonic = answer.result.tables["hedonic"]
    options = [metric for metric in TESTED if hedonic.width and metric in set(hedonic["metric"])]
    if not options:
        st.info("The models of this vintage carry no year effects.")
        return
    start = options.index("flop_per_joule") if "flop_per_joule" in options else 0
    metric = st.selectbox(
        "Metric of the year effects",
        options,
        index=start,
        format_func=METRIC_NAMES.__getitem__,
        key="hedonic",
        bind="query-params",
    )
    rows = hedonic.filter(pl.col("metric") == metric)
    last = rows.row(-1, named=True)
    _page.draw(
        charts.hedonic_chart(rows, str(metric)),
        "efficiency-hedonic",
        answer,
        rows,
        alt=f"Year effects of {METRIC_NAMES[str(metric)]} at constant compute; {last['year']}: {last['effect']:+.2f} "
        f"[{last['ci_low']:+.2f}, {last['ci_high']:+.2f}] in log10.",
    )
    better = "Lower is better. " if metric == "cost_per_parameter" else ""
    st.caption(f"{better}n at each point; 95 % intervals, errors by organisation. Zero is the first year.")
