"""Columns and joins derived from canonical tables: dates, tiers, units, logs, hardware, unmatched names."""

import polars as pl


def with_version_dates(models: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """Models with `release_date` the earliest known date: of a version's release, else of publication.

    `versions` has columns model and version_release_date. Lists of versions are incomplete, so a version
    later than the publication never moves the date.
    """
    earliest = (
        versions.drop_nulls(["model", "version_release_date"])
        .group_by("model")
        .agg(first_release=pl.col("version_release_date").min())
    )
    joined = models.join(earliest, on="model", how="left", maintain_order="left")
    return joined.with_columns(release_date=pl.min_horizontal("first_release", "publication_date")).drop("first_release")
