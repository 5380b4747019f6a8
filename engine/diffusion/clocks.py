"""The lead by every clock: compute, effective compute, parameters, and each benchmark."""

from collections.abc import Mapping
from typing import Any, get_args

import polars as pl

from engine.diffusion import curves
from engine.diffusion.capability import capability_leads, last_run, unknown_access, versions
from engine.diffusion.leads import last_release, leads
from engine.diffusion.spec import DiffusionSpec, Measure
from engine.lead import Task

CAPABILITY = "capability"
COUNTS = ("near_frontier", "already_matched", "subjects", "at_risk", "events")
CLOCK_SCHEMA: dict[str, Any] = {
    "measure": pl.String,
    "task": pl.String,
    "derived_versions": pl.Boolean,
    **dict.fromkeys(COUNTS, pl.Int64),
    **dict.fromkeys(curves.FIGURES, pl.Float64),
    "versions": pl.Int64,
    "unknown_access": pl.Int64,
    "last_day": pl.Date,
}
CLOCK_CURVE_SCHEMA: dict[str, Any] = {
    "measure": pl.String,
    "task": pl.String,
    **{name: kind for name, kind in curves.GROUP_CURVE_SCHEMA.items() if name not in ("group", "level")},
}


def asked(spec: DiffusionSpec, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """The leads of the spec's own clock."""
    if spec.measure == CAPABILITY:
        return capability_leads(spec, spec.task, tables["benchmark_scores"], tables["models"])
    return leads(spec, tables["models"])


def clocks(spec: DiffusionSpec, tables: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Tables clocks and clock_curves: the same rule by every measure, capability once a benchmark.

    By capability with derived models as the spec has it, and in `clocks` the other way too. Fewer than five subjects
    have counts only.
    """
    rows, found = [], [pl.DataFrame(schema=CLOCK_CURVE_SCHEMA)]
    for measure in get_args(Measure):
        for task in get_args(Task) if measure == CAPABILITY else (None,):
            place = {"measure": measure, "task": task}
            clock = spec.changed(measure=measure, **({"task": task} if task else {}))
            figures, curve = _read(clock, tables)
            rows.append({**place, **figures, **_about(clock, tables)})
            found += [] if curve is None else [_labelled(curve, place)]
            if task:
                other = clock.changed(derived_versions=not spec.derived_versions)
                rows.append({**place, **_read(other, tables)[0], **_about(other, tables)})
    return {"clocks": curves.selected(rows, CLOCK_SCHEMA), "clock_curves": pl.concat(found)}


def _read(spec: DiffusionSpec, tables: Mapping[str, pl.DataFrame]) -> tuple[dict[str, Any], pl.DataFrame | None]:
    everyone = asked(spec, tables)
    subjects = curves.at_risk(everyone, spec.min_lead_months)
    left = int((~everyone["already_matched"]).sum())
    counts = (everyone.height, everyone.height - left, left, subjects.height, int(subjects["event"].sum()))
    row: dict[str, Any] = dict(zip(COUNTS, counts, strict=True))
    if subjects.height < curves.SMALLEST_GROUP:
        return row, None
    curve = curves.curve(subjects)
    return {**row, **curves.figures(curve, spec.window_months)}, curve


def _about(spec: DiffusionSpec, tables: Mapping[str, pl.DataFrame]) -> dict[str, Any]:
    if spec.measure != CAPABILITY:
        return {"last_day": last_release(tables["models"])}
    scores, models = tables["benchmark_scores"], tables["models"]
    return {
        "derived_versions": spec.derived_versions,
        "versions": versions(spec.task, scores, models).height,
        "unknown_access": unknown_access(spec.task, scores, models),
        "last_day": last_run(spec.task, scores),
    }


def _labelled(curve: pl.DataFrame, place: Mapping[str, Any]) -> pl.DataFrame:
    labelled = curve.with_columns(pl.lit(value, pl.String).alias(name) for name, value in place.items())
    return labelled.select(pl.col(name).cast(kind) for name, kind in CLOCK_CURVE_SCHEMA.items())
