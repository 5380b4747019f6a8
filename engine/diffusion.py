"""How long a proprietary lead lasts: time until an open-weight model of another organization catches up."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import polars as pl

from engine.result import Result
from engine.spec import Spec, SpecError, parameter
from engine.study import Study, Work
from engine.summaries import MIN_HEADLINE_ROWS
from engine.survival import kaplan_meier, median, median_interval

DAYS_PER_MONTH = 30.4375
NO_PUBLISHED = (
    "The published diffusion figures come from the study's own file of pairs, which is not bundled; "
    "choose the corrected preset."
)
Domain = Literal["All", "Language", "Biology", "Vision", "Audio", "Games/Robotics", "Other"]


class DiffusionSpec(Spec):
    """Who is a subject, and what ends a lead."""

    study: ClassVar[str] = "diffusion"

    theta: float = parameter(
        1.0, "Threshold theta", ge=0.01, le=10, description="share of the subject's compute a follower must reach"
    )
    domain: Domain = parameter("All", "Primary domain of the subjects", group="Subjects")
    first_year: int = parameter(2018, "First release year", unit="year", ge=1950, le=2100, group="Subjects")
    frontier_rank: int = parameter(
        10, "Frontier rank", ge=1, le=1000, description="running top n by compute on the release day", group="Subjects"
    )
    window_months: float = parameter(60.0, "Follow-up", unit="months", gt=0, le=600, group="Events")


class Diffusion(Study[DiffusionSpec]):
    """Subjects near the frontier, the follower that ended each lead, and the Kaplan-Meier curve."""

    spec_type = DiffusionSpec
    inputs: ClassVar[tuple[str, ...]] = ("models",)

    def combine(self, work: Work[DiffusionSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables of METHODS section 7."""
        if work.spec.preset == "published":
            raise SpecError(NO_PUBLISHED)
        everyone = followed(work.spec, work.tables["models"])
        subjects = everyone.filter(~pl.col("already_matched"))
        if subjects.is_empty():
            raise SpecError("No subject is left: lower the first year or theta, or widen the frontier rank.")
        curve = kaplan_meier(subjects["months"], subjects["event"])
        low, high = median_interval(curve)
        summary: dict[str, Any] = {
            "near_frontier": everyone.height,
            "already_matched": everyone.height - subjects.height,
            "subjects": subjects.height,
            "events": int(subjects["event"].sum()),
            "median_months": median(curve),
            "ci_low": low,
            "ci_high": high,
        }
        summary["finding"] = finding(summary)
        return Result(self.name, summary, {"survival": curve, "subjects": everyone})


def near_frontier(spec: DiffusionSpec, models: pl.DataFrame) -> pl.DataFrame:
    """Closed, original models with known compute in the running top of their primary domain on release day.

    Models of every access class, derivatives too, count in the ranking.
    """
    known = models.filter((pl.col("training_compute_flop") > 0) & pl.col("release_date").is_not_null())
    candidates = known.filter(
        (pl.col("access") == "closed")
        & (pl.col("release_date").dt.year() >= spec.first_year)
        & pl.col("base_model").is_null()
        & ((pl.col("primary_domain") == spec.domain) | (spec.domain == "All"))
    )
    rivals = known.select("primary_domain", rival_date="release_date", rival_compute="training_compute_flop")
    larger = (
        candidates.select("model", "release_date", "primary_domain", "training_compute_flop")
        .join(rivals, on="primary_domain")
        .filter(
            (pl.col("rival_date") <= pl.col("release_date"))
            & (pl.col("rival_compute") > pl.col("training_compute_flop"))
        )
        .group_by("model")
        .agg(larger=pl.len())
    )
    ranked = candidates.join(larger, on="model", how="left").with_columns(pl.col("larger").fill_null(0))
    return ranked.filter(pl.col("larger") < spec.frontier_rank).sort("release_date", "model")


def followed(spec: DiffusionSpec, models: pl.DataFrame) -> pl.DataFrame:
    """Near-frontier models with the follower that matched them.

    Columns: model, organization, primary_domain, release_date, training_compute_flop, already_matched (an open
    model was at the threshold on the release day), follower, follower_organization, follower_date, months (to the
    event or to censoring, days / 30.4375), event.
    """
    subjects = near_frontier(spec, models).select(
        "model", "organization", "primary_domain", "release_date", "training_compute_flop"
    )
    pairs = subjects.join(_open_models(models), on="primary_domain").filter(
        pl.col("follower_compute_flop") >= spec.theta * pl.col("training_compute_flop")
    )
    matched = pairs.filter(pl.col("follower_date") <= pl.col("release_date"))["model"].unique()
    first = (
        pairs.filter((pl.col("follower_date") > pl.col("release_date")) & ~_shares_organization())
        .sort("follower_date", "follower")
        .unique("model", keep="first", maintain_order=True)
        .select("model", "follower", "follower_organization", "follower_date")
    )
    last_day = models["release_date"].max()
    return (
        subjects.with_columns(already_matched=pl.col("model").is_in(matched.implode()))
        .join(first, on="model", how="left", maintain_order="left")
        .with_columns(_months("follower_date", "release_date").alias("follow_months"))
        .with_columns(
            event=(pl.col("follow_months") <= spec.window_months).fill_null(False),
            months=pl.min_horizontal(
                pl.col("follow_months"),
                (pl.lit(last_day) - pl.col("release_date")).dt.total_days() / DAYS_PER_MONTH,
                pl.lit(spec.window_months),
            ),
        )
        .drop("follow_months")
    )


def _shares_organization() -> pl.Expr:
    """Whether any organization is listed for both: a follower with a subject's own author is no other's."""
    listed = [pl.col(c).fill_null("").str.split(",") for c in ("organization", "follower_organization")]
    return listed[0].list.set_intersection(listed[1]).list.len() > 0


def _months(later: str, earlier: str) -> pl.Expr:
    return (pl.col(later) - pl.col(earlier)).dt.total_days() / DAYS_PER_MONTH


def _open_models(models: pl.DataFrame) -> pl.DataFrame:
    return models.filter(
        (pl.col("access") == "open")
        & pl.col("base_model").is_null()
        & (pl.col("training_compute_flop") > 0)
        & pl.col("release_date").is_not_null()
    ).select(
        "primary_domain",
        follower="model",
        follower_organization="organization",
        follower_date="release_date",
        follower_compute_flop="training_compute_flop",
    )


def finding(summary: dict[str, Any]) -> str:
    """The headline: the median lead with its interval, or why there is none."""
    if summary["subjects"] < MIN_HEADLINE_ROWS:
        return f"No headline: {summary['subjects']} subjects, and it needs {MIN_HEADLINE_ROWS}."
    if summary["median_months"] is None:
        return f"Fewer than half of the {summary['subjects']} leads had ended when the data end."
    low, high = (f"{m:.1f}" if m is not None else "open" for m in (summary["ci_low"], summary["ci_high"]))
    return (
        f"Half of {summary['subjects']} closed frontier models were matched in compute by an open-weight model within "
        f"{summary['median_months']:.1f} months [{low}, {high}]; another {summary['already_matched']} were matched "
        f"before release."
    )
