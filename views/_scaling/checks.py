"""Diagnostics, other forms, influential models and missing data."""

import json

import polars as pl
import streamlit as st

from engine.missing import MUCH_MISSING
from engine.result import rows
from views import _page
from views._results import Answer
from views.charts import scaling_more as more
from views.charts.scaling import AXES

LEFT_OUT = 5
HEADINGS = {
    "missing_columns": {
        "column": "Column",
        "rows": "Models",
        "missing": "Missing",
        "share": "Share missing",
        "much": f"Above {MUCH_MISSING:.0%}",
    },
    "missing_patterns": {"missing": "Missing", "rows": "Models", "share": "Share of models"},
    "missing_methods": {
        "method": "Method",
        "n": "Models",
        "slope": "Slope",
        "se": "SE",
        "ci_low": "95 % from",
        "ci_high": "to",
        "imputations": "Imputations",
        "degrees": "df",
        "fmi": "FMI",
        "note": "Note",
    },
    "imputed": {
        "column": "Column",
        "observed": "Known values",
        "imputed": "Imputed values",
        "observed_mean_ln": "Mean known (ln)",
        "imputed_mean_ln": "Mean imputed (ln)",
        "ks": "KS distance",
        "ks_p": "KS p",
    },
    "masked_error": {
        "column": "Column",
        "cells": "Hidden cells",
        "imputations": "Imputations",
        "rmse_ln": "RMSE (ln)",
        "mean_error_ln": "Mean error (ln)",
        "baseline_rmse_ln": "RMSE of the mean (ln)",
    },
}
CAPTIONS = {
    "missing_methods": "SE: standard error; df: degrees of freedom; FMI: share of the information that is missing.",
    "imputed": "The first imputation, by chained regressions with predictive mean matching. Means are of natural logs "
    "(ln) of parameters and of FLOP or USD of 2023. The Kolmogorov-Smirnov (KS) distance is 0 where known and imputed "
    "values are spread alike and 1 where they don't overlap; they may well differ where what is missing depends on the "
    "year or domain.",
    "masked_error": "A tenth of the known cells hidden and imputed again; errors in natural logs (ln), beside those of "
    "filling in the mean. RMSE: root mean square error.",
}
MISSING_TABLES = ("missing_columns", "missing_patterns", "missing_methods", "imputed", "masked_error")


def section(answer: Answer) -> None:
    """Every check with its value or the reason why it has none."""
    tables, summary = answer.result.tables, answer.result.summary
    colour = {"green": st.success, "amber": st.warning}.get(summary["status"], st.error)
    colour(f"Status {summary['status']}: {summary['checks_amber']} of {summary['checks']} checks call for care.")
    _page.small_table(tables["diagnostics"].select("check", "statistic", "p", "status", "note"), "Diagnostics")
    _page.draw(
        more.residual_chart(tables["points"]),
        "scaling-residuals",
        answer,
        tables["points"],
        alt=f"Residuals of {tables['points'].height} models over fitted values.",
    )
    st.subheader("Models that weigh most")
    columns = ["model", "organization", "year", "residual", "leverage", "cooks_distance"]
    _page.small_table(tables["influential"].select(*columns).head(10), "Influential models")
    st.subheader("Left out in turn")
    st.caption(f"The largest changes of each kind, {LEFT_OUT} at most; all {tables['leave_out'].height} are in Tables.")
    _page.small_table(largest(tables["leave_out"]), "Slope without some rows")
    st.subheader("Other forms")
    _page.small_table(tables["forms"].drop("coefficients"), "Functional forms by AIC")
    st.subheader("Training compute of the next size")
    _page.small_table(tables["predictions"], "Predicted training compute")


def largest(leave_out: pl.DataFrame) -> pl.DataFrame:
    """The largest changes of each kind that was left out, in the study's order, with headings for people."""
    most = leave_out.group_by("kind", maintain_order=True).head(LEFT_OUT)
    return most.select(
        (pl.col("kind").str.head(1).str.to_uppercase() + pl.col("kind").str.slice(1)).alias("Kind"),
        pl.col("left_out").alias("Left out"),
        pl.col("rows").alias("Models left out"),
        pl.col("slope").round(3).alias("Slope without"),
        pl.col("change").round(3).alias("Change"),
        pl.col("change_in_se").round(2).alias("Change (standard errors)"),
    )


def missing(answer: Answer) -> None:
    """What is missing, and the slope by each way of dealing with it."""
    tables = answer.result.tables
    st.markdown(
        "Complete rows are the default; inverse-probability weights stand beside them. Multiple imputation runs when "
        "imputations is above 0 in the settings, and its intervals follow Rubin's rules."
    )
    for name, title in (
        ("missing_columns", "Missing by column"),
        ("missing_patterns", "Patterns"),
        ("missing_methods", "Slope by method"),
        ("imputed", "What was imputed"),
        ("masked_error", "Error on cells hidden on purpose"),
    ):
        st.subheader(title)
        if tables[name].is_empty():
            st.info("Set imputations above 0 in the settings to see this.")
        else:
            _page.small_table(labelled(tables[name], name), title)
            if name in CAPTIONS:
                st.caption(CAPTIONS[name])
    st.download_button(
        "Imputation report (JSON)",
        lambda: imputation_report(answer),
        file_name=f"imputation_report-{answer.preset}.json",
        mime="application/json",
        on_click="ignore",
        key=f"imputation report {answer.preset}",
    )


def labelled(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """The columns of a table on missing data that are shown, with headings for people."""
    headings = HEADINGS[name]
    named = table.select(pl.col(column).alias(heading) for column, heading in headings.items())
    return named.with_columns(pl.col("Column").replace(AXES)) if "column" in headings else named


def imputation_report(answer: Answer) -> str:
    """What is missing, what was imputed and how well, as JSON with its source and the run's key."""
    tables = {name: rows(answer.result.tables[name]) for name in MISSING_TABLES}
    head = {"source": _page.source_line(answer), "run": answer.result.key, "command": answer.command}
    return json.dumps({**head, **tables}, indent=1, allow_nan=False)
