"""Epoch's benchmark runs, scores and model versions, joined to one row a run of a model version."""

from collections.abc import Mapping

import polars as pl

from engine.tables.cells import Sheet, drop_rows
from engine.tables.columns import Column, Layout

RUNS = Layout(
    "benchmark_scores",
    (
        Column("run_id", "text", ("id",), stands_in=("score_stderr",)),
        Column("task", "text", ("task",), required=True),
        Column("model_version", "text", ("model", "Model version"), required=True),
        Column("model", "text", (), stands_in=("run_id",)),
        Column("version_release_date", "date", (), stands_in=("run_id",)),
        Column("organization", "text", ("Organization",), stands_in=("run_id",)),
        Column("score", "number", ("Best score (across scorers)",), required=True),
        Column("score_stderr", "number", ("stderr",), stands_in=("run_id",)),
        Column("run_date", "date", ("started_at",)),
    ),
    left_out=("Scores", "log viewer", "logs", "Status"),
)
SCORES = Layout(
    "benchmark scorer",
    (
        Column("run_id", "text", ("BenchmarkRuns",), required=True),
        Column("mean", "number", ("mean",), required=True),
        Column("stderr", "number", ("stderr",), required=True),
    ),
    left_out=("Name", "scorer"),
)
VERSIONS = Layout(
    "model_versions",
    (
        Column("model_version", "text", ("id",), required=True),
        Column("model", "text", ("Model",), required=True),
        Column("version_release_date", "date", ("Version release date",), required=True),
        Column("runs", "list", ("benchmarks/runs",), stands_in=("model_version",)),
    ),
    left_out=("Hugging Face developer id", "Link", "Notes", "Display name"),
)
TASKS = Layout(
    "benchmark task",
    (
        Column("task", "text", ("Name",), required=True),
        Column("questions", "number", ("Number of questions",), required=True),
    ),
    left_out=("path", "Description", "BenchmarkRuns"),
)
LAYOUT = RUNS
FINAL = ("task", "model_version", "model", "version_release_date", "organization", "score", "score_stderr", "run_date")


def build(sheet: Sheet, others: Mapping[str, Sheet] | None = None) -> tuple[pl.DataFrame, dict[str, int]]:
    """The canonical rows, from the runs and, where given, the `scores` and `versions` sheets.

    The score is the run's best over its scorers; the standard error is that of the scorer with this mean.
    """
    others = others or {}
    runs, dropped = _known_scores(sheet.read(RUNS.columns))
    if "scores" in others:
        runs = _with_stderr(runs, others["scores"].read(SCORES.columns))
    if "versions" in others:
        runs = _with_versions(runs, others["versions"].read(VERSIONS.columns))
    _report(sheet, runs)
    return runs.select(FINAL).sort("task", "model_version", "run_date", "score"), dropped


def build_versions(sheet: Sheet) -> tuple[pl.DataFrame, dict[str, int]]:
    """Model versions with name and release date."""
    frame = sheet.read(VERSIONS.columns)
    return drop_rows(frame.drop("runs"), {"no version name": pl.col("model_version").is_null()})


def _known_scores(runs: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    steps = {
        "no task or model version": pl.any_horizontal(pl.col("task", "model_version").is_null()),
        "score not known": pl.col("score").is_null(),
        "score outside 0 to 1": pl.col("score") > 1,
    }
    return drop_rows(runs, steps)


def _with_stderr(runs: pl.DataFrame, scores: pl.DataFrame) -> pl.DataFrame:
    best = (
        runs.select("run_id", "score")
        .join(scores, on="run_id")
        .filter((pl.col("mean") - pl.col("score")).abs() < 1e-9)
        .group_by("run_id", maintain_order=True)
        .agg(pl.col("stderr").first())
    )
    joined = runs.join(best, on="run_id", how="left", maintain_order="left")
    return joined.with_columns(score_stderr=pl.coalesce("score_stderr", "stderr")).drop("stderr")


def _with_versions(runs: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """A run's version is the one that lists it; where none does, the first of that name."""
    facts = ["model", "version_release_date"]
    lists = versions.filter(pl.col("runs").list.len() > 0).explode("runs").rename({"runs": "run_id"})
    for table, key in ((lists, "run_id"), (versions, "model_version")):
        known = table.select(key, *facts).drop_nulls(key).unique(key, keep="first", maintain_order=True)
        runs = runs.join(known, on=key, how="left", suffix="_known", maintain_order="left")
        runs = runs.with_columns(pl.coalesce(f, f"{f}_known") for f in facts).drop(f"{f}_known" for f in facts)
    return runs


def _report(sheet: Sheet, runs: pl.DataFrame) -> None:
    if count := runs["version_release_date"].null_count():
        sheet.warnings.append(f"{sheet.file}: {count} runs have no version release date; they are kept without one.")
