"""Survival curves of leads: of all, by group, and the figures read off them."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from engine.diffusion.spec import DiffusionSpec
from engine.survival import kaplan_meier, log_rank, median, median_interval, restricted_mean

SMALLEST_GROUP = 5
AT_RISK_EVERY_MONTHS = 6
FIGURES = (
    "median_months",
    "ci_low",
    "ci_high",
    "cluster_low",
    "cluster_high",
    "restricted_mean_months",
)
GROUP_SCHEMA: dict[str, Any] = {
    "group": pl.String,
    "level": pl.String,
    "n": pl.Int64,
    "events": pl.Int64,
    **dict.fromkeys(FIGURES, pl.Float64),
}
GROUP_CURVE_SCHEMA: dict[str, Any] = {
    "group": pl.String,
    "level": pl.String,
    **dict.fromkeys(("months", "survival", "ci_low", "ci_high", "cluster_low", "cluster_high"), pl.Float64),
    "at_risk": pl.Int64,
    "events": pl.Int64,
}
LOG_RANK_SCHEMA: dict[str, Any] = {
    "group": pl.String,
    "groups": pl.Int64,
    "n": pl.Int64,
    "events": pl.Int64,
    "chi2": pl.Float64,
    "df": pl.Int64,
    "p": pl.Float64,
}
GROUPS = {
    "domain": "primary_domain",
    "tier": "tier",
    "organization_type": "organization_type",
    "era": "era",
    "release_year": "year",
    "access": "accessibility",
}


def at_risk(everyone: pl.DataFrame, min_lead_months: float) -> pl.DataFrame:
    """The subjects that are ever at risk: not matched before release, and still leading after the minimum lead.

    Adds entry (months of delayed entry) and cluster (the follower that ended the lead; a lead that lasts is its own).
    """
    subjects = everyone.filter(~pl.col("already_matched"))
    if min_lead_months > 0:
        subjects = subjects.filter(pl.col("months") > min_lead_months)
    cluster = pl.when("event").then(pl.concat_str(pl.lit("follower "), "follower")).otherwise("model")
    return subjects.with_columns(entry=pl.lit(min_lead_months), cluster=cluster)


def curve(subjects: pl.DataFrame) -> pl.DataFrame:
    """Survival curve of leads, conditional on reaching the minimum lead, with the interval clustered by follower.

    Columns of `kaplan_meier`; with a minimum lead the curve stays at one up to it and all enter there.
    """
    entry = subjects["entry"] if subjects["entry"].max() else None
    found = kaplan_meier(subjects["months"], subjects["event"], entry, subjects["cluster"])
    if entry is None:
        return found
    start = found.head(1).with_columns(months=entry.first(), at_risk=pl.lit(subjects.height, found["at_risk"].dtype))
    return pl.concat([found.head(1), start, found.slice(1)])


def figures(found: pl.DataFrame, window_months: float) -> dict[str, float | None]:
    """Median with both intervals and the mean restricted to the follow-up (`FIGURES`) of a curve."""
    low, high = median_interval(found)
    cluster_low, cluster_high = median_interval(found, "cluster_low", "cluster_high")
    values = (median(found), low, high, cluster_low, cluster_high, restricted_mean(found, window_months))
    return dict(zip(FIGURES, values, strict=True))


def risk_table(subjects: pl.DataFrame, window_months: float) -> pl.DataFrame:
    """Number at risk every half-year. Columns: months, at_risk, events and censored (both up to then)."""
    rows = []
    for month in range(0, int(window_months) + 1, AT_RISK_EVERY_MONTHS):
        until = subjects.filter(pl.col("months") <= month)
        waiting = ((subjects["entry"] <= month) & (subjects["months"] > month)).sum()
        ended = int(until["event"].sum())
        rows.append({"months": month, "at_risk": int(waiting), "events": ended, "censored": until.height - ended})
    counts = dict.fromkeys(("at_risk", "events", "censored"), pl.Int64)
    return pl.DataFrame(rows, schema={"months": pl.Float64, **counts})


def groups(spec: DiffusionSpec, subjects: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Tables groups, group_curves and log_rank over `GROUPS`; a level of fewer than five is shown with its n only."""
    by_level, curves, tests = [], [pl.DataFrame(schema=GROUP_CURVE_SCHEMA)], []
    for name, column in GROUPS.items():
        named = subjects.with_columns(level=pl.col(column).cast(pl.String).fill_null("unknown"))
        levels = named["level"].unique().sort().to_list()
        for level in levels:
            row, found = _level(spec, named.filter(pl.col("level") == level))
            by_level.append({"group": name, "level": level, **row})
            curves += [_labelled(found, name, level)] if found is not None else []
        tests.append({"group": name, **_compared(named)})
    return {
        "groups": pl.DataFrame(by_level, schema=GROUP_SCHEMA),
        "group_curves": pl.concat(curves),
        "log_rank": pl.DataFrame(tests, schema=LOG_RANK_SCHEMA),
    }


def _level(spec: DiffusionSpec, members: pl.DataFrame) -> tuple[Mapping[str, Any], pl.DataFrame | None]:
    row = {"n": members.height, "events": int(members["event"].sum())}
    if members.height < SMALLEST_GROUP:
        return {"n": row["n"]}, None
    found = curve(members)
    return {**row, **figures(found, spec.window_months)}, found


def _labelled(found: pl.DataFrame, group: str, level: str) -> pl.DataFrame:
    labelled = found.with_columns(group=pl.lit(group), level=pl.lit(level))
    return labelled.select(pl.col(name).cast(kind) for name, kind in GROUP_CURVE_SCHEMA.items())


def _compared(named: pl.DataFrame) -> Mapping[str, Any]:
    """Log-rank test over the levels of at least five."""
    large = named.filter(pl.len().over("level") >= SMALLEST_GROUP)
    return log_rank(large["months"], large["event"], large["level"], large["entry"] if _delayed(large) else None)


def _delayed(subjects: pl.DataFrame) -> bool:
    return not subjects.is_empty() and float(subjects["entry"][0]) > 0


def selected(rows: Sequence[Mapping[str, Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """Rows as a frame of that schema; what a row does not name is null."""
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=dict(schema))
