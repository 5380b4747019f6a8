"""Columns, joins and checks made from canonical tables: dates, tiers, units, logs, hardware, countries."""

import math

import polars as pl

from engine.tables import vocabulary
from engine.tables.errors import TableError
from engine.tables.schemas import SCHEMAS

TIER_EDGES = (1e9, 1e10, 1e11)
TIERS = ("<1B", "1-10B", "10-100B", ">=100B")
TIER_NUMERALS = {"I": "<1B", "II": "1-10B", "III": "10-100B", "IV": ">=100B"}
FLOP_PER_UNIT = {"FLOP": 1.0, "PF-day": 8.64e19, "TFLOP-day": 8.64e16, "GFLOP-day": 8.64e13}
_TYPICAL_FLOP = 2.2e22


def with_version_dates(models: pl.DataFrame, versions: pl.DataFrame) -> pl.DataFrame:
    """Models with `release_date` the earliest known date: of a version's release, else of publication.

    `versions` has columns model and version_release_date. Lists of versions are incomplete, so a version
    later than the publication never moves the date.
    """
    earliest = (
        versions.drop_nulls(["model", "version_release_date"])
        .group_by("model")
        .agg(first_release=pl.col("version_release_date").min())
    )
    joined = models.join(earliest, on="model", how="left", maintain_order="left")
    first = pl.min_horizontal("first_release", "publication_date")
    return joined.with_columns(release_date=first).drop("first_release")


def capability_tier(parameters: str = "parameters") -> pl.Expr:
    """Tier by parameter count: below 1e9, to 1e10, to 1e11, from 1e11 on; a bound belongs to the tier above."""
    count = pl.col(parameters)
    tier = pl.lit(TIERS[0])
    for edge, name in zip(TIER_EDGES, TIERS[1:], strict=True):
        tier = pl.when(count >= edge).then(pl.lit(name)).otherwise(tier)
    return pl.when(count.is_not_null()).then(tier).alias("capability_tier")


def tier_number(tier: str) -> str:
    """The size tier of a README numeral: 'III' is '10-100B'. Raises `TableError` for another numeral."""
    if tier not in TIER_NUMERALS:
        raise TableError(f"There is no tier '{tier}'; the tiers are {', '.join(TIER_NUMERALS)}.")
    return TIER_NUMERALS[tier]


def to_flop(compute: pl.Series, unit: str = "auto") -> tuple[pl.Series, str]:
    """Compute in FLOP, and the unit it was in: FLOP, PF-day, TFLOP-day, GFLOP-day or 'auto' (see `detect_unit`)."""
    if unit != "auto" and unit not in FLOP_PER_UNIT:
        raise TableError(f"There is no compute unit '{unit}'; the units are auto, {', '.join(FLOP_PER_UNIT)}.")
    known = detect_unit(compute) if unit == "auto" else unit
    return compute.cast(pl.Float64) * FLOP_PER_UNIT[known], known


def detect_unit(compute: pl.Series) -> str:
    """The unit a column of training compute is written in: the one that puts its median nearest to 2.2e22 FLOP.

    That lies, in logs, halfway between the medians of Epoch's notable models (7.8e20) and large-scale models
    (6.3e23), so that tables with a median in this range are told right whatever their unit. Units a factor of
    1,000 apart can't be told apart beyond it: name the unit where it is known. 'FLOP' for an empty column.
    """
    positive = compute.cast(pl.Float64).drop_nulls()
    middle = positive.filter(positive > 0).median()
    if not isinstance(middle, float):
        return "FLOP"
    return min(FLOP_PER_UNIT, key=lambda unit: abs(math.log10(middle * FLOP_PER_UNIT[unit] / _TYPICAL_FLOP)))


def with_logs(models: pl.DataFrame) -> pl.DataFrame:
    """Models with log10_parameters, log10_compute_flop, log10_cost_usd_2023, quarter (1-4), days_since_start.

    Logs are null where the value is null or not positive; days are counted from the first publication in
    the table.
    """
    day = pl.col("publication_date")
    return models.with_columns(
        _log10("parameters").alias("log10_parameters"),
        _log10("training_compute_flop").alias("log10_compute_flop"),
        _log10("cost_usd_2023").alias("log10_cost_usd_2023"),
        day.dt.quarter().cast(pl.Int64).alias("quarter"),
        (day - day.min()).dt.total_days().alias("days_since_start"),
    )


def _log10(name: str) -> pl.Expr:
    return pl.when(pl.col(name) > 0).then(pl.col(name)).log10()


def hardware_of(models: pl.DataFrame, hardware: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Models joined to the hardware they were trained on, and the hardware names found in no table.

    The first frame has one row a model and listed chip: model, publication_date, training_hardware (one
    name), then the columns of the hardware table, null where unmatched. The second: training_hardware,
    models (rows that list it), most frequent first. Names match whatever their case and spacing.
    """
    listed = (
        models.select("model", "publication_date", pl.col("training_hardware").str.split(","))
        .explode("training_hardware")
        .with_columns(pl.col("training_hardware").str.strip_chars())
        .filter(pl.col("training_hardware") != "")
    )
    keyed = hardware.with_columns(key=_name_key("hardware")).unique("key", keep="first", maintain_order=True)
    named = listed.with_columns(key=_name_key("training_hardware"))
    joined = named.join(keyed, on="key", how="left", maintain_order="left")
    unmatched = joined.filter(pl.col("hardware").is_null()).group_by("training_hardware").agg(models=pl.len())
    return joined.drop("key"), unmatched.sort(["models", "training_hardware"], descending=[True, False])


def _name_key(name: str) -> pl.Expr:
    return pl.col(name).str.to_lowercase().str.replace_all(r"[^\p{L}0-9]+", "")


def country_credit(models: pl.DataFrame) -> pl.DataFrame:
    """Fractional credit to every listed country: model, publication_date, country, credit (sums to 1 a model).

    Where a table kept only the first country, that one has all the credit.
    """
    named = pl.concat_list("country_first")
    return (
        models.filter(pl.col("country_first").is_not_null() | (pl.col("countries").list.len() > 0))
        .select("model", "publication_date", country=pl.coalesce("countries", named))
        .with_columns(credit=1.0 / pl.col("country").list.len())
        .explode("country")
    )


def unmatched_countries(models: pl.DataFrame, interventions: pl.DataFrame, publications: pl.DataFrame) -> pl.DataFrame:
    """Countries of the models that another table does not know: country, models, missing_from.

    `missing_from` is 'interventions' (neither implements nor is affected) or 'publications'.
    """
    named = models.drop_nulls("country_first").filter(pl.col("country_first") != vocabulary.MULTINATIONAL)
    counts = named.group_by(country="country_first").agg(models=pl.len())
    acting = pl.concat([interventions["implementers"].explode(), interventions["affected"].explode()]).drop_nulls()
    others = {"interventions": acting, "publications": publications["country"]}
    parts = [
        counts.filter(~pl.col("country").is_in(known.unique().to_list())).with_columns(missing_from=pl.lit(name))
        for name, known in others.items()
    ]
    return pl.concat(parts).sort(["models", "country", "missing_from"], descending=[True, False, False])


def field_report(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """The columns of a canonical table: column, unit, description, null_share (of its rows)."""
    rows = [
        (name, (column.metadata or {}).get("unit", ""), column.description or "", _null_share(frame[name]))
        for name, column in SCHEMAS[kind].columns().items()
    ]
    names = {"column": pl.String, "unit": pl.String, "description": pl.String, "null_share": pl.Float64}
    return pl.DataFrame(rows, schema=names, orient="row")


def _null_share(series: pl.Series) -> float | None:
    return series.null_count() / series.len() if series.len() else None
