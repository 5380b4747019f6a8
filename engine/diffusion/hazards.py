"""Which leads end sooner? Proportional hazards of the leads, and what the proportionality test says."""

from typing import Any

import polars as pl

from engine.diffusion.leads import ERAS
from engine.diffusion.spec import DiffusionSpec
from engine.regression import DesignError
from engine.survival import cox, terms_that_vary
from engine.survival.cox import COX_SCHEMA

LEVEL = 0.05
ENOUGH_EVENTS_PER_VARIABLE = 10.0
SMALLEST_LEVEL = 5
MAIN, SECOND = "main", "with size and organization type"
STRATIFIED = ", stratified by era"
MODEL_SCHEMA: dict[str, Any] = {
    "model": pl.String,
    "n": pl.Int64,
    "incomplete": pl.Int64,
    "events": pl.Int64,
    "clusters": pl.Int64,
    "variables": pl.Int64,
    "events_per_variable": pl.Float64,
    "smallest_ph_p": pl.Float64,
    "left_out": pl.String,
}
TABLE_SCHEMA: dict[str, Any] = {"model": pl.String, **COX_SCHEMA}


def covariates(spec: DiffusionSpec, subjects: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, list[str]]]:
    """Subjects with the covariates, and the terms of each model.

    gap_to_open_ln (by capability gap_to_open_score: points out of one), release_year, and 0/1 language, unreleased,
    academia (among its makers), us (first-listed country); the second model has ln_parameters and dummies of tier and
    organization type against the most frequent.
    """
    known = pl.col("organization").is_not_null()
    frame = subjects.with_columns(
        _gap(spec),
        release_year=pl.col("year").cast(pl.Float64),
        language=(pl.col("primary_domain") == "Language").cast(pl.Float64),
        unreleased=(pl.col("accessibility") == "Unreleased").cast(pl.Float64),
        academia=pl.col("organization_type").str.contains("Academia", literal=True).cast(pl.Float64),
        us=(pl.col("country") == "United States").cast(pl.Float64),
        ln_parameters=pl.when(pl.col("parameters") > 0).then(pl.col("parameters").log()),
        maker=pl.when(known).then("organization").otherwise("model"),
    )
    gap = _gap(spec).meta.output_name()
    sized = frame.filter(pl.col("ln_parameters").is_not_null())
    tiers, types = _dummies(sized, "tier"), _dummies(sized, "organization_type")
    terms = {
        MAIN: [gap, "release_year", "language", "unreleased", "academia", "us"],
        SECOND: ["ln_parameters", *tiers, *types],
    }
    return frame.with_columns(**tiers, **types), terms


def _gap(spec: DiffusionSpec) -> pl.Expr:
    if spec.measure == "capability":
        return pl.col("gap_to_open_score").alias("gap_to_open_score")
    return pl.col("gap_to_open_ratio").log().alias("gap_to_open_ln")


def _dummies(frame: pl.DataFrame, column: str) -> dict[str, pl.Expr]:
    """0/1 terms `column=level` for all levels but the most frequent.

    Levels of fewer than five subjects or without an event are one level, 'other'; if that has no event either it goes
    with the most frequent one, for its hazard can't be estimated.
    """
    counted = frame.drop_nulls(column).group_by(column).agg(n=pl.len(), ended=pl.col("event").sum())
    usable = (pl.col("n") >= SMALLEST_LEVEL) & (pl.col("ended") > 0)
    kept = counted.filter(usable).sort("n", column, descending=[True, False])[column].to_list()
    terms = {f"{column}={level}": (pl.col(column) == level).cast(pl.Float64) for level in kept[1:]}
    if kept and counted.filter(~usable)["ended"].sum() > 0:
        terms[f"{column}=other"] = (~pl.col(column).is_in(kept)).cast(pl.Float64)
    return terms


def cox_tables(spec: DiffusionSpec, subjects: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Tables cox (model and the columns of `survival.cox`), cox_models (`MODEL_SCHEMA`) and reason.

    Both models with errors clustered by organization; the one whose proportionality fails at 5 % for any covariate is
    fitted again with the baseline stratified by era.
    """
    frame, terms = covariates(spec, subjects)
    found, models, reasons = [pl.DataFrame(schema=TABLE_SCHEMA)], [], []
    for name, wanted in terms.items():
        try:
            table, model = _model(frame, name, wanted)
            found.append(table)
            models += model
        except DesignError as error:
            reasons.append(f"No Cox regression ({name}): {error}")
    return {
        "cox": pl.concat(found),
        "cox_models": pl.DataFrame(models, schema=MODEL_SCHEMA),
        "reason": pl.DataFrame({"reason": reasons}, schema={"reason": pl.String}),
    }


def _model(frame: pl.DataFrame, name: str, wanted: list[str]) -> tuple[pl.DataFrame, list[dict[str, Any]]]:
    """One model, and where proportionality fails the same with the baseline hazard stratified by era."""
    table, row = _fitted(frame, name, wanted, None)
    if row["smallest_ph_p"] >= LEVEL or frame["era"].n_unique() < len(ERAS):
        return table, [row]
    again, second = _fitted(frame, name + STRATIFIED, wanted, "era")
    return pl.concat([table, again]), [row, second]


def _fitted(
    frame: pl.DataFrame, name: str, wanted: list[str], strata: str | None
) -> tuple[pl.DataFrame, dict[str, Any]]:
    used = frame.drop_nulls(["months", "event", *wanted])
    if used.is_empty():
        raise DesignError("No subject has every covariate.")
    terms = terms_that_vary(used, wanted)
    table = cox(used, terms, cluster="maker", strata=strata)
    events = int(used["event"].sum())
    row = {
        "model": name,
        "n": used.height,
        "incomplete": frame.height - used.height,
        "events": events,
        "clusters": used["maker"].n_unique(),
        "variables": len(terms),
        "events_per_variable": events / len(terms),
        "smallest_ph_p": float(table.select(pl.col("ph_p").min()).item()),
        "left_out": ", ".join(term for term in wanted if term not in terms),
    }
    return table.select(pl.lit(name).alias("model"), *COX_SCHEMA), row


def model_warnings(models: pl.DataFrame) -> list[str]:
    """Sentences on too few events a variable, on constant covariates left out, and on hazards not proportional."""
    notes = []
    for row in models.iter_rows(named=True):
        if row["events_per_variable"] < ENOUGH_EVENTS_PER_VARIABLE:
            notes.append(
                f"Cox regression ({row['model']}): {row['events_per_variable']:.1f} events a variable "
                f"({row['events']} for {row['variables']}); fewer than {ENOUGH_EVENTS_PER_VARIABLE:.0f} make hazard "
                "ratios unreliable."
            )
        if row["incomplete"]:
            notes.append(
                f"Cox regression ({row['model']}): {row['n']} of {row['n'] + row['incomplete']} subjects have every "
                "covariate; the others are left out."
            )
        if row["left_out"]:
            notes.append(f"Cox regression ({row['model']}): {row['left_out']} does not vary and is left out.")
        if row["smallest_ph_p"] < LEVEL:
            notes.append(
                f"Cox regression ({row['model']}): hazards are not proportional (smallest Schoenfeld p = "
                f"{row['smallest_ph_p']:.2g}); its hazard ratios are averages over the follow-up."
            )
    return notes
