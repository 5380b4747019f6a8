"""Hazards: which leads end sooner, by Cox regression with fixed and with monthly covariates."""

from typing import Any

import polars as pl
import streamlit as st

from engine.diffusion.hazards import ENOUGH_EVENTS_PER_VARIABLE, LEVEL, MAIN, SECOND, STRATIFIED
from views import _page
from views._diffusion import words
from views._results import Answer
from views.charts import diffusion_hazards as charts

HEADINGS = {MAIN: "At release", SECOND: "Size, tier and organization type"}
MONTHLY, CHECKS = "Month by month", "Checks of this run"


def show(answer: Answer) -> None:
    """Both models with what is done where hazards are not proportional, and the one that follows open models."""
    st.markdown(
        "A hazard ratio above 1 means that leads end sooner. Errors are clustered by organization (Efron ties)."
    )
    for name, heading in HEADINGS.items():
        st.subheader(heading)
        _model(answer, name, heading)
    st.subheader(MONTHLY)
    _time_varying(answer)
    st.subheader(CHECKS)
    _page.small_table(answer.result.tables["checks"].rename({"name": "check"}), CHECKS)


def _model(answer: Answer, name: str, heading: str) -> None:
    cox, models = answer.result.tables["cox"], answer.result.tables["cox_models"]
    rows = labelled(cox.filter(pl.col("model").is_in([name, name + STRATIFIED])), name)
    if rows.is_empty():
        st.info(words.reason(answer.result.warnings, f"No Cox regression ({name})", "This model could not be fitted."))
        return
    _page.draw(
        charts.forest_chart(rows, heading),
        f"diffusion-cox-{heading.lower().replace(' ', '-')}",
        answer,
        rows,
        alt=f"Forest plot of hazard ratios: {in_words(rows)}.",
    )
    for model in (name, name + STRATIFIED):
        row = models.filter(pl.col("model") == model)
        if row.height:
            st.markdown(proportionality(row.row(0, named=True), cox.filter(pl.col("model") == model)))
    few = models.filter((pl.col("model") == name) & (pl.col("events_per_variable") < ENOUGH_EVENTS_PER_VARIABLE))
    if few.height:
        st.warning(too_few(few.row(0, named=True)))
    _page.small_table(figures(rows), heading)


def labelled(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """Rows with the covariate in words, and the model named by its baseline."""
    labels = [words.term(term) for term in rows["term"]]
    baseline = pl.when(pl.col("model") == name).then(pl.lit("One baseline")).otherwise(pl.lit("Stratified by era"))
    return rows.with_columns(model=baseline, label=pl.Series(labels, dtype=pl.String).str.replace(": ", ":|"))


def in_words(rows: pl.DataFrame) -> str:
    """Covariates with ratio and interval."""
    return "; ".join(
        f"{row['label'].replace('|', ' ')} {row['hr']:.2f} ({row['ci_low']:.2f} to {row['ci_high']:.2f})"
        for row in rows.iter_rows(named=True)
    )


def proportionality(model: dict[str, Any], cox: pl.DataFrame) -> str:
    """What a model rests on, what the Schoenfeld tests say, and what is done about it."""
    rests = (
        f"**{'Stratified by era' if STRATIFIED in model['model'] else 'One baseline'}.** {model['n']} leads, "
        f"{model['events']} ended, {model['clusters']} organizations, {model['events_per_variable']:.1f} events a "
        "variable."
    )
    failing = [words.term(term) for term in cox.filter(pl.col("ph_p") < LEVEL)["term"]]
    if not failing:
        return f"{rests} No Schoenfeld test is below {LEVEL:g}: proportional hazards are not rejected."
    done = (
        "the ratios are averages over the follow-up, and no further stratum is tried."
        if STRATIFIED in model["model"]
        else "the model is fitted again with the baseline stratified by era, where there are two eras."
    )
    return f"{rests} Hazards are not proportional for {', '.join(failing)} (Schoenfeld p < {LEVEL:g}): {done}"


def too_few(model: dict[str, Any]) -> str:
    """The warning of too few events a variable."""
    return (
        f"{model['events_per_variable']:.1f} events a variable ({model['events']} for {model['variables']}); fewer "
        f"than {ENOUGH_EVENTS_PER_VARIABLE:.0f} make these hazard ratios unreliable."
    )


def figures(rows: pl.DataFrame) -> pl.DataFrame:
    """One row a covariate and baseline, with its Schoenfeld p."""
    return pl.DataFrame([_row(row) for row in rows.iter_rows(named=True)])


def _row(row: dict[str, Any]) -> dict[str, Any]:
    found = {
        "covariate": row["label"].replace("|", " "),
        "baseline": row["model"],
        "hazard ratio": f"{row['hr']:.2f}",
        "95 %": f"{row['ci_low']:.2f} to {row['ci_high']:.2f}",
        "p": words.probability(row["p"]),
    }
    return found | ({"Schoenfeld p": words.probability(row["ph_p"])} if "ph_p" in row else {})


def _time_varying(answer: Answer) -> None:
    found = answer.result.tables["cox_time_varying"]
    if found.is_empty():
        otherwise = "The time-varying regression could not be fitted."
        st.info(words.reason(answer.result.warnings, "No time-varying Cox", otherwise))
        return
    labels = pl.Series([words.term(term) for term in found["term"]], dtype=pl.String)
    rows = found.with_columns(label=labels, model=pl.lit(MONTHLY))
    facts = found.row(0, named=True)
    _page.draw(
        charts.forest_chart(rows, MONTHLY),
        "diffusion-cox-time-varying",
        answer,
        rows,
        alt=f"Forest plot of hazard ratios of covariates that change each month: {in_words(rows)}.",
    )
    st.markdown(
        f"{facts['n']} leads in {facts['episodes']:,} monthly episodes, {facts['events']} ended. Covariates are those "
        f"known at the start of each month. Intervals and p are from {facts['replicates']:,} bootstrap samples of "
        "whole organizations."
    )
    _page.small_table(figures(rows).drop("baseline"), MONTHLY)
