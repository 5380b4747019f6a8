"""How few closed models have a known training compute: the largest selection bias of the clock by compute."""

from typing import Any

import polars as pl

from engine.diffusion.access import API, HOSTED

RECENT_YEARS = 2
DISCLOSURE_SCHEMA: dict[str, Any] = {
    "year": pl.Int64,
    "accessibility": pl.String,
    "models": pl.Int64,
    "known": pl.Int64,
    "share": pl.Float64,
}


def disclosure(models: pl.DataFrame, first_year: int) -> pl.DataFrame:
    """Closed models by release year and access class: how many, how many with known compute, and their share."""
    closed = models.filter((pl.col("access") == "closed") & (pl.col("release_date").dt.year() >= first_year))
    known = (pl.col("training_compute_flop") > 0).fill_null(False)
    counted = closed.group_by(pl.col("release_date").dt.year().alias("year"), "accessibility").agg(
        models=pl.len(), known=known.sum(), share=known.mean()
    )
    return counted.sort("year", "accessibility").select(pl.col(n).cast(t) for n, t in DISCLOSURE_SCHEMA.items())


def recent(models: pl.DataFrame) -> dict[str, int | None]:
    """API and hosted models of the data's last two years: the first of the years, models, known compute."""
    table = disclosure(models, 0)
    if table.is_empty():
        return {"recent_since": None, "recent_released": 0, "recent_compute_known": 0}
    since = int(models.select(pl.col("release_date").dt.year().max()).item()) - RECENT_YEARS + 1
    rows = table.filter((pl.col("year") >= since) & pl.col("accessibility").is_in([API, HOSTED]))
    figures = {"recent_released": int(rows["models"].sum()), "recent_compute_known": int(rows["known"].sum())}
    return {"recent_since": since, **figures}
