"""The list of checks: what loaded, what was reproduced, what agrees, and which assumptions hold."""

import polars as pl

from engine.report.evidence import CHECK_SCHEMA, Check, Evidence, passed
from engine.report.loading import data_loading
from engine.report.published import published_checks
from engine.report.synthetic import COMPUTE_SLOPE, COST_SLOPE

AGREEING_SE = 4.0
RECOVERED_SE = 2.0
ALPHA = 0.05


def all_checks(found: Evidence, robust: list[Check]) -> pl.DataFrame:
    """Every check. Columns: name, status, evidence, detail, key (of the run that is the evidence)."""
    parts = [
        _loaded(found),
        [Check(f"Run {name}", "amber", "no result", reason) for name, reason in sorted(found.spec.without.items())],
        _recovered(found) if found.spec.synthetic else published_checks(found),
        _agreement(found),
        _calibration(found),
        _diagnostics(found),
        _diffusion(found),
        _trends(found),
        _imputation(found),
        robust,
    ]
    rows = [tuple(getattr(check, name) for name in CHECK_SCHEMA) for part in parts for check in part]
    return pl.DataFrame(rows, schema=CHECK_SCHEMA, orient="row")


def _loaded(found: Evidence) -> list[Check]:
    rows = data_loading(found.tables).iter_rows(named=True)
    return [_input(row["input"], row["status"], row["rows"], row["missing_rate"]) for row in rows]


def _input(name: str, status: str, rows: int | None, missing: float | None) -> Check:
    detail = status if rows is None or missing is None else f"{rows:,} rows, {missing:.1%} of cells empty"
    return Check(f"Input {name} loaded", passed(status == "success"), "data_loading_report", detail)


def _recovered(found: Evidence) -> list[Check]:
    """Whether the known slopes of synthetic data lie within two standard errors of the fitted ones."""
    checks = []
    for law, true in (("compute_on_parameters", COMPUTE_SLOPE), ("cost_on_parameters", COST_SLOPE)):
        source = f"scaling/{found.spec.primary}"
        fits = found.runs[source].tables["fits"]
        row = fits.filter((pl.col("name") == law) & (pl.col("effects") == "pooled")).row(0, named=True)
        near = abs(row["slope"] - true) <= RECOVERED_SE * row["se"]
        detail = f"{row['slope']:.3f} (s.e. {row['se']:.3f}) for a true {true}"
        checks.append(found.check(f"SYNTHETIC: {law} recovered", passed(near, "red"), source, "fits", detail))
    return checks


def _agreement(found: Evidence) -> list[Check]:
    """The simulated figures against those in closed form, in Monte Carlo standard errors."""
    checks = []
    for preset in found.spec.presets_asked:
        table = found.table("simulation", "agreement", preset)
        source = f"simulation/{preset}"
        if table.is_empty():
            checks.append(found.check(f"Two engines agree ({preset})", "amber", source, "agreement", "no closed form"))
            continue
        worst = table.select(pl.col("z").abs().max()).item() or 0.0
        status = passed(worst <= AGREEING_SE, "red")
        detail = f"largest difference {worst:.2f} standard errors over {table.height} figures"
        checks.append(found.check(f"Two engines agree ({preset})", status, source, "agreement", detail))
    return checks


def _calibration(found: Evidence) -> list[Check]:
    table = found.table("npv", "calibration")
    if table.is_empty():
        return []
    unmet = table.filter(~pl.col("met"))["rule"].to_list()
    detail = f"not met: {', '.join(unmet)}" if unmet else "mean and value-at-risk rules met"
    return [found.check("Calibration met", passed(not unmet), f"npv/{found.spec.primary}", "calibration", detail)]


def _diagnostics(found: Evidence) -> list[Check]:
    source = f"scaling/{found.spec.primary}"
    rows = found.runs[source].tables["diagnostics"].iter_rows(named=True)
    return [
        found.check(
            f"Scaling: {row['check']}", row["status"], source, "diagnostics", _p(row["p"]) + (row["note"] or "")
        )
        for row in rows
    ]


def _p(p: float | None) -> str:
    return "" if p is None else f"p = {p:.3g}. "


def _diffusion(found: Evidence) -> list[Check]:
    """The diffusion study's own checks, proportional hazards a covariate among them."""
    source = f"diffusion/{found.spec.primary}"
    rows = found.table("diffusion", "checks").iter_rows(named=True)
    return [found.check(f"Diffusion: {r['name']}", r["status"], source, "checks", r["evidence"]) for r in rows]


def _trends(found: Evidence) -> list[Check]:
    """Whether compute moved together before the controls; where it did not, their association is no effect."""
    table = found.table("export-controls", "pre_trend")
    if table.is_empty():
        return []
    p, source = table["p"][0], f"export-controls/{found.spec.primary}"
    name = "Export controls: no trend before them"
    return [found.check(name, passed(p is not None and p >= ALPHA), source, "pre_trend", _p(p).strip())]


def _imputation(found: Evidence) -> list[Check]:
    name, preset = "Imputation tested on hidden cells", found.spec.primary
    source, table = f"imputation/{preset}", found.table("imputation", "masked_error")
    if table.is_empty():
        return [Check(name, "amber", "no result", "Multiple imputation was not run, or could not be.")]
    worse = table.filter(pl.col("rmse_ln") > pl.col("baseline_rmse_ln"))["column"].to_list()
    detail = f"no better than the mean for {', '.join(worse)}" if worse else "better than the mean for every column"
    return [found.check(name, passed(not worse), source, "masked_error", detail)]
