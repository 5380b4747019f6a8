"""Who ends a lead: cumulative incidence by the follower's country, kind of organization, licence and access."""

from typing import Any

import polars as pl

from engine.diffusion.leads import ABOUT_FOLLOWER, followed, last_release, measured, pairs, timed
from engine.diffusion.spec import DiffusionSpec
from engine.survival import aalen_johansen
from engine.survival.incidence import INCIDENCE_SCHEMA

DIMENSIONS = {
    "country": "follower_country",
    "organization_type": "follower_organization_type",
    "licence": "follower_accessibility",
}
ACCESS = "access"
FEWEST_EVENTS = 5
REST, UNKNOWN = "other", "unknown"
CUMULATIVE_SCHEMA: dict[str, Any] = {"dimension": pl.String, **INCIDENCE_SCHEMA}


def cumulative_incidence(subjects: pl.DataFrame) -> pl.DataFrame:
    """Aalen-Johansen incidence of each kind of follower; causes of fewer than five events are put together as 'other'.

    Intervals are clustered by follower. Columns: dimension, cause, months, cif, ci_low, ci_high, at_risk, events.
    """
    parts = [pl.DataFrame(schema=CUMULATIVE_SCHEMA)]
    parts += [incidence_of(subjects, dimension, column) for dimension, column in DIMENSIONS.items()]
    return pl.concat(parts)


def incidence_of(subjects: pl.DataFrame, dimension: str, column: str) -> pl.DataFrame:
    """Incidence of the causes in a column, over subjects with months, event, entry and cluster."""
    named = subjects.with_columns(cause=pl.when("event").then(pl.col(column).fill_null(UNKNOWN)))
    rare = pl.len().over("cause") < FEWEST_EVENTS
    several = (named.filter("event").group_by("cause").len()["len"] < FEWEST_EVENTS).sum() > 1
    if several:
        small = pl.col("cause").is_not_null() & rare
        named = named.with_columns(cause=pl.when(small).then(pl.lit(REST)).otherwise("cause"))
    entry = named["entry"] if named["entry"].max() else None
    found = aalen_johansen(named["months"], named["cause"], entry, named["cluster"])
    return found.select(pl.lit(dimension).alias("dimension"), *INCIDENCE_SCHEMA)


def next_match(spec: DiffusionSpec, models: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """The same subjects until the first later original model of any access reaches the threshold.

    The follower's domain and organization are those of the rule; `follower_access` is 'open', 'closed' or 'unknown'.
    By compute and by parameters only.
    """
    known = measured(spec, models)
    about_end = ["already_matched", "matched_by", "months", "event", "status", *ABOUT_FOLLOWER]
    own = subjects.drop(about_end, strict=False)
    paired = pairs(spec, own, known.filter(pl.col("base_model").is_null()))
    later = pl.col("follower_date") > pl.col("release_date")
    reaching = paired.filter(later & (pl.col("follower_level") >= spec.theta * pl.col("level")))
    last_day = last_release(models)
    return timed(followed(own, reaching, last_day), spec.window_months, last_day)
