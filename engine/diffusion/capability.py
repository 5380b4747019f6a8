"""The survival data set by capability: closed model versions and the open-weight version that scored as high."""

import datetime as dt

import polars as pl

from engine.diffusion.access import in_era, is_closed, is_open
from engine.diffusion.leads import (
    ABOUT_FOLLOWER,
    ABOUT_SUBJECT,
    OUTCOME,
    best_open,
    followed,
    timed,
    when_and_tier,
)
from engine.diffusion.spec import DiffusionSpec


def versions(task: str, scores: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Model versions with a score on the task and a release date, in order of release.

    A version's level is the score of its best run. What is known of its model is taken from the models table by name;
    a version whose model is not there has access 'unknown' and neither leads nor follows. Columns as those of
    `leads.measured`, `model` being the version, and `model_name`.
    """
    runs = scores.filter(pl.col("task").str.starts_with(task) & pl.col("version_release_date").is_not_null())
    best = (
        runs.sort("score", descending=True)
        .unique("model_version", keep="first", maintain_order=True)
        .select("model_version", model_name="model", release_date="version_release_date", level="score")
    )
    about = models.select(
        "accessibility",
        "access",
        "organization",
        "organization_type",
        "primary_domain",
        "training_compute_flop",
        "parameters",
        "base_model",
        model_name="model",
        country="country_first",
    )
    joined = best.join(about, on="model_name", how="left").rename({"model_version": "model"})
    return joined.with_columns(
        pl.col("access").fill_null("unknown"), pl.col("accessibility").fill_null("Unknown"), **when_and_tier()
    ).sort("release_date", "model")


def last_run(task: str, scores: pl.DataFrame) -> dt.date:
    """The last day on which the task was run: until then a follower would have been seen."""
    runs = scores.filter(pl.col("task").str.starts_with(task))
    days = [day for day in (runs["run_date"].max(), runs["version_release_date"].max()) if isinstance(day, dt.date)]
    return max(days, default=dt.date.min)


def capability_leads(spec: DiffusionSpec, task: str, scores: pl.DataFrame, models: pl.DataFrame) -> pl.DataFrame:
    """Every closed version with a score on the task, already matched or not, in order of release.

    A version is a subject when it beats every open-weight version out that day (an open one with at least its score
    is a match before release); its lead ends with the first later open-weight version that scores at least as high,
    whoever made it. Censored on the task's last day of runs or at the end of the follow-up. Columns as those of
    `leads.leads`, with gap_to_open_score (score less the best open one out that day) in place of the ratio.
    """
    known = versions(task, scores, models).filter(pl.col("base_model").is_null() | spec.derived_versions)
    subjects = known.filter(is_closed(spec) & in_era(spec))
    about = {name: pl.col(column) for name, column in ABOUT_FOLLOWER.items()}
    columns = subjects.select("model", "release_date", "level")
    paired = columns.join(known.filter(is_open(spec)).select(**about), how="cross").with_columns(eligible=pl.lit(True))
    last_day = last_run(task, scores)
    reaching = paired.filter(pl.col("follower_level") >= pl.col("level"))
    found = timed(followed(subjects, reaching, last_day), spec.window_months, last_day)
    ranked = found.join(best_open(paired), on="model", how="left", maintain_order="left")
    gap = pl.col("level") - pl.col("best_open_level")
    return ranked.with_columns(gap_to_open_score=gap).select(*ABOUT_SUBJECT, "best_open", "gap_to_open_score", *OUTCOME)


def unknown_access(task: str, scores: pl.DataFrame, models: pl.DataFrame) -> int:
    """Versions with a score on the task whose access is not known."""
    return versions(task, scores, models).filter(pl.col("access") == "unknown").height
