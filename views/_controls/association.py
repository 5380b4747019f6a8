"""What a regression and an event study can and can't say."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from views import _page
from views._results import Answer
from views.charts import association as charts

REGRESSION = {
    "n": "Models",
    "clusters": "Countries",
    "coef": "Coefficient (log10 FLOP a measure)",
    "se_hc3": "SE, HC3",
    "p_hc3": "p, HC3",
    "se_cluster": "SE, by country",
    "p_cluster": "p, by country",
    "p_wcr": "p, wild cluster restricted",
}
EXHIBIT = (
    "China's models against the rest, by half-year around the controls of 7 October 2022. Were the controls the cause, "
    "the differences would be about zero before the line and move only after it, and dates on which nothing was "
    "imposed would show nothing."
)


def short(reading: str) -> str:
    """The last sentence of the reading: whether an effect is identified."""
    return reading.split(". ")[-1] if reading else ""


def section(found: Sequence[Answer]) -> None:
    """The reading, the regressions, and the event study as an exhibit of failed identification."""
    answer = found[-1]
    tables, reading = answer.result.tables, answer.result.summary.get("reading")
    if answer.preset == "published":
        st.info("The published dashboard ran no regression. Choose the corrected preset to see one.")
        return
    st.markdown(_page.escape(reading or "These models don't carry a regression."))
    if tables["regression"].height:
        regressions(answer)
    if tables["event_study"].height:
        exhibit(answer)


def regressions(answer: Answer) -> None:
    """Coefficients with two kinds of intervals, and the table."""
    table = answer.result.tables["regression"]
    st.subheader("Training compute and the number of measures")
    words = ", ".join(f"{charts.NAMES[m]} {c:+.3f}" for m, c in table.select("measure", "coef").iter_rows())
    _page.draw(
        charts.coefficient_chart(table),
        "controls-coefficients",
        answer,
        charts.intervals(table),
        alt=f"Coefficients with 95 % intervals in log10 FLOP a measure: {words}.",
    )
    _page.small_table(regression_table(table), "Regression")
    control = ", log10 parameters" if answer.spec.control_for_parameters else ""
    st.caption(
        f"Log10 compute on the count, publication share{control}, country and year effects; models from 2018 on. "
        "The last column is the confidence set of the wild cluster restricted bootstrap."
    )


def regression_table(table: pl.DataFrame) -> pl.DataFrame:
    """The regression with headings for people; an end of the confidence set that isn't bounded says so."""
    low, high = (
        pl.col(name).map_elements(lambda v: f"{v:+.3f}", return_dtype=pl.String).fill_null("no bound")
        for name in ("ci_low", "ci_high")
    )
    return table.select(
        pl.col("measure").replace_strict(charts.NAMES).alias("Measures"),
        *(pl.col(name).alias(title) for name, title in REGRESSION.items()),
        pl.format("{}\u00a0to\u00a0{}", low, high).alias("95 % confidence set"),
    )


def exhibit(answer: Answer) -> None:
    """Event study with and without a trend, the pre-trend test, and placebo dates."""
    tables = answer.result.tables
    st.subheader("October 2022: why an event study does not identify an effect")
    st.markdown(EXHIBIT)
    _page.draw(
        charts.event_study_chart(tables["event_study"]),
        "controls-event-study",
        answer,
        tables["event_study"],
        alt="Difference of China's models from the rest by half-year, with and without a trend of its own.",
    )
    _page.small_table(pre_trends(tables["pre_trend"], tables["joint_pre_trend"]), "Tests before the event")
    false = tables["placebos"].filter(~pl.col("event"))
    alarms = false.filter(pl.col("p_hc3") <= 0.05).height
    _page.draw(
        charts.placebo_chart(tables["placebos"]),
        "controls-placebos",
        answer,
        tables["placebos"],
        alt=f"Estimated effect on the event's day and on {false.height} placebo dates, {alarms} of them significant.",
    )


def pre_trends(trend: pl.DataFrame, joint: pl.DataFrame) -> pl.DataFrame:
    """Tests of what went on before the event, for reading. Columns: Test, Figure, p."""
    rows = [
        ("China's own trend before the event", f"{row['coef']:+.2f} log10 FLOP a half-year (n = {row['n']})", row["p"])
        for row in trend.to_dicts()
    ]
    rows += [
        (
            f"All differences before the event are zero, {charts.TRENDS[row['trend']].lower()}",
            f"F = {row['statistic']:.2f} ({row['terms']} terms)",
            row["p"],
        )
        for row in joint.to_dicts()
    ]
    schema = {"Test": pl.String, "Figure": pl.String, "p": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")
