"""Scaling laws: how compute, cost and parameters go together, how they grow, and how far the answers can be trusted."""

from collections.abc import Sequence
from typing import Any, ClassVar

import polars as pl

from engine import registry
from engine.regression import DesignError
from engine.result import Result, packed, unpacked
from engine.scaling import incomplete
from engine.scaling.diagnostics import Examined, diagnostics, influential, leave_out
from engine.scaling.fits import SHOWN_EFFECTS, all_fits, comparison, finding, line, predictions, verdict
from engine.scaling.forecast import backtest, forecasts
from engine.scaling.forms import forms
from engine.scaling.groups import by_tier, by_type, by_year, equality_tests, with_tier
from engine.scaling.growth import all_series, growth, series_points, thresholds
from engine.scaling.rows import account, whole_table
from engine.scaling.spec import ScalingSpec
from engine.scaling_law import COLUMNS, POOLED, law_rows, left_out, points, usable_effects
from engine.spec import Spec
from engine.study import Study, Work

IMPUTATIONS_PER_CHUNK = 4
SECONDS_PER_IMPUTATION = 0.3
CHECKS = "checks"


class Scaling(Study[ScalingSpec]):
    """Log-log least squares in every direction, pooled and with effects, beside the pairs bootstrap."""

    spec_type = ScalingSpec
    inputs: ClassVar[tuple[str, ...]] = ("scaling", "models")

    def needs(self, spec: ScalingSpec) -> dict[str, Spec]:
        """The pairs bootstrap of the headline slope."""
        shared = ("preset", "seed", "direction", "effects", "first_year", "derivatives", "replicates")
        return {"bootstrap": registry.study("bootstrap").spec_type.parse({n: getattr(spec, n) for n in shared})}

    def chunks(self, work: Work[ScalingSpec]) -> Sequence[Any]:
        """None without multiple imputation; else blocks of imputations, and the checks on them."""
        every = list(range(work.spec.imputations))
        found = [every[i : i + IMPUTATIONS_PER_CHUNK] for i in range(0, len(every), IMPUTATIONS_PER_CHUNK)]
        return [*found, CHECKS] if found else []

    def run_chunk(self, work: Work[ScalingSpec], chunk: Any) -> pl.DataFrame:
        """Slopes of some imputations, or the checks, packed; only a `reason` where the rows don't carry them."""
        table = law_rows(work.spec, whole_table(work.spec, work.tables)[0])
        effects = usable_effects(table, work.spec.direction, work.spec.effects)[0]
        try:
            if chunk == CHECKS:
                return packed(incomplete.imputation_checks(work.spec, table))
            return packed({"estimates": incomplete.imputed_estimates(work.spec, table, effects, chunk)})
        except DesignError as error:
            return packed({"reason": pl.DataFrame({"reason": [str(error)]})})

    def seconds(self, work: Work[ScalingSpec]) -> float:
        """Half a second of algebra, and the chained regressions."""
        return 0.5 + SECONDS_PER_IMPUTATION * (work.spec.imputations + bool(work.spec.imputations) * 11)

    def combine(self, work: Work[ScalingSpec], parts: Sequence[pl.DataFrame]) -> Result:
        """Summary and tables of METHODS section 7, and what the charts and the reports draw."""
        spec = work.spec
        whole, notes = whole_table(spec, work.tables)
        table = law_rows(spec, whole)
        effects, dropped = usable_effects(table, spec.direction, spec.effects)
        fits, failures = all_fits(table, effects, spec.covariance)
        examined = Examined(points(table, spec.direction, effects), effects, spec.covariance)
        laws, law_notes = _law_tables(spec, table, whole, fits, examined)
        courses, course_notes = _course_tables(spec, whole)
        missing, missing_notes = _missing_tables(spec, table, effects, examined, parts)
        tables = {**laws, **courses, **missing, "attrition": account(spec, whole, effects)}
        summary = {
            **_headline(spec, effects, examined),
            **_bootstrapped(work),
            **_within(spec, fits),
            **_told(spec, effects, tables),
        }
        return Result(
            self.name,
            summary,
            tables,
            (
                *notes,
                *dropped,
                *left_out(table, spec.direction, effects, spec.covariance == "cluster"),
                *_other_rows(work, examined),
                *failures,
                *law_notes,
                *course_notes,
                *missing_notes,
                *_warnings(spec),
            ),
        )


Told = tuple[dict[str, pl.DataFrame], list[str]]


def _law_tables(
    spec: ScalingSpec, table: pl.DataFrame, whole: pl.DataFrame, fits: pl.DataFrame, examined: Examined
) -> Told:
    """Fits, slopes by group, forms, diagnostics and predictions, and a sentence for each that could not be had."""
    rows = points(table, spec.direction)
    tests, sensitivity = equality_tests(rows, spec.covariance), leave_out(examined)
    types, type_notes = by_type(rows, spec.covariance)
    predicted, prediction_notes = predictions(table, spec.parameters_count)
    every = law_rows(spec.changed(derivatives=True), whole)
    return {
        "fits": fits,
        "comparison": comparison(every, spec.covariance),
        "points": with_tier(_marked(rows, examined)),
        "line": line(rows, spec.covariance),
        "by_year": by_year(rows, spec.covariance),
        "by_tier": by_tier(rows, spec.covariance),
        "by_type": types,
        "tests": tests,
        "forms": forms(rows),
        "diagnostics": diagnostics(examined, tests, sensitivity),
        "influential": influential(examined),
        "leave_out": sensitivity,
        "predictions": predicted,
    }, [*type_notes, *prediction_notes]


def _marked(rows: pl.DataFrame, examined: Examined) -> pl.DataFrame:
    """The points of the pooled law, with the headline fit's residuals where it uses them."""
    figures = ("row", "fitted", "residual", "leverage", "cooks_distance", "influential")
    return rows.join(examined.points().select(figures), on="row", how="left", maintain_order="left").drop("row")


def _course_tables(spec: ScalingSpec, whole: pl.DataFrame) -> Told:
    """Growth, thresholds, forecasts and their back-test, on every model that the table has."""
    series = all_series(spec, whole)
    fans, failures = forecasts(series, spec.forecast_to, spec.seed)
    return {
        "growth": growth(series, spec.covariance),
        "series": series_points(series),
        "thresholds": thresholds(whole),
        "forecast": fans,
        "backtest": backtest(series, spec.backtest_year, spec.seed),
    }, failures


def _missing_tables(
    spec: ScalingSpec, table: pl.DataFrame, effects: str, examined: Examined, parts: Sequence[pl.DataFrame]
) -> Told:
    """The slope by method, what is missing, and what was imputed."""
    methods = [incomplete.complete_row(examined.fit), incomplete.weighted_row(spec, table, effects)]
    found = [unpacked(part) for part in parts]
    reasons = list(dict.fromkeys(part["reason"]["reason"][0] for part in found if "reason" in part))
    estimates = [part["estimates"] for part in found if "estimates" in part]
    if estimates:
        methods.append(incomplete.pooled_row(pl.concat(estimates)))
    methods += [{"method": "multiple imputation", "note": f"not run: {reason}"} for reason in reasons]
    checks = {"imputed": pl.DataFrame(schema=incomplete.IMPUTED_SCHEMA)}
    checks |= {"masked_error": pl.DataFrame(schema=incomplete.MASKED_SCHEMA)}
    for part in found:
        checks |= {name: frame for name, frame in part.items() if name in checks}
    notes = incomplete.imputation_warnings(spec, table) if spec.imputations else []
    frame = pl.DataFrame(methods, schema=incomplete.METHOD_SCHEMA)
    return {**incomplete.missing_tables(table), "missing_methods": frame, **checks}, notes


def _headline(spec: ScalingSpec, effects: str, examined: Examined) -> dict[str, Any]:
    term, fitted = examined.fit.term("x"), examined.fit
    return {
        "direction": spec.direction,
        "effects": effects,
        "covariance": spec.covariance,
        "n": fitted.n,
        "slope": term["coef"],
        **{name: term[name] for name in ("se", "ci_low", "ci_high")},
        "r2": fitted.r2,
        "aic": float(fitted.aic),
    }


def _bootstrapped(work: Work[ScalingSpec]) -> dict[str, Any]:
    boot = work.needs["bootstrap"].summary
    return {"boot_low": boot["ci_low"], "boot_high": boot["ci_high"], "replicates": boot["replicates"]}


def _other_rows(work: Work[ScalingSpec], examined: Examined) -> list[str]:
    """That the bootstrap, which draws rows, also draws those that a clustered fit can't place."""
    n = work.needs["bootstrap"].summary["n"]
    if n == examined.fit.n:
        return []
    return [f"The bootstrap interval is of {n:,} rows, the fit of {examined.fit.n:,}: only the fit needs a cluster."]


def _within(spec: ScalingSpec, fits: pl.DataFrame) -> dict[str, Any]:
    """The same law with year and domain effects (those of them the table has), to stand beside a pooled headline."""
    mine = fits.filter((pl.col("name") == spec.direction) & pl.col("effects").is_in(SHOWN_EFFECTS[1:]))
    row = mine.row(-1, named=True) if mine.height else {}
    return {f"within_{name}": row.get(name) for name in ("effects", "n", "slope", "se", "ci_low", "ci_high")}


def _told(spec: ScalingSpec, effects: str, tables: dict[str, pl.DataFrame]) -> dict[str, Any]:
    """Status of the checks, verdicts and the finding."""
    amber = tables["diagnostics"].filter(pl.col("status") == "amber").height
    fits = tables["fits"]
    return {
        "status": "amber" if amber else "green",
        "checks": tables["diagnostics"].height,
        "checks_amber": amber,
        "verdict": verdict(fits, spec.direction, effects),
        "verdict_pooled": verdict(fits, spec.direction, POOLED),
        "finding": finding(fits, spec.direction),
    }


def _warnings(spec: ScalingSpec) -> list[str]:
    notes = []
    if COLUMNS[spec.direction][0] == "parameters":
        notes.append(
            "Tiers are of parameters, the response of this direction: cut there, the slope in each tier lies below the "
            "pooled one whatever the law is."
        )
    if spec.preset == "published":
        notes.append(
            "Published preset: the pooled slope mixes the law with growth over time, derivatives carry their base "
            "model's compute, and the verdict ignores the time trend."
        )
    return notes


__all__ = ["Scaling", "ScalingSpec"]
