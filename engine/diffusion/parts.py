"""The estimates of a run, cut into chunks, and put together again."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from engine.diffusion import clocks, curves, episodes, hazards, incidence, sensitivity
from engine.diffusion.answers import checks
from engine.diffusion.spec import DiffusionSpec
from engine.regression import DesignError
from engine.result import unpacked
from engine.streams import REPLICATES_PER_BLOCK, blocks, stream
from engine.survival import kaplan_meier

COX, BOOTSTRAP, SENSITIVITY, CLOCKS, GROUPS, INCIDENCE = (
    "Cox regression",
    "time-varying Cox regression",
    "sensitivity table",
    "comparison of clocks",
    "comparison of groups",
    "cumulative incidence",
)
BY_CAPABILITY = "by capability the state of open models is not followed month by month."
TABLES: dict[str, dict[str, Any]] = {
    "clocks": clocks.CLOCK_SCHEMA,
    "clock_curves": clocks.CLOCK_CURVE_SCHEMA,
    "groups": curves.GROUP_SCHEMA,
    "group_curves": curves.GROUP_CURVE_SCHEMA,
    "log_rank": curves.LOG_RANK_SCHEMA,
    "cox": hazards.TABLE_SCHEMA,
    "cox_models": hazards.MODEL_SCHEMA,
    "cumulative_incidence": incidence.CUMULATIVE_SCHEMA,
    "sensitivity": sensitivity.SENSITIVITY_SCHEMA,
    "km_difference": {"km_difference": pl.Float64},
    "reason": {"reason": pl.String},
}


def asked_chunks(spec: DiffusionSpec) -> list[list[Any]]:
    """Kind and arguments: Cox first (it loads lifelines), bootstrap blocks, access definitions, then the rest."""
    resampled = [[BOOTSTRAP, *block] for block in blocks(spec.replicates, REPLICATES_PER_BLOCK)]
    compared = [[SENSITIVITY, *rule] for rule in sensitivity.access_rules(spec)]
    return [[COX], *resampled, *compared, [CLOCKS], [GROUPS], [INCIDENCE]]


def chunk_tables(
    spec: DiffusionSpec, tables: Mapping[str, pl.DataFrame], subjects: pl.DataFrame, chunk: Sequence[Any]
) -> dict[str, pl.DataFrame]:
    """Tables of one chunk; a `reason`, one sentence, where the leads don't carry the estimate."""
    kind, *arguments = chunk
    try:
        if kind == COX:
            return {**hazards.cox_tables(spec, subjects), "km_difference": _km_difference(subjects)}
        if kind == BOOTSTRAP:
            return {"samples": _samples(spec, tables["models"], subjects, *arguments)}
        if kind == SENSITIVITY:
            return {"sensitivity": sensitivity.sensitivity(spec, tables, arguments)}
        if kind == CLOCKS:
            return clocks.clocks(spec, tables)
        return curves.groups(spec, subjects) if kind == GROUPS else _incidence(spec, tables["models"], subjects)
    except DesignError as error:
        return {"reason": pl.DataFrame({"reason": [f"No {kind}: {error}"]})}


def _km_difference(subjects: pl.DataFrame) -> pl.DataFrame:
    """Largest difference between our survival estimate and lifelines' at the event times."""
    from lifelines import KaplanMeierFitter

    entry = subjects["entry"].to_numpy() if subjects["entry"].max() else None
    ours = kaplan_meier(subjects["months"], subjects["event"], None if entry is None else subjects["entry"]).slice(1)
    theirs = KaplanMeierFitter().fit(subjects["months"].to_numpy(), subjects["event"].to_numpy(), entry=entry)
    expected = theirs.survival_function_at_times(ours["months"].to_numpy()).to_numpy()
    gap = abs(ours["survival"].to_numpy() - expected).max() if ours.height else 0.0
    return pl.DataFrame({"km_difference": [float(gap)]})


def _samples(spec: DiffusionSpec, models: pl.DataFrame, subjects: pl.DataFrame, block: int, size: int) -> pl.DataFrame:
    if spec.measure == clocks.CAPABILITY:
        raise DesignError(BY_CAPABILITY)
    sets, codes = episodes.time_varying_sets(episodes.episodes(spec, models, subjects))
    return episodes.cluster_bootstrap(sets, codes, size, stream(spec.seed, spec.study, block))


def _incidence(spec: DiffusionSpec, models: pl.DataFrame, subjects: pl.DataFrame) -> dict[str, pl.DataFrame]:
    found = [incidence.cumulative_incidence(subjects)]
    if spec.measure != clocks.CAPABILITY:
        following = curves.at_risk(incidence.next_match(spec, models, subjects), spec.min_lead_months)
        found.append(incidence.incidence_of(following, incidence.ACCESS, "follower_access"))
    return {"cumulative_incidence": pl.concat(found)}


def put_together(
    spec: DiffusionSpec,
    tables: Mapping[str, pl.DataFrame],
    subjects: pl.DataFrame,
    found: Mapping[str, pl.DataFrame],
    parts: Sequence[pl.DataFrame],
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """Tables of all chunks (each there, if empty), the time-varying regression, the checks; and the reasons."""
    opened = [unpacked(part) for part in parts]
    whole = {
        name: pl.concat([pl.DataFrame(schema=schema), *(part[name] for part in opened if name in part)])
        for name, schema in TABLES.items()
    }
    reasons = whole.pop("reason")["reason"].unique(maintain_order=True).to_list()
    whole["cox_time_varying"], why = _time_varying(spec, tables["models"], subjects, opened)
    difference = whole.pop("km_difference")["km_difference"]
    whole["checks"] = checks({**found, **whole}, None if difference.is_empty() else float(difference[0]))
    return whole, [*reasons, *why]


def _time_varying(
    spec: DiffusionSpec, models: pl.DataFrame, subjects: pl.DataFrame, opened: Sequence[Mapping[str, pl.DataFrame]]
) -> tuple[pl.DataFrame, list[str]]:
    samples = [part["samples"] for part in opened if "samples" in part]
    empty = pl.DataFrame(schema=episodes.TIME_VARYING_SCHEMA)
    if not samples:
        return empty, []
    months = episodes.episodes(spec, models, subjects)
    try:
        return episodes.time_varying_table(episodes.time_varying_sets(months)[0], months, pl.concat(samples)), []
    except DesignError as error:
        return empty, [f"No {BOOTSTRAP}: {error}"]
