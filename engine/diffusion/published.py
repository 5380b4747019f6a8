"""The original study's figures from its own file of pairs, and why nothing rests on them."""

from typing import Any

import polars as pl

from engine.diffusion.spec import DiffusionSpec
from engine.result import Result
from engine.spec import SpecError
from engine.survival import kaplan_meier, median, median_interval
from engine.survival.records import checked

PAIRS = "diffusion_pairs"
NEEDS_PAIRS = (
    "The published diffusion preset needs the study's own file of pairs, which is not bundled: give it with "
    "--pairs FILE, or choose the corrected preset."
)


def published(spec: DiffusionSpec, found: pl.DataFrame | None) -> Result:
    """Statistics of the pairs' lags, and the curve of the first follower of each innovator beyond the minimum lead.

    `subjects` has one row an innovator (organization and date), `lag_statistics` one row for all pairs and one an
    innovator. As in the original nothing is censored: an innovator without a follower beyond the lead drops out.
    Raises `SpecError` without the file or where the filters leave no pair, `DurationError` for a negative lag.
    """
    if found is None:
        raise SpecError(NEEDS_PAIRS)
    checked(found["lag_months"])
    pairs = found.filter(pl.col("lag_months") <= spec.window_months)
    subjects = _first_followers(pairs, spec.min_lead_months)
    if subjects.is_empty():
        raise SpecError("No pair of the file passes the minimum lead and the follow-up; loosen one of them.")
    curve = kaplan_meier(subjects["months"], subjects["event"])
    statistics = _lag_statistics(pairs)
    summary = _summary(pairs, subjects, curve, statistics)
    tables = {"survival": curve, "subjects": subjects, "lag_statistics": statistics}
    return Result("diffusion", summary, tables, tuple(_warnings(spec, found, pairs, summary)))


def _first_followers(pairs: pl.DataFrame, min_lead_months: float) -> pl.DataFrame:
    """The first pair of each innovator whose lag is beyond the minimum lead."""
    maker = pl.col("follower_organization").fill_null("unknown")
    return (
        pairs.filter(pl.col("lag_months") > min_lead_months)
        .sort("lag_months", "follower_organization", maintain_order=True)
        .unique(["innovator_organization", "innovator_date"], keep="first", maintain_order=True)
        .select(
            organization="innovator_organization",
            release_date="innovator_date",
            follower_organization="follower_organization",
            follower_date="follower_date",
            months="lag_months",
            event=pl.lit(True),
            status=pl.format("Ended by {} on {}", maker, "follower_date"),
        )
    )


def _lag_statistics(pairs: pl.DataFrame) -> pl.DataFrame:
    """Lags of all pairs and of each innovator's.

    Columns: innovator, pairs, mean_months, median_months, sd_months, cv, q1_months, q3_months, min_months, max_months.
    """
    lag = pl.col("lag_months")
    figures = {
        "pairs": pl.len().cast(pl.Int64),
        "mean_months": lag.mean(),
        "median_months": lag.median(),
        "sd_months": lag.std(),
        "cv": lag.std() / lag.mean(),
        "q1_months": lag.quantile(0.25, "linear"),
        "q3_months": lag.quantile(0.75, "linear"),
        "min_months": lag.min(),
        "max_months": lag.max(),
    }
    maker = pl.col("innovator_organization").fill_null("unknown")
    each = pairs.with_columns(innovator=pl.format("{} of {}", maker, "innovator_date"))
    every = pairs.select(innovator=pl.lit("all"), **figures)
    return pl.concat([every, each.group_by("innovator").agg(**figures).sort("innovator")])


def _summary(
    pairs: pl.DataFrame, subjects: pl.DataFrame, curve: pl.DataFrame, statistics: pl.DataFrame
) -> dict[str, Any]:
    low, high = median_interval(curve)
    lags = statistics.drop("innovator", "pairs").row(0, named=True)
    summary: dict[str, Any] = {
        "near_frontier": None,
        "already_matched": None,
        "subjects": subjects.height,
        "events": subjects.height,
        "median_months": median(curve),
        "ci_low": low,
        "ci_high": high,
        "pairs": pairs.height,
        "innovators": statistics.height - 1,
        "first_lags_months": subjects["months"].to_list(),
        **{f"lag_{name}": value for name, value in lags.items()},
    }
    return {**summary, "finding": _finding(summary)}


def _finding(summary: dict[str, Any]) -> str:
    first = " and ".join(f"{months:.2f}" for months in summary["first_lags_months"])
    return (
        f"Degenerate: {summary['pairs']:,} pairs of {summary['innovators']} innovators have a mean lag of "
        f"{summary['lag_mean_months']:.1f} months (median {summary['lag_median_months']:.1f}, standard deviation "
        f"{summary['lag_sd_months']:.1f}); beyond the minimum lead {summary['subjects']} observations remain, at "
        f"{first} months."
    )


def _warnings(spec: DiffusionSpec, found: pl.DataFrame, pairs: pl.DataFrame, summary: dict[str, Any]) -> list[str]:
    return [
        f"Published preset: degenerate, because all {pairs.height:,} pairs come from {summary['innovators']} "
        "innovators, whom later models follow whatever their access or size (defect D8).",
        f"Of {found.height:,} pairs {found.height - pairs.height} lie beyond the follow-up of {spec.window_months:g} "
        "months; no cap on their number is applied, and nothing is censored.",
    ]
