"""What is said of a diffusion run: summary figures, the headline, warnings, and the log of checks."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from engine.diffusion import curves
from engine.diffusion.clocks import CAPABILITY
from engine.diffusion.disclosure import recent
from engine.diffusion.hazards import ENOUGH_EVENTS_PER_VARIABLE, LEVEL, model_warnings
from engine.diffusion.spec import DiffusionSpec
from engine.summaries import MIN_HEADLINE_ROWS

SAME = 1e-9
MATCHED_IN = {"compute": "compute", "effective_compute": "effective compute", "parameters": "parameters"}
CHECK_SCHEMA: dict[str, Any] = {"name": pl.String, "status": pl.String, "evidence": pl.String}


def summary(
    spec: DiffusionSpec,
    everyone: pl.DataFrame,
    subjects: pl.DataFrame,
    found: Mapping[str, pl.DataFrame],
    models: pl.DataFrame,
) -> dict[str, Any]:
    """Counts, median with both intervals, restricted mean, who ended the leads, how many have known compute; finding.

    `events` are those of subjects at risk: with a minimum lead, those beyond it.
    """
    leading = everyone.filter(~pl.col("already_matched"))
    ended = subjects.filter("event")["follower"]
    counts = ended.value_counts().sort("count", "follower", descending=[True, False])
    own: dict[str, Any] = {
        "near_frontier": everyone.height,
        "already_matched": everyone.height - leading.height,
        "subjects": leading.height,
        "events": ended.len(),
        **_figures(spec, subjects, found["survival"]),
        "not_beyond_lead": leading.height - subjects.height,
        "followers": ended.n_unique(),
        "largest_follower": None if counts.is_empty() else counts.row(0)[0],
        "largest_follower_leads": 0 if counts.is_empty() else int(counts.row(0)[1]),
        **recent(models),
        **(_capability(spec, found["clocks"]) if "clocks" in found else {}),
    }
    return {**own, "finding": finding(spec, own, found.get("clocks"))}


def _figures(spec: DiffusionSpec, subjects: pl.DataFrame, survival: pl.DataFrame) -> dict[str, float | None]:
    if subjects.height < curves.SMALLEST_GROUP:
        return dict.fromkeys(curves.FIGURES)
    return curves.figures(survival, spec.window_months)


def _capability(spec: DiffusionSpec, clocks: pl.DataFrame) -> dict[str, Any]:
    """The clock by capability on the spec's benchmark."""
    row = _tasks(spec, clocks).filter(pl.col("task") == spec.task).row(0, named=True)
    names = ("subjects", "events", "median_months", "ci_low", "ci_high", "unknown_access")
    return {"capability_task": spec.task, **{f"capability_{name}": row[name] for name in names}}


def _tasks(spec: DiffusionSpec, clocks: pl.DataFrame) -> pl.DataFrame:
    return clocks.filter((pl.col("measure") == CAPABILITY) & (pl.col("derived_versions") == spec.derived_versions))


def finding(spec: DiffusionSpec, own: Mapping[str, Any], clocks: pl.DataFrame | None) -> str:
    """The headline: the median lead by the spec's clock and the other, with intervals, or why there is none."""
    at_risk = own["subjects"] - own["not_beyond_lead"]
    if at_risk < MIN_HEADLINE_ROWS:
        return f"No headline: it needs {MIN_HEADLINE_ROWS} subjects at risk, and there are {at_risk}."
    sentences = [_headline(spec, own, at_risk), *([_other_clock(spec, clocks)] if clocks is not None else [])]
    return " ".join(sentence for sentence in sentences if sentence)


def _headline(spec: DiffusionSpec, own: Mapping[str, Any], at_risk: int) -> str:
    kind = "closed model versions" if spec.measure == CAPABILITY else "closed frontier models"
    lead = f" that led for more than {spec.min_lead_months:g} months" if spec.min_lead_months else ""
    if own["median_months"] is None:
        return f"Fewer than half of the leads of {at_risk} {kind}{lead} had ended when the follow-up or the data end."
    how = f"on {spec.task}" if spec.measure == CAPABILITY else f"in {MATCHED_IN[spec.measure]}"
    return (
        f"Half of {at_risk} {kind}{lead} were matched {how} by an open-weight model within {_months(own)} "
        f"{_interval(own, 'ci_low', 'ci_high')}, or {_interval(own, 'cluster_low', 'cluster_high')} when the leads "
        f"that one follower ended are taken together; another {own['already_matched']} were matched before release."
    )


def _months(row: Mapping[str, Any]) -> str:
    return f"{row['median_months']:.1f} months"


def _interval(row: Mapping[str, Any], low: str, high: str) -> str:
    return "[" + ", ".join("open" if row[name] is None else f"{row[name]:.1f}" for name in (low, high)) + "]"


def _other_clock(spec: DiffusionSpec, clocks: pl.DataFrame) -> str:
    """By capability on every benchmark; for a spec that asks by capability, by compute."""
    if spec.measure == CAPABILITY:
        rows, start = clocks.filter(pl.col("measure") == "compute"), "By compute"
    else:
        rows, start = _tasks(spec, clocks), "By capability"
    rows = rows.filter(pl.col("median_months").is_not_null() & (pl.col("at_risk") >= MIN_HEADLINE_ROWS))
    told = [
        f"{_months(row)} {_interval(row, 'ci_low', 'ci_high')}{' on ' + row['task'] if row['task'] else ''}"
        for row in rows.iter_rows(named=True)
    ]
    if not told:
        return f"{start} there is no median of {MIN_HEADLINE_ROWS} or more subjects to compare it with."
    listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return f"{start} half are matched within {listed}."


def warnings(
    spec: DiffusionSpec, own: Mapping[str, Any], found: Mapping[str, pl.DataFrame], notes: list[str]
) -> list[str]:
    """Sentences on what limits the answer."""
    told = list(notes)
    if spec.measure != CAPABILITY and own["recent_released"]:
        told.append(
            f"Of {own['recent_released']} API and hosted models released since {own['recent_since']} only "
            f"{own['recent_compute_known']} have a known training compute; the clock by compute is blind to the others."
        )
    if own["largest_follower_leads"] > 1:
        told.append(
            f"{own['largest_follower']} ended {own['largest_follower_leads']} of {own['events']} leads (followers: "
            f"{own['followers']}): the leads are not independent, and the clustered interval allows for it."
        )
    if spec.min_lead_months:
        told.append(
            f"{own['not_beyond_lead']} of {own['subjects']} leads did not last beyond {spec.min_lead_months:g} months "
            "and are never at risk: the curve is that of leads that did."
        )
    if own.get("capability_unknown_access"):
        told.append(
            f"Versions scored on {spec.task} whose access is unknown, which neither lead nor follow: "
            f"{own['capability_unknown_access']}."
        )
    return [*told, *(model_warnings(found["cox_models"]) if "cox_models" in found else [])]


def checks(found: Mapping[str, pl.DataFrame], km_difference: float | None) -> pl.DataFrame:
    """What was checked in this run. Columns: name, status (green, amber, red), evidence."""
    rows = [*_curve_checks(found, km_difference), *_hazard_checks(found["cox_models"], found["cox"])]
    return pl.DataFrame(rows, schema=CHECK_SCHEMA, orient="row")


def _curve_checks(found: Mapping[str, pl.DataFrame], km_difference: float | None) -> list[tuple[str, str, str]]:
    rows = []
    if km_difference is not None:
        rows.append(_same("Kaplan-Meier estimate equals lifelines'", km_difference))
    ends = found["survival"].tail(1)["survival"].item()
    causes = found["cumulative_incidence"].filter(pl.col("dimension") != "access")
    for (dimension,), part in causes.group_by("dimension", maintain_order=True):
        total = part.group_by("cause", maintain_order=True).agg(pl.col("cif").last())["cif"].sum()
        rows.append(_same(f"Incidences by {dimension} add up to one minus survival", abs(1 - ends - total)))
    return rows


def _same(name: str, difference: float) -> tuple[str, str, str]:
    same = difference < SAME
    return name, "green" if same else "red", f"largest difference {'below 1e-9' if same else f'{difference:.1e}'}"


def _hazard_checks(models: pl.DataFrame, cox: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Events per variable of each model and the proportionality of each term; one red row where no model was fitted."""
    if models.is_empty():
        return [("Cox regression", "red", "no model could be fitted")]
    rows = []
    for row in models.iter_rows(named=True):
        status = "green" if row["events_per_variable"] >= ENOUGH_EVENTS_PER_VARIABLE else "amber"
        evidence = f"{row['events_per_variable']:.1f} ({row['events']} events for {row['variables']})"
        rows.append((f"Events per variable ({row['model']})", status, evidence))
    for row in cox.iter_rows(named=True):
        status = "amber" if row["ph_p"] < LEVEL else "green"
        name = f"Proportional hazards ({row['model']}): {row['term']}"
        rows.append((name, status, f"Schoenfeld p = {row['ph_p']:.4f}"))
    return rows
