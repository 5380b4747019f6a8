"""The survival data set by compute or parameters: subjects, and the follower that ended each lead."""

import datetime as dt

import polars as pl

from engine.diffusion.access import LLAMA_DAY, in_era, is_closed, is_open
from engine.diffusion.spec import DiffusionSpec

DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25
PROGRESS_FROM = pl.date(2020, 1, 1)
TIERS = {1e23: "below 1e23 FLOP", 1e24: "1e23 to 1e24 FLOP", 1e25: "1e24 to 1e25 FLOP"}
TOP_TIER, NO_TIER = "1e25 FLOP and above", "compute unknown"
ERAS = ("before 2023-02-24", "from 2023-02-24")
ABOUT_FOLLOWER = {
    "follower": "model",
    "follower_organization": "organization",
    "follower_organization_type": "organization_type",
    "follower_country": "country",
    "follower_accessibility": "accessibility",
    "follower_access": "access",
    "follower_date": "release_date",
    "follower_level": "level",
}


def released(frame: pl.DataFrame, column: str, today: dt.date | None = None) -> tuple[pl.DataFrame, list[str]]:
    """Rows with a date up to today, and a sentence on those left out because they lie in the future.

    The one place of the study that looks at the calendar; tables without such dates give the same answer on any day.
    """
    day = today or dt.datetime.now(dt.UTC).date()
    future = frame.filter(pl.col(column) > day)
    if future.is_empty():
        return frame, []
    first = future.row(0, named=True)
    name = first.get("model_version") or first["model"]
    return frame.filter(pl.col(column).is_null() | (pl.col(column) <= day)), [
        f"{future.height} left out for a release date in the future, first '{name}' ({first[column]})."
    ]


def measured(spec: DiffusionSpec, models: pl.DataFrame) -> pl.DataFrame:
    """Models with a release date and a known level of the clock's measure.

    `level` is training compute (FLOP), parameters, or effective compute: compute times `effective_growth_per_year`
    to the power of the years since 2020. Columns beside those of `ABOUT_FOLLOWER` and the rule's: year, era, tier.
    """
    years = (pl.col("release_date") - PROGRESS_FROM).dt.total_days() / DAYS_PER_YEAR
    levels = {
        "parameters": pl.col("parameters"),
        "effective_compute": pl.col("training_compute_flop") * spec.effective_growth_per_year**years,
    }
    level = levels.get(spec.measure, pl.col("training_compute_flop"))
    known = models.with_columns(level=level).filter((pl.col("level") > 0) & pl.col("release_date").is_not_null())
    return known.select(
        "model",
        "organization",
        "organization_type",
        "primary_domain",
        "accessibility",
        "access",
        "release_date",
        "training_compute_flop",
        "parameters",
        "base_model",
        "level",
        country=pl.col("country_first"),
        **when_and_tier(),
    )


def when_and_tier() -> dict[str, pl.Expr]:
    """Release year, era (LLaMA's release parts them) and compute tier of a model."""
    tier = pl.lit(TOP_TIER)
    for edge, name in sorted(TIERS.items(), reverse=True):
        tier = pl.when(pl.col("training_compute_flop") < edge).then(pl.lit(name)).otherwise(tier)
    late = pl.col("release_date") >= LLAMA_DAY
    return {
        "year": pl.col("release_date").dt.year().cast(pl.Int64),
        "era": pl.when(late).then(pl.lit(ERAS[1])).otherwise(pl.lit(ERAS[0])),
        "tier": pl.when(pl.col("training_compute_flop") > 0).then(tier).otherwise(pl.lit(NO_TIER)),
    }


def candidates(spec: DiffusionSpec, known: pl.DataFrame) -> pl.DataFrame:
    """Closed, original models of the years, era and domain asked for, with their place on their release day.

    Models of every access class, derivatives too, count in the ranking within the primary domain. Adds `larger`
    (models out by then with a higher level) and `best_level` (the highest level out by then).
    """
    wanted = known.filter(
        is_closed(spec)
        & in_era(spec)
        & pl.col("base_model").is_null()
        & ((pl.col("primary_domain") == spec.domain) | (spec.domain == "All"))
    )
    rivals = known.select("primary_domain", rival_date="release_date", rival_level="level")
    out = (
        wanted.select("model", "release_date", "primary_domain", "level")
        .join(rivals, on="primary_domain")
        .filter(pl.col("rival_date") <= pl.col("release_date"))
        .group_by("model")
        .agg(larger=(pl.col("rival_level") > pl.col("level")).sum(), best_level=pl.col("rival_level").max())
    )
    return wanted.join(out, on="model", how="left").sort("release_date", "model")


def near_frontier(spec: DiffusionSpec, found: pl.DataFrame) -> pl.DataFrame:
    """The candidates that meet the frontier rule."""
    if spec.frontier == "factor":
        return found.filter(pl.col("level") * spec.frontier_factor >= pl.col("best_level"))
    return found.filter(pl.col("larger") < spec.frontier_rank)


def pairs(spec: DiffusionSpec, subjects: pl.DataFrame, followers: pl.DataFrame) -> pl.DataFrame:
    """Every subject with every follower of its domain (of any domain where the rule says so).

    `eligible` says whether the follower may end the lead: no listed organization in common, where that is asked.
    """
    columns = ["model", "organization", "release_date", "level", "primary_domain"]
    about = {name: pl.col(column) for name, column in ABOUT_FOLLOWER.items()}
    right = followers.select("primary_domain", **about)
    if spec.same_domain:
        joined = subjects.select(columns).join(right, on="primary_domain")
    else:
        joined = subjects.select(columns).join(right.drop("primary_domain"), how="cross")
    eligible = ~_shares_organization() if spec.other_organization else pl.lit(True)
    return joined.with_columns(eligible=eligible)


def open_models(spec: DiffusionSpec, known: pl.DataFrame) -> pl.DataFrame:
    """Those that can end a lead: open weights, not derived from another model."""
    return known.filter(is_open(spec) & pl.col("base_model").is_null())


def _shares_organization() -> pl.Expr:
    """Whether any organization is listed for both: a follower with a subject's own author is no other's."""
    listed = [pl.col(c).fill_null("").str.split(",") for c in ("organization", "follower_organization")]
    return listed[0].list.set_intersection(listed[1]).list.len() > 0


def best_open(paired: pl.DataFrame) -> pl.DataFrame:
    """The open model with the highest level out on each subject's release day: model, best_open, best_open_level."""
    return (
        paired.filter(pl.col("follower_date") <= pl.col("release_date"))
        .sort("follower_level", "follower_date", "follower", descending=[True, False, False])
        .unique("model", keep="first", maintain_order=True)
        .select("model", best_open="follower", best_open_level="follower_level")
    )


def followed(subjects: pl.DataFrame, reaching: pl.DataFrame, last_day: dt.date) -> pl.DataFrame:
    """Subjects with who matched them: `reaching` holds the pairs whose follower reaches the threshold.

    Adds already_matched (an open model was there on the release day), matched_by and matched_date (the first such),
    the first strictly later eligible follower (null where there is none), follow_months (to it) and data_months (to
    the last day of the data); months are days / 30.4375.
    """
    about = ["model", *(name for name in ABOUT_FOLLOWER if name != "follower_level")]
    ordered = reaching.sort("follower_date", "follower")
    before = ordered.filter(pl.col("follower_date") <= pl.col("release_date"))
    after = ordered.filter((pl.col("follower_date") > pl.col("release_date")) & pl.col("eligible"))
    matched = before.select("model", matched_by="follower", matched_date="follower_date")
    data_days = (pl.lit(last_day) - pl.col("release_date")).dt.total_days()
    return (
        subjects.join(_first(matched), on="model", how="left", maintain_order="left")
        .join(_first(after.select(about)), on="model", how="left", maintain_order="left")
        .with_columns(
            already_matched=pl.col("matched_by").is_not_null(),
            follow_months=(pl.col("follower_date") - pl.col("release_date")).dt.total_days() / DAYS_PER_MONTH,
            data_months=data_days / DAYS_PER_MONTH,
        )
    )


def _first(ordered: pl.DataFrame) -> pl.DataFrame:
    return ordered.unique("model", keep="first", maintain_order=True)


def timed(found: pl.DataFrame, window_months: float, last_day: dt.date) -> pl.DataFrame:
    """`followed` with months (to the event or to censoring), event, and status in words."""
    event = (pl.col("follow_months") <= window_months).fill_null(False) & ~pl.col("already_matched")
    censored = pl.min_horizontal(pl.col("data_months"), pl.lit(window_months))
    return found.with_columns(
        event=event, months=pl.when(event).then(pl.col("follow_months")).otherwise(censored)
    ).with_columns(status=_status(window_months, last_day))


def _status(window_months: float, last_day: dt.date) -> pl.Expr:
    later = pl.format("; {} came on {}", "follower", "follower_date").fill_null("")
    window = pl.format("Still leading at the end of the follow-up of {} months{}", pl.lit(f"{window_months:g}"), later)
    return (
        pl.when("already_matched")
        .then(pl.format("Matched before release by {} of {}", "matched_by", "matched_date"))
        .when("event")
        .then(pl.format("Ended by {} on {}", "follower", "follower_date"))
        .when(pl.col("data_months") > window_months)
        .then(window)
        .otherwise(pl.lit(f"Still leading on {last_day}, the last day of the data"))
    )


def leads(spec: DiffusionSpec, models: pl.DataFrame) -> pl.DataFrame:
    """Every near-frontier model of the spec's rule, already matched or not, in order of release.

    Columns: model, organization, organization_type, country, primary_domain, accessibility, release_date, year, era,
    tier, training_compute_flop, parameters, level, best_open, gap_to_open_ratio (level over the best open level on
    the release day; null while there is no open model), already_matched, matched_by, follower with its organization,
    type, country, accessibility and date, months, event, status.
    """
    known = measured(spec, models)
    subjects = near_frontier(spec, candidates(spec, known))
    paired = pairs(spec, subjects, open_models(spec, known))
    reaching = paired.filter(pl.col("follower_level") >= spec.theta * pl.col("level"))
    last_day = last_release(models)
    found = timed(followed(subjects, reaching, last_day), spec.window_months, last_day)
    gap = pl.col("level") / pl.col("best_open_level")
    ranked = found.join(best_open(paired), on="model", how="left", maintain_order="left")
    return ranked.with_columns(gap_to_open_ratio=gap).select(*ABOUT_SUBJECT, "best_open", "gap_to_open_ratio", *OUTCOME)


ABOUT_SUBJECT = (
    "model",
    "organization",
    "organization_type",
    "country",
    "primary_domain",
    "accessibility",
    "release_date",
    "year",
    "era",
    "tier",
    "training_compute_flop",
    "parameters",
    "level",
)
OUTCOME = (
    "already_matched",
    "matched_by",
    *(name for name in ABOUT_FOLLOWER if name != "follower_level"),
    "months",
    "event",
    "status",
)


def last_release(models: pl.DataFrame) -> dt.date:
    """The last day of the data; the first day of the calendar where there is no date at all."""
    day = models["release_date"].max()
    return day if isinstance(day, dt.date) else dt.date.min
