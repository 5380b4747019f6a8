"""The four published and three corrected metrics, and their composite index."""

from collections.abc import Mapping

import polars as pl

from engine.efficiency.spec import EfficiencySpec

METRICS = ("cost_per_flop", "cost_per_parameter", "compute_per_dollar", "compute_per_watt", "flop_per_joule")
LOWER_IS_BETTER = frozenset({"cost_per_flop", "cost_per_parameter"})
PUBLISHED_METRICS = ("cost_per_flop", "cost_per_parameter", "compute_per_dollar", "compute_per_watt")
CORRECTED_METRICS = ("compute_per_dollar", "cost_per_parameter", "flop_per_joule")
SECONDS_PER_HOUR = 3600.0


def indexed(spec: EfficiencySpec, models: pl.DataFrame) -> pl.DataFrame:
    """Models with known compute, their metrics and composite index.

    Adds `log10_<metric>` (log10 of USD/FLOP, USD/parameter, FLOP/USD, FLOP/W, FLOP/J), `<metric>` (the same on
    0..1 over the whole sample, 1 best), `composite` (0..1) and the group columns country_group, domain_bucket and
    organization_group.
    """
    keep = (pl.col("training_compute_flop") > 0).fill_null(False)
    if not spec.derivatives:
        keep &= pl.col("base_model").is_null()
    rows = with_metrics(models.filter(keep))
    rows = rows.with_columns(_normalised(name) for name in METRICS).with_columns(composite=_composite(spec))
    country = pl.col("country" if spec.multinational else "country_first")
    return rows.select(
        "model",
        "organization",
        "organization_type",
        "accessibility",
        "year",
        "publication_date",
        "parameters",
        "training_compute_flop",
        "cost_usd_2023",
        "training_power_draw_w",
        "training_time_hours",
        *METRICS,
        *(f"log10_{name}" for name in METRICS),
        "composite",
        country=country,
        domain_group="domain_group",
        country_group=top(country, 8, rows),
        domain_bucket=top(pl.col("domain_group"), 4, rows),
        organization_bucket=top(pl.col("organization"), 5, rows),
    )


def with_metrics(models: pl.DataFrame) -> pl.DataFrame:
    """Adds `log10_<metric>`: log10 of USD/FLOP, USD/parameter, FLOP/USD, FLOP/W and FLOP/J; null where unknown."""
    compute, cost = pl.col("training_compute_flop"), pl.col("cost_usd_2023")
    joules = pl.col("training_power_draw_w") * pl.col("training_time_hours") * SECONDS_PER_HOUR
    ratios = {
        "cost_per_flop": cost / compute,
        "cost_per_parameter": cost / pl.col("parameters"),
        "compute_per_dollar": compute / cost,
        "compute_per_watt": compute / pl.col("training_power_draw_w"),
        "flop_per_joule": compute / joules,
    }
    positive = {name: pl.when(ratio.is_finite() & (ratio > 0)).then(ratio) for name, ratio in ratios.items()}
    return models.with_columns(value.log10().alias(f"log10_{name}") for name, value in positive.items())


def _normalised(metric: str) -> pl.Expr:
    """Min-max over the sample, so that 1 is best; null throughout when all values are equal."""
    value = pl.col(f"log10_{metric}")
    span = value.max() - value.min()
    share = (value - value.min()) / pl.when(span > 0).then(span)
    return ((1 - share) if metric in LOWER_IS_BETTER else share).alias(metric)


def _composite(spec: EfficiencySpec) -> pl.Expr:
    """Weighted mean of the preset's metrics: of those present, or only where all weighted ones are."""
    weights = _weights(spec)
    present = [pl.when(pl.col(m).is_not_null()).then(w).otherwise(0.0) for m, w in weights.items()]
    total = pl.sum_horizontal(present)
    mean = pl.sum_horizontal(pl.col(m).fill_null(0.0) * w for m, w in weights.items()) / total
    enough = total > 0 if spec.rows == "available" else pl.all_horizontal(pl.col(m).is_not_null() for m in weights)
    return pl.when(enough & (total > 0)).then(mean)


def _weights(spec: EfficiencySpec) -> Mapping[str, float]:
    if spec.preset == "published":
        return dict.fromkeys(PUBLISHED_METRICS, 1.0)
    weights = {name: float(getattr(spec, f"weight_{name}")) for name in CORRECTED_METRICS}
    return {name: weight for name, weight in weights.items() if weight > 0} or dict.fromkeys(CORRECTED_METRICS, 0.0)


def top(group: pl.Expr, count: int, rows: pl.DataFrame) -> pl.Expr:
    """The group where it is among the `count` largest of `rows` (ties by name), else 'Other'; null is 'Other'."""
    ranked = rows.select(group=group).drop_nulls().group_by("group").len()
    largest = ranked.sort("len", "group", descending=[True, False]).head(count)["group"].to_list()
    return pl.when(group.is_in(largest)).then(group).otherwise(pl.lit("Other"))


def by_year(models: pl.DataFrame) -> pl.DataFrame:
    """Yearly means over models. Columns: year, n (models with an index), composite, pct_change (percent, against the
    previous year present), then the normalised yearly mean of each metric."""
    return (
        models.group_by("year")
        .agg(pl.col("composite").count().cast(pl.Int64).alias("n"), pl.col("composite", *METRICS).mean())
        .filter(pl.col("n") > 0)
        .sort("year")
        .with_columns(pct_change=pl.col("composite").pct_change() * 100)
        .select("year", "n", "composite", "pct_change", *METRICS)
    )


def availability(models: pl.DataFrame) -> pl.DataFrame:
    """Models and number of them with each metric, by year. Columns: year, models, then one count a metric."""
    return (
        models.group_by("year")
        .agg(pl.len().cast(pl.Int64).alias("models"), pl.col(METRICS).count().cast(pl.Int64))
        .sort("year")
    )
