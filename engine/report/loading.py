"""What was loaded, and what is missing in it."""

from collections.abc import Mapping

import polars as pl

INPUTS = {
    "models": "all_ai_models",
    "hardware": "ml_hardware",
    "benchmark_scores": "benchmarks_runs",
    "interventions": "gta_interventions",
    "publications": "oecd_ai_publications",
    "scaling": "scaling_dataset",
    "diffusion_pairs": "diffusion_pairs",
}
HALF = 0.5
SCHEMA = {
    "input": pl.String,
    "table": pl.String,
    "status": pl.String,
    "rows": pl.Int64,
    "columns": pl.Int64,
    "quality": pl.Float64,
    "missing_rate": pl.Float64,
}
STATISTICS = ("n", "mean", "sd", "minimum", "q1", "median", "q3", "maximum")


def data_loading(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """One row an input. Columns: input, table, status, rows, columns, quality, missing_rate.

    missing_rate is the share of empty cells; quality the share of columns that are at least half full. An input that
    can't be read stops the report before it starts, so a row says success or, for a file of one's own, not given.
    """
    return pl.DataFrame([_loaded(name, tables.get(name)) for name in INPUTS], schema=SCHEMA, orient="row")


def _loaded(name: str, frame: pl.DataFrame | None) -> tuple[object, ...]:
    if frame is None:
        return (INPUTS[name], name, "not given", None, None, None, None)
    status = "success" if frame.height else "empty"
    missing = [series.null_count() / max(frame.height, 1) for series in frame.get_columns()]
    full = sum(share <= HALF for share in missing) / frame.width
    return (INPUTS[name], name, status, frame.height, frame.width, full, sum(missing) / frame.width)


def summary_statistics(frame: pl.DataFrame, columns: Mapping[str, str]) -> pl.DataFrame:
    """N and moments of columns (name to shown name), nulls left out. Columns: variable and STATISTICS."""
    return pl.concat([_statistics(frame[name].drop_nulls(), shown) for name, shown in columns.items()])


def _statistics(values: pl.Series, shown: str) -> pl.DataFrame:
    known = values.cast(pl.Float64).to_frame("v")
    column = pl.col("v")
    return known.select(
        variable=pl.lit(shown),
        n=pl.len().cast(pl.Int64),
        mean=column.mean(),
        sd=column.std(),
        minimum=column.min(),
        q1=column.quantile(0.25, "linear"),
        median=column.median(),
        q3=column.quantile(0.75, "linear"),
        maximum=column.max(),
    )
