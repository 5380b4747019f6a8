"""What differs between two vintages of a table: rows added, rows removed, cells revised."""

from collections.abc import Mapping

import polars as pl

ROWS_NAMED_BY = {
    "models": ("model",),
    "interventions": ("intervention_id",),
    "publications": ("country", "year"),
    "hardware": ("hardware",),
    "benchmark_scores": ("task", "model_version", "run_date"),
}
SAME_WITHIN = 1e-9
COUNTS: dict[str, type[pl.DataType]] = {
    "table": pl.String,
    **dict.fromkeys(("rows_old", "rows_new", "added", "removed", "revised", "cells"), pl.Int64),
}
ROWS: dict[str, type[pl.DataType]] = {"table": pl.String, "row": pl.String}
REVISED: dict[str, type[pl.DataType]] = {**ROWS, "column": pl.String, "old": pl.String, "new": pl.String}
COLUMNS: dict[str, type[pl.DataType]] = {"table": pl.String, "column": pl.String, "recorded_in": pl.String}
SCHEMAS = {
    "counts": COUNTS,
    "added": ROWS,
    "removed": ROWS,
    "revised": REVISED,
    "columns": COLUMNS,
}


def table_changes(name: str, old: pl.DataFrame, new: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Changes of the canonical table `name` from one vintage to another, as frames with the columns of SCHEMAS.

    `counts` (one row), `added`, `removed` (row names), `revised` (one row a cell, values as text), `columns` (those
    only one of the two records). A row is named by ROWS_NAMED_BY, the second of one name marked (2). Numbers within
    1e-9 of each other, relative, are the same; a column that one vintage does not record is no revision.
    """
    before, after = _named(name, old), _named(name, new)
    both = before.join(after, on="row", suffix=" new")
    columns = {column: _recorded_in(column, before, after) for column in new.columns if column in old.columns}
    revised = _revised(both, [c for c, where in columns.items() if where == "both" and c not in ROWS_NAMED_BY[name]])
    counts = {
        "rows_old": old.height,
        "rows_new": new.height,
        "added": after.height - both.height,
        "removed": before.height - both.height,
        "revised": revised["row"].n_unique(),
        "cells": revised.height,
    }
    only = [{"column": column, "recorded_in": where} for column, where in columns.items() if where in ("old", "new")]
    found = {
        "counts": pl.DataFrame([counts]),
        "added": after.join(before, on="row", how="anti").select("row").sort("row"),
        "removed": before.join(after, on="row", how="anti").select("row").sort("row"),
        "revised": revised,
        "columns": pl.DataFrame(only, schema={k: COLUMNS[k] for k in ("column", "recorded_in")}),
    }
    return {part: _of_table(name, frame, SCHEMAS[part]) for part, frame in found.items()}


def _of_table(name: str, frame: pl.DataFrame, schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    return frame.with_columns(table=pl.lit(name)).select(pl.col(c).cast(kind) for c, kind in schema.items())


def _named(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with `row`, the name of each row; rows of one name are numbered in the order of all their values."""
    words = [pl.col(column).cast(pl.String).fill_null("") for column in ROWS_NAMED_BY[name]]
    plain = [column for column, kind in frame.schema.items() if not kind.is_nested()]
    ordered = frame.sort(plain).with_columns(row=pl.concat_str(words, separator=", "))
    nth = pl.int_range(1, pl.len() + 1).over("row")
    marked = pl.when(nth == 1).then("row").otherwise(pl.format("{} ({})", "row", nth))
    return ordered.with_columns(row=marked)


def _recorded_in(column: str, old: pl.DataFrame, new: pl.DataFrame) -> str:
    before, after = (frame[column].null_count() < frame.height for frame in (old, new))
    return "both" if before and after else "old" if before else "new" if after else "neither"


def _revised(both: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    """Cells that differ, columns in their order and rows by name: row, column, old, new."""
    found = [
        both.filter(~_same(column, both.schema[column])).select(
            "row", column=pl.lit(column), old=_text(column, both), new=_text(f"{column} new", both)
        )
        for column in columns
    ]
    empty = pl.DataFrame(schema={name: REVISED[name] for name in ("row", "column", "old", "new")})
    return pl.concat([empty, *(frame.sort("row") for frame in found)])


def _same(column: str, kind: pl.DataType) -> pl.Expr:
    old, new = pl.col(column), pl.col(f"{column} new")
    if not kind.is_float():
        return old.eq_missing(new)
    close = (old - new).abs() <= SAME_WITHIN * pl.max_horizontal(old.abs(), new.abs())
    return old.eq_missing(new) | close.fill_null(False)


def _text(column: str, frame: pl.DataFrame) -> pl.Expr:
    if isinstance(frame.schema[column], pl.List):
        return pl.col(column).list.join("; ")
    return pl.col(column).cast(pl.String)
