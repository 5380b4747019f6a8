"""The same question under other rules: a sweep over threshold, frontier, minimum lead, window and access."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl

from engine.diffusion.capability import capability_leads
from engine.diffusion.curves import SMALLEST_GROUP, selected
from engine.diffusion.leads import (
    candidates,
    followed,
    last_release,
    measured,
    near_frontier,
    open_models,
    pairs,
)
from engine.diffusion.spec import DiffusionSpec
from engine.survival import kaplan_meier, median, median_interval

THETAS = (0.25, 0.5, 1.0, 2.0)
RANKS, FACTORS = (1, 5, 10, 20), (3.0, 10.0)
FRONTIERS = (*(("rank", float(n)) for n in RANKS), *(("factor", x) for x in FACTORS))
LEADS_MONTHS = (0.0, 4.8, 12.0)
WINDOWS_MONTHS = (36.0, 60.0)
ACCESS = (("all", "any"), ("released", "any"), ("api", "any"), ("all", "unrestricted"))
COUNTS = ("near_frontier", "already_matched", "subjects", "not_beyond_lead", "events")
SENSITIVITY_SCHEMA: dict[str, Any] = {
    "theta": pl.Float64,
    "frontier": pl.String,
    "min_lead_months": pl.Float64,
    "window_months": pl.Float64,
    "closed_access": pl.String,
    "open_weights": pl.String,
    "default": pl.Boolean,
    **dict.fromkeys(COUNTS, pl.Int64),
    **dict.fromkeys(("median_months", "ci_low", "ci_high"), pl.Float64),
}


def access_rules(spec: DiffusionSpec) -> list[list[str]]:
    """The access definitions compared, the spec's own first: closed_access and open_weights."""
    own = (spec.closed_access, spec.open_weights)
    return [list(rule) for rule in dict.fromkeys((own, *ACCESS))]


def sensitivity(spec: DiffusionSpec, tables: Mapping[str, pl.DataFrame], rule: list[str]) -> pl.DataFrame:
    """Rows of one access definition (`SENSITIVITY_SCHEMA`); `default` marks the rule of the spec itself.

    By capability theta and the frontier have no part: theta is null, the frontier names the task. Fewer than five
    subjects at risk have counts only.
    """
    asked = spec.changed(closed_access=rule[0], open_weights=rule[1])
    sets = _by_capability(asked, tables) if spec.measure == "capability" else _by_level(asked, tables["models"])
    windows, leads = _with(WINDOWS_MONTHS, spec.window_months), _with(LEADS_MONTHS, spec.min_lead_months)
    access = {"closed_access": rule[0], "open_weights": rule[1]}
    rows = []
    for place, found in sets:
        for window, lead in itertools.product(windows, leads):
            at = {**place, "min_lead_months": lead, "window_months": window, **access}
            rows.append({**at, "default": at == _own(spec), **_figures(found, window, lead)})
    return selected(rows, SENSITIVITY_SCHEMA)


def _with(values: Sequence[float], own: float) -> list[float]:
    return sorted({*values, own})


def _own(spec: DiffusionSpec) -> dict[str, Any]:
    """The spec's own place in the sweep."""
    capability = spec.measure == "capability"
    return {
        "theta": None if capability else spec.theta,
        "frontier": spec.task if capability else frontier_name(*_frontier(spec)),
        "min_lead_months": spec.min_lead_months,
        "window_months": spec.window_months,
        "closed_access": spec.closed_access,
        "open_weights": spec.open_weights,
    }


def _frontier(spec: DiffusionSpec) -> tuple[str, float]:
    return spec.frontier, float(spec.frontier_factor if spec.frontier == "factor" else spec.frontier_rank)


def frontier_name(kind: str, size: float) -> str:
    """A frontier rule in words."""
    return f"top {size:g}" if kind == "rank" else f"within {size:g}x of the best"


def _by_level(spec: DiffusionSpec, models: pl.DataFrame) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    """For each theta and frontier rule the near-frontier models with follow_months, data_months, already_matched."""
    known = measured(spec, models)
    everyone = candidates(spec, known)
    paired, last_day = pairs(spec, everyone, open_models(spec, known)), last_release(models)
    for theta in sorted({*THETAS, spec.theta}):
        found = followed(everyone, paired.filter(pl.col("follower_level") >= theta * pl.col("level")), last_day)
        for kind, size in dict.fromkeys((*FRONTIERS, _frontier(spec))):
            rule = spec.changed(frontier=kind, **{f"frontier_{kind}": size})
            yield {"theta": theta, "frontier": frontier_name(kind, size)}, near_frontier(rule, found)


def _by_capability(
    spec: DiffusionSpec, tables: Mapping[str, pl.DataFrame]
) -> Iterator[tuple[dict[str, Any], pl.DataFrame]]:
    longest = spec.changed(window_months=600.0)
    found = capability_leads(longest, spec.task, tables["benchmark_scores"], tables["models"])
    follow = pl.when("event").then("months")
    yield {"theta": None, "frontier": spec.task}, found.with_columns(follow_months=follow, data_months="months")


def _figures(found: pl.DataFrame, window: float, lead: float) -> dict[str, Any]:
    subjects = found.filter(~pl.col("already_matched"))
    event = (subjects["follow_months"] <= window).fill_null(False)
    censored = subjects["data_months"].clip(upper_bound=window)
    months = subjects["follow_months"].zip_with(event, censored)
    kept = (months > lead) | (lead == 0)
    matched, ended = found.height - subjects.height, int((event & kept).sum())
    counts = (found.height, matched, subjects.height, int((~kept).sum()), ended)
    figures: dict[str, Any] = dict(zip(COUNTS, counts, strict=True))
    if int(kept.sum()) < SMALLEST_GROUP:
        return figures
    held = months.filter(kept)
    curve = kaplan_meier(held, event.filter(kept), pl.repeat(lead, len(held), eager=True) if lead else None)
    low, high = median_interval(curve)
    return {**figures, "median_months": median(curve), "ci_low": low, "ci_high": high}
