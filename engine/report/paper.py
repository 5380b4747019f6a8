"""The tables of the paper, from the runs: one frame a table, both versions under each other by `preset`."""

from collections.abc import Callable
from typing import Any

import polars as pl

from engine.report.evidence import Evidence
from engine.report.loading import summary_statistics
from engine.scaling_law import LawSpec, law_rows, with_origin
from engine.tables.derive import to_flop

VARIABLES = {
    "parameters": "parameters",
    "training_compute_flop": "training compute (FLOP)",
    "cost_usd_2023": "training cost (USD of 2023)",
    "year": "release year",
}
FIT = ("law", "effects", "n", "slope", "se", "ci_low", "ci_high", "p", "r2", "aic", "intercept")
BOOT = ("boot_low", "boot_high", "replicates")
TIER = ("tier", "upfront_cost_usd", "mean_usd", "sd_usd", "p_positive", "var5_usd", "cvar5_usd")
DECISION = ("mu", "apc_star_share", "breakeven_cost_multiple")
POLICY = ("label", "level", "level_unit", "p_invest", "ps", "cs", "dwl", "fiscal", "welfare", "gain_per_dollar")
Builder = Callable[[Evidence, str], pl.DataFrame]


def paper_tables(found: Evidence) -> dict[str, pl.DataFrame]:
    """Every table of the paper by name, with a first column `preset`; a version without its run has no rows."""
    return {name: _versions(found, build) for name, build in BUILDERS.items()}


def _versions(found: Evidence, build: Builder) -> pl.DataFrame:
    frames = [(preset, build(found, preset)) for preset in found.spec.presets_asked]
    filled = [frame.select(pl.lit(preset).alias("preset"), pl.all()) for preset, frame in frames if frame.width]
    return pl.concat(filled, how="diagonal_relaxed") if filled else pl.DataFrame(schema={"preset": pl.String})


def statistics(found: Evidence, preset: str) -> pl.DataFrame:
    """Table 1: N and moments of the scaling table's columns, derivatives left out in the corrected version."""
    asked = found.runs[f"scaling/{preset}"].spec
    table = law_rows(LawSpec.parse({"preset": preset}), with_origin(found.tables))
    compute, _ = to_flop(table["training_compute_flop"], str(asked["compute_unit"]))
    scaled = table.with_columns(
        compute.alias("training_compute_flop"),
        pl.col("parameters") * asked["params_scale"],
        pl.col("cost_usd_2023") * asked["cost_scale"],
    )
    return summary_statistics(scaled, VARIABLES)


def estimates(found: Evidence, preset: str) -> pl.DataFrame:
    """Table 2: every law that was fitted, with the bootstrap interval of the two that have one."""
    kinds = [kind for kind in ("scaling", "cost") if found.run(kind, preset)]
    fits = pl.concat([_fits(found, kind, preset) for kind in kinds])
    booted = [_booted(found, kind, preset) for kind in kinds]
    every = fits.unique(["law", "effects"], keep="first", maintain_order=True)
    return every.join(pl.DataFrame(booted), on=["law", "effects"], how="left", maintain_order="left")


def _fits(found: Evidence, kind: str, preset: str) -> pl.DataFrame:
    """Fits with intercepts in the units asked for: ln y / u = a + b ln x / v has the intercept a + b ln v - ln u."""
    units = {
        "parameters": found.spec.parameter_unit,
        "compute": found.spec.compute_unit_flop,
        "cost": found.spec.cost_unit_usd,
    }
    response, regressor = (pl.col("name").str.split("_on_").list.get(i).replace_strict(units).log() for i in (0, 1))
    shifted = pl.col("intercept") + pl.col("slope") * regressor - response
    fits = found.table(kind, "fits", preset)
    return fits.with_columns(pl.col("name").alias("law"), shifted.alias("intercept")).select(FIT)


def _booted(found: Evidence, kind: str, preset: str) -> dict[str, Any]:
    summary = found.runs[f"{kind}/{preset}"].summary
    named = {"law": summary["direction"], "effects": summary["effects"]}
    return {**named, **{name: summary[name] for name in BOOT}}


def law_table(*laws: str) -> Builder:
    """A builder of the rows of Table 2 on some laws."""
    return lambda found, preset: estimates(found, preset).filter(pl.col("law").is_in(laws))


def diffusion(found: Evidence, preset: str) -> pl.DataFrame:
    """Lags of the study's pairs (published), or the median lead by group (corrected)."""
    if preset == "published":
        return found.table("diffusion", "lag_statistics", preset)
    whole = found.run("diffusion", preset)
    if whole is None:
        return pl.DataFrame()
    groups = found.table("diffusion", "groups", preset)
    every = {"group": "all", "level": "all", "n": whole.summary["subjects"], **whole.summary}
    first = pl.DataFrame([{name: every.get(name) for name in groups.columns}], schema=groups.schema)
    return pl.concat([first, groups])


def hazards(found: Evidence, preset: str) -> pl.DataFrame:
    """Cox regressions with the Schoenfeld p of each covariate."""
    return found.table("diffusion", "cox", preset)


def investment(found: Evidence, preset: str) -> pl.DataFrame:
    """One row a tier: cost, distribution of net present value, and what would make it break even."""
    run = found.runs[f"npv/{preset}"]
    tiers = run.tables["tiers"].select(*TIER, *DECISION)
    own = ("engine", "training_compute_flop", "price_usd_per_flop", "exclusivity_median_months")
    return tiers.with_columns(pl.lit(run.summary[name]).alias(name) for name in own)


def policy(found: Evidence, preset: str) -> pl.DataFrame:
    """Instruments at equal outlay; the published version has nothing to repeat."""
    table = found.table("welfare", "instruments", preset)
    return table.select(POLICY) if table.width else table


def controls(found: Evidence, preset: str) -> pl.DataFrame:
    """Median compute by country and bin of controls."""
    return found.table("export-controls", "by_country_bin", preset)


def association(found: Evidence, preset: str) -> pl.DataFrame:
    """Compute on the number of controls, one row a measure; corrected only."""
    return found.table("export-controls", "regression", preset)


def efficiency(found: Evidence, preset: str) -> pl.DataFrame:
    """Elasticity of each efficiency metric to compute."""
    return found.table("efficiency", "elasticity", preset)


def index(found: Evidence, preset: str) -> pl.DataFrame:
    """The efficiency index by year."""
    return found.table("efficiency", "by_year", preset)


BUILDERS: dict[str, Builder] = {
    "summary_statistics": statistics,
    "parameter_estimates": estimates,
    "parameters_vs_compute": law_table("compute_on_parameters", "parameters_on_compute"),
    "parameters_vs_cost": law_table("cost_on_parameters"),
    "diffusion": diffusion,
    "hazards": hazards,
    "investment": investment,
    "policy": policy,
    "controls_by_bin": controls,
    "controls_association": association,
    "efficiency_elasticity": efficiency,
    "efficiency_index": index,
}
