"""Counting export-control measures: as the original dashboard did, and as they were in force."""

from collections.abc import Iterable

import polars as pl

MEASURES = ("imposed", "faced", "faced_us")


def published_counts(interventions: pl.DataFrame) -> pl.DataFrame:
    """Running count per implementing country and year, as published (defects D4 and D6 kept).

    A measure is a distinct (country, intervention type, date implemented), liberalising ones included;
    removals are ignored; the year's rows exist only where a measure was added. The original never mapped
    'Republic of Korea' to the models' 'South Korea', so Korea has no count here.
    Columns: country, year, controls.
    """
    return (
        interventions.select("implementers", "intervention_type", "date_implemented")
        .explode("implementers")
        .rename({"implementers": "country"})
        .filter(pl.col("date_implemented").is_not_null() & (pl.col("country") != "South Korea"))
        .unique(["country", "intervention_type", "date_implemented"])
        .group_by("country", year=pl.col("date_implemented").dt.year().cast(pl.Int64))
        .agg(added=pl.len())
        .sort("country", "year")
        .select("country", "year", controls=pl.col("added").cum_sum().over("country").cast(pl.Int64))
    )


def spells(interventions: pl.DataFrame) -> pl.DataFrame:
    """Spells in which a restrictive state act binds a country, one row a (measure, country, act, spell).

    Only Red and Amber interventions that were implemented; a spell without a removal date is open.
    Columns: measure, country, state_act_id, date_implemented, date_removed.
    """
    acts = interventions.filter(pl.col("evaluation").is_in(["Red", "Amber"]) & pl.col("date_implemented").is_not_null())
    from_us = acts.filter(pl.col("implementers").list.contains("United States"))
    sides = {"imposed": (acts, "implementers"), "faced": (acts, "affected"), "faced_us": (from_us, "affected")}
    return pl.concat(
        frame.explode(side)
        .filter(pl.col(side).is_not_null())
        .select(
            pl.lit(measure).alias("measure"),
            pl.col(side).alias("country"),
            "state_act_id",
            "date_implemented",
            "date_removed",
        )
        .unique(maintain_order=True)
        for measure, (frame, side) in sides.items()
    )


def in_force(spells_frame: pl.DataFrame, moments: pl.DataFrame) -> pl.DataFrame:
    """Distinct state acts in force for a country on a day: implemented <= day < removed.

    `moments` has columns country and date; the answer has those and one integer column a measure,
    zero where nothing was in force, with a row for every distinct row of `moments`.
    """
    distinct = moments.select("country", "date").unique(maintain_order=True)
    hits = distinct.join(spells_frame, on="country").filter(
        (pl.col("date_implemented") <= pl.col("date"))
        & (pl.col("date_removed").is_null() | (pl.col("date") < pl.col("date_removed")))
    )
    counted = hits.group_by("country", "date").agg(
        pl.col("state_act_id").filter(pl.col("measure") == m).n_unique().cast(pl.Int64).alias(m) for m in MEASURES
    )
    return distinct.join(counted, on=["country", "date"], how="left").with_columns(pl.col(MEASURES).fill_null(0))


def stock(spells_frame: pl.DataFrame, countries: Iterable[str]) -> pl.DataFrame:
    """Measures in force per country at each date on which its number may change.

    Columns: country, date, imposed, faced, faced_us; a step function, each row holding until the next.
    """
    wanted = spells_frame.filter(pl.col("country").is_in(list(countries)))
    changes = pl.concat(
        wanted.select("country", pl.col(column).alias("date")).drop_nulls()
        for column in ("date_implemented", "date_removed")
    )
    return in_force(wanted, changes).sort("country", "date")


def acts(interventions: pl.DataFrame) -> pl.DataFrame:
    """One row a state act, with what sets it apart.

    Columns: state_act_id, implementers, evaluations, interventions, date_announced, date_implemented (first),
    date_removed (last), affected_countries (number), counted (Red or Amber and implemented), note (never
    implemented, removed, rescinded, liberalising only, or empty).
    """
    counted = pl.col("evaluation").is_in(["Red", "Amber"]) & pl.col("date_implemented").is_not_null()
    summary = interventions.group_by("state_act_id").agg(
        implementers=pl.col("implementers").list.explode().unique().sort().str.join(", "),
        evaluations=pl.col("evaluation").unique().sort().str.join(", "),
        interventions=pl.len(),
        date_announced=pl.col("date_announced").min(),
        date_implemented=pl.col("date_implemented").min(),
        date_removed=pl.col("date_removed").max(),
        affected_countries=pl.col("affected").list.explode(keep_nulls=False, empty_as_null=False).n_unique(),
        counted=counted.any(),
    )
    return summary.with_columns(note=_note()).sort("date_implemented", "state_act_id", nulls_last=True)


RESCINDED = {90042: "diffusion rule: rescission announced 2025-05-13, before any enforcement"}


def _note() -> pl.Expr:
    rescinded = pl.col("state_act_id").replace_strict(RESCINDED, default=None, return_dtype=pl.String)
    return (
        pl.when(rescinded.is_not_null())
        .then(rescinded)
        .when(pl.col("date_implemented").is_null())
        .then(pl.lit("never implemented"))
        .when(pl.col("date_removed").is_not_null())
        .then(pl.lit("removed"))
        .when(pl.col("evaluations") == "Green")
        .then(pl.lit("liberalising only: not counted"))
        .otherwise(pl.lit(""))
    )
