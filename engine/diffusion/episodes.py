"""Leads month by month: what the state of open models says about the hazard of the month that follows."""

from typing import Any

import numpy as np
import polars as pl

from engine.diffusion.leads import DAYS_PER_MONTH, DAYS_PER_YEAR, measured, open_models, pairs
from engine.diffusion.spec import DiffusionSpec
from engine.regression import DesignError
from engine.survival import RiskSets, cox_coefficients, risk_sets, terms_that_vary
from engine.survival.cox import FEWEST_EVENTS
from engine.survival.records import Floats

TERMS = ["gap_to_open_ln", "ln_open_organizations", "frontier_distance_ln"]
CLOSE_SHARE = 1 / 30
ENOUGH_REPLICATES = 0.5
TIME_VARYING_SCHEMA: dict[str, Any] = {
    "term": pl.String,
    **dict.fromkeys(("coef", "se", "hr", "ci_low", "ci_high", "p"), pl.Float64),
    **dict.fromkeys(("n", "events", "episodes", "replicates"), pl.Int64),
}


def episodes(spec: DiffusionSpec, models: pl.DataFrame, subjects: pl.DataFrame) -> pl.DataFrame:
    """Monthly episodes of the subjects in start-stop format with covariates as known at the start of each month.

    gap_to_open_ln: ln of the subject's level over the best open original level of its domain (of any, where the rule
    says so); ln_open_organizations: ln(1 + listed organizations with an open original model of at least 1/30 of the
    subject's level in the year before); frontier_distance_ln: ln of the domain's highest level over the subject's.
    Columns: subject, maker, start_months, stop_months, event, day and the three; months before the first open model
    are left out.
    """
    known = measured(spec, models)
    months = _months(subjects)
    return (
        _with_open(spec, months, subjects, open_models(spec, known))
        .join_asof(
            _running_best(known), left_on="day", right_on="release_date", by="primary_domain", check_sortedness=False
        )
        .with_columns(frontier_distance_ln=(pl.col("best_level") / pl.col("level")).log())
        .drop_nulls(TERMS)
        .sort("subject", "start_months")
        .select("subject", "maker", "start_months", "stop_months", "event", "day", *TERMS)
    )


def _months(subjects: pl.DataFrame) -> pl.DataFrame:
    """One row a subject and month at risk, (start_months, stop_months], sorted by its first day."""
    last = pl.col("months").ceil().cast(pl.Int64).clip(1)
    cut = subjects.with_columns(month=pl.int_ranges(0, last)).explode("month")
    start, whole = pl.col("month").cast(pl.Float64), pl.col("month") + 1.0
    days = (start * DAYS_PER_MONTH).floor().cast(pl.Int64)
    return (
        cut.with_columns(
            subject="model",
            maker=pl.col("organization").fill_null(pl.col("model")),
            start_months=pl.max_horizontal(start, "entry"),
            stop_months=pl.min_horizontal(whole, "months"),
            event=pl.col("event") & (whole >= pl.col("months")),
            day=pl.col("release_date") + pl.duration(days=days),
        )
        .filter(pl.col("stop_months") > pl.col("start_months"))
        .sort("day")
    )


def _with_open(
    spec: DiffusionSpec, months: pl.DataFrame, subjects: pl.DataFrame, followers: pl.DataFrame
) -> pl.DataFrame:
    """Months with gap_to_open_ln and ln_open_organizations."""
    paired = pairs(spec, subjects, followers).drop("organization", "release_date", "primary_domain")
    days = months.select("model", "day", "month")
    seen = days.join(paired, on="model").filter(pl.col("follower_date") <= pl.col("day"))
    recent = (pl.col("day") - pl.col("follower_date")).dt.total_days() < DAYS_PER_YEAR
    close = recent & (pl.col("follower_level") >= CLOSE_SHARE * pl.col("level"))
    listed = pl.col("follower_organization").str.split(",").filter(close).explode()
    state = seen.group_by("model", "month").agg(
        open_level=pl.col("follower_level").max(), makers=listed.drop_nulls().n_unique()
    )
    return months.join(state, on=["model", "month"], how="left", maintain_order="left").with_columns(
        gap_to_open_ln=(pl.col("level") / pl.col("open_level")).log(),
        ln_open_organizations=pl.col("makers").cast(pl.Float64).log1p(),
    )


def _running_best(known: pl.DataFrame) -> pl.DataFrame:
    """Highest level of any model of a domain up to each release day: primary_domain, release_date, best_level."""
    return (
        known.sort("release_date", "level")
        .with_columns(best_level=pl.col("level").cum_max().over("primary_domain"))
        .unique(["primary_domain", "release_date"], keep="last", maintain_order=True)
        .select("primary_domain", "release_date", "best_level")
        .sort("release_date")
    )


def time_varying_sets(episode_rows: pl.DataFrame) -> tuple[RiskSets, Floats]:
    """Risk sets of the episodes and each subject's maker as a code. Raises `DesignError` for too few events."""
    terms = terms_that_vary(episode_rows, TERMS)
    events = int(episode_rows["event"].sum())
    needed = max(FEWEST_EVENTS, len(terms) + 1)
    if not terms or events < needed:
        raise DesignError(f"It needs at least {needed} events for its covariates, and there are {events}.")
    sets = risk_sets(episode_rows, terms)
    makers = episode_rows.unique("subject", keep="first").sort("subject")["maker"]
    return sets, makers.rank("dense").to_numpy() - 1


def cluster_bootstrap(sets: RiskSets, codes: Floats, replicates: int, rng: np.random.Generator) -> pl.DataFrame:
    """Coefficients of samples of whole clusters, drawn with replacement: one row a replicate, one column a term.

    A sample that does not carry the fit has null coefficients.
    """
    number = int(codes.max()) + 1
    draws = rng.integers(0, number, size=(replicates, number)) + number * np.arange(replicates)[:, None]
    counts = np.bincount(draws.ravel(), minlength=replicates * number).reshape(replicates, number)
    found = cox_coefficients(sets, counts[:, codes.astype(np.int64)].astype(np.float64))
    return pl.DataFrame(found, schema=list(sets.terms)).fill_nan(None)


def time_varying_table(sets: RiskSets, episode_rows: pl.DataFrame, samples: pl.DataFrame) -> pl.DataFrame:
    """The regression with bootstrap errors, percentile intervals and two-sided bootstrap p (`TIME_VARYING_SCHEMA`).

    `replicates` are those that carry the fit. Raises `DesignError` when fewer than half of them do.
    """
    coef = cox_coefficients(sets, np.ones((1, len(sets.subjects))))[0]
    usable = samples.drop_nulls()
    if not np.isfinite(coef).all() or usable.height < ENOUGH_REPLICATES * samples.height:
        raise DesignError(f"It could be fitted on {usable.height} of {samples.height} bootstrap samples only.")
    facts = {
        "n": len(sets.subjects),
        "events": int(sets.ended.sum()),
        "episodes": episode_rows.height,
        "replicates": usable.height,
    }
    terms = zip(sets.terms, coef.tolist(), strict=True)
    rows = [_row(term, value, usable[term].to_numpy(), facts) for term, value in terms]
    return pl.DataFrame(rows, schema=TIME_VARYING_SCHEMA)


def _row(term: str, coef: float, sample: Floats, facts: dict[str, int]) -> dict[str, Any]:
    low, high = (float(q) for q in np.quantile(sample, [0.025, 0.975]))
    tail = (1 + min((sample <= 0).sum(), (sample >= 0).sum())) / (1 + len(sample))
    return {
        "term": term,
        "coef": coef,
        "se": float(sample.std(ddof=1)),
        "hr": float(np.exp(coef)),
        "ci_low": float(np.exp(low)),
        "ci_high": float(np.exp(high)),
        "p": min(1.0, 2 * float(tail)),
        **facts,
    }
