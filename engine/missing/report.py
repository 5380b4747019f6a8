"""How much is missing, and together with what."""

from collections.abc import Sequence

import polars as pl

MUCH_MISSING = 0.8


def shares(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Missing cells by column. Columns: column, rows, missing, share, much (more than 80 %)."""
    rows = [(name, frame.height, frame[name].null_count()) for name in columns]
    schema = {"column": pl.String, "rows": pl.Int64, "missing": pl.Int64}
    counted = pl.DataFrame(rows, schema=schema, orient="row")
    share = pl.when(pl.col("rows") > 0).then(pl.col("missing") / pl.col("rows"))
    return counted.with_columns(share=share).with_columns(much=(pl.col("share") > MUCH_MISSING).fill_null(False))


def patterns(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    """Which columns are missing together, most frequent first. Columns: missing (their names, or 'nothing'), rows,
    share."""
    names = [pl.when(pl.col(name).is_null()).then(pl.lit(name)) for name in columns]
    pattern = pl.concat_str(names, separator=", ", ignore_nulls=True)
    labelled = frame.select(missing=pl.when(pattern == "").then(pl.lit("nothing")).otherwise(pattern))
    counted = labelled.group_by("missing").agg(rows=pl.len().cast(pl.Int64))
    return counted.with_columns(share=pl.col("rows") / frame.height).sort(["rows", "missing"], descending=[True, False])


def much_missing(frame: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """A sentence for each column more than 80 % missing: what is imputed there is mostly the imputation model's."""
    bad = shares(frame, columns).filter(pl.col("much"))
    return [
        f"{share:.0%} of {name} is missing: imputed values there rest on the imputation model more than on data."
        for name, share in bad.select("column", "share").iter_rows()
    ]
