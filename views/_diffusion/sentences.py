"""What became of one lead, in sentences."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl

from engine.diffusion import DiffusionSpec
from engine.diffusion.capability import versions
from engine.diffusion.leads import measured
from views import _results
from views._diffusion import words

MATCHED, ENDED, LEADING = "Matched before release", "Ended", "Still leading"
Levels = Mapping[str, Mapping[str, Any]]


def levels(spec: DiffusionSpec, vintage: str) -> dict[str, dict[str, Any]]:
    """What every model brings to the clock, by model name: release_date, organization, accessibility, level."""
    models = _results.table("models", vintage)
    if spec.measure == "capability":
        known = versions(spec.task, _results.table("benchmark_scores", vintage), models)
    else:
        known = measured(spec, models)
    wanted = known.sort("release_date", descending=True).select(
        "model", "organization", "country", "accessibility", "release_date", "level"
    )
    return {row["model"]: row for row in wanted.iter_rows(named=True)}


def outcome(row: Mapping[str, Any]) -> str:
    """How a lead stands: matched before release, ended, still leading."""
    return MATCHED if row["already_matched"] else ENDED if row["event"] else LEADING


def story(row: Mapping[str, Any], spec: DiffusionSpec, known: Levels) -> str:
    """Which model ended a lead, when, whose it is and why; or why it is no lead, or is censored."""
    tell = {MATCHED: _matched, ENDED: _ended, LEADING: _leading}[outcome(row)]
    return f"{_subject(row, spec)} {tell(row, spec, known)}{_never_at_risk(row, spec)}"


def _subject(row: Mapping[str, Any], spec: DiffusionSpec) -> str:
    who = words.of(row["organization"], row["country"], row["accessibility"])
    ahead = f" {_ahead(row, spec)}" if row["best_open"] else " No open-weight model was there to compare it with."
    return (
        f"{row['model']} ({who}) was released on {row['release_date']} with {words.level(spec, row['level'])}.{ahead}"
    )


def _ahead(row: Mapping[str, Any], spec: DiffusionSpec) -> str:
    if spec.measure == "capability":
        return f"That is {row['gap_to_open_score']:+.1%} on the best open-weight model out then, {row['best_open']}."
    return f"That is {row['gap_to_open_ratio']:.3g} times the best open-weight model out then, {row['best_open']}."


def threshold(row: Mapping[str, Any], spec: DiffusionSpec) -> str:
    """What a follower had to reach."""
    if spec.measure == "capability":
        return f"its own score, {row['level']:.1%}"
    own = words.level(spec, spec.theta * row["level"])
    return own if spec.theta == 1 else f"{spec.theta:g} times its own, {own}"


def _maker(about: Mapping[str, Any] | None) -> str:
    return "" if about is None else words.of(about["organization"], about["country"], about["accessibility"])


def _matched(row: Mapping[str, Any], spec: DiffusionSpec, known: Levels) -> str:
    about = known.get(row["matched_by"])
    return (
        f"It was already matched: {row['matched_by']} ({_maker(about)}; out since {_day(about)}) had "
        f"{words.level(spec, about['level'] if about else None)}, and the threshold was {threshold(row, spec)}. "
        "It never led, and is counted but not on the curve."
    )


def _day(about: Mapping[str, Any] | None) -> str | dt.date:
    return "an unknown day" if about is None else about["release_date"]


def _ended(row: Mapping[str, Any], spec: DiffusionSpec, known: Levels) -> str:
    about = known.get(row["follower"])
    who = words.of(row["follower_organization"], row["follower_country"], row["follower_accessibility"])
    return (
        f"Its lead ended after {row['months']:.1f} months, on {row['follower_date']}, with {row['follower']} ({who}): "
        f"that has {words.level(spec, about['level'] if about else None)}, and the threshold was "
        f"{threshold(row, spec)}."
    )


def _leading(row: Mapping[str, Any], spec: DiffusionSpec, known: Levels) -> str:
    later = f" {row['follower']} came on {row['follower_date']}, too late to count." if row["follower"] else ""
    return (
        f"It was still leading after {row['months']:.1f} months: no eligible open-weight model had reached "
        f"{threshold(row, spec)} when the follow-up or the data ended, and the lead is censored there.{later}"
    )


def _never_at_risk(row: Mapping[str, Any], spec: DiffusionSpec) -> str:
    if row["already_matched"] or not spec.min_lead_months or row["months"] > spec.min_lead_months:
        return ""
    return f" It did not last beyond the minimum lead of {spec.min_lead_months:g} months and is never at risk."


def outcomes(subjects: pl.DataFrame) -> pl.DataFrame:
    """Subjects with the column outcome."""
    named = pl.when("already_matched").then(pl.lit(MATCHED)).when("event").then(pl.lit(ENDED))
    return subjects.with_columns(outcome=named.otherwise(pl.lit(LEADING)))
