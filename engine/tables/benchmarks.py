"""Epoch's benchmark runs to one row a run of a model version, from either layout of its archive.

Until 2025 the archive holds one table each of runs, scores and model versions. Since then it holds one
file a benchmark, named in `benchmark_metadata.csv`, beside `model_metadata.csv`.
"""

from collections.abc import Mapping
from pathlib import PurePath

import polars as pl

from engine.tables.cells import Sheet, drop_rows
from engine.tables.columns import Column, Layout

_RESULT = (
    Column("score", "number", ("Best score (across scorers)", "mean_score"), required=True),
    Column("score_stderr", "number", ("stderr",), stands_in=("score",)),
    Column("run_date", "date", ("started_at", "Started at")),
    Column("run_id", "text", ("id",), stands_in=("score",)),
    Column("organization", "text", ("Organization",), stands_in=("score",)),
)
_BOOKKEEPING = ("Scores", "log viewer", "logs", "Status", "mean_score", "Country", "Name", "Notes", "Source")
RUNS = Layout(
    "benchmark_scores",
    (
        Column("task", "text", required=True),
        Column("model_version", "text", ("Model version", "model"), required=True),
        Column("model", "text", stands_in=("score",)),
        Column("version_release_date", "date", ("Release date",), stands_in=("score",)),
        *_RESULT,
    ),
    left_out=_BOOKKEEPING,
)
BOARD = Layout(
    "benchmark board",
    (
        Column("model_version", "text", ("Model version",), required=True),
        Column("version_release_date", "date", ("Release date",)),
        *_RESULT,
    ),
    left_out=(*_BOOKKEEPING, "Training compute (FLOP)", "Training compute notes", "Source link", "Source link (site)"),
)
SCORES = Layout(
    "benchmark scorer",
    (
        Column("run_id", "text", ("BenchmarkRuns",), required=True),
        Column("mean", "number", required=True),
        Column("stderr", "number", required=True),
    ),
    left_out=("Name", "scorer"),
)
VERSIONS = Layout(
    "model_versions",
    (
        Column("model_version", "text", ("id",), required=True),
        Column("model", "text", ("Model", "model_group"), required=True),
        Column("version_release_date", "date", ("Version release date", "date"), required=True),
        Column("runs", "list", ("benchmarks/runs",), stands_in=("model_version",)),
        Column("organization", "text", stands_in=("model_version",)),
    ),
    left_out=(
        "Hugging Face developer id",
        "Link",
        "Notes",
        "Display name",
        "Country",
        "Accessibility",
        "training_compute_flop",
    ),
)
TASKS = Layout(
    "benchmark task",
    (Column("task", "text", ("Name",), required=True), Column("path", "text", required=True)),
    left_out=("Number of questions", "Description", "BenchmarkRuns"),
)
BOARD_NAMES = Layout(
    "benchmark metadata",
    (
        Column("task", "text", ("benchmark",), required=True),
        Column("source_file", "text", required=True),
        Column("score_column", "text", required=True),
    ),
    left_out=("in_eci", "scale", "random_baseline", "score_ceiling", "release_date", "superseded_by"),
)
FINAL = ("task", "model_version", "model", "version_release_date", "organization", "score", "score_stderr", "run_date")


def build(sheet: Sheet, others: Mapping[str, Sheet] | None = None) -> tuple[pl.DataFrame, dict[str, int]]:
    """The canonical rows, from the runs and, where given, the `scores` and `versions` sheets.

    The score is the run's best over its scorers; the standard error is that of the scorer with this mean.
    """
    others = others or {}
    runs, dropped = _known_scores(sheet.read(RUNS.columns))
    if "scores" in others:
        runs = _with_stderr(runs, others["scores"].read(SCORES.columns))
    return _finished(sheet, runs, others), dropped


def build_boards(
    boards: Mapping[str, Sheet], others: Mapping[str, Sheet] | None = None
) -> tuple[pl.DataFrame, dict[str, int]]:
    """The canonical rows from one sheet a benchmark, with the `versions` and `names` sheets where given."""
    others = others or {}
    names = _board_names(others["names"]) if "names" in others else {}
    parts = [
        sheet.read(BOARD.columns).with_columns(
            task=pl.lit(names.get(file.lower(), task_name(file))), model=pl.lit(None, pl.String)
        )
        for file, sheet in boards.items()
    ]
    runs, dropped = _known_scores(pl.concat(parts))
    return _finished(next(iter(boards.values())), runs, others), dropped


def build_versions(sheet: Sheet) -> tuple[pl.DataFrame, dict[str, int]]:
    """Model versions with name and release date."""
    frame = sheet.read(VERSIONS.columns).select("model_version", "model", "version_release_date")
    return drop_rows(frame, {"no version name": pl.col("model_version").is_null()})


def task_name(file: str) -> str:
    """A benchmark's name from its file's: 'gpqa_diamond.csv' is 'GPQA diamond'."""
    stem = PurePath(file).stem.lower()
    return TASK_NAMES.get(stem, stem.replace("_", " "))


TASK_NAMES = {
    "gpqa_diamond": "GPQA diamond",
    "math_level_5": "MATH level 5",
    "otis_mock_aime_2024_2025": "OTIS Mock AIME 2024-2025",
    "swe_bench_verified": "SWE-Bench verified",
}


def _board_names(sheet: Sheet) -> dict[str, str]:
    known = sheet.read(BOARD_NAMES.columns).drop_nulls(["task", "source_file"])
    names = {file.lower(): task for task, file in known.select("task", "source_file").iter_rows()}
    return {file: TASK_NAMES.get(PurePath(file).stem, task) for file, task in names.items()}


def _known_scores(runs: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, int]]:
    steps = {
        "no task or model version": pl.any_horizontal(pl.col("task", "model_version").is_null()),
        "score not known": pl.col("score").is_null(),
        "score above 1": pl.col("score") > 1,
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


def _finished(sheet: Sheet, runs: pl.DataFrame, others: Mapping[str, Sheet]) -> pl.DataFrame:
    if "versions" in others:
        runs = _with_versions(runs, others["versions"].read(VERSIONS.columns))
    if count := runs["version_release_date"].null_count():
        sheet.warnings.append(f"{sheet.file}: runs without a version release date, kept: {count}.")
    return runs.select(FINAL).sort("task", "model_version", "run_date", "score", maintain_order=True)


def _with_versions(runs: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """A run's version is the one that lists it; where none does, the first of that name."""
    facts = ["model", "version_release_date", "organization"]
    lists = versions.filter(pl.col("runs").list.len() > 0).explode("runs").rename({"runs": "run_id"})
    for table, key in ((lists, "run_id"), (versions, "model_version")):
        known = table.select(key, *facts).drop_nulls(key).unique(key, keep="first", maintain_order=True)
        runs = runs.join(known, on=key, how="left", suffix="_known", maintain_order="left")
        runs = runs.with_columns(pl.coalesce(f, f"{f}_known") for f in facts).drop(f"{f}_known" for f in facts)
    return runs
