"""The study's printed figures, and whether the published runs give them to their digits."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from engine.report.evidence import Check, Evidence, passed

STUDY_ROWS = 1974
VINTAGE_ROWS = 3047
LAW = {"n": "1094", "slope": "1.697", "se": "0.038", "r2": "0.797", "aic": "5909.8"}
COST = {"n": "176", "slope": "0.702", "se": "0.065", "r2": "0.449", "aic": "803.7"}
INTERVAL = {"boot_low": "1.62", "boot_high": "1.77"}
INVESTMENT = {"mean_usd": "-2.384566e+15", "p_positive": "0"}
LAGS = {"lag_mean_months": "34.3", "lag_median_months": "35.6", "lag_sd_months": "17.4"}
DIFFUSION = {"near_frontier": "118", "already_matched": "30", "subjects": "88", "events": "75"}


def published_checks(found: Evidence) -> list[Check]:
    """A check a printed figure, of those that the runs at hand bear on."""
    checks = _counts(found)
    if "published" in found.spec.presets_asked:
        checks += [*_laws(found), _investment(found), _lags(found)]
    return checks


def digits(value: float | None, printed: str) -> str:
    """A value written with as many digits as a printed one."""
    if value is None:
        return "none"
    mantissa, _, exponent = printed.partition("e")
    places = len(mantissa.partition(".")[2])
    return f"{value:.{places}{'e' if exponent else 'f'}}"


def _compared(figures: Mapping[str, Any], printed: Mapping[str, str]) -> tuple[bool, str]:
    ours = {name: digits(figures.get(name), text) for name, text in printed.items()}
    same = all(ours[name] == text for name, text in printed.items())
    return same, ", ".join(f"{name} {ours[name]} (printed {text})" for name, text in printed.items())


def _laws(found: Evidence) -> list[Check]:
    """The two laws and the bootstrap interval; red only on the study's own table, asked as the study did."""
    own_table = found.tables["scaling"].height == STUDY_ROWS and not found.spec.asked
    source = "scaling/published"
    fits = found.runs[source].tables["fits"].filter(pl.col("effects") == "pooled")
    rows = {row["name"]: row for row in fits.iter_rows(named=True)}
    boot = found.runs[source].summary
    asked = [
        ("Compute on parameters as printed", rows.get("compute_on_parameters", {}), LAW, "fits"),
        ("Cost on parameters as printed", rows.get("cost_on_parameters", {}), COST, "fits"),
        ("Bootstrap interval as printed", boot, INTERVAL, "summary"),
    ]
    checks = []
    for name, figures, printed, table in asked:
        same, told = _compared(figures, printed)
        other = "" if own_table else " The table is not the study's own, or the question is another."
        status = passed(same, "red" if own_table else "amber")
        checks.append(found.check(name, status, source, table, told + ("" if same else other)))
    return checks


def _investment(found: Evidence) -> Check:
    same, told = _compared(found.runs["npv/published"].summary, INVESTMENT)
    changed = any(name.partition("/")[0] == "npv" for name in found.spec.asked)
    status = passed(same, "amber" if changed else "red")
    return found.check("Net present value as printed", status, "npv/published", "summary", told)


def _lags(found: Evidence) -> Check:
    name, source = "Lags as printed", "diffusion/published"
    if source not in found.runs:
        return Check(
            name, "amber", "no run", "The study's own file of pairs is not bundled; give it with --pairs FILE."
        )
    same, told = _compared(found.runs[source].summary, LAGS)
    changed = found.spec.synthetic or any(kind.partition("/")[0] == "diffusion" for kind in found.spec.asked)
    return found.check(name, passed(same, "amber" if changed else "red"), source, "summary", told)


def _counts(found: Evidence) -> list[Check]:
    """Counts that hold on the October 2025 vintage, for questions asked as they come."""
    if found.tables["models"].height != VINTAGE_ROWS:
        return []
    asked = [
        ("Leads of the October 2025 vintage", "diffusion/corrected", DIFFUSION),
        ("Rows behind the published terciles", "export-controls/published", {"rows": "576"}),
        ("Rows behind the corrected bins", "export-controls/corrected", {"rows": "936"}),
    ]
    checks = []
    for name, source, printed in asked:
        if source in found.runs:
            same, told = _compared(found.runs[source].summary, printed)
            changed = any(kind.partition("/")[0] == source.partition("/")[0] for kind in found.spec.asked)
            other = " The question is another." if changed and not same else ""
            checks.append(
                found.check(name, passed(same, "amber" if changed else "red"), source, "summary", told + other)
            )
    return checks
